import { type Token, Tokenizer, TokenizerMode } from 'parse5';
import type { Grammar } from './legal/grammar.js';
import { LegalScanner } from './legal/scanner.js';
import type { Mark } from './mark.js';
import { hasByteOrderMark } from './source-kind.js';
import { paragraphLabel } from './text-scanner.js';

// Positions come from the tokenizer of parse5, which reads chunks and builds no tree: a tree of 100 MB needs gigabytes. The parser of parse5 is
// the oracle of the tests. Its offsets are UTF-16 units; they become bytes in one walk at the end, and text is sliced from the bytes.

const chunkBytes = 65_536;
const longestText = 65_536;
const longestTitle = 300;

/** What is inside is not read as markup: the state a parser would switch to. */
const rawText: Readonly<Record<string, (typeof TokenizerMode)[keyof typeof TokenizerMode]>> = {
  title: TokenizerMode.RCDATA,
  textarea: TokenizerMode.RCDATA,
  style: TokenizerMode.RAWTEXT,
  xmp: TokenizerMode.RAWTEXT,
  iframe: TokenizerMode.RAWTEXT,
  noembed: TokenizerMode.RAWTEXT,
  noframes: TokenizerMode.RAWTEXT,
  noscript: TokenizerMode.RAWTEXT,
  script: TokenizerMode.SCRIPT_DATA,
  plaintext: TokenizerMode.PLAINTEXT,
};
/** Headings and law quoted in these are no structure of the document. */
const quoting = new Set(['blockquote', 'template', 'dialog', 'figure', 'select']);
const blocks = new Set(
  (
    'address article aside body center dd details dialog div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 head header ' +
    'hgroup html legend li main menu nav ol p pre section summary table tbody td tfoot th thead tr ul blockquote'
  ).split(' '),
);
/** Elements whose end closes everything that was left open inside, a quotation too. */
const containers = new Set(
  (
    'address article aside blockquote center details dialog div dl fieldset figure footer header main menu nav ol section select table ' +
    'template ul'
  ).split(' '),
);
/** Beginnings at which a parser leaves a drawing or formula that was not closed. */
const endsForeign = new Set(
  'blockquote body center dd div dl dt h1 h2 h3 h4 h5 h6 head li menu ol p pre table ul'.split(' '),
);
const htmlInForeign = new Set(['foreignobject', 'desc', 'title', 'annotation-xml']);
/** So far up an end tag looks for its beginning. */
const mostLevelsClosed = 1000;
const voids = new Set('area base br col embed hr img input link meta param source track wbr'.split(' '));

/** Marks of an HTML document: its headings, or what a grammar finds in its blocks of text, or its paragraphs when it has no headings. */
export function scanHtml(source: Uint8Array, grammar: Grammar | null): readonly Mark[] {
  const bytes = Buffer.from(source.buffer, source.byteOffset, source.byteLength);
  const from = hasByteOrderMark(bytes) ? 3 : 0;
  const reader = new HtmlReader(grammar, isXml(bytes.toString('utf8', from, Math.min(from + 2048, bytes.length))));
  const tokenizer = reader.tokenizer;
  for (let at = from; at < bytes.length; ) {
    const end = chunkEnd(bytes, at);
    tokenizer.write(bytes.toString('utf8', at, end), end === bytes.length);
    at = end;
  }
  return toBytes(bytes, from, reader.finish());
}

/** XHTML as it is stored in books and by publishers: there `<title/>` is a whole element. */
function isXml(begin: string): boolean {
  return /^\s*<\?xml\s|<html\s[^>]*xmlns\s*=\s*["']http:\/\/www\.w3\.org\/1999\/xhtml/i.test(begin);
}

/** A chunk ends neither inside a character nor between CR and LF. */
function chunkEnd(bytes: Buffer, from: number): number {
  let end = Math.min(from + chunkBytes, bytes.length);
  while (end < bytes.length && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  if (end < bytes.length && bytes[end - 1] === 0x0d) end--;
  return end > from ? end : bytes.length;
}

/** Marks whose starts are UTF-16 units after the byte order mark, with starts in bytes; the first begins at 0 and none is empty. */
function toBytes(bytes: Buffer, from: number, marks: readonly Mark[]): readonly Mark[] {
  const found: Mark[] = [];
  let at = from;
  let units = 0;
  for (const mark of marks) {
    for (; units < mark.start && at < bytes.length; at++) {
      if (((bytes[at] ?? 0) & 0xc0) !== 0x80) units += (bytes[at] ?? 0) >= 0xf0 ? 2 : 1;
    }
    while (((bytes[at] ?? 0) & 0xc0) === 0x80) at++;
    const start = found.length === 0 ? 0 : at;
    if (found.length > 0 && (start <= (found.at(-1)?.start ?? 0) || start >= bytes.length)) continue;
    found.push({ ...mark, start });
  }
  return found;
}

/** The tokenizer without what no boundary depends on, and what a damaged page must not stop. */
class PlainTokenizer extends Tokenizer {
  /** Of the attributes only a link's is asked for. To look whether one stands there twice costs the square of their number. */
  protected override _leaveAttrName(): void {
    if (this.currentAttr.name === 'href') super._leaveAttrName();
  }

  /** A reference of hundreds of digits is no number to its decoder; as any other that stands for nothing it is a replacement character. */
  protected override _flushCodePointConsumedAsCharacterReference(code: number): void {
    super._flushCodePointConsumedAsCharacterReference(Number.isNaN(code) ? 0xfffd : code);
  }
}

class HtmlReader {
  readonly tokenizer: Tokenizer;
  private readonly legal: LegalScanner | null;
  private readonly headings: Mark[] = [];
  private readonly paragraphs: Mark[] = [];
  private heading: { start: number; level: number; text: string } | null = null;
  /** Start of the tags that stand directly before the next text, which belongs to them; -1 when something else is between. */
  private run = -1;
  private lineStart = -1;
  private lineText = '';
  private hidden = '';
  private readonly open: string[] = [];
  /** How many of the open elements quote. */
  private quoteDepth = 0;
  private foreignDepth = 0;
  /** Where the outermost drawing or formula stands among the open elements. */
  private foreignStart = 0;
  private htmlInForeign = 0;
  private bodyStart = 0;
  private hasBody = false;
  private firstText = -1;
  /** Open elements of these names. A number that is superscript and a link leads to a footnote, and is no part of a name. */
  private superscripts = 0;
  private links: 0 | 1 = 0;

  constructor(
    grammar: Grammar | null,
    private readonly isXml: boolean,
  ) {
    this.legal = grammar ? new LegalScanner(grammar) : null;
    const nothing = (): void => {};
    this.tokenizer = new PlainTokenizer(
      { sourceCodeLocationInfo: true },
      {
        onParseError: null,
        onComment: nothing,
        onDoctype: nothing,
        onNullCharacter: nothing,
        onEof: nothing,
        onStartTag: (token) => this.begin(token),
        onEndTag: (token) => this.endTag(token),
        onCharacter: (token) => this.text(token),
        onWhitespaceCharacter: () => this.space(),
      },
    );
  }

  finish(): readonly Mark[] {
    this.endHeading();
    this.endLine();
    const found = this.legal ? this.legal.finish() : this.headings.length > 0 ? this.headings : this.paragraphs;
    const [first] = found;
    const marks: Mark[] = [];
    // Structure above the body is broken HTML: then there is no head to set apart.
    if (first !== undefined && first.start < this.bodyStart) this.bodyStart = 0;
    if (this.bodyStart > 0) marks.push({ start: 0, kind: 'front_matter', level: 0, title: '' });
    const hasPreamble = first === undefined || (this.firstText >= 0 && this.firstText < first.start);
    if (hasPreamble) marks.push({ start: this.bodyStart, kind: 'preamble', level: 0, title: '' });
    if (first === undefined) return marks;
    return [...marks, ...(hasPreamble ? [first] : [{ ...first, start: this.bodyStart }]), ...found.slice(1)];
  }

  private begin(token: Token.TagToken): void {
    const isWhole = this.isXml && token.selfClosing && !voids.has(token.tagName) && this.foreignDepth === 0;
    if (this.foreignDepth > 0) this.beginInForeign(token);
    else if (!isWhole) this.switchState(token);
    this.startTag(token);
    if (isWhole && token.tagName !== 'svg' && token.tagName !== 'math') this.endTag(token);
  }

  private startTag(token: Token.TagToken): void {
    const { tagName: name } = token;
    const start = token.location?.startOffset ?? 0;
    if (name === 'svg' || name === 'math') this.enterForeign(token);
    if (name === 'sup') this.superscripts++;
    // A link stands in no other.
    if (name === 'a') this.links = token.attrs.some((one) => one.name === 'href') ? 1 : 0;
    if (blocks.has(name)) this.superscripts = 0;
    if (containers.has(name)) this.beginContainer(token);
    const level = headingLevel(name);
    if (level > 0 && this.quoteDepth === 0 && this.foreignDepth === 0) {
      this.endHeading();
      this.endLine();
      this.heading = { start: this.run >= 0 ? this.run : start, level, text: '' };
      this.run = -1;
    } else if (voids.has(name)) {
      if (name === 'br' || name === 'hr') this.endLine();
      if (name !== 'wbr') this.space();
      this.run = -1;
    } else {
      if (blocks.has(name)) this.endLine();
      if (this.hidden !== '') this.run = -1;
      else if (this.run < 0 && this.lineText === '') this.run = start;
    }
    if (name === 'body' && !this.hasBody) this.beginBody(start);
  }

  /** In a drawing `<section>` is part of the drawing, and an end of that name ends it and no section around. */
  private beginContainer({ tagName: name, selfClosing }: Token.TagToken): void {
    if (this.foreignDepth === 0 || this.htmlInForeign > 0) {
      this.open.push(name);
      if (quoting.has(name)) this.quoteDepth++;
    } else if (!selfClosing) this.open.push(foreign(name));
  }

  private beginBody(start: number): void {
    this.hasBody = true;
    this.bodyStart = start;
    this.firstText = -1;
    this.run = start;
  }

  private endHead(end: number): void {
    this.bodyStart = end;
    this.firstText = -1;
  }

  private endTag(token: Token.TagToken): void {
    const { tagName: name } = token;
    if (name === this.hidden) this.hidden = '';
    if (name === 'sup') this.superscripts = Math.max(0, this.superscripts - 1);
    if (name === 'a') this.links = 0;
    if (blocks.has(name)) this.superscripts = 0;
    if (this.foreignDepth > 0 && htmlInForeign.has(name)) this.htmlInForeign = Math.max(0, this.htmlInForeign - 1);
    if (name === 'p' || name === 'br') this.leaveForeign();
    if (containers.has(name) || name === 'svg' || name === 'math') this.close(name);
    if (headingLevel(name) > 0) this.endHeading();
    if (!blocks.has(name)) return;
    this.endLine();
    this.run = -1;
    if (name === 'head' && this.bodyStart === 0) this.endHead(token.location?.endOffset ?? 0);
  }

  /** Up to the element of this name; out of a table only its own end leads. */
  private close(name: string): void {
    const { open } = this;
    let at = open.length - 1;
    const least = Math.max(0, open.length - mostLevelsClosed);
    const isOf = (one: string | undefined) => one === name || one === foreign(name);
    while (at >= least && !isOf(open[at]) && open[at] !== 'table') at--;
    if (at >= least && isOf(open[at])) this.closeFrom(at);
  }

  private closeFrom(at: number): void {
    const closed = this.open.splice(at);
    const quotations = closed.filter((one) => quoting.has(one)).length;
    if (quotations > 0) this.endLine();
    this.quoteDepth -= quotations;
    this.foreignDepth -= closed.filter((one) => one === 'svg' || one === 'math').length;
    if (this.foreignDepth === 0) this.htmlInForeign = 0;
    this.tokenizer.inForeignNode = this.foreignDepth > 0;
  }

  private text(token: Token.CharacterToken): void {
    if (this.hidden !== '') return;
    if (this.superscripts > 0 && this.links > 0) return;
    const start = token.location?.startOffset ?? 0;
    const begin = this.run >= 0 ? this.run : start;
    this.run = -1;
    // A heading that the grammar does not know is text before the first piece.
    if (this.firstText < 0 && (this.heading === null || this.legal !== null)) this.firstText = start;
    if (this.heading) {
      if (this.heading.text.length < longestTitle) this.heading.text += token.chars;
      return;
    }
    if (!this.collectsLines()) return;
    if (this.lineText === '') this.lineStart = begin;
    if (this.lineText.length < longestText) this.lineText += token.chars;
  }

  private space(): void {
    if (this.heading) this.heading.text += ' ';
    else if (this.lineText !== '') this.lineText += ' ';
  }

  /** Lines are wanted by a grammar, and as paragraphs as long as there is no heading. */
  private collectsLines(): boolean {
    return this.quoteDepth === 0 && (this.legal !== null || this.headings.length === 0);
  }

  private endHeading(): void {
    if (!this.heading) return;
    const { start, level, text } = this.heading;
    this.heading = null;
    const title = text
      .replace(/\s+/gu, ' ')
      .trim()
      .slice(0, longestTitle)
      .replace(/[\ud800-\udbff]$/, '');
    if (this.legal) this.legal.line(start, title);
    else this.headings.push({ start, kind: 'heading', level, title });
    if (this.headings.length === 1) this.paragraphs.length = 0;
  }

  private endLine(): void {
    if (this.lineText === '') return;
    const { lineStart: start, lineText: text } = this;
    this.lineText = '';
    if (this.legal) this.legal.line(start, text);
    else if (this.headings.length === 0) {
      this.paragraphs.push({ start, kind: 'paragraph', level: 1, title: '', label: paragraphLabel(text) });
    }
  }

  private switchState({ tagName }: Token.TagToken): void {
    const state = rawText[tagName];
    if (state === undefined) return;
    this.tokenizer.state = state;
    this.hidden = tagName;
  }

  private beginInForeign({ tagName, selfClosing }: Token.TagToken): void {
    if (htmlInForeign.has(tagName) && !selfClosing) this.htmlInForeign++;
    else if (endsForeign.has(tagName)) this.leaveForeign();
  }

  private leaveForeign(): void {
    if (this.foreignDepth === 0 || this.htmlInForeign > 0) return;
    this.closeFrom(this.foreignStart);
  }

  private enterForeign({ tagName, selfClosing }: Token.TagToken): void {
    if (selfClosing) return;
    if (this.foreignDepth === 0) this.foreignStart = this.open.length;
    this.open.push(tagName);
    this.foreignDepth++;
    this.tokenizer.inForeignNode = true;
  }
}

/** How an element of a drawing or formula is called among the open ones. */
function foreign(name: string): string {
  return `svg ${name}`;
}

function headingLevel(name: string): number {
  return name.length === 2 && name[0] === 'h' && name >= 'h1' && name <= 'h6' ? Number(name[1]) : 0;
}
