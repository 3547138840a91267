// Indented code of Markdown by the rules of CommonMark, as far as they decide where it begins: four columns behind what its list item or quotation
// demands, and never in a paragraph.

/** Most lines begin with a letter, and are text. */
const beginsBlock = new Set('#>-+*_=~`[0123456789');
const atxHeading = /^#{1,6}(?:[ \t]|$)/;
const longestNumber = 9;
const mostNested = 20;

/** What stands before the code of a line and is no part of it. */
export interface CodeMark {
  /** For each quotation that it stands in the columns at which the list items around demand its mark. */
  readonly quotes: readonly number[];
  /** Columns of white space behind them. */
  readonly columns: number;
}

/** Where the content of a quotation begins: tabs count from the beginning of the line, and everything else from here. */
interface ContentStart {
  readonly at: number;
  readonly column: number;
  /** The column of the content itself, which may begin in the middle of a tab. */
  readonly base: number;
}

const lineStart: ContentStart = { at: 0, column: 0, base: 0 };

/** Reads lines in order and knows which ones are indented code. */
export class IndentedCode {
  /** Columns at which the content of the open list items and footnotes begins. */
  private open: number[] = [];
  private isInParagraph = false;
  /** The last line was the mark of a list item and nothing else. */
  private isInEmptyItem = false;
  /** The quotation that the last line stands in, with what is open inside; null when in none. */
  private quotation: IndentedCode | null = null;

  constructor(private readonly depth = 0) {}

  /** The next line. Of one that is code what stands before it; otherwise null. */
  line(text: string, from = lineStart): CodeMark | null {
    const { base } = from;
    const begin = skipSpace(text, from.at);
    if (begin === text.length) {
      this.endParagraph();
      if (this.isInEmptyItem) this.open.pop();
      this.isInEmptyItem = false;
      this.quotation = null;
      return null;
    }
    const columns = columnAt(text, from.at, begin, from.column) - base;
    const stays = staying(this.open, columns);
    const content = stays === 0 ? 0 : (this.open[stays - 1] as number);
    if (columns - content >= 4) {
      if (this.isInParagraph) return null;
      this.open.length = stays;
      this.isInEmptyItem = false;
      this.quotation = null;
      return { quotes: [], columns: content + 4 };
    }
    const isOwn = stays === this.open.length;
    const open = beginsBlock.has(text[begin] as string) ? this.open.slice(0, stays) : this.open;
    const goesOn = this.isInParagraph && isOwn && this.quotation === null;
    const block = blockOf(text, begin, columns, base, open, goesOn);
    // Text that continues a paragraph needs no indentation.
    if (block === 'text' && this.isInParagraph) return null;
    if (typeof block === 'object') return this.quotedLine(text, block, open, isOwn && open.length === stays);
    if (open === this.open) open.length = stays;
    this.open = open;
    this.isInParagraph = block === 'text' || block === 'new text';
    this.isInEmptyItem = block === 'empty item';
    this.quotation = null;
    return null;
  }

  private quotedLine(text: string, start: ContentStart, open: number[], goesOn: boolean): CodeMark | null {
    this.quotation = (goesOn ? this.quotation : null) ?? new IndentedCode(this.depth + 1);
    this.open = open;
    this.isInEmptyItem = false;
    const found = this.depth < mostNested ? this.quotation.line(text, start) : null;
    this.isInParagraph = this.quotation.isInParagraph;
    return found === null ? null : { quotes: [open.at(-1) ?? 0, ...found.quotes], columns: found.columns };
  }

  /** True when a line still belongs to code with this mark. */
  static goesOn(text: string | undefined, { quotes, columns }: CodeMark): boolean {
    const start = text === undefined ? null : behindQuotes(text, quotes);
    if (text === undefined || start === null) return false;
    let { at, column } = start;
    for (; column - start.base < columns; at++) {
      if (text[at] !== ' ' && text[at] !== '\t') return at === text.length;
      column += text[at] === '\t' ? 4 - (column % 4) : 1;
    }
    return true;
  }

  /** Other code begins on the last line that was given. */
  otherCode(): void {
    this.endParagraph();
  }

  private endParagraph(): void {
    this.isInParagraph = false;
    this.quotation?.endParagraph();
  }
}

/** How many of the open list items go on in a line with so many columns before its text. */
function staying(open: readonly number[], columns: number): number {
  let stays = open.length;
  while (stays > 0 && (open[stays - 1] as number) > columns) stays--;
  return stays;
}

/** `text` may go on in a paragraph of the line before; `new text` begins one, `no text` has none that could go on; or a quotation begins or goes on. */
type Block = 'text' | 'new text' | 'no text' | 'empty item' | ContentStart;

/** What a line is from `begin` on; puts the list items that it opens into `open`. */
function blockOf(
  text: string,
  begin: number,
  columns: number,
  base: number,
  open: number[],
  isInParagraph: boolean,
): Block {
  const first = text[begin] as string;
  if (!beginsBlock.has(first)) return 'text';
  if (first === '>') return behindMark(text, begin, columns + base);
  const isHeading = first === '#' && atxHeading.test(text.slice(begin, begin + 7));
  if (isHeading || isFence(text, begin) || isLineOfMarks(text, begin, isInParagraph)) return 'no text';
  if (!isInParagraph && isFootnote(text, begin)) {
    open.push(columns + 4);
    return 'new text';
  }
  const width = open.length < mostNested ? listMarkLength(text, begin) : 0;
  if (width === 0) return 'text';
  const end = begin + width;
  const after = columns + width;
  const next = skipSpace(text, end);
  const isEmpty = next === text.length;
  // Only a bullet or a 1 with text behind it may interrupt a paragraph.
  if (isInParagraph && (isEmpty || (width > 1 && Number(text.slice(begin, end - 1)) !== 1))) return 'text';
  const content = columnAt(text, end, next, after + base) - base;
  const gap = content - after;
  open.push(after + (isEmpty || gap > 4 ? 1 : gap));
  if (isEmpty) return 'empty item';
  if (gap > 4) return 'no text';
  const inside = blockOf(text, next, content, base, open, false);
  return inside === 'text' ? 'new text' : inside;
}

/** A thematic break, or what underlines the paragraph before it. */
function isLineOfMarks(text: string, begin: number, isInParagraph: boolean): boolean {
  const mark = text[begin];
  const mayUnderline = isInParagraph && (mark === '=' || mark === '-');
  if (mark !== '*' && mark !== '-' && mark !== '_' && !mayUnderline) return false;
  let marks = 0;
  let isRun = true;
  for (let at = begin; at < text.length; at++) {
    if (text[at] === mark) {
      isRun &&= at === begin + marks;
      marks++;
    } else if (text[at] !== ' ' && text[at] !== '\t') return false;
  }
  return (mayUnderline && isRun) || (marks >= 3 && mark !== '=');
}

/** Characters of the mark of a list item, without the white space behind it; 0 when there is none. */
function listMarkLength(text: string, begin: number): number {
  let end = begin;
  while (isDigit(text[end]) && end - begin < longestNumber) end++;
  const isBullet = end === begin && (text[end] === '-' || text[end] === '+' || text[end] === '*');
  if (!isBullet && (end === begin || (text[end] !== '.' && text[end] !== ')'))) return 0;
  end++;
  return end === text.length || text[end] === ' ' || text[end] === '\t' ? end - begin : 0;
}

function isDigit(letter: string | undefined): boolean {
  return letter !== undefined && letter >= '0' && letter <= '9';
}

function isFence(text: string, begin: number): boolean {
  if (text.startsWith('~~~', begin)) return true;
  if (!text.startsWith('```', begin)) return false;
  let after = begin;
  while (text[after] === '`') after++;
  return !text.includes('`', after);
}

/** `[^1]: …`, whose text goes on in lines that are indented. */
function isFootnote(text: string, begin: number): boolean {
  if (!text.startsWith('[^', begin)) return false;
  const end = text.indexOf(']', begin);
  return text[end + 1] === ':' && !/[ \t]/.test(text.slice(begin, end));
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (text[at] === ' ' || text[at] === '\t') at++;
  return at;
}

/** The column of `to`, with nothing but white space between it and `from`, which stands at `column`. */
function columnAt(text: string, from: number, to: number, column: number): number {
  let reached = column;
  for (let at = from; at < to; at++) reached += text[at] === '\t' ? 4 - (reached % 4) : 1;
  return reached;
}

/** Behind the mark of a quotation, which stands at `column`, and the one column of white space that belongs to it. */
function behindMark(text: string, mark: number, column: number): ContentStart {
  const at = mark + 1;
  const behind = column + 1;
  if (text[at] === ' ') return { at: at + 1, column: behind + 1, base: behind + 1 };
  return { at, column: behind, base: behind + (text[at] === '\t' ? 1 : 0) };
}

/** Where the content of a line begins behind the marks of these quotations; null when one is missing. */
function behindQuotes(text: string, quotes: readonly number[]): ContentStart | null {
  let start = lineStart;
  for (const demanded of quotes) {
    const mark = skipSpace(text, start.at);
    const column = columnAt(text, start.at, mark, start.column);
    const gap = column - start.base - demanded;
    if (text[mark] !== '>' || gap < 0 || gap > 3) return null;
    start = behindMark(text, mark, column);
  }
  return start;
}

/** How many characters at the beginning of a line are the mark of its code. */
export function charactersIn(text: string, { quotes, columns }: CodeMark): number {
  const start = behindQuotes(text, quotes) ?? lineStart;
  let { at, column } = start;
  for (; column - start.base < columns && (text[at] === ' ' || text[at] === '\t'); at++)
    column += text[at] === '\t' ? 4 - (column % 4) : 1;
  return at;
}
