import type { Pairing } from './pairing.js';

export interface Candidate {
  readonly old: number;
  readonly new: number;
  readonly similarity: number;
}

/** So few pairs are compared one by one; it finds short pieces too, that share no three words. */
const allPairsUpTo = 144;
/** A shingle that more pieces have says little about each, and pairing them all would be quadratic. */
const mostPiecesWithShingle = 24;
/** Of what an index offers for one piece, the best are compared. */
const mostForOnePiece = 12;

/** Pairs of free pieces worth a comparison, similarity at least `least`. Cost grows with the words, not with olds times news. */
export function candidatesOf(
  pairing: Pairing,
  olds: readonly number[],
  news: readonly number[],
  least: number,
): readonly Candidate[] {
  const pairs =
    olds.length * news.length <= allPairsUpTo
      ? olds.flatMap((old) => news.map((now) => [old, now] as const))
      : pairsByShingle(pairing, olds, news);
  const found: Candidate[] = [];
  for (const [old, now] of pairs) {
    const similarity = pairing.similarity(old, now);
    if (similarity >= least) found.push({ old, new: now, similarity });
  }
  return found;
}

function pairsByShingle(
  pairing: Pairing,
  olds: readonly number[],
  news: readonly number[],
): readonly (readonly [number, number])[] {
  const oldsWith = new Map<number, number[]>();
  for (const old of olds) {
    for (const shingle of pairing.old(old).shingles) {
      const others = oldsWith.get(shingle);
      if (!others) oldsWith.set(shingle, [old]);
      else if (others.length <= mostPiecesWithShingle) others.push(old);
    }
  }
  const pairs: (readonly [number, number])[] = [];
  for (const now of news) {
    const shared = new Map<number, number>();
    for (const shingle of pairing.now(now).shingles) {
      const others = oldsWith.get(shingle);
      if (!others || others.length > mostPiecesWithShingle) continue;
      for (const old of others) shared.set(old, (shared.get(old) ?? 0) + 1 / others.length);
    }
    const best = [...shared].sort(([a, left], [b, right]) => right - left || a - b).slice(0, mostForOnePiece);
    for (const [old] of best) pairs.push([old, now]);
  }
  return pairs;
}
