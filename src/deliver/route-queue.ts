import type { ClaimedDelivery } from '../store/delivery-session.js';
import type { Target } from './target.js';

/** Sends at once to a target that nothing is known about yet. */
const firstWindow = 16;

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
  /** Its target could not be opened: what waits fails, and the next claim opens it anew. */
  unusable = false;
  #window = firstWindow;

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

  /** How many more may be claimed: as many as are sent at once behind those, four times as many for a target that keeps up. */
  room(slots: number): number {
    const ready = this.window >= slots ? 4 * slots : this.window;
    return Math.max(0, this.window + ready - this.held);
  }

  canStart(): boolean {
    return this.target !== undefined && this.waiting.length > 0 && this.active < this.window;
  }

  /** Takes out what may not be sent after this monotonic time. */
  takeExpiring(milliseconds: number): WaitingDelivery[] {
    let count = 0;
    while ((this.waiting[count]?.leaseEndsAt ?? Number.POSITIVE_INFINITY) < milliseconds) count += 1;
    return this.waiting.splice(0, count);
  }

  succeeded(slots: number): void {
    this.#window = Math.min(slots, this.#window + 1);
  }

  failed(): void {
    this.#window = Math.max(1, this.#window / 2);
  }
}
