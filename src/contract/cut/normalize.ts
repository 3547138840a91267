import { joinParts, mayHoldCode, partsOf } from './code.js';
import { codeSpansOf } from './code-spans.js';
import { latinOrdinalPattern } from './latin-ordinals.js';

// The text of a piece without what only the format decides. Two pieces with equal normalised text say the same; what differs between
// their bytes makes a new anchor and no new version.

/** Part of every normalised hash: hashes of different versions may not be compared. */
export const normalizer = { name: 'text', version: '1' } as const;

/** Soft hyphen, zero-width space, word joiner, byte order mark: seen by nobody. The joiners of scripts (U+200C, U+200D) stay. */
const unseen = /[\u00AD\u200B\u2060\uFEFF]/g;
/**
 * `[^12]` with the space before it. A match begins where its white space does: tried again at every space of a long run, it would cost the square
 * of the run.
 */
const footnoteMarker = /(?<!\s)\s*\[\^[^\]\s]{1,40}\](?!:)/g;
/** Another one, joined by a comma; sought one by one, since a pattern of a million of them runs out of stack. */
const joinedMarker = /\s*,\s*\[\^[^\]\s]{1,40}\](?!:)/y;
/** `[^12]:` at the start of a footnote: its number is given by the order of the markers. */
const footnoteNumber = /\[\^[^\]\s]{1,40}\]:/g;
const headingMarks = /^(?:#{1,6}[ \n])+/;
const numberWords =
  'art(?:\\.|icles?|ikel)?|abs(?:\\.|atz)?|ziff(?:\\.|er)?|bst\\.?|sec(?:\\.|tion)?|sub-?section|recital|erwägungsgrund|item|subpoint|subtitle|subchapter|subpart|chapter|part|title|paragraph|point|annex|appendix|teil|kapitel|unterabschnitt|abschnitt|hauptstück|titel|buch|anhang|điều|chương|tiểu mục|mục|phần|khoản|điểm|phụ lục|§+';
/** After the word: `Parts` is no part with the number s. */
const afterWord = '(?: |(?<=[.§])|(?=[0-9]))';
const arabic = `[0-9]+(?:\\.[0-9]+)* ?(?:\\p{L}?${latinOrdinalPattern}|\\p{L})?`;
/** As roman numbers are written: `Civil` has their letters and is none. */
const roman = '(?=[ivxlcdm])m{0,3}(?:cm|cd|d?c{0,3})(?:xc|xl|l?x{0,3})(?:ix|iv|v?i{0,3})';
/**
 * A label that is a number, perhaps after the word for what it numbers, or before it (`1. Teil`); any other label is a title, and a title is
 * text. Two letters alone are a word: EU is not US.
 */
const numberLabels = [
  `(?:${numberWords})${afterWord}\\(?(${arabic}|${roman}(?:${latinOrdinalPattern}| ?\\p{L})?|(\\p{L})(?:\\2|${latinOrdinalPattern})?)[.)]*`,
  // Of words only that for a point stands before two letters: `Item ID` and `Part of` are titles.
  'point (\\p{L}[a-h])',
  `\\(?(${arabic}|${roman}|\\p{L})[.)]*`,
  `([0-9]+\\p{L}?|${roman}(?:${latinOrdinalPattern}|[a-h])?|\\p{L})\\.? (?:buch|teil|hauptstück|kapitel|abschnitt|titel|unterabschnitt)`,
].map((pattern) => new RegExp(`^${pattern}$`, 'iu'));
/** How a text may call what its label calls otherwise: `Artikel 4` is labelled `Art. 4`, and `SEC. 4.` `§ 4`. */
const leadingWord = new RegExp(`^(?:${numberWords})${afterWord} ?`, 'iu');

/**
 * NFC; runs of white space as one space, except line breaks and the beginnings of lines in code; without unseen characters, footnote markers, the
 * marks of a leading heading and, when `label` is a number label (`Art. 4a`, `Khoản 2`, `(a)`), without that label at the start. A label that is a
 * title is text and stays. In code what looks like a marker is text. Only in Markdown indentation makes code.
 */
export function normalizeText(text: string, label?: string, isMarkdown = false): string {
  const clean = cleanText(text, isMarkdown).replace(headingMarks, '');
  return label === undefined || label === '' ? clean : withoutNumber(clean, cleanText(label));
}

/** Without what nobody sees, but with heading marks and number. */
export function cleanText(text: string, isMarkdown = false): string {
  if (isClean(text)) return text;
  if (!mayHoldCode(text, isMarkdown)) return cleanPart(text, false);
  const parts = partsOf(text, text.startsWith('\uFEFF') ? 1 : 0, isMarkdown);
  return joinParts(text, parts, (part, isCode) => (isClean(part) ? part : cleanPart(part, isCode)));
}

function cleanPart(text: string, isCode: boolean): string {
  const unmarked = isCode || !text.includes('[^') ? text : withoutMarkers(text);
  return composed(unmarked.replace(unseen, '').replace(/\s+/g, ' ').trim());
}

/** No letter has as many marks. To put them in order costs the square of their number. */
const mostMarks = 1024;
const longRunOfMarks = new RegExp(`\\p{M}{${mostMarks}}`, 'u');
const upToMarks = new RegExp(`\\P{M}*\\p{M}{0,${mostMarks}}`, 'gu');

/** NFC; of a letter with a thousand marks only so many at a time are put in order. */
function composed(text: string): string {
  if (text.length < mostMarks || !longRunOfMarks.test(text)) return text.normalize('NFC');
  return text.replace(upToMarks, (part) => part.normalize('NFC'));
}

/** The markers outside of code. */
function withoutMarkers(text: string): string {
  let rest = '';
  let from = 0;
  for (const { start, end } of codeSpansOf(text)) {
    rest += withoutMarkersOfProse(text.slice(from, start)) + text.slice(start, end);
    from = end;
  }
  return rest + withoutMarkersOfProse(text.slice(from));
}

function withoutMarkersOfProse(prose: string): string {
  const text = prose.replace(unseen, '');
  let rest = '';
  let from = 0;
  for (let found = footnoteMarker.exec(text); found !== null; found = footnoteMarker.exec(text)) {
    rest += text.slice(from, found.index);
    from = footnoteMarker.lastIndex;
    for (joinedMarker.lastIndex = from; joinedMarker.test(text); ) from = joinedMarker.lastIndex;
    footnoteMarker.lastIndex = from;
  }
  return (from === 0 ? text : rest + text.slice(from)).replace(footnoteNumber, '[^]:');
}

/**
 * True only when cleaning changes nothing: words of letters that are their own NFC and compose with none of the others, single spaces between
 * them, and no bracket that could begin a footnote marker. Most labels and lines are such text, and asking costs a tenth of cleaning.
 */
export function isClean(text: string): boolean {
  let before = 0x20;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit <= 0x20 || unit === 0x5b || unit >= 0x7f) {
      if (unit === 0x20 ? before === 0x20 : !isPlainLetter(unit)) return false;
    }
    before = unit;
  }
  return before !== 0x20;
}

/** Latin with and without marks (most of Vietnamese), basic Cyrillic, dashes and quotation marks. */
function isPlainLetter(unit: number): boolean {
  if (unit < 0x300) return unit > 0xa0 && unit !== 0xad;
  if (unit < 0x483) return unit >= 0x400;
  return (unit >= 0x1e00 && unit <= 0x1eff) || (unit >= 0x2010 && unit <= 0x2027);
}

function withoutNumber(text: string, label: string): string {
  return text.slice(numberLength(text, label));
}

/** The number in a clean label that is one (`4a` in `Art. 4a`); null for a label that is a title. */
export function numberOf(label: string): string | null {
  for (const pattern of numberLabels) {
    const number = pattern.exec(label)?.[1];
    if (number !== undefined) return number;
  }
  return null;
}

const afterNumber = /^[\s.:)–—-]+/;

/** `**Art. 4**` at the start of a Markdown text: the mark, and what stands in it. */
export const emphasisAtStart = /^(\*{1,3}|_{1,3})(?=[^\s*_])([^*_`]{0,200}[^\s*_`])\1(?![\p{L}\p{N}*_])/u;

/** How many characters at the start of a clean text are its number label and what follows the number; 0 when there is none. */
export function numberLength(text: string, label: string): number {
  const number = numberOf(label);
  if (number === null) return 0;
  // In Markdown a point with its number is often an item of a list.
  const mark = /^[-*+] /.exec(text)?.[0].length ?? 0;
  const length = mark === 0 ? 0 : lengthOfNumber(text.slice(mark), label, number);
  return length === 0 ? lengthOfNumber(text, label, number) : mark + length;
}

function lengthOfNumber(text: string, label: string, number: string): number {
  const [emphasis = '', , inside = ''] = emphasisAtStart.exec(text) ?? [];
  if (inside !== '' && lengthOfNumber(inside, label, number) === inside.length)
    return emphasis.length + (afterNumber.exec(text.slice(emphasis.length))?.[0].length ?? 0);
  const word = leadingWord.exec(text)?.[0];
  const marked = [`(${number})`, `${number})`, `${number}.`, `\\(${number}\\)`, `${number}\\)`, `${number}\\.`];
  for (const start of [label, ...marked, `${word ?? label}${number}`, `${number} `]) {
    if (!startsWithIgnoringCase(text, start)) continue;
    const rest = text.slice(start.length);
    if (/^[\p{L}\p{N}]/u.test(rest) && /[\p{L}\p{N}]$/u.test(start)) continue;
    return start.length + (afterNumber.exec(rest)?.[0].length ?? 0);
  }
  const [superscript = ''] = /^[⁰¹²³⁴-⁹]{1,3}\s*/.exec(text) ?? [];
  return digitsOf(superscript.trim()) === number ? superscript.length : 0;
}

/** `¹²` as `12`. */
function digitsOf(superscript: string): string {
  return superscript.replace(/./g, (digit) => String('⁰¹²³⁴⁵⁶⁷⁸⁹'.indexOf(digit)));
}

function startsWithIgnoringCase(text: string, start: string): boolean {
  return text.slice(0, start.length).toLowerCase() === start.toLowerCase();
}
