import type { Clock } from '../route/clock.js';
import type { WorkerLog } from '../route/log.js';
import type { ClaimedDelivery, ClaimResult, ClaimWishes, DeliverySession } from '../store/delivery-session.js';

/** How soon it is asked again whether a claim that got no answer is over in the server. */
const againMilliseconds = 250;

/**
 * What one name has leased and knows of. A claim can commit and lose its answer, with the connection or with the server; what it
 * leased is in no queue here and can never be sent. It is given back, or it would wait for the end of its lease and count as unknown.
 */
export class HeldLeases {
  /** Deliveries of each token that are not settled yet. */
  readonly #held = new Map<string, number>();
  #isUnanswered = false;
  #askAt = Number.NEGATIVE_INFINITY;

  constructor(
    /** Nobody else may ever claim under it: it is unique, not only a process. */
    readonly runnerId: string,
    private readonly clock: Clock,
    private readonly log: WorkerLog,
  ) {}

  async claim(session: DeliverySession, wishes: ClaimWishes): Promise<ClaimResult> {
    try {
      const result = await session.claim(this.runnerId, wishes);
      for (const { leaseToken } of result.deliveries) this.#held.set(leaseToken, (this.#held.get(leaseToken) ?? 0) + 1);
      return result;
    } catch (error) {
      this.#isUnanswered = true;
      throw error;
    }
  }

  /** What these claims leased is settled. One that never is, because nobody could write its result down, stays known. */
  settled(deliveries: Iterable<ClaimedDelivery>): void {
    for (const { leaseToken } of deliveries) {
      const left = (this.#held.get(leaseToken) ?? 0) - 1;
      if (left > 0) this.#held.set(leaseToken, left);
      else this.#held.delete(leaseToken);
    }
  }

  /** After a claim that got no answer: gives back what it may have leased. */
  async recover(session: DeliverySession): Promise<void> {
    if (!this.#isUnanswered || this.clock.nowMilliseconds() < this.#askAt) return;
    this.#askAt = this.clock.nowMilliseconds() + againMilliseconds;
    const released = await session.disown(this.runnerId, [...this.#held.keys()]);
    if (released === null) return; // it still runs in the server, and may commit
    this.#isUnanswered = false;
    if (released > 0) this.log('warn', 'a claim got no answer; what it had leased is given back', { count: released });
  }
}
