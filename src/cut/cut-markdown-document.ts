import type { CutPiece, DocumentCut } from '../contract/cut/piece.js';
import { cutMarkdown, markdownCutter } from './markdown.js';

/** A Markdown source as the contract has a cut; without a normaliser the normalised hash is the raw one. */
export function cutMarkdownDocument(bytes: Uint8Array): DocumentCut {
  const cut = cutMarkdown(bytes);
  let utf16 = 0;
  const pieces = cut.pieces.map((piece): CutPiece => {
    const utf16Start = utf16;
    utf16 += Buffer.from(bytes.buffer, bytes.byteOffset + piece.start, piece.end - piece.start).toString().length;
    return {
      ordinal: piece.ordinal,
      parentOrdinal: piece.parentOrdinal,
      start: piece.start,
      end: piece.end,
      utf16Start,
      utf16End: utf16,
      kind: piece.kind,
      level: piece.level,
      title: piece.title,
      label: piece.label,
      address: piece.address,
      rawSha256: piece.sha256,
      normalizedSha256: piece.sha256,
    };
  });
  return {
    cutter: markdownCutter,
    normalizer: { name: 'none', version: '1' },
    mediaType: 'text/markdown',
    length: cut.length,
    sha256: cut.sha256,
    newlineStyle: cut.newlineStyle,
    hasByteOrderMark: bytes.length >= 3 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf,
    pieces,
  };
}
