import { forEachLine } from './lines.js';
import type { Mark } from './mark.js';
import { scanNumberedHeadings } from './numbered-outline.js';
import { hasByteOrderMark } from './source-kind.js';

// Plain text has no marks of its own, so only what nobody writes by accident is a heading: a line that is underlined, a line in capitals
// or with a section number that stands alone between blank lines. Where there is none, numbered lines that count on through the text, and else
// every paragraph is a piece.

const longestHeading = 120;
const wordsOfLabel = 8;

interface Paragraph {
  readonly start: number;
  /** End of the first line. */
  readonly firstEnd: number;
  readonly lines: number;
  readonly heading: { readonly level: number; readonly title: string } | null;
}

/** Marks of a plain text; its lines are read once. */
export function scanText(source: Uint8Array): readonly Mark[] {
  const bytes = Buffer.from(source.buffer, source.byteOffset, source.byteLength);
  const paragraphs = new ParagraphReader(bytes).read();
  const marks = marksOf(bytes, paragraphs);
  const [first, ...rest] = marks;
  return first === undefined ? [preamble] : [{ ...first, start: 0 }, ...rest];
}

function marksOf(bytes: Buffer, paragraphs: readonly Paragraph[]): readonly Mark[] {
  if (paragraphs.some(({ heading }) => heading !== null)) return headingMarks(paragraphs);
  const begin = paragraphs[0]?.start ?? 0;
  const [first, ...rest] = scanNumberedHeadings(bytes, begin);
  if (first === undefined) return paragraphs.map((paragraph) => paragraphMark(bytes, paragraph));
  return first.start === begin ? [first, ...rest] : [preamble, first, ...rest];
}

const preamble: Mark = { start: 0, kind: 'preamble', level: 0, title: '' };

function headingMarks(paragraphs: readonly Paragraph[]): Mark[] {
  const marks = paragraphs.flatMap(({ start, heading }): Mark[] =>
    heading ? [{ start, kind: 'heading', ...heading }] : [],
  );
  return paragraphs[0]?.heading ? marks : [preamble, ...marks];
}

function paragraphMark(bytes: Buffer, { start, firstEnd }: Paragraph): Mark {
  const view = bytes.toString('utf8', start, Math.min(firstEnd, start + 4 * longestHeading));
  return { start, kind: 'paragraph', level: 1, title: '', label: paragraphLabel(view) };
}

/** The first words name a paragraph: they stay when others come and go, a number would not. */
export function paragraphLabel(text: string): string {
  const words = text
    .slice(0, 4 * longestHeading)
    .replace(/[\uFEFF\uFFFD]/g, '')
    .split(/\s+/u)
    .filter(Boolean);
  const label = words.slice(0, wordsOfLabel).join(' ').slice(0, longestHeading);
  return label.replace(/[\ud800-\udbff]$/, '') || 'paragraph';
}

const endsSentence = new Set(Buffer.from('.,;:!?"'));

class ParagraphReader {
  private readonly paragraphs: Paragraph[] = [];
  private start = -1;
  private firstEnd = 0;
  private secondStart = 0;
  private secondEnd = 0;
  private lines = 0;

  constructor(private readonly bytes: Buffer) {}

  read(): readonly Paragraph[] {
    forEachLine(this.bytes, hasByteOrderMark(this.bytes) ? 3 : 0, (start, end) => this.line(start, end));
    this.close();
    return this.paragraphs;
  }

  private line(start: number, end: number): void {
    if (this.isBlank(start, end)) {
      this.close();
      return;
    }
    // An underline ends its heading, so text may follow without a blank line.
    if (this.start < 0) {
      this.start = start;
      this.firstEnd = end;
      this.lines = 0;
    } else if (this.lines === 1) {
      this.secondStart = start;
      this.secondEnd = end;
    }
    this.lines++;
    if (this.lines === 2 && this.underlineLevel() > 0) this.close();
  }

  private close(): void {
    if (this.start < 0) return;
    const { start, firstEnd, lines } = this;
    this.paragraphs.push({ start, firstEnd, lines, heading: this.heading() });
    this.start = -1;
    this.lines = 0;
  }

  private heading(): Paragraph['heading'] {
    if (this.lines > 2 || this.firstEnd - this.start > 3 * longestHeading) return null;
    const underline = this.lines === 2 ? this.underlineLevel() : 0;
    if (this.lines === 2 && underline === 0) return null;
    if (underline === 0 && this.cannotBeHeading()) return null;
    const title = this.bytes.toString('utf8', this.start, this.firstEnd).replace(/\s+/gu, ' ').trim();
    if (underline > 0) return { level: underline, title };
    const level = title.length > longestHeading ? 0 : levelOfLoneLine(title);
    return level > 0 ? { level, title } : null;
  }

  /** Most lines that stand alone are sentences; their bytes tell it before anything is decoded. */
  private cannotBeHeading(): boolean {
    let end = this.firstEnd;
    while (end > this.start && (this.bytes[end - 1] ?? 0) <= 0x20) end--;
    if (endsSentence.has(this.bytes[end - 1] ?? 0)) return true;
    let first = this.start;
    while ((this.bytes[first] ?? 0) <= 0x20 && first < end) first++;
    const isNumbered = (this.bytes[first] ?? 0) >= 0x30 && (this.bytes[first] ?? 0) <= 0x39;
    if (isNumbered) return false;
    for (let at = first; at < end; at++) {
      const byte = this.bytes[at] ?? 0;
      if (byte >= 0x61 && byte <= 0x7a) return true;
    }
    return false;
  }

  /** 1 for a line of `=`, 2 for one of `-` or `~`, at least three and not much shorter than the text above; otherwise 0. */
  private underlineLevel(): number {
    const mark = this.bytes[this.secondStart] ?? 0;
    if (mark !== 0x3d && mark !== 0x2d && mark !== 0x7e) return 0;
    let end = this.secondEnd;
    while (end > this.secondStart && (this.bytes[end - 1] ?? 0) <= 0x20) end--;
    const length = end - this.secondStart;
    if (length < 3 || this.firstEnd - this.start > 4 * length + 8) return 0;
    for (let at = this.secondStart; at < end; at++) if (this.bytes[at] !== mark) return 0;
    return mark === 0x3d ? 1 : 2;
  }

  private isBlank(start: number, end: number): boolean {
    for (let at = start; at < end; at++) if ((this.bytes[at] ?? 0) > 0x20) return false;
    return true;
  }
}

/** `1. Scope`, `2.3 Terms` and `CHAPTER ONE` alone between blank lines; a sentence ends with a mark and is none, nor is `3.5 million people`. */
function levelOfLoneLine(title: string): number {
  const number = /^([0-9]{1,3}(?:\.[0-9]{1,3})*)(\.?)\s+[\p{Lu}\p{Lt}\p{Lo}]/u.exec(title);
  if (/[.,;:!?…"”»]$/u.test(title)) return 0;
  if (number && (number[2] === '.' || number[1]?.includes('.'))) return (number[1] ?? '').split('.').length;
  return /\p{Lu}.*\p{Lu}/u.test(title) && title === title.toUpperCase() ? 1 : 0;
}
