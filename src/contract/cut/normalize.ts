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
/** Short labels mostly are; asking costs a fifth of cleaning. */
const alreadyClean = /^[!-Z\]-~]+(?: [!-Z\]-~]+)*$/;
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
  if (text.length < 64 && alreadyClean.test(text)) return text;
  return text
    .replace(unseen, '')
    .replace(footnoteMarkers, '')
    .replace(footnoteNumber, '[^]:')
    .replace(/\s+/g, ' ')
    .trim()
    .normalize('NFC');
}

function withoutNumber(text: string, label: string): string {
  return text.slice(numberLength(text, label));
}

/** How many characters at the start of a clean text are its number label and what follows the number; 0 when there is none. */
export function numberLength(text: string, label: string): number {
  const number = numberLabel.exec(label)?.[1];
  if (number === undefined) return 0;
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
