import type { WorkerLog } from '../route/log.js';
import type { ClaimedDelivery, DeliverySession } from '../store/delivery-session.js';
import { errorCode, isRefusal } from '../store/failure.js';

/**
 * The youngest event that this process was handed. A log that does not have it any more went back: a standby that was behind was
 * promoted, or an older backup restored. The database cannot see that itself, because cursor, audit and queue went back with it.
 */
export class LastKnown {
  #seq = 0n;
  #id = '';
  #isRefused = false;

  constructor(private readonly log: WorkerLog) {}

  note(deliveries: readonly ClaimedDelivery[]): void {
    for (const { event } of deliveries) {
      const seq = BigInt(event.seq);
      if (seq <= this.#seq) continue;
      this.#seq = seq;
      this.#id = event.id;
    }
  }

  /** On a new connection. Says it once; that the question is refused keeps nobody from claiming. */
  async check(session: DeliverySession): Promise<void> {
    if (this.#id === '') return;
    const known = await session.lookUp(this.#seq.toString(), this.#id).catch((error: unknown) => {
      if (!isRefusal(error)) throw error;
      if (!this.#isRefused) this.log('error', 'nobody says whether the log went back', { code: errorCode(error) });
      this.#isRefused = true;
      return null;
    });
    if (known === null || known.is_there) return;
    this.log('error', 'events are missing: the log went back behind what this process was handed', {
      lastKnownSeq: this.#seq.toString(),
      lastKnownId: this.#id,
      highestSeq: known.highest_seq ?? undefined,
    });
    this.#seq = 0n;
    this.#id = '';
  }
}
