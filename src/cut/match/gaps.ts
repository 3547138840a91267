import { candidatesOf } from './candidates.js';
import { labelsDisagree } from './labels.js';
import { heaviestChain } from './longest-chain.js';
import type { Gap, Pairing } from './pairing.js';

/** Between matched neighbours less likeness is enough than elsewhere. */
const leastInGap = 0.3;
/** In a gap of equal length one pair may look so unlike ... */
const unlike = 0.2;
/** ... and another one so alike that the order is not believed. */
const alike = 0.5;
/** Of pieces with equal text, how far from its rank among them one may be. */
const rankWindow = 4;

/** Fills the gaps between matches until nothing more is found. */
export function settleGaps(pairing: Pairing): void {
  for (const stage of [pairEqualTexts, pairInOrder, pairAlike, pairInOrder]) {
    for (let changed = true; changed; ) {
      changed = false;
      for (const gap of pairing.gaps()) changed = stage(pairing, gap) || changed;
    }
  }
}

function pairEqualTexts(pairing: Pairing, gap: Gap): boolean {
  const newsWith = new Map<string, number[]>();
  for (const now of gap.news) {
    const text = pairing.now(now).body;
    newsWith.set(text, [...(newsWith.get(text) ?? []), now]);
  }
  const rank = new Map<string, number>();
  const links = gap.olds.flatMap((old) => {
    const text = pairing.old(old).body;
    const at = rank.get(text) ?? 0;
    rank.set(text, at + 1);
    const near = (newsWith.get(text) ?? []).slice(Math.max(0, at - rankWindow), at + rankWindow + 1);
    return near.map((now) => ({ old, new: now, weight: 1 + pairing.old(old).wordCount }));
  });
  const chain = heaviestChain(links);
  for (const { old, new: now } of chain) pairing.match(old, now, 'same_text', 0.98);
  return chain.length > 0;
}

function pairInOrder(pairing: Pairing, { olds, news }: Gap): boolean {
  if (olds.length !== news.length) return false;
  const pairs = olds.map((old, at) => ({ old, new: news[at] ?? 0 }));
  if (pairs.some((pair) => !mayBePaired(pairing, pair.old, pair.new))) return false;
  if (olds.length > 1 && isShifted(pairing, { olds, news })) return false;
  for (const { old, new: now } of pairs) {
    const likeness = pairing.similarity(old, now);
    pairing.match(old, now, 'between_matches', (olds.length === 1 ? 0.9 : 0.85) + 0.09 * likeness);
  }
  return true;
}

function mayBePaired(pairing: Pairing, old: number, now: number): boolean {
  const [before, after] = [pairing.old(old), pairing.now(now)];
  return before.piece.kind === after.piece.kind && !labelsDisagree(pairing, before, after);
}

function isShifted(pairing: Pairing, { olds, news }: Gap): boolean {
  const counterpart = new Map(olds.map((old, at) => [old, news[at] ?? 0]));
  return candidatesOf(pairing, olds, news, alike).some(({ old, new: now }) => {
    const inOrder = counterpart.get(old) ?? 0;
    return inOrder !== now && pairing.similarity(old, inOrder) < unlike;
  });
}

function pairAlike(pairing: Pairing, gap: Gap): boolean {
  const links = candidatesOf(pairing, gap.olds, gap.news, leastInGap)
    .filter((pair) => mayBePaired(pairing, pair.old, pair.new))
    .map((pair) => ({ ...pair, weight: pair.similarity - leastInGap / 2 }));
  const chain = heaviestChain(links);
  for (const { old, new: now, similarity } of chain) pairing.match(old, now, 'similar', 0.75 + 0.24 * similarity);
  return chain.length > 0;
}
