import { normalizeText } from '../../contract/cut/normalize.js';
import type { MatchPiece } from '../../contract/cut/recut.js';

/** A piece with what the stages look at again and again. */
export interface Prepared {
  readonly index: number;
  readonly piece: MatchPiece;
  /** Index of the parent on the same side, -1 directly under the document. */
  readonly parent: number;
  /** Indexes of the pieces directly under it. */
  readonly children: number[];
  /** Index of the next piece under the same parent, -1 for the last one. */
  nextSibling: number;
  /** Of the one before it, -1 for the first one. */
  previousSibling: number;
  /** Without white space that only the format decides. */
  readonly label: string;
  /** The text as the normaliser leaves it. */
  readonly normal: string;
  /**
   * The same without footnotes and link definitions, which stand at the end of a file, in whatever piece is the last one, and without the lines of
   * code: what was indented anew is the same piece.
   */
  readonly body: string;
  /** A heading with nothing below it but pieces of their own, of a kind of which some hold such pieces. */
  isTitle: boolean;
  readonly wordCount: number;
  /** Hashes of the words of the body in their order. */
  readonly sequence: Int32Array;
  /** Hashes of every three words in a row of the body, ascending, each once. */
  readonly shingles: Int32Array;
  /** Hashes of the words of the body, ascending, each once. */
  readonly words: Int32Array;
}

const shingleWords = 3;
const titleAlone = /^\s*#{1,6}[ \t][^\n]*\s*$/;
/** `[^12]: …` and `[name]: target`, up to the next blank line or definition. */
const definitions = /^ {0,3}\[[^\]\n]+\]:.*(?:\r?\n(?![ \t]*\r?$)(?! {0,3}\[[^\]\n]+\]:).+)*/gmu;

/** The pieces of one side in order of the document. Throws a RangeError when two have one key. */
export function prepare(pieces: readonly MatchPiece[]): readonly Prepared[] {
  const indexOf = new Map<string, number>();
  for (const [index, { key }] of pieces.entries()) {
    if (indexOf.has(key)) throw new RangeError(`two pieces have the key ${JSON.stringify(key)}; a key is one piece's`);
    indexOf.set(key, index);
  }
  const prepared = pieces.map((piece, index) => prepareOne(piece, index, indexOf));
  const lastUnder = new Map<number, Prepared>();
  for (const piece of prepared) {
    prepared[piece.parent]?.children.push(piece.index);
    const left = lastUnder.get(piece.parent);
    if (left) {
      left.nextSibling = piece.index;
      piece.previousSibling = left.index;
    }
    lastUnder.set(piece.parent, piece);
  }
  const titles = prepared.filter(({ piece }) => titleAlone.test(piece.text));
  const holding = new Set(titles.flatMap(({ piece, children }) => (children.length > 0 ? [piece.kind] : [])));
  for (const title of titles) title.isTitle = holding.has(title.piece.kind);
  return prepared;
}

function prepareOne(piece: MatchPiece, index: number, indexOf: ReadonlyMap<string, number>): Prepared {
  const normal = normalizeText(piece.text, piece.label);
  const body = bodyOf(piece, normal);
  const words = wordHashes(body);
  return {
    index,
    piece,
    parent: piece.parentKey === null ? -1 : (indexOf.get(piece.parentKey) ?? -1),
    children: [],
    nextSibling: -1,
    previousSibling: -1,
    label: piece.label.normalize('NFC').replace(/\s+/gu, ' ').trim(),
    normal,
    body,
    isTitle: false,
    wordCount: words.length,
    sequence: Int32Array.from(words),
    shingles: shinglesOf(words),
    words: ascending(words),
  };
}

/** A piece of nothing but definitions keeps them. */
function bodyOf({ text, label }: MatchPiece, normal: string): string {
  const body = text.includes(']:') ? normalizeText(text.replace(definitions, ''), label) || normal : normal;
  return body.includes('\n') ? body.replace(/\s+/g, ' ') : body;
}

/** The words of each footnote and link definition of a piece. */
export function definitionsOf({ text }: MatchPiece): readonly (readonly number[])[] {
  return [...text.matchAll(definitions)].map(([one]) => wordHashes(normalizeText(one)));
}

/** How many words a piece has besides, below its heading. */
export function wordsBesideDefinitions({ text, label }: MatchPiece): number {
  return wordHashes(normalizeText(text.replace(markdownHeading, '').replace(definitions, ''), label)).length;
}

const markdownHeading = /^#{1,6}[ \t].*/;

function wordHashes(text: string): readonly number[] {
  const found = text.toLowerCase().match(/[\p{L}\p{N}\p{M}_]+/gu) ?? text.match(/\S/gu) ?? [];
  return found.map(hashOf);
}

/** FNV-1a over UTF-16 units: the same on every machine, and a collision is one wrongly shared word, no more. */
function hashOf(word: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < word.length; at++) hash = Math.imul(hash ^ word.charCodeAt(at), 0x01000193);
  return hash | 0;
}

/** Fewer than three words make one shingle of what there is. */
function shinglesOf(words: readonly number[]): Int32Array {
  if (words.length === 0) return new Int32Array(0);
  const shingles: number[] = [];
  for (let at = 0; at + shingleWords <= Math.max(words.length, shingleWords); at++) {
    let hash = 0x2545f491;
    for (const word of words.slice(at, at + shingleWords))
      hash = Math.imul((hash << 13) ^ (hash >>> 7) ^ word, 0x9e3779b1);
    shingles.push(hash | 0);
  }
  return ascending(shingles);
}

function ascending(values: readonly number[]): Int32Array {
  return Int32Array.from(new Set(values)).sort();
}
