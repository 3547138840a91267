import type { CutSource } from './pipeline.js';
import type { ReadSource } from './read-source.js';

/** How sources are read and cut: the same options wherever a file or a folder is cut. */
export interface SourceOptions {
  /** Of a file only: in a folder the names tell. */
  readonly mediaType?: string;
  readonly encoding?: string;
  readonly grammar: string;
  readonly maxBytes: number;
}

/** The largest text that may come of a source of so many bytes: one byte of another encoding can be up to four of UTF-8. */
export function largestText({ maxBytes }: SourceOptions): number {
  return maxBytes * 4;
}

/** What was read as the source of a cut: what is no UTF-8 text is pinned beside the text that was made of it. */
export function cutSourceOf(
  read: ReadSource,
  options: SourceOptions,
  about: { readonly revisionLabel: string; readonly sourceNote: string },
): CutSource {
  const { original, extractor } = read;
  return {
    ...about,
    bytes: read.text,
    mediaType: read.textMediaType,
    grammar: options.grammar,
    maxBytes: largestText(options),
    ...(extractor === null ? {} : { original: { ...original, extractor } }),
  };
}
