import { definitionsLength } from './link-definitions.js';
import type { Mark } from './mark.js';

// Finds the headings of a Markdown file on bytes, without a parser: CommonMark's block rules as far as they decide whether a
// line is a heading of the document itself. Headings inside fences, HTML blocks, lists, quotes and footnotes are not promoted.

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const space = 0x20;
const tab = 0x09;
const nearBytes = 24;
/** A pattern with many repetitions runs out of stack on a line of megabytes. */
const longestTag = 65_536;

interface Line {
  readonly start: number;
  /** First byte that is no space or tab. */
  readonly text: number;
  /** Columns before `text`, a tab reaching to the next multiple of four. */
  readonly indent: number;
  /** End without the newline. */
  readonly end: number;
  /** Start of the next line. */
  readonly next: number;
}

const openHtml: readonly (readonly [RegExp, RegExp | 'blank line'])[] = [
  [/^<(script|pre|style|textarea)([ \t>]|$)/i, /<\/(script|pre|style|textarea)>/i],
  [/^<!--/, /-->/],
  [/^<\?/, /\?>/],
  [/^<!\[CDATA\[/, /\]\]>/],
  [/^<![A-Za-z]/, />/],
  [
    /^<\/?(address|article|aside|base|basefont|blockquote|body|caption|center|col|colgroup|dd|details|dialog|dir|div|dl|dt|fieldset|figcaption|figure|footer|form|frame|frameset|h[1-6]|head|header|hr|html|iframe|legend|li|link|main|menu|menuitem|nav|noframes|ol|optgroup|option|p|param|search|section|summary|table|tbody|td|tfoot|th|thead|title|tr|track|ul)([ \t>]|\/>|$)/i,
    'blank line',
  ],
];
/** A complete tag alone on its line; unlike the others it cannot interrupt a paragraph. */
const openHtmlTag =
  /^(<[A-Za-z][A-Za-z0-9-]*([ \t]+[A-Za-z_:][\w.:-]*([ \t]*=[ \t]*("[^"]*"|'[^']*'|[^\s"'=<>`]+))?)*[ \t]*\/?>|<\/[A-Za-z][A-Za-z0-9-]*[ \t]*>)[ \t]*$/;

/** The boundaries of a Markdown file. Total: any bytes give boundaries, none only when there are no bytes. */
export function scanMarkdown(bytes: Uint8Array): readonly Mark[] {
  return new MarkdownScanner(bytes).scan();
}

class MarkdownScanner {
  private readonly bytes: Buffer;
  private readonly hasReturns: boolean;
  private readonly headings: Mark[] = [];
  /** Start of the paragraph the previous line belongs to, or -1. */
  private paragraph = -1;
  private fence: { readonly mark: number; readonly length: number } | null = null;
  private html: RegExp | 'blank line' | null = null;
  /** Columns a line must be indented to stay in the open list item or footnote; 0 = none is open. */
  private containerIndent = 0;
  /** True when unindented text would still continue the list item, quote or footnote of the previous line. */
  private lazy = false;
  private firstText = -1;

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.hasReturns = this.bytes.includes(carriageReturn);
  }

  scan(): readonly Mark[] {
    const bomLength = this.bytes.length >= 3 && this.bytes.readUIntBE(0, 3) === 0xefbbbf ? 3 : 0;
    const body = this.frontMatterEnd(bomLength);
    for (let at = body > 0 ? body : bomLength; at < this.bytes.length; ) {
      const line = this.lineAt(at);
      this.step(line);
      at = line.next;
    }
    return this.boundaries(body);
  }

  private boundaries(body: number): readonly Mark[] {
    const [first] = this.headings;
    const found: Mark[] = [];
    if (body > 0) found.push({ start: 0, kind: 'front_matter', level: 0, title: '' });
    // Blank lines before the first heading are no preamble: they stay with what is above them, or with the heading.
    const textBeforeHeading = this.firstText >= 0 && (!first || this.firstText < first.start);
    const onlyBlank = body === 0 && !first && this.bytes.length > 0;
    if (textBeforeHeading || onlyBlank) found.push({ start: body, kind: 'preamble', level: 0, title: '' });
    if (found.length > 0 || !first) return [...found, ...this.headings];
    return [{ ...first, start: 0 }, ...this.headings.slice(1)];
  }

  /** Offset after the front matter, or 0 when there is none. */
  private frontMatterEnd(from: number): number {
    const opening = this.lineAt(from);
    const mark = this.textOf(opening, opening.start).trimEnd();
    if (mark !== '---' && mark !== '+++') return 0;
    for (let at = opening.next; at < this.bytes.length; ) {
      const line = this.lineAt(at);
      const first = this.bytes[line.start];
      if (first === 0x2d || first === 0x2b || first === 0x2e) {
        const text = this.textOf(line, line.start).trimEnd();
        if (text === mark || (mark === '---' && text === '...')) return line.next;
      }
      at = line.next;
    }
    return 0;
  }

  private lineAt(start: number): Line {
    const { bytes } = this;
    let text = start;
    let indent = 0;
    for (; bytes[text] === space || bytes[text] === tab; text++) indent += bytes[text] === tab ? 4 - (indent % 4) : 1;
    const end = this.lineEnd(text);
    const isPair = bytes[end] === carriageReturn && bytes[end + 1] === lineFeed;
    return { start, text, indent, end, next: Math.min(end + (isPair ? 2 : 1), bytes.length) };
  }

  private lineEnd(from: number): number {
    const { bytes } = this;
    // Looking byte by byte costs less than asking for it, until the line turns out to be a long one.
    const near = this.hasReturns ? bytes.length : Math.min(from + nearBytes, bytes.length);
    let end = from;
    while (end < near && bytes[end] !== lineFeed && bytes[end] !== carriageReturn) end++;
    if (end < near || end === bytes.length) return end;
    const found = bytes.indexOf(lineFeed, end);
    return found < 0 ? bytes.length : found;
  }

  private step(line: Line): void {
    const isBlank = line.text === line.end;
    if (!isBlank && this.firstText < 0) this.firstText = line.start;
    if (this.fence) this.stepInFence(line);
    else if (this.html) this.stepInHtml(line, isBlank);
    else if (isBlank) this.endParagraph();
    else if (this.containerIndent > 0 && line.indent >= this.containerIndent) this.lazy = true;
    else if (line.indent < 4) this.stepAtBlockStart(line);
  }

  private stepInFence(line: Line): void {
    const { fence } = this;
    if (!fence || line.indent > 3 || this.bytes[line.text] !== fence.mark) return;
    const length = this.runLength(line.text, line.end);
    if (length >= fence.length && this.isBlankBetween(line.text + length, line.end)) this.fence = null;
  }

  private stepInHtml(line: Line, isBlank: boolean): void {
    const ends = this.html === 'blank line' ? isBlank : this.html?.test(this.textOf(line));
    if (ends) this.html = null;
  }

  private stepAtBlockStart(line: Line): void {
    switch (this.bytes[line.text]) {
      case 0x23: // #
        if (this.atxHeading(line)) return;
        break;
      case 0x60: // `
      case 0x7e: // ~
        if (this.openFence(line)) return;
        break;
      case 0x3e: // >
        this.endBlock();
        this.lazy = true;
        return;
      case 0x3c: // <
        if (this.openHtmlBlock(line)) return;
        break;
      case 0x3d: // =
      case 0x2d: // -
        if (this.setextHeading(line) || this.thematicBreak(line) || this.listItem(line)) return;
        break;
      case 0x2a: // *
      case 0x5f: // _
        if (this.thematicBreak(line) || this.listItem(line)) return;
        break;
      case 0x5b: // [
        if (this.footnote(line)) return;
        break;
      default:
        if (this.listItem(line)) return;
    }
    if (this.paragraph >= 0 || this.lazy) return;
    this.endBlock();
    this.paragraph = line.start;
  }

  private atxHeading(line: Line): boolean {
    const level = this.runLength(line.text, line.end);
    const after = this.bytes[line.text + level];
    if (level > 6 || (line.text + level < line.end && after !== space && after !== tab)) return false;
    const text = this.textOf(line, line.text + level, 'utf8');
    const title = this.endsWithMark(line) ? text.replace(/(^|[ \t])#+[ \t]*$/, '') : text;
    this.addHeading(line.start, level, title.trim());
    return true;
  }

  private endsWithMark({ text, end }: Line): boolean {
    let last = end - 1;
    while (last > text && (this.bytes[last] === space || this.bytes[last] === tab)) last--;
    return this.bytes[last] === 0x23;
  }

  private setextHeading(line: Line): boolean {
    if (this.paragraph < 0) return false;
    const length = this.runLength(line.text, line.end);
    if (!this.isBlankBetween(line.text + length, line.end)) return false;
    // Definitions of links before the text are no part of its paragraph; where there is nothing else, there was none.
    this.paragraph += definitionsLength(this.bytes.subarray(this.paragraph, line.start));
    if (this.paragraph === line.start) this.paragraph = -1;
    if (this.paragraph < 0) return false;
    const title = this.bytes
      .toString('utf8', this.paragraph, line.start)
      .replace(/^\uFEFF/, '')
      .trim();
    this.addHeading(this.paragraph, this.bytes[line.text] === 0x3d ? 1 : 2, title.replace(/\s+/g, ' '));
    return true;
  }

  private addHeading(start: number, level: number, title: string): void {
    this.endBlock();
    this.headings.push({ start, kind: 'heading', level, title });
  }

  private openFence(line: Line): boolean {
    const length = this.runLength(line.text, line.end);
    const mark = this.bytes[line.text] ?? 0;
    if (length < 3) return false;
    if (mark === 0x60 && this.bytes.subarray(line.text + length, line.end).includes(mark)) return false;
    this.endBlock();
    this.fence = { mark, length };
    return true;
  }

  private openHtmlBlock(line: Line): boolean {
    const text = this.textOf(line);
    const known = openHtml.find(([opens]) => opens.test(text));
    const isTag = () => text.length <= longestTag && openHtmlTag.test(text);
    if (!known && (this.paragraph >= 0 || this.lazy || !isTag())) return false;
    const ends = known ? known[1] : 'blank line';
    this.endBlock();
    this.html = ends !== 'blank line' && ends.test(text) ? null : ends;
    return true;
  }

  private thematicBreak(line: Line): boolean {
    const mark = this.bytes[line.text];
    let marks = 0;
    for (let at = line.text; at < line.end; at++) {
      if (this.bytes[at] === mark) marks++;
      else if (this.bytes[at] !== space && this.bytes[at] !== tab) return false;
    }
    if (marks < 3 || mark === 0x3d) return false;
    this.endBlock();
    return true;
  }

  private listItem(line: Line): boolean {
    const first = this.bytes[line.text] ?? 0;
    const mayMark = first === 0x2d || first === 0x2a || first === 0x2b || (first >= 0x30 && first <= 0x39);
    const match = mayMark ? /^(?:[-+*]|(\d{1,9})[.)])([ \t]+|$)(.?)/.exec(this.textOf(line)) : null;
    if (!match) return false;
    const [mark, number, gap = '', content = ''] = match;
    // Only a bullet or a 1 with text after it may interrupt a paragraph.
    if (this.paragraph >= 0 && (content === '' || (number !== undefined && Number(number) !== 1))) return false;
    const markWidth = mark.length - gap.length - content.length;
    const gapWidth = content === '' || gap.length > 4 ? 1 : gap.length;
    this.endBlock();
    this.containerIndent = line.indent + markWidth + gapWidth;
    this.lazy = content !== '';
    return true;
  }

  private footnote(line: Line): boolean {
    if (this.paragraph >= 0 || !/^\[\^[^\]\s]+\]:/.test(this.textOf(line))) return false;
    this.endBlock();
    this.containerIndent = 4;
    this.lazy = true;
    return true;
  }

  private endParagraph(): void {
    this.paragraph = -1;
    this.lazy = false;
  }

  private endBlock(): void {
    this.endParagraph();
    this.containerIndent = 0;
  }

  private runLength(from: number, end: number): number {
    let at = from;
    while (at < end && this.bytes[at] === this.bytes[from]) at++;
    return at - from;
  }

  private isBlankBetween(from: number, end: number): boolean {
    for (let at = from; at < end; at++) if (this.bytes[at] !== space && this.bytes[at] !== tab) return false;
    return true;
  }

  private textOf(line: Line, from = line.text, encoding: 'latin1' | 'utf8' = 'latin1'): string {
    return this.bytes.toString(encoding, from, line.end);
  }
}
