import { ReconnectBackoff } from '../route/backoff.js';
import type { Clock } from '../route/clock.js';
import type { WorkerLog } from '../route/log.js';
import type { DeliverySession } from '../store/delivery-session.js';
import { errorCode, isConnectionFailure } from '../store/failure.js';

/** One connection of a runner: opened when it is needed, given up after any error, opened again with back-off. */
export class SessionKeeper {
  readonly #backoff: ReconnectBackoff;
  #session: DeliverySession | undefined;
  #trouble = '';

  constructor(
    private readonly purpose: string,
    private readonly connect: () => Promise<DeliverySession>,
    private readonly clock: Clock,
    private readonly log: WorkerLog,
  ) {
    this.#backoff = new ReconnectBackoff(clock);
  }

  /** The connection; undefined when `stop` was aborted before there was one. */
  async session(stop: AbortSignal): Promise<DeliverySession | undefined> {
    if (this.#session !== undefined) return this.#session;
    await this.clock.sleep(this.#backoff.waitMilliseconds(), stop);
    if (stop.aborted) return undefined;
    this.#backoff.attempt();
    this.#session = await this.connect();
    return this.#session;
  }

  get isOpen(): boolean {
    return this.#session !== undefined;
  }

  /** A call on it worked. */
  worked(): void {
    this.#backoff.worked();
    this.#trouble = '';
  }

  /** A call on it failed, whyever: the reason is said once, and the next use opens another connection. Gives how often it failed in a row. */
  async lost(error: unknown): Promise<number> {
    const code = errorCode(error) ?? (error instanceof Error ? error.name : 'error');
    this.#backoff.failed();
    if (code !== this.#trouble) {
      this.#trouble = code;
      const level = isConnectionFailure(error) ? 'warn' : 'error';
      const reason = error instanceof Error ? error.message : undefined;
      this.log(level, `${this.purpose}: no connection or refused, trying again`, { code, reason });
    }
    await this.close();
    return this.#backoff.failures;
  }

  async close(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    await session?.close().catch(() => {});
  }
}
