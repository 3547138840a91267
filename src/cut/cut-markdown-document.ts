import { normalizer, normalizeText } from '../contract/cut/normalize.js';
import type { CutPiece, DocumentCut } from '../contract/cut/piece.js';
import { cutMarkdown, markdownCutter, sha256Of } from './markdown.js';

/** A Markdown source as the contract has a cut. */
export function cutMarkdownDocument(bytes: Uint8Array): DocumentCut {
  const cut = cutMarkdown(bytes);
  let utf16 = 0;
  const pieces = cut.pieces.map((piece): CutPiece => {
    const utf16Start = utf16;
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + piece.start, piece.end - piece.start).toString();
    utf16 += text.length;
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
      normalizedSha256: sha256Of(Buffer.from(normalizeText(text, piece.label))),
    };
  });
  return {
    cutter: markdownCutter,
    normalizer,
    mediaType: 'text/markdown',
    length: cut.length,
    sha256: cut.sha256,
    newlineStyle: cut.newlineStyle,
    hasByteOrderMark: bytes.length >= 3 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf,
    pieces,
  };
}
