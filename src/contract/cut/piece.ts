/** A half-open range of the source's bytes: what it owns itself, its heading and the text before its first child. */
export interface CutPiece {
  /** Position in the cut, from 0; a parent has a smaller one than its children. */
  readonly ordinal: number;
  /** null directly under the document. */
  readonly parentOrdinal: number | null;
  /** Byte offsets, both on a UTF-8 boundary. */
  readonly start: number;
  readonly end: number;
  /** The same range in UTF-16 units, for editors and JavaScript strings. */
  readonly utf16Start: number;
  readonly utf16End: number;
  /** What the scanner calls it: front_matter, preamble, heading, part, chapter, section, article, paragraph, point, quoted … */
  readonly kind: string;
  /** Depth by the document's own structure, 1 = outermost; 0 for front matter and preamble, which have no children. */
  readonly level: number;
  /** The heading's text without its marks; empty when there is none. */
  readonly title: string;
  /** What people call it, for example `Art. 4a`; made of the number alone where the number names it. */
  readonly label: string;
  /** Unique in the document: the labels on the way down, joined by `/`. */
  readonly address: string;
  /** Of the bytes. */
  readonly rawSha256: string;
  /** Of the text as the normaliser leaves it: equal when only the format changed. */
  readonly normalizedSha256: string;
}

export type NewlineStyle = 'none' | 'lf' | 'crlf' | 'cr' | 'mixed';

/** A lossless cut: the ranges of `pieces` follow each other from 0 to `length`, so joined they are the source. */
export interface DocumentCut {
  readonly cutter: { readonly name: string; readonly version: string };
  readonly normalizer: { readonly name: string; readonly version: string };
  readonly mediaType: string;
  readonly length: number;
  readonly sha256: string;
  readonly newlineStyle: NewlineStyle;
  readonly hasByteOrderMark: boolean;
  readonly pieces: readonly CutPiece[];
}
