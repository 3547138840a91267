import { hash } from 'node:crypto';
import { normalizer } from '../contract/cut/normalize.js';
import type { DocumentCut } from '../contract/cut/piece.js';
import { IuError } from '../contract/errors/index.js';
import { assemblePieces } from './assemble.js';
import { scanHtml } from './html-scanner.js';
import { type ChosenGrammar, chooseGrammar } from './legal/choose.js';
import type { Grammar } from './legal/grammar.js';
import { scanLegalText } from './legal/scanner.js';
import type { Mark } from './mark.js';
import { scanMarkdown } from './markdown-scanner.js';
import {
  hasByteOrderMark,
  isTextMediaType,
  mediaTypeOf,
  newlineStyleOf,
  requireText,
  type TextMediaType,
  textMediaTypes,
} from './source-kind.js';
import { scanText } from './text-scanner.js';

/** Part of the run key: equal bytes cut by another version may have other pieces. */
export const documentCutter = { name: 'document', version: '1' } as const;

/** 128 MiB: a pinned source is one value of the database, whose limit is 1 GiB of escaped text. */
export const usualSourceLimit = 134_217_728;

export interface CutOptions {
  /** Told from the file's name and content unless said. */
  readonly mediaType?: string;
  readonly fileName?: string;
  /**
   * Name of a shipped grammar, a grammar (see `readGrammar`), `none`, or `auto`: the one that fits plain text, if one does. `auto` unless said;
   * HTML and Markdown have headings and are cut by a grammar only when it is named.
   */
  readonly grammar?: ChosenGrammar;
  readonly maxBytes?: number;
}

/** A cut and what decided it, for the configuration of a run. */
export interface DocumentCutResult extends DocumentCut {
  /** The grammar that was applied, null when the format's own headings decided. */
  readonly grammar: UsedGrammar | null;
}

export interface UsedGrammar {
  readonly name: string;
  readonly version: string;
  /** The whole grammar when it is none of the package: who cuts the same bytes again needs no file. */
  readonly text?: string;
}

/**
 * Cuts a source without losing a byte: the pieces follow each other from 0 to its length. The bytes are UTF-8 text; what is not, `readSource`
 * turns into text first. Raises IU72x for what cannot be cut.
 */
export function cutDocument(bytes: Uint8Array, options: CutOptions = {}): DocumentCutResult {
  requireSize(bytes, options.maxBytes);
  const mediaType = mediaTypeOf(bytes, options.fileName, options.mediaType);
  if (!isTextMediaType(mediaType)) {
    const message = `There is no scanner for ${mediaType}; there is one for ${textMediaTypes.join(', ')}.`;
    throw new IuError('IU720', { message, mediaType });
  }
  requireText(bytes, mediaType);
  const { marks, grammar } = marksOf(bytes, mediaType, options.grammar ?? 'auto');
  return {
    cutter: documentCutter,
    normalizer,
    mediaType,
    grammar,
    length: bytes.length,
    sha256: hash('sha256', bytes),
    newlineStyle: newlineStyleOf(bytes),
    hasByteOrderMark: hasByteOrderMark(bytes),
    pieces: assemblePieces(bytes, marks, mediaType === 'text/markdown'),
  };
}

/** Raises when a source is larger than the limit. */
export function requireSize(bytes: Uint8Array, maxBytes: number = usualSourceLimit): void {
  if (bytes.length <= maxBytes) return;
  const message = `The source has ${bytes.length} bytes, the limit is ${maxBytes}.`;
  throw new IuError('IU721', { message, length: bytes.length, maxBytes });
}

function marksOf(
  bytes: Uint8Array,
  mediaType: TextMediaType,
  wanted: ChosenGrammar,
): { marks: readonly Mark[]; grammar: DocumentCutResult['grammar'] } {
  const grammar = chooseGrammar(wanted, mediaType === 'text/plain' ? bytes : null);
  const used = grammar === null ? null : usedGrammar(grammar);
  if (mediaType === 'text/html') return { marks: scanHtml(bytes, grammar), grammar: used };
  if (grammar !== null) return { marks: scanLegalText(bytes, grammar, mediaType === 'text/markdown'), grammar: used };
  return { marks: mediaType === 'text/markdown' ? scanMarkdown(bytes) : scanText(bytes), grammar: null };
}

function usedGrammar({ name, version, text }: Grammar): UsedGrammar {
  return text === null ? { name, version } : { name, version, text };
}
