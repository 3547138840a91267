import type { PassResult } from '../store/worker-session.js';
import { AdaptiveBatch, AdaptivePoll, type BatchBounds, defaultBatchBounds } from './poll.js';

/** Why a one-time run of a cursor ended. */
export type LaneEnd = 'complete' | 'busy' | 'refused';

/** Fresh windows after which `--once` ends although producers go on: everything committed before it is decided by then. */
const windowsUnderLoad = 3;

/** One named cursor as this process works on it: when it is due, how much it asks for, and what it last said. */
export class Lane {
  readonly poll = new AdaptivePoll();
  readonly batch: AdaptiveBatch;
  dueAt = 0;
  reconcileAt: number;
  status = 'unknown';
  workedSinceReconcile = false;
  /** No reconcile after a trickle of events before this. */
  quietUntil = 0;
  #freshWindow = false;
  #windowsCompleted = 0;
  #idle = false;

  constructor(
    readonly workerName: string,
    now: number,
    reconcileMilliseconds: number,
    bounds: BatchBounds = defaultBatchBounds,
  ) {
    this.batch = new AdaptiveBatch(bounds);
    this.dueAt = now;
    this.reconcileAt = now + reconcileMilliseconds;
  }

  /** Nothing was left to do in the last pass. */
  get idle(): boolean {
    return this.#idle;
  }

  /** Every event committed before this process began is decided, and nothing (or only what is being added) is left. */
  get complete(): boolean {
    return (this.#freshWindow && this.#idle) || this.#windowsCompleted > windowsUnderLoad;
  }

  /** Takes note of a pass; true when its status is another one than before. */
  afterPass(result: PassResult, now: number, tookMilliseconds: number): boolean {
    const changed = result.status !== this.status;
    this.status = result.status;
    if (result.status !== 'ran') {
      this.#idle = false;
      this.dueAt = now + this.poll.afterRefusal();
      return changed;
    }
    const seen = result.seen ?? 0;
    const complete = result.window_complete ?? true;
    // The pass after a completed window opened a new one: only such a window covers everything committed so far.
    this.#idle = complete && seen === 0;
    this.#freshWindow = this.#windowsCompleted > 0;
    if (complete) this.#windowsCompleted += 1;
    if (seen > 0) this.workedSinceReconcile = true;
    this.batch.afterPass(seen, tookMilliseconds);
    this.dueAt = now + this.poll.afterPass(seen, complete);
    return changed;
  }

  /** A pass was cancelled by a timeout or a lock. */
  afterTimeout(now: number): void {
    this.batch.afterTimeout();
    this.#idle = false;
    this.dueAt = now + this.poll.afterRefusal();
  }

  /** Somebody rang. */
  wake(now: number): void {
    this.poll.wake();
    this.dueAt = now;
  }
}
