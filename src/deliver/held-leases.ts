import type { Clock } from '../route/clock.js';
import type { WorkerLog } from '../route/log.js';
import { isInDoubt } from '../store/call.js';
import type { ClaimedDelivery, ClaimResult, ClaimWishes, DeliverySession } from '../store/delivery-session.js';
import { errorCode, isRefusal } from '../store/failure.js';
import type { SessionKeeper } from './session-keeper.js';

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
  #isRefused = false;
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
      if (isInDoubt(error)) this.#isUnanswered = true;
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

  /** A claim got no answer, and asking what became of it may still help. */
  get isPending(): boolean {
    return this.#isUnanswered && !this.#isRefused;
  }

  /** After a claim that got no answer: gives back what it may have leased. Refused, it is said once: the lease runs out, claims go on. */
  async recover(session: DeliverySession): Promise<void> {
    if (!this.#isUnanswered || this.clock.nowMilliseconds() < this.#askAt) return;
    this.#askAt = this.clock.nowMilliseconds() + againMilliseconds;
    const released = await session.disown(this.runnerId, [...this.#held.keys()]).catch((error: unknown) => {
      if (!isRefusal(error)) throw error;
      if (!this.#isRefused) {
        this.log('error', 'what a claim without an answer may have leased cannot be given back', {
          code: errorCode(error),
        });
      }
      this.#isRefused = true;
      return null;
    });
    if (released === null) return; // it still runs in the server, and may commit
    this.#isUnanswered = false;
    this.#isRefused = false;
    if (released > 0) this.log('warn', 'a claim got no answer; what it had leased is given back', { count: released });
  }

  /** Before the process ends: what it may have leased would wait for its lease to run out, and count as unknown. */
  async recoverAtEnd(sessions: SessionKeeper, stopSeconds = 20): Promise<void> {
    const until = this.clock.nowMilliseconds() + stopSeconds * 1000;
    const tooLate = AbortSignal.timeout(stopSeconds * 1000);
    while (this.isPending && this.clock.nowMilliseconds() < until) {
      try {
        const session = await sessions.session(tooLate);
        if (session !== undefined) await this.recover(session);
      } catch (error) {
        await sessions.lost(error);
      }
      if (this.isPending) await this.clock.sleep(againMilliseconds, tooLate);
    }
  }
}
