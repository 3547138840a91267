import type { TextSink } from '../printer.js';

/** A line on a terminal that is written again and again, or a line every few seconds where nobody watches. */
export class ProgressLine {
  #lastAt = Number.NEGATIVE_INFINITY;
  #open = false;

  constructor(
    private readonly sink: TextSink,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Shows how far it is; dropped when the last one is too recent. */
  update(text: () => string): void {
    const gap = this.sink.isTTY === true ? 80 : 3000;
    if (this.now() - this.#lastAt < gap) return;
    this.#lastAt = this.now();
    if (this.sink.isTTY === true) {
      this.sink.write(`\r\x1b[2K${text()}`);
      this.#open = true;
    } else this.sink.write(`${text()}\n`);
  }

  /** A line that stays. */
  say(text: string): void {
    this.close();
    this.sink.write(`${text}\n`);
  }

  /** Ends the rewritten line. */
  close(): void {
    if (this.#open) this.sink.write('\r\x1b[2K');
    this.#open = false;
  }
}
