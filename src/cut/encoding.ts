import { isUtf8 } from 'node:buffer';
import { IuError } from '../contract/errors/index.js';
import { decodeKorean } from './korean.js';

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

const manyByteEncodings = ['gbk', 'gb18030', 'big5', 'euc-jp', 'iso-2022-jp', 'shift_jis', 'euc-kr'] as const;

/** What can be decoded: the names of WHATWG that the ICU of Node.js knows. */
export const knownEncodings = [
  'utf-8',
  'utf-16le',
  'utf-16be',
  'windows-874',
  'windows-1250',
  'windows-1251',
  'windows-1252',
  'windows-1253',
  'windows-1254',
  'windows-1255',
  'windows-1256',
  'windows-1257',
  'windows-1258',
  'iso-8859-2',
  'iso-8859-3',
  'iso-8859-4',
  'iso-8859-5',
  'iso-8859-6',
  'iso-8859-7',
  'iso-8859-8',
  'iso-8859-8-i',
  'iso-8859-10',
  'iso-8859-13',
  'iso-8859-14',
  'iso-8859-15',
  'koi8-r',
  'koi8-u',
  'ibm866',
  'macintosh',
  'x-mac-cyrillic',
  ...manyByteEncodings,
] as const;
export type KnownEncoding = (typeof knownEncodings)[number];

/**
 * The encoding that the bytes show themselves: UTF-8 when they are, UTF-16 by its mark, or the one that an HTML document declares. null when
 * nothing says it: one-byte encodings look alike, and a guess would be wrong without anybody seeing it.
 */
export function encodingOf(bytes: Uint8Array, mediaType: string): KnownEncoding | null {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  const declared = mediaType === 'text/html' ? knownEncoding(declaredEncoding(bytes, mediaType) ?? '') : undefined;
  // Japanese in seven bits looks like UTF-8.
  if (isUtf8(bytes)) return declared === 'iso-2022-jp' && bytes.includes(escapeByte) ? declared : 'utf-8';
  // A declaration that can be read letter by letter is not in UTF-16.
  return declared === undefined || declared.startsWith('utf-') ? null : declared;
}

const escapeByte = 0x1b;
const headOf = (bytes: Uint8Array) => Buffer.from(bytes.subarray(0, 4096)).toString('latin1');
const comments = /<!--.*?-->/gs;
const charsetOfHtml = (head: string) =>
  /<meta[^>]{1,200}charset\s*=\s*["']?([\w.:-]{3,40})/i.exec(head.replace(comments, ''))?.[1];

/**
 * What a document says about its encoding, in the words of its XML prolog or of its HTML, whether there is a decoder for it or not; null when
 * it says nothing.
 */
export function declaredEncoding(bytes: Uint8Array, mediaType: string): string | null {
  const head = headOf(bytes);
  const prolog = /^(?:\xef\xbb\xbf)?\s*<\?xml[^>]{1,200}?encoding\s*=\s*["']([\w.:-]{1,40})["']/.exec(head)?.[1];
  return prolog ?? (mediaType === 'text/html' ? (charsetOfHtml(head) ?? null) : null);
}

/** Names that people use and WHATWG does not list. */
const otherNames: Readonly<Record<string, string>> = {
  'latin-1': 'latin1',
  'latin-9': 'iso-8859-15',
  latin9: 'iso-8859-15',
  cp874: 'windows-874',
  cp932: 'shift_jis',
  cp936: 'gbk',
  cp949: 'euc-kr',
  ms949: 'euc-kr',
  uhc: 'euc-kr',
  cp950: 'big5',
};

/** The encoding that somebody calls by this word, such as latin1 or cp1251; undefined when there is no decoder for it. */
export function knownEncoding(word: string): KnownEncoding | undefined {
  const wanted = word.trim().toLowerCase();
  const dashed = wanted.replace(/_/g, '-');
  const name = nameOf(otherNames[dashed] ?? wanted) ?? nameOf(dashed);
  return knownEncodings.find((one) => one === name);
}

/** By the labels of WHATWG, for which ISO-8859-1 is windows-1252. */
function nameOf(label: string): string | undefined {
  try {
    return new TextDecoder(label).encoding;
  } catch {
    return undefined;
  }
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
  if (encoding === 'windows-1252')
    return { text: Buffer.from(windows1252(bytes), 'utf8'), extractor: { name, version: '1' } };
  const text = decoded(bytes, encoding);
  const unknown = manyByteEncodings.some((one) => one === encoding) ? standsForNothing.exec(text) : null;
  if (unknown !== null) throw unknownCharacter(text, unknown.index, encoding);
  const version = `icu-${process.versions.icu ?? 'none'}`;
  return { text: Buffer.from(text, 'utf8'), extractor: { name, version } };
}

function unknownCharacter(text: string, at: number, encoding: KnownEncoding): IuError {
  const point = text.charCodeAt(at).toString(16).toUpperCase().padStart(4, '0');
  const line = text.slice(0, at).split('\n').length;
  const message = `Line ${line} of the source has a character that ${encoding} does not have, or that its decoder does not know (read as U+${point}).`;
  const hint =
    encoding === 'big5'
      ? 'Big5 of Hong Kong (HKSCS) has more characters than Big5 and is not read: convert the file, iconv -f BIG5-HKSCS -t UTF-8 FILE > NEW.'
      : 'Convert the file to UTF-8, or say another encoding.';
  return new IuError('IU724', { message, hint, encoding });
}

function decoded(bytes: Uint8Array, encoding: KnownEncoding): string {
  const decode = (part: Uint8Array) => new TextDecoder(encoding, { fatal: true }).decode(part);
  try {
    if (encoding === 'euc-kr') return decodeKorean(bytes, decode);
    if (encoding === 'shift_jis') return withControlsOfJapan(decode(bytes));
    return decode(bytes);
  } catch (error) {
    const message = `The source is not valid ${encoding}.`;
    throw new IuError('IU724', { message, encoding }, { cause: error });
  }
}

/** What ICU makes of a pair of bytes that it does not know is no error: a control character and a letter, or one for private use. */
const standsForNothing = /[\u0080-\u009f\ue000-\uf8ff]/;

/** In Shift JIS ICU trades three control characters for each other, as IBM did; one of them ends the files of DOS. */
function withControlsOfJapan(text: string): string {
  const controls = '\u001a\u001c\u007f';
  const read = new TextDecoder('shift_jis').decode(Buffer.from(controls));
  return text.replace(/\p{Cc}/gu, (one) => controls[read.indexOf(one)] ?? one);
}

const windows1252Specials = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ';

/** By WHATWG, which reads ISO-8859-1 the same way. Not by TextDecoder: that of Node.js 20 leaves 80 to 9F as control characters. */
function windows1252(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  return text.replace(/[\u0080-\u009f]/g, (letter) => windows1252Specials[letter.charCodeAt(0) - 0x80] ?? letter);
}
