import { isUtf8 } from 'node:buffer';
import { extname } from 'node:path';
import type { NewlineStyle } from '../contract/cut/piece.js';
import { IuError } from '../contract/errors/index.js';
import { declaredEncoding, type KnownEncoding, knownEncoding, knownEncodings } from './encoding.js';

export const docxMediaType = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document';
export const pdfMediaType = 'application/pdf';
/** What a scanner cuts as it stands. */
export const textMediaTypes = ['text/markdown', 'text/html', 'text/plain'] as const;
export type TextMediaType = (typeof textMediaTypes)[number];

const byExtension: Readonly<Record<string, string>> = {
  '.md': 'text/markdown',
  '.markdown': 'text/markdown',
  '.html': 'text/html',
  '.htm': 'text/html',
  '.xhtml': 'text/html',
  '.txt': 'text/plain',
  '.text': 'text/plain',
  '.docx': docxMediaType,
  '.pdf': pdfMediaType,
};

/** How the names of documents end, with the dot. */
export const documentEndings: readonly string[] = Object.keys(byExtension);

/** First bytes of formats that people take for text, as latin1. */
const binaryFormats: readonly (readonly [string, string])[] = [
  ['%PDF-', 'a PDF document'],
  ['PK\x03\x04', 'a ZIP archive (DOCX, ODT, EPUB are such archives)'],
  ['\xd0\xcf\x11\xe0', 'an old Office document'],
  ['\x89PNG', 'a PNG picture'],
  ['\xff\xd8\xff', 'a JPEG picture'],
  ['GIF8', 'a GIF picture'],
  ['\x1f\x8b', 'a gzip archive'],
  ['\x7fELF', 'a program'],
  ['MZ\x90', 'a program'],
];

/** Known media types are taken from the declaration, then from the file's name, then from the first bytes. */
export function mediaTypeOf(bytes: Uint8Array, fileName?: string, declared?: string): string {
  if (declared !== undefined) {
    const [bare = ''] = declared.split(';');
    return bare.trim().toLowerCase();
  }
  const known = byExtension[extname(fileName ?? '').toLowerCase()];
  if (known !== undefined) return known;
  const head = Buffer.from(bytes.subarray(0, 1024)).toString('latin1');
  if (head.startsWith('%PDF-')) return pdfMediaType;
  if (head.startsWith('PK\x03\x04') && /\[Content_Types\]|word\//.test(head)) return docxMediaType;
  return /^(\xef\xbb\xbf)?\s*(<!--[\s\S]*?-->\s*)?<(!doctype html|html[\s>])/i.test(head) ? 'text/html' : 'text/plain';
}

/** True for a media type that `cutDocument` takes. */
export function isTextMediaType(mediaType: string): mediaType is TextMediaType {
  return (textMediaTypes as readonly string[]).includes(mediaType);
}

/** Raises unless the bytes are UTF-8 text that a scanner can cut. */
export function requireText(bytes: Uint8Array, mediaType: string): void {
  if (bytes.length === 0) throw new IuError('IU722');
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(16, bytes.length)).toString('latin1');
  const format = binaryFormats.find(([start]) => head.startsWith(start))?.[1];
  if (format !== undefined) throw new IuError('IU723', { message: `The source is ${format}, not text.`, format });
  refuseNul(bytes);
  refuseControlCharacters(bytes);
  if (!isUtf8(bytes)) throw notUtf8(bytes, mediaType);
}

function refuseNul(bytes: Uint8Array): void {
  const offset = bytes.indexOf(0);
  if (offset < 0) return;
  const message = `The source holds a NUL byte at ${offset}, so it is no text.`;
  const encoding = wideEncodingOf(bytes);
  const hint = `It looks like UTF-16 without its mark. If that is right, say so: --encoding ${encoding}.`;
  throw new IuError('IU723', { message, offset, ...(encoding === undefined ? {} : { hint }) });
}

/** Which UTF-16 it would be: every third byte is NUL, and always the first or always the second one of two. */
function wideEncodingOf(bytes: Uint8Array): KnownEncoding | undefined {
  const length = Math.min(bytes.length, controlSample);
  const counts: [number, number] = [0, 0];
  for (let at = 0; at < length; at++) if (bytes[at] === 0) counts[at % 2 === 0 ? 0 : 1] += 1;
  const [first, second] = counts;
  if ((first + second) * 3 < length || (first > 0 && second > 0)) return undefined;
  return first > 0 ? 'utf-16be' : 'utf-16le';
}

function notUtf8(bytes: Uint8Array, mediaType: string): IuError {
  const offset = firstBrokenByte(bytes);
  const message = `The source is not UTF-8: the byte at ${offset} belongs to no character.`;
  const declared = declaredEncoding(bytes, mediaType);
  if (declared === null) return new IuError('IU724', { message, offset });
  const encoding = knownEncoding(declared);
  const hint =
    encoding === undefined
      ? `There is no decoder for it: convert the file to UTF-8, or say another encoding with --encoding (${knownEncodings.join(', ')}).`
      : encoding.startsWith('utf-')
        ? 'Say in which encoding it was written really: --encoding NAME.'
        : `If that is right, say so: --encoding ${encoding}.`;
  return new IuError('IU724', { message: `${message} It declares the encoding ${declared}.`, hint, offset, declared });
}

const controlSample = 65_536;

/** One control character in ten is no text that was damaged in a place, it is something else. */
function refuseControlCharacters(bytes: Uint8Array): void {
  const length = Math.min(bytes.length, controlSample);
  let controls = 0;
  for (let at = 0; at < length; at++) {
    const byte = bytes[at] ?? 0;
    if (byte < 0x20 && (byte < 0x09 || byte > 0x0d) && byte !== 0x1b) controls++;
  }
  if (controls * 10 > length) {
    throw new IuError('IU723', {
      message: `${controls} of the first ${length} bytes are control characters.`,
      controls,
    });
  }
}

/** Where UTF-8 ends to be valid; a search by halves over prefixes, since the check of a whole buffer is native. */
export function firstBrokenByte(bytes: Uint8Array): number {
  let good = 0;
  let bad = bytes.length;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    // A prefix may end inside a character: then up to three more bytes complete it.
    const isGood = [0, 1, 2, 3].some((more) => middle + more < bad && isUtf8(bytes.subarray(0, middle + more)));
    if (isGood) good = middle;
    else bad = middle;
  }
  return good;
}

export function newlineStyleOf(bytes: Uint8Array): NewlineStyle {
  if (!bytes.includes(0x0d)) return bytes.includes(0x0a) ? 'lf' : 'none';
  let pairs = 0;
  let feeds = 0;
  let returns = 0;
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at] === 0x0a) feeds++;
    else if (bytes[at] === 0x0d && bytes[at + 1] === 0x0a) {
      pairs++;
      at++;
    } else if (bytes[at] === 0x0d) returns++;
  }
  if ([pairs, feeds, returns].filter((count) => count > 0).length > 1) return 'mixed';
  return pairs > 0 ? 'crlf' : feeds > 0 ? 'lf' : 'cr';
}

export function hasByteOrderMark(bytes: Uint8Array): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}
