import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { IuError } from '../contract/errors/index.js';
import { requireSize, usualSourceLimit } from './cut-document.js';
import { convertToUtf8, type Extractor, encodingNamed, encodingOf, type KnownEncoding } from './encoding.js';
import { extractText, isExtractable } from './extract.js';
import { isTextMediaType, mediaTypeOf, requireText, type TextMediaType, textMediaTypes } from './source-kind.js';

export interface ReadOptions {
  /** Told from the file's name and content unless said. */
  readonly mediaType?: string;
  readonly fileName?: string;
  /** Needed when the bytes do not show it themselves. */
  readonly encoding?: string;
  /** The same, but for a source of many: of those whose bytes do not show it. */
  readonly encodingOfRest?: string;
  readonly maxBytes?: number;
}

/** A source as it came and as it is cut; both are pinned when they differ. */
export interface ReadSource {
  readonly original: {
    readonly bytes: Uint8Array;
    readonly mediaType: string;
    readonly encoding: KnownEncoding | null;
  };
  /** UTF-8: the very bytes of the original when those are UTF-8 text. */
  readonly text: Uint8Array;
  readonly textMediaType: TextMediaType;
  /** What made the text of the original; null when nothing did. */
  readonly extractor: Extractor | null;
}

/** Makes sure that there is text to cut: converts other encodings, takes text out of DOCX and PDF, refuses everything else. */
export async function readSource(bytes: Uint8Array, options: ReadOptions = {}): Promise<ReadSource> {
  requireSize(bytes, options.maxBytes);
  if (bytes.length === 0) throw new IuError('IU722');
  const mediaType = mediaTypeOf(bytes, options.fileName, options.mediaType);
  if (isExtractable(mediaType)) {
    const { text, mediaType: textMediaType, extractor } = await extractText(bytes, mediaType, options.maxBytes);
    return { original: { bytes, mediaType, encoding: null }, text, textMediaType, extractor };
  }
  if (!isTextMediaType(mediaType)) {
    const message = `There is no scanner for ${mediaType}; there is one for ${textMediaTypes.join(', ')}.`;
    throw new IuError('IU720', { message, mediaType });
  }
  const encoding = encodingOfSource(bytes, mediaType, options);
  if (encoding === null || encoding === 'utf-8') {
    requireText(bytes, mediaType);
    return { original: { bytes, mediaType, encoding }, text: bytes, textMediaType: mediaType, extractor: null };
  }
  const { text, extractor } = convertToUtf8(bytes, encoding);
  requireText(text, mediaType);
  return { original: { bytes, mediaType, encoding }, text, textMediaType: mediaType, extractor };
}

function encodingOfSource(bytes: Uint8Array, mediaType: string, options: ReadOptions): KnownEncoding | null {
  const { encoding, encodingOfRest } = options;
  if (encoding !== undefined) return encodingNamed(encoding);
  return encodingOf(bytes, mediaType) ?? (encodingOfRest === undefined ? null : encodingNamed(encodingOfRest));
}

/** `readSource` of a file; its size is looked at before it is read. */
export async function readSourceFile(path: string, options: ReadOptions = {}): Promise<ReadSource> {
  const bytes = await bytesOf(path, options.maxBytes ?? usualSourceLimit);
  return readSource(bytes, { fileName: basename(path), ...options });
}

async function bytesOf(path: string, maxBytes: number): Promise<Uint8Array> {
  try {
    const { size } = await stat(path);
    if (size > maxBytes) {
      throw new IuError('IU721', {
        message: `${path} has ${size} bytes, the limit is ${maxBytes}.`,
        length: size,
        maxBytes,
      });
    }
    return await readFile(path);
  } catch (error) {
    if (error instanceof IuError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new IuError('IU729', { message: `${path} cannot be read: ${code ?? 'unknown'}.`, path }, { cause: error });
  }
}
