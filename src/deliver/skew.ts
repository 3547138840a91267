import type { Clock } from '../route/clock.js';
import type { DeliverySession } from '../store/delivery-session.js';

/** Signatures carry our time: off by more, nothing is sent (Standard Webhooks tolerates five minutes). */
const largestSkewSeconds = 30;
export const skewCheckMilliseconds = 60_000;

/** Compares this machine's clock with the server's, once a minute, and each time while they differ. */
export class SkewCheck {
  #nextAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly clock: Clock,
    private readonly wallClockSeconds: () => number = () => Date.now() / 1000,
  ) {}

  async isSkewed(session: DeliverySession): Promise<boolean> {
    const now = this.clock.nowMilliseconds();
    if (now < this.#nextAt) return false;
    const skewSeconds = Math.abs((await session.serverTimeSeconds()) - this.wallClockSeconds());
    if (skewSeconds > largestSkewSeconds) return true;
    this.#nextAt = now + skewCheckMilliseconds;
    return false;
  }
}
