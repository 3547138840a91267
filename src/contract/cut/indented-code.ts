// Indented code of Markdown by the rules of CommonMark, as far as they decide where it begins: four columns behind what its list item demands, and
// never in a paragraph. Quotations are not looked into.

/** Most lines begin with a letter, and are text. */
const beginsBlock = new Set('#>-+*_=~`[0123456789');
const listMark = /^(?:[-+*]|([0-9]{1,9})[.)])(?=[ \t]|$)/;
const thematicBreak = /^(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$/;
const setextUnderline = /^(?:=+|-+)[ \t]*$/;
const atxHeading = /^#{1,6}(?:[ \t]|$)/;
/** A line of megabytes is no thematic break. */
const longestMark = 200;
const mostNested = 20;

/** Reads lines in order and knows which ones are indented code. */
export class IndentedCode {
  /** Columns at which the content of the open list items and footnotes begins. */
  private open: number[] = [];
  private isInParagraph = false;
  /** The last line was the mark of a list item and nothing else. */
  private isInEmptyItem = false;

  /** The next line. Of one that is code the columns before it, which are the mark of the code; otherwise null. */
  line(text: string): number | null {
    const { begin, columns } = indentOf(text, 0, 0);
    if (begin === text.length) {
      this.isInParagraph = false;
      if (this.isInEmptyItem) this.open.pop();
      this.isInEmptyItem = false;
      return null;
    }
    const stays = this.open.length === 0 ? [] : this.open.filter((content) => content <= columns);
    const base = stays.at(-1) ?? 0;
    if (columns - base >= 4) {
      if (this.isInParagraph) return null;
      this.open = stays;
      this.isInEmptyItem = false;
      return base + 4;
    }
    const isOwn = stays.length === this.open.length;
    const block = blockOf(text, begin, columns, stays, this.isInParagraph && isOwn);
    // Text that continues a paragraph needs no indentation.
    if (block === 'text' && this.isInParagraph) return null;
    this.open = stays;
    this.isInParagraph = block === 'text' || block === 'new text';
    this.isInEmptyItem = block === 'empty item';
    return null;
  }

  /** True when a line still belongs to code with these columns. */
  static goesOn(text: string | undefined, columns: number): boolean {
    if (text === undefined) return false;
    const indent = indentOf(text, 0, 0);
    return indent.begin === text.length || indent.columns >= columns;
  }

  /** Other code begins on the last line that was given. */
  otherCode(): void {
    this.isInParagraph = false;
  }
}

/** `text` may go on in a paragraph of the line before; `new text` begins one, `no text` has none that could go on. */
type Block = 'text' | 'new text' | 'no text' | 'empty item';

/** What a line is from `begin` on; puts the list items that it opens into `open`. */
function blockOf(text: string, begin: number, columns: number, open: number[], isInParagraph: boolean): Block {
  if (!beginsBlock.has(text[begin] as string)) return 'text';
  const rest = text.slice(begin, begin + longestMark);
  const isMark = (pattern: RegExp) => text.length - begin <= longestMark && pattern.test(rest);
  const isBreak = isMark(thematicBreak) || (isInParagraph && isMark(setextUnderline));
  if (isBreak || atxHeading.test(rest) || isFence(text, begin)) return 'no text';
  if (rest.startsWith('>')) return 'new text';
  if (!isInParagraph && isFootnote(text, begin)) {
    open.push(columns + 4);
    return 'new text';
  }
  const mark = open.length < mostNested ? listMark.exec(rest) : null;
  if (mark === null) return 'text';
  const width = mark[0].length;
  const content = indentOf(text, begin + width, columns + width);
  const isEmpty = content.begin === text.length;
  // Only a bullet or a 1 with text behind it may interrupt a paragraph.
  if (isInParagraph && (isEmpty || (mark[1] !== undefined && Number(mark[1]) !== 1))) return 'text';
  const gap = content.columns - columns - width;
  open.push(columns + width + (isEmpty || gap > 4 ? 1 : gap));
  if (isEmpty) return 'empty item';
  if (gap > 4) return 'no text';
  const inside = blockOf(text, content.begin, content.columns, open, false);
  return inside === 'text' ? 'new text' : inside;
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

/** Where the white space from `at` on ends, and its column when `at` stands at `columns`. */
function indentOf(text: string, at: number, columns: number): { begin: number; columns: number } {
  let begin = at;
  let column = columns;
  for (; text[begin] === ' ' || text[begin] === '\t'; begin++) column += text[begin] === '\t' ? 4 - (column % 4) : 1;
  return { begin, columns: column };
}

/** How many characters of white space at the beginning of a line stand in so many columns. */
export function charactersIn(text: string, columns: number): number {
  let column = 0;
  let at = 0;
  for (; column < columns && (text[at] === ' ' || text[at] === '\t'); at++)
    column += text[at] === '\t' ? 4 - (column % 4) : 1;
  return at;
}
