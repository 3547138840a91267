import type { Clock } from '../route/clock.js';
import type { WorkerLog } from '../route/log.js';
import type { DeliveryRoute, DeliverySession } from '../store/delivery-session.js';
import { errorCode } from '../store/failure.js';
import type { RouteQueue } from './route-queue.js';
import { type Target, unusableTarget } from './target.js';

/** How often it is asked whether targets that nothing is sent to are still needed. */
const askMilliseconds = 30_000;

/** The targets of a runner: one open at a time for each route, in the version that was claimed last. */
export class OpenTargets {
  readonly #targets = new Map<string, Promise<Target>>();
  #askAt = 0;

  constructor(
    private readonly openTarget: (route: DeliveryRoute) => Promise<Target>,
    private readonly clock: Clock,
    private readonly log: WorkerLog,
    private readonly onOpen: () => void,
  ) {}

  /** Gives the queue its target when it is open, instead of the one of an older version. */
  open(route: DeliveryRoute, queue: RouteQueue): void {
    this.close(route.route_id);
    const target = this.openTarget(route).catch((error: unknown): Target => {
      const code = errorCode(error) ?? 'error';
      const reason = error instanceof Error ? error.message : 'error';
      this.log('error', 'target cannot be used', { route: route.route_code, code, reason });
      // The next claim tries to open it again, because a secret may be there then.
      queue.unusable = true;
      return unusableTarget(code, reason);
    });
    this.#targets.set(route.route_id, target);
    void target.then((opened) => {
      queue.target = opened;
      this.onOpen();
    });
  }

  /** What is in flight on it finishes; closing waits for that. */
  close(routeId: string): void {
    const target = this.#targets.get(routeId);
    this.#targets.delete(routeId);
    void target?.then((one) => one.close()).catch(() => {});
  }

  /** A route that is removed, disabled or paused may never be claimed again: its connections are not kept for it. */
  async closeStopped(
    session: DeliverySession,
    queues: Map<string, RouteQueue>,
    deployment: string | null,
  ): Promise<void> {
    const now = this.clock.nowMilliseconds();
    if (now < this.#askAt) return;
    this.#askAt = now + askMilliseconds;
    const idle = [...queues.values()].filter((queue) => queue.held === 0).map((queue) => queue.routeId);
    if (idle.length === 0) return;
    const { stopped } = await session.state(deployment, idle);
    for (const routeId of stopped) {
      if (queues.get(routeId)?.held !== 0) continue;
      queues.delete(routeId);
      this.close(routeId);
    }
  }

  async closeAll(): Promise<void> {
    for (const target of this.#targets.values()) await target.then((one) => one.close()).catch(() => {});
  }
}
