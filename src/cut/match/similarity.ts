import type { Prepared } from './prepare.js';

/** Counts what the matcher compares, so that a test can hold the cost down. */
export class Comparer {
  comparisons = 0;
  private readonly known = new Map<number, number>();

  /** 0 to 1. Shingles say more than words, and of short pieces there are too few of them. */
  similarity(old: Prepared, now: Prepared): number {
    const key = old.index * 0x4000000 + now.index;
    const before = this.known.get(key);
    if (before !== undefined) return before;
    this.comparisons++;
    const value = similarityOf(old, now);
    this.known.set(key, value);
    return value;
  }
}

function similarityOf(old: Prepared, now: Prepared): number {
  if (old.body === now.body) return 1;
  const shingles = overlap(old.shingles, now.shingles);
  const words = overlap(old.words, now.words);
  const ofShingles = Math.max(jaccard(old.shingles, now.shingles, shingles), 0.8 * contained(old.shingles, now.shingles, shingles));
  // Half of the words of a language are in every text of it: only what is above that counts.
  const ofWords = Math.max(0, 2 * dice(old.words, now.words, words) - 1);
  return Math.min(0.99, Math.max(ofShingles, 0.7 * ofWords));
}

function jaccard(left: Int32Array, right: Int32Array, shared: number): number {
  const all = left.length + right.length - shared;
  return all === 0 ? 0 : shared / all;
}

function dice(left: Int32Array, right: Int32Array, shared: number): number {
  const all = left.length + right.length;
  return all === 0 ? 0 : (2 * shared) / all;
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
