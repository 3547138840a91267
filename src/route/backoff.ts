import type { Clock } from './clock.js';

/** Five connects a second at most, however short the jitter falls. */
const leastGapMilliseconds = 200;
const firstCeilingMilliseconds = 400;
const lastCeilingMilliseconds = 30_000;

/** Exponential back-off with full jitter: a server that comes back is not met by all its clients in one moment. */
export class ReconnectBackoff {
  #failures = 0;
  #lastAttemptAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly clock: Clock) {}

  /** Attempts in a row that led to no work. */
  get failures(): number {
    return this.#failures;
  }

  /** How long to wait before the next attempt to connect. */
  waitMilliseconds(): number {
    const sinceLast = this.clock.nowMilliseconds() - this.#lastAttemptAt;
    const gap = Math.max(0, leastGapMilliseconds - sinceLast);
    if (this.#failures === 0) return gap;
    const ceiling = Math.min(lastCeilingMilliseconds, firstCeilingMilliseconds * 2 ** (this.#failures - 1));
    return Math.max(gap, this.clock.random() * ceiling);
  }

  /** An attempt begins. */
  attempt(): void {
    this.#lastAttemptAt = this.clock.nowMilliseconds();
  }

  /** It failed, or the connection was lost before it did any work. */
  failed(): void {
    this.#failures = Math.min(this.#failures + 1, 30);
  }

  /** A connection did work: the next loss starts from a short wait again. */
  worked(): void {
    this.#failures = 0;
  }
}
