import type { WorkerLog } from '../route/log.js';
import type { DeliverySession, Settlement, SettleResult } from '../store/delivery-session.js';
import { errorCode } from '../store/failure.js';

const largestBatch = 500;

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

  /** One result that the database cannot hold must not keep the others from being written: it is found by halves, and its lease runs out. */
  #isolate(batch: readonly Settlement[], error: unknown): void {
    const code = errorCode(error);
    if (!/^2[23]/.test(code ?? '')) return;
    this.#most = Math.ceil(batch.length / 2);
    if (batch.length > 1) return;
    this.#results.shift();
    this.log('error', 'a result was refused by the database; its lease runs out and it becomes unknown', { code });
  }
}
