import { mayHoldCode, partsOf } from '../../contract/cut/code.js';
import type { Mark } from '../mark.js';

/** Without any of these there is no code, which costs less to ask of the whole than of its parts. */
const beginnings = ['```', '~~~', '    ', '\t', '<p', '<P'];

/** Where code stands in Markdown, looked for between one heading and the next, as the normaliser does. */
export class CodeLines {
  /** Offsets in lines of code of the part that was read last, one a line. */
  private lines: readonly number[] = [];
  private at = 0;
  private nextHeading = 0;

  constructor(
    private readonly bytes: Buffer,
    /** Up to here it was read. */
    private end: number,
    private readonly headings: readonly Mark[],
  ) {
    if (!beginnings.some((one) => bytes.includes(one))) this.end = bytes.length;
  }

  /** Whether the line between these offsets is one of code. To be asked in order. */
  holds(start: number, end: number): boolean {
    while (start >= this.end && this.end < this.bytes.length) this.read();
    while ((this.lines[this.at] ?? start) < start) this.at++;
    return (this.lines[this.at] ?? end + 1) <= end;
  }

  private read(): void {
    const start = this.end;
    while ((this.headings[this.nextHeading]?.start ?? start + 1) <= start) this.nextHeading++;
    this.end = this.headings[this.nextHeading]?.start ?? this.bytes.length;
    // Behind a line break nothing is front matter.
    const text = `\n${this.bytes.toString('latin1', start, this.end)}`;
    const code = mayHoldCode(text, true) ? partsOf(text, 0, true).filter(({ isCode }) => isCode) : [];
    this.lines = code.map((part) => start + part.start - 1);
    this.at = 0;
  }
}
