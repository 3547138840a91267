import { hash } from 'node:crypto';
import { partsOf } from '../contract/cut/code.js';
import { cleanText, normalizeText, numberLength, numberOf } from '../contract/cut/normalize.js';

// The hash of `normalizeText`, computed on bytes: a string of each piece, four regular expressions and NFC took three quarters of a whole
// cut. Text that could compose, or anything else out of the ordinary, goes the way of the contract; a property test compares the two.

/** Bytes looked at behind a label: what follows a number is short. */
const afterLabel = 64;
const mostScratchKept = 1 << 22;
let scratch = Buffer.allocUnsafe(1 << 16);
/** Bytes of the range last cleaned that are no UTF-16 unit of their own. */
let continuationBytes = 0;

export interface NormalizedRange {
  /** sha256 of the normalised text. */
  readonly sha256: string;
  /** UTF-16 units of the text as it stands; counted on the way. */
  readonly utf16Length: number;
}

/** What `normalizeText` makes of a range of valid UTF-8. */
export function normalizedRange(
  bytes: Buffer,
  start: number,
  end: number,
  label: string,
  isMarkdown: boolean,
): NormalizedRange {
  if (end - start > scratch.length) scratch = Buffer.allocUnsafe(2 * (end - start));
  continuationBytes = 0;
  const mode = isMarkdown ? Mode.markdown : Mode.text;
  let length = beginsFrontMatter(bytes, start) ? code : cleanInto(scratch, bytes, start, end, 0, mode);
  if (length === code) length = cleanWithCode(scratch, bytes, start, end, isMarkdown);
  const from = length < 0 ? 0 : afterHeadingMarks(length);
  const number = length < 0 ? -1 : numberBytes(from, length, label);
  if (number < 0) {
    const text = bytes.toString('utf8', start, end);
    return { sha256: hash('sha256', normalizeText(text, label, isMarkdown)), utf16Length: text.length };
  }
  const sha256 = hash('sha256', scratch.subarray(from + number, length));
  if (scratch.length > mostScratchKept) scratch = Buffer.allocUnsafe(1 << 16);
  return { sha256, utf16Length: end - start - continuationBytes };
}

/** Bytes of the number label at `from`; negative when the first bytes do not tell. */
function numberBytes(from: number, length: number, label: string): number {
  if (label === '' || !mayBeNumber(label)) return 0;
  const clean = cleanText(label);
  if (numberOf(clean) === null) return 0;
  const bytes = bytesOfLabelAt(from, length, clean);
  if (bytes > 0) return bytes;
  // A character may be cut in two at the end; then the text is longer than what is looked at, and the last ones decide nothing.
  const seen = 4 * label.length + afterLabel;
  const prefix = scratch.toString('utf8', from, Math.min(length, from + seen));
  const characters = numberLength(prefix, clean);
  if (characters === 0) return 0;
  if (characters > prefix.length - 4 && length - from > seen) return -1;
  return Buffer.byteLength(prefix.slice(0, characters));
}

/** The same for the usual case, a label of ASCII that stands there letter for letter; 0 when this is another case. */
function bytesOfLabelAt(from: number, length: number, label: string): number {
  const end = from + label.length;
  if (end > length) return 0;
  for (let at = from; at < end; at++) {
    const byte = scratch[at] as number;
    if (byte >= 0x80 || byte !== label.charCodeAt(at - from)) return 0;
  }
  let after = end;
  while (after < length && followsNumber[scratch[after] as number] === 1) after++;
  if (after >= length) return after - from;
  const byte = scratch[after] as number;
  // Art. 4 is not the label of Art. 41, and a dash outside ASCII may follow the number too.
  if (byte >= 0x80 || (after === end && isWordByte[byte] === 1)) return 0;
  return after - from;
}

const bytesIn = (characters: string): Uint8Array => {
  const table = new Uint8Array(256);
  for (const byte of Buffer.from(characters)) table[byte] = 1;
  return table;
};
const followsNumber = bytesIn(' \t\v\f\n.:)-');
const isWordByte = bytesIn('0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ');

/** A number label has two words, a number and its `bis` at most; most titles need no look. */
function mayBeNumber(label: string): boolean {
  const third = label.indexOf(' ', label.indexOf(' ', label.indexOf(' ') + 1) + 1);
  return third < 0 || label.indexOf(' ', third + 1) < 0;
}

function afterHeadingMarks(length: number): number {
  let from = 0;
  for (;;) {
    let at = from;
    while (at < length && scratch[at] === 0x23) at++;
    if (at === from || at - from > 6 || (scratch[at] !== 0x20 && scratch[at] !== 0x0a) || at >= length) return from;
    from = at + 1;
  }
}

const white = 1;
const wide = 2;
const bracket = 3;
const sign = 4;

/**
 * What a byte asks for, in the upper byte: 0 copy it, white space, begin of a wide character, perhaps a footnote marker, perhaps code. Below, what
 * is written.
 */
const classAndByte = new Uint16Array(256).map((_, byte) => {
  if (byte >= 0x80) return wide << 8;
  if (byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)) return (white << 8) | 0x20;
  if (byte === 0x60 || byte === 0x7e || byte === 0x3c) return (sign << 8) | byte;
  return byte === 0x5b ? bracket << 8 : byte;
});

/** Only the contract's way is certain. */
const unsure = -1;
/** It may hold code, whose lines are cleaned one by one. */
const code = -2;

/** What a range is: a text that may hold code, of Markdown with what is indented, or a part of one, prose or code. */
const Mode = { text: 0, markdown: 1, prose: 2, code: 3 } as const;
type Mode = (typeof Mode)[keyof typeof Mode];

/** Writes the clean text from `base` on and returns where it ends, or one of the answers above; of a part never `code`. */
function cleanInto(out: Uint8Array, bytes: Uint8Array, start: number, end: number, base: number, mode: Mode): number {
  const table = classAndByte;
  let length = base;
  let at = start;
  let isBehindMark = false;
  for (;;) {
    // Most text is plain bytes and single spaces: the inner loop does nothing else, and has one branch that is nearly never taken.
    let before = length === base || out[length - 1] === 0x20 ? white : 0;
    while (at < end) {
      const found = table[bytes[at] as number] as number;
      const kind = found >> 8;
      if (kind + before > white) break;
      out[length++] = found;
      before = kind;
      at++;
    }
    if (at >= end) break;
    const lead = bytes[at] as number;
    const kind = (table[lead] as number) >> 8;
    if (kind === white) {
      if (mode === Mode.markdown && isIndented(bytes, at, start, end)) return code;
      at++;
    } else if (lead >= 0xc3 && lead <= 0xcb) {
      // Latin letters with a mark; here for speed, `wideCharacter` says the same.
      out[length++] = lead;
      out[length++] = bytes[at + 1] as number;
      at += 2;
      continuationBytes++;
    } else if (kind === wide) {
      const size = wideCharacter(bytes, at, lead);
      if (size < 0) return unsure;
      continuationBytes += (size & 15) - 1;
      if (size < 16) for (let index = 0; index < size; index++) out[length++] = bytes[at + index] as number;
      else if (size >= 32 && length > base && out[length - 1] !== 0x20) out[length++] = 0x20;
      at += size & 15;
    } else if (kind === sign) {
      if (mode < Mode.prose && mayBeCode(bytes, at, lead)) return code;
      isBehindMark ||= mayBeginSpan(bytes, at, lead);
      out[length++] = lead;
      at++;
    } else {
      const after = bytes[at + 1] === 0x5e && mode !== Mode.code ? footnote(bytes, at, end) : 0;
      if (after < 0 || (after > 0 && isBehindMark)) return unsure;
      if (after === 0) {
        out[length++] = 0x5b;
        at++;
      } else if (bytes[after] === 0x3a && after < end) {
        for (const byte of footnoteStart) out[length++] = byte;
        at = after + 1;
      } else {
        while (length > base && out[length - 1] === 0x20) length--;
        // A bracket before a marker could make another marker of what is left.
        if (length > base && out[length - 1] === 0x5b) return unsure;
        at = afterJoinedMarkers(bytes, after, end);
        if (at < 0) return unsure;
      }
    }
    if (length + 8 > out.length) return unsure;
  }
  return length > base && out[length - 1] === 0x20 ? length - 1 : length;
}

/** The same for a text that may hold code. */
function cleanWithCode(out: Uint8Array, bytes: Buffer, start: number, end: number, isMarkdown: boolean): number {
  continuationBytes = 0;
  let length = 0;
  let isFirst = true;
  const text = bytes.toString('latin1', start, end);
  for (const part of partsOf(text, byteOrderMarkLength(bytes, start), isMarkdown)) {
    const begin = part.kind === 'rest' || isFirst ? length : length + 1;
    const from = begin + part.kept;
    if (from + 8 > out.length) return unsure;
    let cleanEnd = cleanInto(
      out,
      bytes,
      start + part.start + part.kept,
      start + part.end,
      from,
      part.isCode ? Mode.code : Mode.prose,
    );
    if (cleanEnd < 0) return unsure;
    const isBlank = cleanEnd === from;
    if (isBlank && part.kind === 'prose') continue;
    if (isBlank) cleanEnd = begin;
    // A call into the runtime costs more than the few columns of a line of code.
    else for (let at = 0; at < part.kept; at++) out[begin + at] = bytes[start + part.start + at] as number;
    if (begin > length) out[length] = 0x0a;
    length = cleanEnd;
    isFirst = false;
  }
  return length;
}

/** Three of the marks of a fence, or `<pre` in any letters: what `mayHoldCode` asks. */
function mayBeCode(bytes: Uint8Array, at: number, lead: number): boolean {
  if (lead !== 0x3c) return bytes[at + 1] === lead && bytes[at + 2] === lead;
  return isLetter(bytes[at + 1], 0x70) && isLetter(bytes[at + 2], 0x72) && isLetter(bytes[at + 3], 0x65);
}

/** A backtick, or a tag that may be code, pre, script or style: behind it a marker may stand in code. */
function mayBeginSpan(bytes: Uint8Array, at: number, lead: number): boolean {
  if (lead !== 0x3c) return lead === 0x60;
  const first = (bytes[at + 1] ?? 0) | 0x20;
  const second = (bytes[at + 2] ?? 0) | 0x20;
  if (first === 0x63) return second === 0x6f;
  if (first === 0x70) return second === 0x72;
  return first === 0x73 && (second === 0x63 || (second === 0x74 && isLetter(bytes[at + 3], 0x79)));
}

/** Four columns of white space at the beginning of a line, or behind the mark of a quotation and the space that belongs to it. */
function isIndented(bytes: Uint8Array, at: number, start: number, end: number): boolean {
  const before = bytes[at - 1];
  const isBehindQuote = before === 0x3e || ((before === 0x20 || before === 0x09) && bytes[at - 2] === 0x3e);
  const isFirst = at === start || (at === start + 3 && byteOrderMarkLength(bytes, start) === 3);
  if (!isFirst && before !== 0x0a && before !== 0x0d && !isBehindQuote) return false;
  if (isBehindQuote && before === 0x09) return true;
  for (let column = 0; column < 4 && at + column < end; column++) {
    if (bytes[at + column] === 0x09) return true;
    if (bytes[at + column] !== 0x20) return false;
    if (column === 3) return true;
  }
  return false;
}

function isLetter(byte: number | undefined, lower: number): boolean {
  return byte !== undefined && (byte | 0x20) === lower;
}

function byteOrderMarkLength(bytes: Uint8Array, start: number): 0 | 3 {
  return bytes[start] === 0xef && bytes[start + 1] === 0xbb && bytes[start + 2] === 0xbf ? 3 : 0;
}

function beginsFrontMatter(bytes: Uint8Array, start: number): boolean {
  const at = start + byteOrderMarkLength(bytes, start);
  const mark = bytes[at];
  return (mark === 0x2d || mark === 0x2b) && bytes[at + 1] === mark && bytes[at + 2] === mark;
}

const footnoteStart = Buffer.from('[^]:');

/** End of the marker `[^…]` that begins at `at`, 0 when it is none, -1 when it is not plain. */
function footnote(bytes: Uint8Array, at: number, end: number): number {
  for (let inside = at + 2; inside < end && inside <= at + 42; inside++) {
    const byte = bytes[inside] ?? 0;
    if (byte === 0x5d) return inside > at + 2 ? inside + 1 : 0;
    if (byte >= 0x7f || byte === 0x5b) return -1;
    if (byte <= 0x20) return 0;
  }
  return 0;
}

/** After markers that follow, each after a comma. */
function afterJoinedMarkers(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  for (;;) {
    let next = skipSpace(bytes, at, end);
    if (bytes[next] !== 0x2c || next >= end) return at;
    next = skipSpace(bytes, next + 1, end);
    if ((bytes[next] ?? 0) >= 0x80 && next < end) return -1;
    if (bytes[next] !== 0x5b || bytes[next + 1] !== 0x5e || next >= end) return at;
    const after = footnote(bytes, next, end);
    if (after === -1) return -1;
    if (after === 0 || (bytes[after] === 0x3a && after < end)) return at;
    at = after;
  }
}

function skipSpace(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && (bytes[at] === 0x20 || ((bytes[at] ?? 0) >= 0x09 && (bytes[at] ?? 0) <= 0x0d))) at++;
  return at;
}

/**
 * Size of a character that is its own NFC and composes with nothing allowed here; size + 16 when nobody sees it, size + 32 when it is white
 * space, -1 for everything that is not certain.
 */
function wideCharacter(bytes: Uint8Array, at: number, lead: number): number {
  const second = bytes[at + 1] ?? 0;
  const third = bytes[at + 2] ?? 0;
  if (lead >= 0xc2 && lead <= 0xcb) {
    if (lead === 0xc2 && second === 0xa0) return 2 + 32;
    return lead === 0xc2 && second === 0xad ? 2 + 16 : 2;
  }
  // Cyrillic; Latin with two marks, which is most of Vietnamese.
  if (lead === 0xd0 || lead === 0xd1) return 2;
  if (lead === 0xe1 && second >= 0xb8 && second <= 0xbb) return 3;
  if (lead === 0xe2) return punctuation(second, third);
  if (lead >= 0xe4 && lead <= 0xe9) return 3;
  if (lead === 0xef && second === 0xbb && third === 0xbf) return 3 + 16;
  return -1;
}

function punctuation(second: number, third: number): number {
  if (second === 0x80) {
    if (third <= 0x8a || third === 0xa8 || third === 0xa9 || third === 0xaf) return 3 + 32;
    return third === 0x8b ? 3 + 16 : 3;
  }
  if (second === 0x81) return third === 0x9f ? 3 + 32 : third === 0xa0 ? 3 + 16 : 3;
  return second === 0x82 ? 3 : -1;
}
