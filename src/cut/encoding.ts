import { isUtf8 } from 'node:buffer';
import { IuError } from '../contract/errors/index.js';

/** How text was made of a source that is no UTF-8 text: part of what is pinned. */
export interface Extractor {
  readonly name: string;
  readonly version: string;
}

export interface ConvertedText {
  /** UTF-8 without byte order mark. */
  readonly text: Uint8Array;
  readonly extractor: Extractor;
}

/** What a decoder knows and a person may say; others of WHATWG are refused because nobody tried them. */
export const knownEncodings = [
  'utf-8',
  'utf-16le',
  'utf-16be',
  'windows-1250',
  'windows-1252',
  'windows-1258',
  'iso-8859-1',
  'iso-8859-15',
] as const;
export type KnownEncoding = (typeof knownEncodings)[number];

/**
 * The encoding that the bytes show themselves: UTF-8 when they are, UTF-16 by its mark, or the one that an HTML document declares. null when
 * nothing says it: one-byte encodings look alike, and a guess would be wrong without anybody seeing it.
 */
export function encodingOf(bytes: Uint8Array, mediaType: string): KnownEncoding | null {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  if (isUtf8(bytes)) return 'utf-8';
  return mediaType === 'text/html' ? declaredInHtml(bytes) : null;
}

function declaredInHtml(bytes: Uint8Array): KnownEncoding | null {
  const declared = charsetOfHtml(headOf(bytes));
  return knownEncodings.find((name) => name === declared?.toLowerCase()) ?? null;
}

const headOf = (bytes: Uint8Array) => Buffer.from(bytes.subarray(0, 4096)).toString('latin1');
const charsetOfHtml = (head: string) => /<meta[^>]{1,200}charset\s*=\s*["']?([\w.:-]{3,40})/i.exec(head)?.[1];

/**
 * What a document says about its encoding, in the words of its XML prolog or of its HTML, whether there is a decoder for it or not; null when
 * it says nothing.
 */
export function declaredEncoding(bytes: Uint8Array, mediaType: string): string | null {
  const head = headOf(bytes);
  const prolog = /^(?:\xef\xbb\xbf)?\s*<\?xml[^>]{1,200}?encoding\s*=\s*["']([\w.:-]{1,40})["']/.exec(head)?.[1];
  return prolog ?? (mediaType === 'text/html' ? (charsetOfHtml(head) ?? null) : null);
}

/** The encoding that somebody calls by this word; undefined when there is no decoder for it. */
export function knownEncoding(word: string): KnownEncoding | undefined {
  const wanted = word.trim().toLowerCase().replace(/_/g, '-');
  const alias: Readonly<Record<string, KnownEncoding>> = {
    utf8: 'utf-8',
    'utf-16': 'utf-16le',
    latin1: 'iso-8859-1',
    'latin-1': 'iso-8859-1',
    cp1252: 'windows-1252',
    cp1258: 'windows-1258',
  };
  return knownEncodings.find((name) => name === (alias[wanted] ?? wanted));
}

/** The name as `knownEncodings` has it; raises for others. */
export function encodingNamed(word: string): KnownEncoding {
  const found = knownEncoding(word);
  if (found) return found;
  const message = `There is no decoder for ${word}; there is one for ${knownEncodings.join(', ')}.`;
  throw new IuError('IU724', { message, encoding: word });
}

/** Bytes of another encoding as UTF-8. Raises when a byte stands for nothing in it. */
export function convertToUtf8(bytes: Uint8Array, encoding: KnownEncoding): ConvertedText {
  const name = `charset-${encoding}`;
  if (encoding === 'windows-1252' || encoding === 'iso-8859-1') {
    return { text: Buffer.from(windows1252(bytes), 'utf8'), extractor: { name, version: '1' } };
  }
  try {
    const text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
    const version = `icu-${process.versions.icu ?? 'none'}`;
    return { text: Buffer.from(text, 'utf8'), extractor: { name, version } };
  } catch (error) {
    const message = `The source is not valid ${encoding}.`;
    throw new IuError('IU724', { message, encoding }, { cause: error });
  }
}

const windows1252Specials = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ';

/** By WHATWG, which reads ISO-8859-1 the same way. Not by TextDecoder: that of Node.js 20 leaves 80 to 9F as control characters. */
function windows1252(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  return text.replace(/[\u0080-\u009f]/g, (letter) => windows1252Specials[letter.charCodeAt(0) - 0x80] ?? letter);
}
