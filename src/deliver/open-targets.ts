import type { Clock } from '../route/clock.js';
import type { WorkerLog } from '../route/log.js';
import type { DeliveryRoute, DeliverySession } from '../store/delivery-session.js';
import { errorCode } from '../store/failure.js';
import type { RouteQueue } from './route-queue.js';
import type { Target } from './target.js';
import { UnopenedRoutes } from './unopened-routes.js';

/** How often it is asked whether targets that nothing is sent to are still needed. */
const askMilliseconds = 30_000;

/** What a runner does when a target is open, or turns out to be out of reach for this process. */
export interface TargetEvents {
  onOpen(): void;
  /** Nothing of this queue can be sent here: what waits in it is given back. */
  onUnopened(queue: RouteQueue): void;
}

/** The targets of a runner: one open at a time for each route, in the version that was claimed last. */
export class OpenTargets {
  readonly #targets = new Map<string, { readonly queue: RouteQueue; readonly target: Promise<Target> }>();
  /** What this process has no secret or file for; other runners may have it, so it is theirs. */
  readonly unopened: UnopenedRoutes;
  #askAt = 0;

  constructor(
    private readonly openTarget: (route: DeliveryRoute) => Promise<Target>,
    private readonly clock: Clock,
    log: WorkerLog,
    private readonly events: TargetEvents,
  ) {
    this.unopened = new UnopenedRoutes(clock, log);
  }

  /** Gives the queue its target when it is open, instead of the one of an older version. */
  open(route: DeliveryRoute, queue: RouteQueue): void {
    this.close(route.route_id);
    const target = this.openTarget(route);
    this.#targets.set(route.route_id, { queue, target });
    const isCurrent = () => this.#targets.get(route.route_id)?.target === target;
    target.then(
      (opened) => {
        if (!isCurrent()) return;
        queue.target = opened;
        this.unopened.opened(queue);
        this.events.onOpen();
      },
      (error: unknown) => {
        if (isCurrent())
          this.giveUp(queue, `${errorCode(error) ?? 'error'}: ${error instanceof Error ? error.message : 'error'}`);
      },
    );
  }

  /** This process cannot send to the target of the queue, and says so. What is in flight on it finishes. */
  giveUp(queue: RouteQueue, reason: string): void {
    queue.target = undefined;
    this.close(queue.routeId);
    this.unopened.note(queue, reason);
    this.events.onUnopened(queue);
  }

  /** What is in flight on it finishes before it is closed. */
  close(routeId: string): void {
    const open = this.#targets.get(routeId);
    this.#targets.delete(routeId);
    if (open === undefined) return;
    Promise.all([open.target, open.queue.whenIdle()])
      .then(([target]) => target.close())
      .catch(() => {});
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
    const idle = [...queues.values()].filter((queue) => queue.held === 0);
    if (idle.length === 0) return;
    const { stopped } = await session.state(deployment, idle);
    for (const routeId of stopped) {
      if (queues.get(routeId)?.held !== 0) continue;
      queues.delete(routeId);
      this.close(routeId);
    }
  }

  async closeAll(): Promise<void> {
    for (const { target } of this.#targets.values()) await target.then((one) => one.close()).catch(() => {});
  }
}
