// The text of a piece without what only the format decides. Two pieces with equal normalised text say the same; what differs between
// their bytes makes a new anchor and no new version.

/** Part of every normalised hash: hashes of different versions may not be compared. */
export const normalizer = { name: 'text', version: '1' } as const;

/** Soft hyphen, zero-width space, word joiner, byte order mark: seen by nobody. The joiners of scripts (U+200C, U+200D) stay. */
const unseen = /[\u00AD\u200B\u2060\uFEFF]/g;
/** `[^12]`, also several joined by commas, with the space before them. */
const footnoteMarkers = /\s*\[\^[^\]\s]{1,40}\](?!:)(?:\s*,\s*\[\^[^\]\s]{1,40}\](?!:))*/g;
/** `[^12]:` at the start of a footnote: its number is given by the order of the markers. */
const footnoteNumber = /\[\^[^\]\s]{1,40}\]:/g;
const headingMarks = /^(?:#{1,6} )+/;
const numberWords =
  'art(?:\\.|icles?|ikel)?|abs(?:\\.|atz)?|sec(?:\\.|tion)?|subsection|chapter|part|title|paragraph|point|annex|appendix|teil|kapitel|abschnitt|hauptstück|titel|buch|anhang|điều|chương|mục|phần|khoản|điểm|phụ lục|§+';
const numberToken =
  '\\(?((?:[0-9]+(?:\\.[0-9]+)*|[ivxlcdm]+|\\p{L}) ?(?:bis|ter|quater|quinquies|sexies|\\p{L})?)[.)]*';
/** A label that is a number, perhaps after the word for what it numbers; any other label is a title, and a title is text. */
const numberLabel = new RegExp(`^(?:(?:${numberWords}) ?)?${numberToken}$`, 'iu');

/**
 * NFC; runs of white space as one space; without unseen characters, footnote markers, the marks of a leading heading and, when `label` is
 * a number label (`Art. 4a`, `Khoản 2`, `(a)`), without that label at the start. A label that is a title is text and stays.
 */
export function normalizeText(text: string, label?: string): string {
  const clean = cleanText(text).replace(headingMarks, '');
  return label === undefined || label === '' ? clean : withoutNumber(clean, cleanText(label));
}

/** Without what nobody sees, but with heading marks and number. */
export function cleanText(text: string): string {
  if (isClean(text)) return text;
  return text
    .replace(unseen, '')
    .replace(footnoteMarkers, '')
    .replace(footnoteNumber, '[^]:')
    .replace(/\s+/g, ' ')
    .trim()
    .normalize('NFC');
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
  return numberLabel.exec(label)?.[1] ?? null;
}

/** How many characters at the start of a clean text are its number label and what follows the number; 0 when there is none. */
export function numberLength(text: string, label: string): number {
  const number = numberOf(label);
  if (number === null) return 0;
  for (const start of [label, `(${number})`, `${number})`, `${number}.`]) {
    if (!startsWithIgnoringCase(text, start)) continue;
    const rest = text.slice(start.length);
    if (/^[\p{L}\p{N}]/u.test(rest) && /[\p{L}\p{N}]$/u.test(start)) continue;
    return start.length + (/^[\s.:)–—-]+/.exec(rest)?.[0].length ?? 0);
  }
  return 0;
}

function startsWithIgnoringCase(text: string, start: string): boolean {
  return text.slice(0, start.length).toLowerCase() === start.toLowerCase();
}
