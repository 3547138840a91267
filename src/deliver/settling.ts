import type { WorkerLog } from '../route/log.js';
import type { DeliverySession, Settlement, SettleResult } from '../store/delivery-session.js';
import { errorCode } from '../store/failure.js';

const largestBatch = 500;
/** What a batch that is too large for the server at the moment ends with: cancelled by a time limit, of a statement or a lock, or without an answer. */
const tooSlow: ReadonlySet<string | undefined> = new Set(['57014', '55P03', 'ETIMEDOUT']);

/** The same result with a text that every encoding of a database knows; itself when it is already. */
function inAscii(settlement: Settlement): Settlement {
  const { outcome } = settlement;
  const ascii = (text: string) => text.replaceAll(/[^\x20-\x7e]/g, '?');
  if (outcome.status === 'released') return settlement;
  const text = outcome.status === 'sent' ? outcome.detail : outcome.failureDetail;
  if (ascii(text) === text) return settlement;
  return outcome.status === 'sent'
    ? { ...settlement, outcome: { ...outcome, detail: ascii(text) } }
    : { ...settlement, outcome: { ...outcome, failureDetail: ascii(text) } };
}

/** What became of sends and is not written yet. */
export class Settling {
  readonly #results: Settlement[] = [];
  #most = largestBatch;

  constructor(
    private readonly runnerId: string,
    private readonly log: WorkerLog,
  ) {}

  get length(): number {
    return this.#results.length;
  }

  push(settlement: Settlement): void {
    this.#results.push(settlement);
  }

  /** Settles the oldest; undefined when there is nothing. A call that failed is repeated with the same: what had committed is refused by its fence. */
  async settle(
    session: DeliverySession,
  ): Promise<{ readonly batch: readonly Settlement[]; readonly result: SettleResult } | undefined> {
    if (this.#results.length === 0) return undefined;
    const batch = this.#results.slice(0, this.#most);
    try {
      const result = await session.settle(this.runnerId, batch);
      this.#results.splice(0, batch.length);
      this.#most = Math.min(largestBatch, this.#most * 2);
      return { batch, result };
    } catch (error) {
      this.#isolate(batch, error);
      throw error;
    }
  }

  /**
   * One result that the database cannot hold must not keep the others from being written: it is found by halves, written without the
   * characters that the encoding of the database does not know, and if that is not it, its lease runs out. What took too long is tried with
   * half as many, or it would take too long each time until all leases have run out.
   */
  #isolate(batch: readonly Settlement[], error: unknown): void {
    const code = errorCode(error);
    const isRefused = /^2[23]/.test(code ?? '');
    if (!isRefused && !tooSlow.has(code)) return;
    this.#most = Math.ceil(batch.length / 2);
    const [only] = batch;
    if (batch.length > 1 || only === undefined || !isRefused) return;
    const plain = inAscii(only);
    if (code === '22P05' && plain !== only) {
      this.#results[0] = plain;
      return;
    }
    this.#results.shift();
    this.log('error', 'a result was refused by the database; its lease runs out and it becomes unknown', { code });
  }
}
