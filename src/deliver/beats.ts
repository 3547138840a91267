import type { Clock } from '../route/clock.js';
import type { DeliverySession } from '../store/delivery-session.js';
import type { RunnerOptions, RunnerState } from './runner-options.js';

const beatMilliseconds = 5000;

/** What a runner says about itself in the database, every five seconds and when something changed. */
export class Beats {
  #at = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly options: RunnerOptions,
    private readonly clock: Clock,
  ) {}

  /** With the next round, not when it is time. */
  soon(): void {
    this.#at = Number.NEGATIVE_INFINITY;
  }

  /** `unopened`: why this process cannot open the targets of routes, by route id. */
  async beat(
    session: DeliverySession,
    runner: RunnerState,
    unopened: Readonly<Record<string, string>>,
    isStopped = false,
  ): Promise<void> {
    const { identity, runnerId } = this.options;
    const now = this.clock.nowMilliseconds();
    if (identity === undefined || (now < this.#at && !isStopped)) return;
    this.#at = now + beatMilliseconds;
    const held = runner.hold === null ? '' : `held: ${runner.hold}; `;
    const cannot = runner.unopened.length === 0 ? '' : `; cannot open: ${runner.unopened.join(', ')}`;
    const detail = `${held}sending ${runner.sending}, holding ${runner.waiting}${cannot}`;
    const state = isStopped ? 'stopped' : runner.hold === null ? 'running' : 'waiting';
    await session.heartbeat({ processId: `${runnerId}:delivery`, ...identity, state, detail, unopened });
  }
}
