import type { SendOutcome } from '../contract/delivery/delivery.js';
import type { ClaimedDelivery } from '../store/delivery-session.js';
import type { Target } from './target.js';

/** Sends at once to a target that nothing is known about yet. */
const firstWindow = 16;
/** Held beside what is sent, for each slot: for a target that keeps up, and at most for one that finishes so many within `aheadSeconds`. */
const readyPerSlot = 4;
const mostReadyPerSlot = 16;
/** With claims of 300 instead of 125 the backends spend 33 us on a delivery instead of 38 (measured); what is held beyond this would only wait here. */
const aheadSeconds = 0.1;
/** Deliveries held for each slot at most: what is claimed waits here a few milliseconds, so that sends never wait for a claim. */
export const heldPerSlot = 8;
/** Payloads held, in bytes: what waits for its turn must not fill the memory of a small machine (320 of 1 MiB took 808 MB). */
const usualHeldBytes = 32 * 1024 * 1024;
/** Beyond the usual so many more may be asked for, until twice the usual is held: a target that hangs with large ones must not keep the others waiting. */
const extraBytes = usualHeldBytes / 8;
/** Shorter than this says little about a rate. */
const leastMeasuredMilliseconds = 20;

/** A delivery that was claimed and not sent yet. */
export interface WaitingDelivery {
  readonly delivery: ClaimedDelivery;
  /** Monotonic time after which it may not be sent any more: another runner may have it then. */
  readonly leaseEndsAt: number;
}

/**
 * What this process holds of one version of one route, and how many of it are sent at once: one more after each success, half as
 * many after a failure. So a target that answers quickly gets all slots, and a dead one keeps a single slot busy.
 */
export class RouteQueue {
  readonly waiting: WaitingDelivery[] = [];
  active = 0;
  target: Target | undefined;
  #window = firstWindow;
  #finished = 0;
  #measuredAt = 0;
  #finishedPerSecond = 0;
  readonly #onIdle: (() => void)[] = [];

  constructor(
    readonly routeId: string,
    readonly routeVersion: number,
    readonly routeCode: string,
  ) {}

  get held(): number {
    return this.waiting.length + this.active;
  }

  get window(): number {
    return Math.max(1, Math.floor(this.#window));
  }

  /**
   * How many more may be claimed: as many as are sent at once behind those, four times as many for a target that keeps up, and up to
   * sixteen times for one that is fast. Measures the rate from one call to the next.
   */
  room(slots: number, nowMilliseconds: number): number {
    const elapsed = nowMilliseconds - this.#measuredAt;
    if (elapsed >= leastMeasuredMilliseconds) {
      this.#finishedPerSecond = (this.#finished / elapsed) * 1000;
      this.#finished = 0;
      this.#measuredAt = nowMilliseconds;
    }
    const ready = this.window >= slots ? readyPerSlot * slots + this.ahead(slots) : this.window;
    return Math.max(0, this.window + ready - this.held);
  }

  /** What it may hold more than any other route because it is fast. */
  ahead(slots: number): number {
    const most = Math.min(mostReadyPerSlot * slots, Math.floor(this.#finishedPerSecond * aheadSeconds));
    return this.window >= slots ? Math.max(0, most - readyPerSlot * slots) : 0;
  }

  canStart(): boolean {
    return this.target !== undefined && this.waiting.length > 0 && this.active < this.window;
  }

  /** Takes out what waits behind as many as are sent at once: the last ones. */
  takeBeyondWindow(): WaitingDelivery[] {
    return this.waiting.splice(this.window);
  }

  /** Takes out what may not be sent after this monotonic time. */
  takeExpiring(milliseconds: number): WaitingDelivery[] {
    let count = 0;
    while ((this.waiting[count]?.leaseEndsAt ?? Number.POSITIVE_INFINITY) < milliseconds) count += 1;
    return this.waiting.splice(0, count);
  }

  /** One of those in flight is over. What was refused for good, or not tried, says nothing against the pace. */
  ended(outcome: SendOutcome, slots: number): void {
    this.active -= 1;
    this.#finished += 1;
    const isWell =
      outcome.status === 'sent' || (outcome.status === 'failed' && (outcome.permanent || outcome.notTried));
    this.#window = isWell ? Math.min(slots, this.#window + 1) : Math.max(1, this.#window / 2);
    if (this.active === 0) for (const wake of this.#onIdle.splice(0)) wake();
  }

  /** When nothing of it is in flight. */
  whenIdle(): Promise<void> {
    return this.active === 0 ? Promise.resolve() : new Promise((resolve) => this.#onIdle.push(resolve));
  }
}

/** Room of each route by its id, none for those that cannot be sent to, and how much more than usual the fastest makes a runner hold. */
export function roomsOf(
  queues: ReadonlyMap<string, RouteQueue>,
  unopened: readonly string[],
  slots: number,
  nowMilliseconds: number,
): { readonly rooms: Map<string, number>; readonly ahead: number } {
  const rooms = new Map([...queues].map(([id, queue]) => [id, queue.room(slots, nowMilliseconds)]));
  for (const routeId of unopened) rooms.set(routeId, 0);
  return { rooms, ahead: Math.max(0, ...[...queues.values()].map((queue) => queue.ahead(slots))) };
}

/** Most bytes of payloads that the next claim may bring; none when too much is held already. */
export function bytesToAsk(heldBytes: number): number {
  return heldBytes > 2 * usualHeldBytes ? 0 : Math.max(extraBytes, usualHeldBytes - heldBytes);
}
