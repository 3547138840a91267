import type { Clock } from '../route/clock.js';
import { AdaptivePoll } from '../route/poll.js';
import type { ExecuteResult } from '../store/delivery-session.js';
import type { HeldLeases } from './held-leases.js';
import type { SessionKeeper } from './session-keeper.js';

/** A claim of targets in the database: at most 50 run in one transaction. */
const batch = 50;
const leaseSeconds = 300;

/** Delivers to targets in the database: claims and commits, then runs what it claimed in the transaction of its attempts. */
export class LocalDelivery {
  readonly #stop = new AbortController();
  readonly #poll = new AdaptivePoll();
  #wake = new AbortController();

  constructor(
    private readonly sessions: SessionKeeper,
    private readonly clock: Clock,
    private readonly options: {
      readonly leases: HeldLeases;
      readonly deployment: string | null;
      readonly once?: boolean;
      readonly stopSeconds?: number;
    },
    private readonly onExecuted: (result: ExecuteResult) => void,
    /** Told after each failure, and how many there were in a row. */
    private readonly onFailure: (error: unknown, failures: number) => void,
  ) {}

  wake(): void {
    this.#poll.wake();
    this.#wake.abort();
  }

  /** Ends after the batch that runs now. */
  stop(): void {
    this.#stop.abort();
    this.#wake.abort();
  }

  async run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        const session = await this.sessions.session(this.#stop.signal);
        if (session === undefined) break;
        const { leases } = this.options;
        await leases.recover(session);
        const { deliveries } = await leases.claim(session, {
          limit: batch,
          leaseSeconds,
          deployment: this.options.deployment,
          inDatabase: true,
          rooms: new Map(),
          room: batch,
          mostBytes: null,
        });
        const token = deliveries[0]?.leaseToken;
        if (token !== undefined) {
          // A little less than the lease: when nobody knows whether it committed, the sweep must not come first.
          // One that fails stays known and runs out, so that it counts: what breaks the connection each time must not run for ever.
          this.onExecuted(await session.execute(leases.runnerId, token, (leaseSeconds - 30) * 1000));
          leases.settled(deliveries);
        }
        this.sessions.worked();
        if (token === undefined && this.options.once && !leases.isPending) break;
        if (token === undefined) await this.#sleep(this.#poll.afterRefusal());
        else this.#poll.wake();
      } catch (error) {
        this.onFailure(error, await this.sessions.lost(error));
      }
    }
    await this.options.leases.recoverAtEnd(this.sessions, this.options.stopSeconds);
    await this.sessions.close();
  }

  async #sleep(milliseconds: number): Promise<void> {
    this.#wake = new AbortController();
    if (this.#stop.signal.aborted) return;
    await this.clock.sleep(milliseconds, this.#wake.signal);
  }
}
