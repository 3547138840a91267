import type { Clock } from '../route/clock.js';
import type { WorkerLog } from '../route/log.js';
import type { DeliveryRoute, DeliverySession } from '../store/delivery-session.js';
import type { RouteQueue } from './route-queue.js';

/** How often it is asked whether one of them has another version, or need not be sent to any more. */
const askMilliseconds = 5_000;
/** An unchanged one is tried again after this: a secret may be there now. */
const againMilliseconds = 60_000;
/** Of a reason, in a heartbeat. */
const reasonLength = 200;

interface UnopenedRoute {
  readonly routeCode: string;
  readonly routeVersion: number;
  readonly reason: string;
  readonly triedAt: number;
}

/**
 * Routes whose target this process cannot open: a secret or a file is not there, or its configuration cannot work. That says nothing
 * about the target, and other processes may be able to, so nothing of them is claimed here until they changed or a while has passed.
 */
export class UnopenedRoutes {
  readonly #routes = new Map<string, UnopenedRoute>();
  #askAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly clock: Clock,
    private readonly log: WorkerLog,
  ) {}

  get codes(): string[] {
    return [...this.#routes.values()].map(({ routeCode }) => routeCode).sort();
  }

  get routeIds(): string[] {
    return [...this.#routes.keys()];
  }

  /** Why, by route id, for health. */
  get reasons(): Readonly<Record<string, string>> {
    return Object.fromEntries([...this.#routes].map(([id, { reason }]) => [id, reason.slice(0, reasonLength)]));
  }

  has(routeId: string, routeVersion: number): boolean {
    return this.#routes.get(routeId)?.routeVersion === routeVersion;
  }

  /** Said once, and again when the reason is another one. */
  note({ routeId, routeCode, routeVersion }: RouteQueue, reason: string): void {
    if (this.#routes.get(routeId)?.reason !== reason)
      this.log('error', 'target cannot be opened here, its deliveries are left to other runners', {
        route: routeCode,
        reason,
      });
    this.#routes.set(routeId, { routeCode, routeVersion, reason, triedAt: this.clock.nowMilliseconds() });
  }

  opened({ routeId, routeCode }: RouteQueue): void {
    if (this.#routes.delete(routeId)) this.log('info', 'target is open, delivering to it again', { route: routeCode });
  }

  /** Those that are to be tried now. What may not be sent to any more is forgotten. */
  async due(session: DeliverySession, deployment: string | null): Promise<readonly DeliveryRoute[]> {
    const now = this.clock.nowMilliseconds();
    if (this.#routes.size === 0 || now < this.#askAt) return [];
    this.#askAt = now + askMilliseconds;
    const { stopped } = await session.state(
      deployment,
      this.routeIds.map((routeId) => ({ routeId })),
    );
    for (const routeId of stopped) this.#routes.delete(routeId);
    if (this.#routes.size === 0) return [];
    const routes = await session.routes(this.routeIds);
    return routes.filter(({ route_id, version }) => {
      const known = this.#routes.get(route_id);
      return known !== undefined && (known.routeVersion !== version || now >= known.triedAt + againMilliseconds);
    });
  }
}
