import { type CodeMark, charactersIn, IndentedCode } from './indented-code.js';

// Code in a text: fences, `<pre>`, front matter, and in Markdown what is indented. There a line break and the white space at the beginning of a line say something, to a
// program as to a reader; anywhere else they are format. Everything asked here is ASCII, so bytes read as Latin-1 give the same answers.

/** A range of a text that is cleaned by itself. */
export interface TextPart {
  readonly start: number;
  readonly end: number;
  /** So many characters from `start` stay as they are, unless nothing but white space follows. */
  readonly kept: number;
  /** `prose` and `line` begin a line, prose only when there is something of it; `rest` goes on in the line before. */
  readonly kind: 'prose' | 'line' | 'rest';
  readonly isCode: boolean;
}

/** Four columns of white space at the beginning of a line, or behind the mark of a quotation. A byte order mark read as Latin-1 is three letters. */
const indented = /(?:^(?:\uFEFF|\u00EF\u00BB\u00BF)?|[\r\n])(?: {4}| {0,3}\t)|> ?(?: {4}| {0,3}\t)/;
/** What a line of its own begins with when it is indented code or a fence: white space, marks of containers, the fence. Most lines begin with a letter. */
const beginsCode = new Set(' \t>-+*0123456789`~');

/** Asked before the lines are looked at; most texts have none. */
export function mayHoldCode(text: string, isMarkdown: boolean): boolean {
  if (isMarkdown && indented.test(text)) return true;
  return text.includes('```') || text.includes('~~~') || /^\uFEFF?(?:---|\+\+\+)/.test(text) || /<pre/i.test(text);
}

/**
 * The parts of a text, its prose as a whole and its code line by line: the beginnings of lines stay, less what stands before the fence itself. White
 * space at the end of a line, or within it, is format in code too. `markLength` characters at the beginning are a byte order mark.
 */
export function partsOf(text: string, markLength: number, isMarkdown: boolean): readonly TextPart[] {
  const lines = linesOf(text);
  const finder = new CodeFinder(text, lines, markLength, isMarkdown);
  const parts: TextPart[] = [];
  let prose = 0;
  for (let at = 0; at < lines.length; at++) {
    const code = finder.beginningAt(at);
    const line = lines[at];
    if (code === null || line === undefined) continue;
    if (line.start > prose) parts.push({ start: prose, end: line.start, kept: 0, kind: 'prose', isCode: false });
    let inside = at;
    if (code.mark === null) {
      inside++;
      const from = code.from === null ? line.end : line.start + code.from;
      parts.push({ start: line.start, end: from, kept: 0, kind: 'line', isCode: code.from === null });
      if (from < line.end) parts.push(codePart(line.text.slice(code.from ?? 0), from, code, 'rest'));
    }
    for (; inside < code.end; inside++) {
      const { text: own = '', start = 0 } = lines[inside] ?? {};
      parts.push(codePart(own, start, code, 'line'));
    }
    prose = lines[code.end]?.start ?? text.length;
    at = code.end - 1;
  }
  if (prose < text.length) parts.push({ start: prose, end: text.length, kept: 0, kind: 'prose', isCode: false });
  return parts;
}

/** The text of parts, each cleaned by `clean`. */
export function joinParts(
  text: string,
  parts: readonly TextPart[],
  clean: (text: string, isCode: boolean) => string,
): string {
  const cleaned: string[] = [];
  for (const { start, end, kept, kind, isCode } of parts) {
    const rest = clean(text.slice(start + kept, end), isCode);
    const whole = rest === '' ? '' : text.slice(start, start + kept) + rest;
    if (kind === 'rest') cleaned.push((cleaned.pop() ?? '') + whole);
    else if (kind === 'line' || whole !== '') cleaned.push(whole);
  }
  return cleaned.join('\n');
}

interface Line {
  readonly start: number;
  /** Without its break. */
  readonly end: number;
  readonly text: string;
}

function linesOf(text: string): readonly Line[] {
  const lines: Line[] = [];
  const hasReturns = text.includes('\r');
  let last = -1;
  for (let start = 0; ; ) {
    // Asked once a line feed: a text may have none.
    if (last < start) last = text.indexOf('\n', start);
    if (last < 0) last = text.length;
    const found = hasReturns ? text.slice(start, last).indexOf('\r') : -1;
    const end = found < 0 ? last : start + found;
    lines.push({ start, end, text: text.slice(start, end) });
    if (end === text.length) return lines;
    start = end + (text.startsWith('\r\n', end) ? 2 : 1);
  }
}

interface Code {
  /** The line after the last one. */
  readonly end: number;
  /** Characters before the fence: so many may stand before its lines too, and are no part of the code. */
  readonly indent: number;
  /** In a quotation lines begin with its marks. */
  readonly isQuoted: boolean;
  /** Where on the first line the code begins, behind the tag; null when that line is the fence. */
  readonly from: number | null;
  /** The mark of indented code, whose first line is code already; null for other code. */
  readonly mark: CodeMark | null;
}

function codePart(line: string, start: number, code: Code, kind: 'line' | 'rest'): TextPart {
  const { indent, isQuoted } = code;
  const mark = code.mark === null ? 0 : charactersIn(line, code.mark);
  const begin = beginningOf(line, isQuoted, mark);
  const isMarked = isQuoted && line.slice(0, begin).includes('>');
  const skipped = isMarked || kind === 'rest' ? 0 : code.mark === null ? Math.min(indent, begin) : mark;
  return { start: start + skipped, end: start + line.length, kept: begin - skipped, kind, isCode: true };
}

/** Behind the white space, and marks of quotations, that stand from there on. */
function beginningOf(line: string, isQuoted: boolean, from = 0): number {
  let at = from;
  while (isSpace(line.charCodeAt(at)) || (isQuoted && line[at] === '>')) at++;
  return at;
}

/** White space but line breaks. */
function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0b || code === 0x0c;
}

function isBlank(line: string, from = 0): boolean {
  return beginningOf(line, false, from) >= line.length;
}

function withoutEnd(line: string): string {
  let end = line.length;
  while (end > 0 && (line[end - 1] === ' ' || line[end - 1] === '\t')) end--;
  return line.slice(0, end);
}

/** Before a fence: white space and the marks of the quotations and list items that it stands in. */
const beforeFence = /^(?:[ \t]|>|[-*+](?=[ \t])|[0-9]{1,9}[.)](?=[ \t]))*$/;
const longestBeforeFence = 80;
/** In backticks the tag is spoken of. */
const opensPre = /(?<!`)<pre(?=[ \t>]|$)/gi;
const closesPre = /<\/pre/gi;

class CodeFinder {
  private readonly indented: IndentedCode | null;
  /** The first line that was not given to `indented`, which needs to know of none before the next that may be its code. */
  private untold = 0;
  /** Other code that was found since, with the line after it. */
  private readonly untoldCode: { readonly at: number; readonly end: number }[] = [];
  private readonly lastPreEnd: number;
  /** Behind the line looked at there is no fence of tildes of this length or longer. */
  private unclosedTildes = Number.POSITIVE_INFINITY;

  constructor(
    text: string,
    private readonly lines: readonly Line[],
    private readonly markLength: number,
    isMarkdown: boolean,
  ) {
    this.indented = isMarkdown ? new IndentedCode() : null;
    const mayHoldPre = text.includes('</') && /<\/pre/i.test(text);
    this.lastPreEnd = mayHoldPre ? lines.findLastIndex((line) => /<\/pre/i.test(line.text)) : -1;
  }

  /** The code that begins on this line, or null. Asked of every line that is not inside of code, in order. */
  beginningAt(at: number): Code | null {
    const line = this.lineAt(at);
    const front = at === 0 ? this.frontMatter(line) : null;
    if (front !== null) return front;
    if (!beginsCode.has(line[0] as string)) return at < this.lastPreEnd ? this.otherCode(at) : null;
    return this.indentedFrom(at, line) ?? this.otherCode(at);
  }

  private lineAt(at: number): string {
    const line = this.lines[at]?.text ?? '';
    return at === 0 ? line.slice(this.markLength) : line;
  }

  private indentedFrom(at: number, line: string): Code | null {
    if (this.indented === null || !mayBeIndented(line)) return null;
    this.tell(this.indented, at);
    const mark = this.indented.line(line);
    this.untold = at + 1;
    if (mark === null) return null;
    let end = at + 1;
    for (let next = end; IndentedCode.goesOn(this.lines[next]?.text, mark); next++) {
      const text = this.lines[next]?.text ?? '';
      if (!isBlank(text, charactersIn(text, mark))) end = next + 1;
    }
    this.untold = end;
    return { end, indent: 0, isQuoted: false, from: null, mark };
  }

  /** The lines before this one, which are none of its code. */
  private tell(indented: IndentedCode, upTo: number): void {
    for (const code of this.untoldCode) {
      for (let at = this.untold; at <= code.at; at++) indented.line(this.lineAt(at));
      indented.otherCode();
      this.untold = code.end;
    }
    this.untoldCode.length = 0;
    for (let at = this.untold; at < upTo; at++) indented.line(this.lineAt(at));
  }

  private otherCode(at: number): Code | null {
    const line = this.lines[at]?.text ?? '';
    const found = this.fence(at, line, at === 0 ? this.markLength : 0) ?? this.pre(at, line);
    if (found !== null && this.indented !== null) this.untoldCode.push({ at, end: found.end });
    return found;
  }

  private frontMatter(line: string): Code | null {
    const mark = withoutEnd(line);
    if (mark !== '---' && mark !== '+++') return null;
    const last = this.lines.findIndex(({ text }, index) => {
      const end = index > 0 ? withoutEnd(text) : '';
      return end === mark || (mark === '---' && end === '...');
    });
    if (last < 0) return null;
    this.untold = last + 1;
    return { end: last + 1, indent: 0, isQuoted: false, from: null, mark: null };
  }

  private fence(at: number, line: string, from: number): Code | null {
    if (!line.includes('```') && !line.includes('~~~')) return null;
    const found = /`{3,}|~{3,}/.exec(line.slice(from, from + 2 * longestBeforeFence));
    if (found === null || found.index > longestBeforeFence) return null;
    const before = line.slice(from, from + found.index);
    if (!beforeFence.test(before)) return null;
    const mark = found[0].slice(0, 1);
    let after = from + found.index;
    while (line[after] === mark) after++;
    if (mark === '`' && line.includes('`', after)) return null;
    const isQuoted = before.includes('>');
    const fence = { mark, length: after - from - found.index, indent: found.index, quote: quoteOf(before) };
    const end = this.fenceEnd(at, fence);
    return end < 0 ? null : { end, indent: found.index, isQuoted, from: null, mark: null };
  }

  /**
   * After the closing fence. Code that is not closed goes on to the end, in a quotation to the end of that; but a line of tildes that nothing closes
   * underlines a heading of plain text.
   */
  private fenceEnd(at: number, fence: Fence): number {
    const { mark, length, quote } = fence;
    const isQuoted = quote >= 0;
    if (mark === '~' && length >= this.unclosedTildes && !isQuoted) return -1;
    for (let end = at + 1; end < this.lines.length; end++) {
      const text = this.lines[end]?.text ?? '';
      if (isQuoted && !isInQuotation(text, quote)) return end;
      if (isFenceEnd(text, fence)) return end + 1;
    }
    if (isQuoted) return this.lines.length;
    if (mark === '`') return this.lines.findLastIndex(({ text }) => !isBlank(text)) + 1;
    this.unclosedTildes = length;
    return -1;
  }

  private pre(at: number, line: string): Code | null {
    if (at >= this.lastPreEnd) return null;
    const begin = openPreOf(line);
    if (begin < 0) return null;
    let end = at + 1;
    while (end < this.lastPreEnd && !closesAndStays(this.lines[end]?.text ?? '')) end++;
    const tagEnd = line.indexOf('>', begin);
    return { end: end + 1, indent: 0, isQuoted: false, from: tagEnd < 0 ? line.length : tagEnd + 1, mark: null };
  }
}

/** Four columns of white space, which most lines tell at once. */
function mayBeIndented(line: string): boolean {
  for (let at = 0; at < 4; at++) {
    if (line[at] === '\t') return true;
    if (line[at] !== ' ') return line.includes('>') && indented.test(line);
  }
  return true;
}

interface Fence {
  readonly mark: string;
  readonly length: number;
  readonly indent: number;
  /** How far the mark of the quotation that it stands in may be from the beginning of a line; -1 when it stands in none. */
  readonly quote: number;
}

function quoteOf(before: string): number {
  const at = before.indexOf('>');
  // In a list item it may stand deeper.
  return at < 0 ? -1 : at <= 3 && isBlank(before.slice(0, at)) ? 3 : at + 3;
}

function isInQuotation(line: string, quote: number): boolean {
  const begin = beginningOf(line, false);
  return line[begin] === '>' && begin <= quote;
}

function isFenceEnd(line: string, { mark, length, indent, quote }: Fence): boolean {
  if (!line.includes(mark.repeat(3))) return false;
  const begin = beginningOf(line, quote >= 0);
  const run = withoutEnd(line.slice(begin));
  // What stands deeper is shown by the code, such as a fence in a text about Markdown.
  return begin <= indent + 3 && run.length >= length && run === mark.repeat(run.length);
}

/** Where the tag stands that the line leaves open, or -1. */
function openPreOf(line: string): number {
  if (!/<pre/i.test(line)) return -1;
  const begin = lastPlace(line, opensPre);
  return begin > lastPlace(line, closesPre) ? begin : -1;
}

function closesAndStays(line: string): boolean {
  return lastPlace(line, closesPre) >= 0 && openPreOf(line) < 0;
}

function lastPlace(line: string, pattern: RegExp): number {
  let place = -1;
  for (const { index } of line.matchAll(pattern)) place = index;
  return place;
}
