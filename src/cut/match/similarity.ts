import type { Prepared } from './prepare.js';

/** Two texts of one subject share this much of their words, weighed, without being one. */
const sharedByChance = 0.2;

/** Says how alike two pieces are, and counts how often it was asked, so that a test can hold the cost down. */
export class Comparer {
  comparisons = 0;
  private readonly known = new Map<number, number>();
  private readonly weights: ReadonlyMap<number, number>;

  constructor(olds: readonly Prepared[], news: readonly Prepared[]) {
    this.weights = wordWeights([...olds, ...news]);
  }

  /** 0 to 1. Shingles say more than words, but a sentence that was written anew shares hardly any. */
  similarity(old: Prepared, now: Prepared): number {
    const key = old.index * 0x4000000 + now.index;
    const before = this.known.get(key);
    if (before !== undefined) return before;
    this.comparisons++;
    const value = this.compare(old, now);
    this.known.set(key, value);
    return value;
  }

  private compare(old: Prepared, now: Prepared): number {
    if (old.body === now.body) return 1;
    const shared = overlap(old.shingles, now.shingles);
    const ofShingles = Math.max(
      jaccard(old.shingles, now.shingles, shared),
      0.8 * contained(old.shingles, now.shingles, shared),
    );
    const ofWords = (this.wordShare(old.words, now.words) - sharedByChance) / (1 - sharedByChance);
    return Math.min(0.99, Math.max(ofShingles, 0.8 * ofWords));
  }

  /** A rare word says more than one that stands everywhere. */
  weightOf(word: number): number {
    return this.weights.get(word) ?? 0;
  }

  /** The words that both have, of all that they have; a rare word counts more than one that stands everywhere. */
  private wordShare(left: Int32Array, right: Int32Array): number {
    let [shared, all] = [0, 0];
    for (let a = 0, b = 0; a < left.length || b < right.length; ) {
      const one = left[a] ?? Number.POSITIVE_INFINITY;
      const other = right[b] ?? Number.POSITIVE_INFINITY;
      const weight = this.weightOf(Math.min(one, other));
      all += one === other ? 2 * weight : weight;
      if (one === other) shared += 2 * weight;
      if (one <= other) a++;
      if (other <= one) b++;
    }
    return all === 0 ? 0 : shared / all;
  }
}

function wordWeights(pieces: readonly Prepared[]): ReadonlyMap<number, number> {
  const piecesWith = new Map<number, number>();
  for (const { words } of pieces) for (const word of words) piecesWith.set(word, (piecesWith.get(word) ?? 0) + 1);
  return new Map([...piecesWith].map(([word, count]) => [word, Math.log(1 + pieces.length / count)]));
}

function jaccard(left: Int32Array, right: Int32Array, shared: number): number {
  const all = left.length + right.length - shared;
  return all === 0 ? 0 : shared / all;
}

/** The share of the smaller one; of fewer than six shingles it says little. */
function contained(left: Int32Array, right: Int32Array, shared: number): number {
  const smaller = Math.min(left.length, right.length);
  return smaller === 0 ? 0 : shared / Math.max(smaller, 6);
}

/** How many values two ascending lists share. */
export function overlap(left: Int32Array, right: Int32Array): number {
  let shared = 0;
  for (let a = 0, b = 0; a < left.length && b < right.length; ) {
    const one = left[a] ?? 0;
    const other = right[b] ?? 0;
    if (one === other) shared++;
    if (one <= other) a++;
    if (other <= one) b++;
  }
  return shared;
}
