import { latinOrdinalPattern, latinOrdinals } from '../../contract/cut/latin-ordinals.js';

/**
 * How a level counts. `dotted` is `164.502` or `12-3`; `letter` and `upper_letter` go by the alphabet of the grammar, `double_letter` (`aa`, `bb`) too,
 * and so does `letter_again` (`aa`, `bb`), which goes on behind the last letter; `letter_pair` was inserted (`aa`, `ab` behind `a`), `word` goes by the
 * ordinals of the grammar.
 */
export const numeralKinds = [
  'arabic',
  'superscript',
  'dotted',
  'roman',
  'upper_roman',
  'letter',
  'double_letter',
  'letter_pair',
  'letter_again',
  'upper_letter',
  'word',
] as const;
export type NumeralKind = (typeof numeralKinds)[number];

/** A number as it counts: `4a` comes after `4` and before `5`. */
export interface LegalNumber {
  readonly value: number;
  readonly suffix: string;
  /** `ab` comes behind `a` or `aa` and nowhere else. */
  readonly isInserted?: true;
}

/** What a grammar says about numbers. */
export interface Counting {
  readonly alphabet: string;
  /** Lower case, the first is 1; several words for one number are separated by `|`. */
  readonly ordinals: readonly string[];
}

const superscripts = '⁰¹²³⁴⁵⁶⁷⁸⁹';
const romanDigits: Readonly<Record<string, number>> = { i: 1, v: 5, x: 10, l: 50, c: 100, d: 500, m: 1000 };

/** The regular expression that finds a number of these kinds, for case-insensitive or sensitive use. */
export function numberPattern(kinds: readonly NumeralKind[], counting: Counting, isHeading: boolean): string {
  const alphabet = escapeClass(counting.alphabet);
  const doubled = `(?:${[...counting.alphabet].map((one) => escapePattern(one + one)).join('|')})(?![\\p{L}\\p{N}])`;
  const suffix = `(?: ?[${alphabet}]?${latinOrdinalPattern}(?![\\p{L}\\p{N}]| (?:[0-9§]|art))|[${alphabet}](?![\\p{L}\\p{N}]))?`;
  const patterns: Readonly<Record<NumeralKind, string>> = {
    arabic: `[0-9]{1,4}${suffix}`,
    dotted: '[0-9]{1,4}(?:[.-][0-9]{1,4})?[a-z]{0,2}(?![\\p{L}\\p{N}])',
    superscript: `[${superscripts}]{1,3}`,
    // Of headings only: to ask every line that begins like a word with i for a point `iibis)` costs more than there are of them.
    roman: `[ivxlcdm]{1,9}(?:[a-h]${isHeading ? `|${latinOrdinalPattern}` : ''})?(?![\\p{L}\\p{N}])`,
    upper_roman: '[IVXLCDM]{1,9}(?![\\p{L}\\p{N}])',
    letter: `[${alphabet}](?:[0-9]{0,2}|${latinOrdinalPattern})(?![\\p{L}\\p{N}])`,
    double_letter: doubled,
    letter_pair: `[${alphabet}][a-h](?![\\p{L}\\p{N}])`,
    letter_again: doubled,
    upper_letter: `[${escapeClass(counting.alphabet.toUpperCase())}](?![\\p{L}\\p{N}])`,
    // Longest first: "mười" would hide "mười một".
    word: `(?:${[...counting.ordinals]
      .flatMap((names) => names.split('|'))
      .sort((left, right) => right.length - left.length)
      .map(escapePattern)
      .join('|')})(?![\\p{L}\\p{N}])`,
  };
  return kinds.map((kind) => patterns[kind]).join('|');
}

/** All that a found number may count as, by the order of the kinds: `C` is a hundred and a letter. Empty for none of them (`iiii`). */
export function parseNumbers(text: string, kinds: readonly NumeralKind[], counting: Counting): readonly LegalNumber[] {
  const readings: LegalNumber[] = [];
  for (const kind of kinds) {
    const number = parsers[kind](text, counting);
    if (number !== null) readings.push(number);
  }
  return readings;
}

/** `²` as people write it elsewhere. */
export function withoutSuperscripts(number: string): string {
  return number.replace(/[⁰¹²³⁴-⁹]/g, (digit) => String(superscripts.indexOf(digit)));
}

/** More than any part has sections, so that `12.1` comes after `11.99`. */
const dottedPlaces = 10_000;

type Parser = (text: string, counting: Counting) => LegalNumber | null;

const parsers: Readonly<Record<NumeralKind, Parser>> = {
  arabic: (text) => {
    const match = /^([0-9]{1,4}) ?(\p{L}*)$/u.exec(text);
    return match ? { value: Number(match[1]), suffix: sortableSuffix(match[2] ?? '') } : null;
  },
  superscript: (text) => (/^[⁰¹²³⁴-⁹]+$/.test(text) ? { value: Number(withoutSuperscripts(text)), suffix: '' } : null),
  dotted: (text) => {
    const match = /^([0-9]{1,4})(?:[.-]([0-9]{1,4}))?(\p{L}*)$/u.exec(text);
    if (!match) return null;
    const [, whole, part, suffix = ''] = match;
    const value = part === undefined ? Number(whole) : Number(whole) * dottedPlaces + Number(part);
    return { value, suffix: sortableSuffix(suffix) };
  },
  roman: (text) => {
    const [, digits = '', suffix = ''] = insertedRoman.exec(text.toLowerCase()) ?? [];
    // What was inserted behind II is IIa: its last letter is a digit only when the whole is a number.
    return plain(romanValue(text.toLowerCase())) ?? plain(romanValue(digits), sortableSuffix(suffix));
  },
  upper_roman: (text) => plain(romanValue(text.toLowerCase())),
  letter: (text, { alphabet }) => {
    const [, letter, digits = '', ordinal = ''] = insertedLetter.exec(text.toLowerCase()) ?? [];
    const value = letter === undefined ? 0 : alphabet.indexOf(letter) + 1;
    return value > 0 ? { value, suffix: digits === '' ? sortableSuffix(ordinal) : digits.padStart(2, '0') } : null;
  },
  double_letter: (text, { alphabet }) => plain(doubledLetter(text, alphabet)),
  // `(EU)` at the beginning of a line is no point.
  letter_pair: ([letter = '', suffix = '', more], { alphabet }) =>
    more === undefined && /^[a-h]$/.test(suffix) && alphabet.includes(letter)
      ? { value: alphabet.indexOf(letter) + 1, suffix, isInserted: true }
      : null,
  letter_again: (text, { alphabet }) => {
    const place = doubledLetter(text, alphabet);
    return plain(place && alphabet.length + place);
  },
  upper_letter: (text, { alphabet }) => plain(alphabet.toUpperCase().indexOf(text) + 1),
  word: (text, { ordinals }) => plain(ordinals.findIndex((names) => names.split('|').includes(text.toLowerCase())) + 1),
};

/** The place of the letter that is written twice; 0 for anything else. */
function doubledLetter(text: string, alphabet: string): number {
  const [first = '', second] = text.toLowerCase();
  return text.length === 2 && first === second ? alphabet.indexOf(first) + 1 : 0;
}

function plain(value: number, suffix = ''): LegalNumber | null {
  return value > 0 ? { value, suffix } : null;
}

/** `IIa` and `Vbis`. */
const insertedRoman = new RegExp(`^([ivxlcdm]{1,9})([a-h]|${latinOrdinalPattern})$`);
/** `a`, `a1` and `abis`. */
const insertedLetter = new RegExp(`^(\\p{L})(?:([0-9]{1,2})|(${latinOrdinalPattern}))?$`, 'u');
const latinSuffix = new RegExp(`^(\\p{L}?)(${latinOrdinalPattern})$`, 'u');

/** `bis` comes before `ter`, and `aquater` after `ater`, which their letters do not say. */
function sortableSuffix(suffix: string): string {
  const lower = suffix.toLowerCase();
  const [, letter = '', ordinal = ''] = latinSuffix.exec(lower) ?? [];
  const position = latinOrdinals.indexOf(ordinal);
  return position < 0 ? lower : `${letter}~${String(position).padStart(2, '0')}`;
}

/** 0 for what is not written as a roman number is written. */
function romanValue(text: string): number {
  if (!/^m{0,3}(?:cm|cd|d?c{0,3})(?:xc|xl|l?x{0,3})(?:ix|iv|v?i{0,3})$/.test(text)) return 0;
  let value = 0;
  for (let index = 0; index < text.length; index++) {
    const digit = romanDigits[text[index] ?? ''] ?? 0;
    value += digit < (romanDigits[text[index + 1] ?? ''] ?? 0) ? -digit : digit;
  }
  return value;
}

/** True for a first number, and for `1a` where the 1 was repealed; not for what needs another before it. */
export function isFirstNumber(number: LegalNumber | null): boolean {
  return number?.value === 1 && !number.isInserted;
}

/** True when `next` may follow `last` with at most `step` numbers between them left out, suffixes counting nothing. */
export function follows(last: LegalNumber, next: LegalNumber, step: number): boolean {
  if (next.value === last.value) return next.suffix > last.suffix;
  if (next.isInserted) return false;
  return next.value > last.value && next.value <= last.value + step;
}

function escapeClass(letters: string): string {
  return letters.replace(/[\]\\^-]/g, '\\$&');
}

function escapePattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/ /g, '\\s+');
}
