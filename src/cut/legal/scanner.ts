import { latinOrdinalPattern } from '../../contract/cut/latin-ordinals.js';
import { forEachLine } from '../lines.js';
import type { Mark } from '../mark.js';
import { scanMarkdown } from '../markdown-scanner.js';
import { hasByteOrderMark } from '../source-kind.js';
import { CodeLines } from './code-lines.js';
import type { Grammar } from './grammar.js';
import { HeadingDepths } from './heading-depths.js';
import { LegalOutline } from './outline.js';
import { closes, isWholeQuotation, openingOf, type QuoteOpening } from './quotes.js';
import { lineText, viewOf } from './view.js';

/** A quotation longer than this has lost its closing mark. */
const mostQuotedLines = 5000;

interface WaitingLine {
  readonly start: number;
  readonly text: string;
}

/**
 * Marks of a text that follows a grammar. Feed it the lines in order. What stands in quotation marks over several lines is the structure of
 * another law: it becomes one piece `quoted` and nothing in it is promoted.
 */
export class LegalScanner {
  private readonly outline: LegalOutline;
  private open: QuoteOpening | null = null;
  /** The line before the quotation announced it with a colon. */
  private isAnnounced = false;
  private previous = '';
  private waiting: WaitingLine[] = [];
  /** For each opening mark: no closing one stands before this offset, so an opening before it opens nothing. */
  private readonly neverClosed = new Map<string, number>();

  constructor(private readonly grammar: Grammar) {
    this.outline = new LegalOutline(grammar);
  }

  /** A line of the text. */
  line(start: number, text: string): void {
    if (this.open) {
      this.quotedLine(start, text, this.open);
      return;
    }
    const opening = this.openingIn(start, text);
    this.isAnnounced = opening?.isBlock === false || endsWithColon(this.previous);
    if (text.trim() !== '') this.previous = text;
    if (opening === null) {
      this.outline.line(start, viewOf(text, this.grammar));
      if (this.outline.isInDoubt && isWholeQuotation(text.trim(), this.grammar.quotes)) this.outline.endDoubt();
      return;
    }
    // The line that ends with `: “` is itself a line of this law.
    if (!opening.isBlock) this.outline.line(start, viewOf(text, this.grammar));
    this.open = opening;
    this.waiting = [{ start, text }];
  }

  /** A line of code shows text and is no structure of the document. */
  code(): void {
    if (!this.open) this.outline.code();
  }

  /** A heading of Markdown with its depth. */
  heading(mark: Mark, depths: HeadingDepths): void {
    while (this.open) this.giveUpQuotation(mark.start);
    this.outline.heading(mark, depths);
  }

  finish(keepsContents = false): readonly Mark[] {
    this.giveUpQuotation(Number.MAX_SAFE_INTEGER);
    return this.outline.finish(keepsContents);
  }

  private openingIn(start: number, text: string): QuoteOpening | null {
    const { quotes } = this.grammar;
    if (!quotes.some(([open]) => text.includes(open))) return null;
    const opening = openingOf(text.trim(), quotes);
    return opening && start >= (this.neverClosed.get(opening.pair[0]) ?? 0) ? opening : null;
  }

  private quotedLine(start: number, text: string, { pair, isBlock }: QuoteOpening): void {
    const trimmed = text.trim();
    this.waiting.push({ start, text });
    if (closes(trimmed, pair)) {
      const [first] = this.waiting;
      this.outline.quotation(
        first?.start ?? start,
        isBlock,
        this.waiting.map((line) => viewOf(line.text, this.grammar).replace(/^(?:[“„"«»]|[‘`]{1,2})\s*/u, '')),
      );
      this.open = null;
      this.waiting = [];
      this.previous = trimmed;
    } else if (this.waiting.length > mostQuotedLines || this.opensAgain(trimmed, pair) || this.isOurs(text)) {
      this.giveUpQuotation(start);
    }
  }

  /** Nobody announced a quotation, and here our own articles go on: its closing mark was forgotten, or it was none. */
  private isOurs(text: string): boolean {
    return !this.isAnnounced && this.outline.isNextMain(viewOf(text, this.grammar));
  }

  /** A new quotation after an instruction (`… as follows:`) shows that the one before lost its end. */
  private opensAgain(text: string, pair: QuoteOpening['pair']): boolean {
    if (pair[0] === pair[1] || !text.startsWith(pair[0])) return false;
    const before = this.waiting.at(-2)?.text;
    return this.waiting.length > 2 && before !== undefined && this.outline.isIntroduction(viewOf(before, this.grammar));
  }

  /** Reads what waited as lines of this law, doubting what would not fit its numbers. */
  private giveUpQuotation(upTo: number): void {
    const isEnd = upTo === Number.MAX_SAFE_INTEGER;
    // The last line may open a quotation of its own, which goes on unless the text ends here.
    for (let isFirst = true; this.open && (isFirst || isEnd); isFirst = false) {
      const { pair, isBlock } = this.open;
      const [first, ...rest] = this.waiting;
      this.open = null;
      this.waiting = [];
      this.neverClosed.set(pair[0], Math.max(upTo, this.neverClosed.get(pair[0]) ?? 0));
      this.outline.doubt();
      if (first && isBlock) this.outline.line(first.start, viewOf(first.text, this.grammar));
      for (const { start, text } of rest) this.line(start, text);
    }
  }
}

function endsWithColon(text: string): boolean {
  const end = text.trimEnd();
  return end.endsWith(':') || end.endsWith('：');
}

/** Marks of plain text or Markdown by a grammar. Markdown keeps all its headings; the grammar names them and cuts what is inside. */
export function scanLegalText(
  source: Uint8Array,
  grammar: Grammar,
  isMarkdown: boolean,
  keepsContents = false,
): readonly Mark[] {
  const bytes = Buffer.from(source.buffer, source.byteOffset, source.byteLength);
  const headings = isMarkdown ? scanMarkdown(bytes) : [];
  let next = 0;
  let from = hasByteOrderMark(bytes) ? 3 : 0;
  const frontMatter = headings.filter(({ kind }) => kind === 'front_matter');
  if (frontMatter.length > 0) from = headings[1]?.start ?? bytes.length;
  const inside = headings.filter(({ kind }) => kind === 'heading');
  const scanner = new LegalScanner(grammar);
  const depths = new HeadingDepths(inside, grammar);
  const code = isMarkdown ? new CodeLines(bytes, from, inside) : null;
  forEachLine(bytes, from, (start, end, after) => {
    const heading = inside[next];
    // A heading may own blank lines before it, so it begins at or before its line.
    if (heading && heading.start < after && heading.start >= start) {
      next++;
      scanner.heading({ ...heading, start, level: depths.depthOf(heading) }, depths);
    } else if (isMarkdown && bytes[start] === 0x23) return;
    else if (code?.holds(start, end)) scanner.code();
    else scanner.line(start, isMarkdown ? withoutListMark(lineText(bytes, start, end)) : lineText(bytes, start, end));
  });
  const marks = scanner.finish(keepsContents);
  return withBeginning(bytes, frontMatter, marks, from);
}

/** A bullet with the number of a point behind it. */
const listMark = new RegExp(
  `^\\s*[-*+][ \\t]+(?=[*_]{0,3}\\\\?\\(?(?:(?:[0-9]{1,3}\\p{L}?|\\p{L})(?:${latinOrdinalPattern})?|(\\p{L})(?:\\1|[a-h])|[ivxl]{2,6}[a-h]?)\\\\?[.)])`,
  'iu',
);

/** Markdown has no lists that count `a)`: such a point is written as an item of a list without numbers. */
function withoutListMark(text: string): string {
  return text.replace(listMark, '');
}

/** The text before the first mark is the preamble; blank lines alone belong to the first mark. */
function withBeginning(
  bytes: Buffer,
  frontMatter: readonly Mark[],
  marks: readonly Mark[],
  from: number,
): readonly Mark[] {
  const [first, ...rest] = marks;
  const begin = frontMatter.length > 0 ? from : 0;
  if (first === undefined) {
    const isOnlyFrontMatter = frontMatter.length > 0 && begin >= bytes.length;
    return isOnlyFrontMatter ? frontMatter : [...frontMatter, { start: begin, kind: 'preamble', level: 0, title: '' }];
  }
  const isBlank =
    bytes
      .toString('utf8', begin, first.start)
      .replace(/^\uFEFF/, '')
      .trim() === '';
  if (isBlank && (first.start === begin || frontMatter.length === 0))
    return [...frontMatter, { ...first, start: begin }, ...rest];
  if (isBlank) return [...frontMatter, first, ...rest];
  return [...frontMatter, { start: begin, kind: 'preamble', level: 0, title: '' }, first, ...rest];
}
