import { createHash } from 'node:crypto';
import { latinOrdinalPattern } from '../contract/cut/latin-ordinals.js';
import { emphasisAtStart, isClean } from '../contract/cut/normalize.js';

// What people call a piece, and the stable address made of it.

const footnoteMarks = /\[\^[^\]]*\]/g;
/**
 * Art. 4a, § 12bis, Art. 7ater, Article 5, Điều 3, Section 7.2: the number names the piece, a title after it may change. In `Art. 4 bis 6` and
 * `Art. 4 bis Art. 6` the word is no part of a number but says how far several go.
 */
const numberedLabel = new RegExp(
  `^(?:(?:art(?:\\.|icles?|ikel)?|sec(?:\\.|tion)?|chapter|part|điều|chương|mục|phần)\\s*|§+\\s*)[0-9]+(?:\\.[0-9]+)*(?:\\s?[a-z]?${latinOrdinalPattern}\\b(?!\\s*(?:[0-9§]|art\\b))|\\s?[a-z]\\b)?`,
  'iu',
);
const maxSlugLength = 60;

/** A heading's label: without footnote marks, white space and emphasis at its start, and only the number where the number names it. */
export function labelOf(title: string): string {
  const isTidy = isClean(title) && !title.endsWith(',') && !title.endsWith(';');
  const clean = isTidy ? title : tidied(title);
  const plain = clean.replace(emphasisAtStart, '$2');
  return (numberedLabel.exec(plain)?.[0] ?? plain).trim();
}

function tidied(title: string): string {
  return title
    .replace(footnoteMarks, ' ')
    .replace(/\s+/gu, ' ')
    .replace(/[\s,;]+$/u, '')
    .trim();
}

/** A label as one segment of an address: lower case, letters and digits of any script joined by `-`. Never empty. */
export function slugOf(label: string): string {
  const slug = joinedLetters(label).replace(/^-|-$/g, '');
  if (slug.length <= maxSlugLength) return slug || 'untitled';
  const letters = [...slug];
  if (letters.length <= maxSlugLength) return slug;
  const cut = letters.slice(0, maxSlugLength).join('');
  return cut.replace(/-[^-]*$/, '');
}

/** An address of a unit may have 1,024 bytes, of which a suffix takes some. */
const maxAddressBytes = 1_000;

/** The address itself, or as much of it as fits with a hash of all of it: six long headings in Chinese have more. */
export function fittingAddress(address: string): string {
  // A UTF-16 unit is three bytes of UTF-8 at most.
  if (address.length * 3 <= maxAddressBytes || Buffer.byteLength(address) <= maxAddressBytes) return address;
  const hash = createHash('sha256').update(address).digest('hex').slice(0, 16);
  const bytes = Buffer.from(address);
  let end = maxAddressBytes - hash.length - 1;
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return `${bytes.toString('utf8', 0, end)}~${hash}`;
}

function joinedLetters(label: string): string {
  const lower = label.toLowerCase();
  if (onlyAscii.test(lower)) return lower.replace(/[^a-z0-9]+/g, '-');
  const folded = lower
    .replace(/ä/g, 'ae')
    .replace(/ö/g, 'oe')
    .replace(/ü/g, 'ue')
    .replace(/ß/g, 'ss')
    .replace(/đ/g, 'd')
    .replace(/§/g, 'par ')
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '');
  return folded.replace(/[^\p{L}\p{N}]+/gu, '-');
}

const onlyAscii = /^[\0-\x7f]*$/;
