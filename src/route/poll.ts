/** Shortest wait between two passes that found work; longest wait of an idle worker. */
export interface PollBounds {
  readonly shortestMilliseconds: number;
  readonly longestMilliseconds: number;
}

/** 5 ms keeps the delay of an event small at 200 empty passes a second at most; 1 s costs an idle database next to nothing. */
const defaultPollBounds: PollBounds = { shortestMilliseconds: 5, longestMilliseconds: 1000 };

/** How long to wait before the next pass: nothing while a window is open, 5 ms after work, doubling up to 1 s when idle. */
export class AdaptivePoll {
  #waitMilliseconds: number;

  constructor(private readonly bounds: PollBounds = defaultPollBounds) {
    this.#waitMilliseconds = bounds.shortestMilliseconds;
  }

  /** After a pass that ran. */
  afterPass(seen: number, windowComplete: boolean): number {
    if (!windowComplete) {
      this.wake();
      return 0;
    }
    if (seen > 0) {
      this.wake();
      return this.bounds.shortestMilliseconds;
    }
    return this.#grow();
  }

  /** After a pass that could not run: held by another worker, a closed gate, another cluster. */
  afterRefusal(): number {
    return this.#grow();
  }

  /** Somebody rang, or there was work: short waits again. */
  wake(): void {
    this.#waitMilliseconds = this.bounds.shortestMilliseconds;
  }

  #grow(): number {
    const wait = this.#waitMilliseconds;
    this.#waitMilliseconds = Math.min(wait * 2, this.bounds.longestMilliseconds);
    return wait;
  }
}

/** Events a pass asks for. */
export interface BatchBounds {
  readonly first: number;
  readonly smallest: number;
  readonly largest: number;
}

/** The database clamps to 1..10,000 itself. */
export const defaultBatchBounds: BatchBounds = { first: 1000, smallest: 10, largest: 10_000 };

/** A pass shorter than this may ask for more, one longer than `slowMilliseconds` asks for less: locks and memory are held so long. */
const quickMilliseconds = 250;
const slowMilliseconds = 2000;

/** Grows while the backlog is deep and passes are quick, shrinks when they are slow or time out. */
export class AdaptiveBatch {
  #size: number;

  constructor(private readonly bounds: BatchBounds = defaultBatchBounds) {
    this.#size = bounds.first;
  }

  /** Events to ask for in the next pass. */
  get size(): number {
    return this.#size;
  }

  /** After a pass that ran. */
  afterPass(seen: number, milliseconds: number): void {
    if (milliseconds > slowMilliseconds) this.#set(this.#size / 2);
    else if (seen >= this.#size && milliseconds < quickMilliseconds) this.#set(this.#size * 2);
  }

  /** After a statement timeout, a lock that was not available, a deadlock or a serialization failure. */
  afterTimeout(): void {
    this.#set(this.#size / 4);
  }

  #set(size: number): void {
    this.#size = Math.max(this.bounds.smallest, Math.min(this.bounds.largest, Math.floor(size)));
  }
}
