import { groupBy } from '../group-by.js';
import { heaviestChain } from '../heaviest-chain.js';
import { type Candidate, candidatesOf } from './candidates.js';
import { mayBePaired } from './labels.js';
import type { Gap, Pairing } from './pairing.js';
import type { Prepared } from './prepare.js';

/** Between matched neighbours less likeness is enough than elsewhere. */
const leastInGap = 0.3;
/** By so much a pair must be more alike than what else one of the two could be paired with. */
export const leastMargin = 0.05;
/** What standing at the same place of a gap of equal length counts for, in likeness. */
const placeBonus = 0.3;
/** Fewer texts may as well be gone on one side of a title and new on the other. */
const leastRun = 3;
/** Of pieces with equal text, how far from its rank among them one may be. */
const rankWindow = 4;

/** Fills the gaps between matches until nothing more is found. */
export function settleGaps(pairing: Pairing): void {
  settle(pairing, [pairEqualTexts, pairInOrder, pairAlike, pairInOrder]);
}

/** The same of texts that a title slid across: they are in order to themselves, and not to what stands above them. */
export function settleTexts(pairing: Pairing): void {
  const pairRun: Stage = (_, gap) => gap.olds.length >= leastRun && pairInOrder(pairing, gap);
  settle(pairing, [pairRun, pairAlike, pairRun], ({ isTitle }) => !isTitle);
}

type Stage = (pairing: Pairing, gap: Gap) => boolean;

function settle(pairing: Pairing, stages: readonly Stage[], isOne?: (piece: Prepared) => boolean): void {
  for (const stage of stages) {
    for (let changed = true; changed; ) {
      changed = false;
      for (const gap of pairing.gaps(isOne)) changed = stage(pairing, gap) || changed;
    }
  }
}

function pairEqualTexts(pairing: Pairing, gap: Gap): boolean {
  const newsWith = groupBy(gap.news, (now) => pairing.now(now).body);
  const rank = new Map<string, number>();
  const placeOf = new Map(gap.news.map((now, place) => [now, place]));
  const [fromEnd, oneForAll] = [gap.news.length - gap.olds.length, 0.5 / gap.olds.length];
  const links = gap.olds.flatMap((old, place) => {
    const text = pairing.old(old).body;
    const at = rank.get(text) ?? 0;
    rank.set(text, at + 1);
    const near = (newsWith.get(text) ?? []).slice(Math.max(0, at - rankWindow), at + rankWindow + 1);
    return near
      .filter((now) => mayBePaired(pairing, old, now))
      .map((now) => {
        // Of as many pairs those at their places are better: what else stands in the gap has a counterpart too then.
        const isInPlace = placeOf.get(now) === place || placeOf.get(now) === place + fromEnd;
        return { old, new: now, weight: 1 + pairing.old(old).wordCount + (isInPlace ? oneForAll : 0) };
      });
  });
  const chain = heaviestChain(links);
  for (const { old, new: now } of chain) pairing.match(old, now, 'same_text', 0.98);
  return chain.length > 0;
}

/** A gap of equal length, unless the texts say that something was taken out here and put in there. */
function pairInOrder(pairing: Pairing, gap: Gap): boolean {
  const { olds, news } = gap;
  if (olds.length !== news.length) return false;
  const inOrder = olds.map((old, at) => ({ old, new: news[at] ?? 0 }));
  if (inOrder.some((pair) => !mayBePaired(pairing, pair.old, pair.new))) return false;
  if (olds.length > 1) {
    const places = inOrder.map((pair) => weighed(pairing, pair, placeBonus));
    const others = alikeIn(pairing, gap).map((pair) => weighed(pairing, pair, 0));
    const isInOrder = new Set(places);
    if (heaviestChain([...places, ...others]).some((link) => !isInOrder.has(link))) return false;
  }
  for (const { old, new: now } of inOrder) {
    const likeness = pairing.similarity(old, now);
    pairing.match(old, now, 'between_matches', 0.94 + 0.05 * likeness);
  }
  return true;
}

/** The heaviest pairs that keep the order, except where another free piece is as good: a person decides that. */
function pairAlike(pairing: Pairing, gap: Gap): boolean {
  const alike = alikeIn(pairing, gap);
  const chain = heaviestChain(alike.map((pair) => weighed(pairing, pair, -leastInGap / 2)));
  const rivals = new Rivals(alike, chain);
  let matched = 0;
  for (const { old, new: now } of chain) {
    const likeness = pairing.similarity(old, now);
    const margin = likeness - rivals.bestBeside(old, now);
    if (margin < leastMargin) continue;
    pairing.match(old, now, 'similar', 0.55 + 0.25 * likeness + 0.18 * Math.min(1, margin / 0.6));
    matched++;
  }
  return matched > 0;
}

/** What else the two pieces of a pair are like, of pieces that the chain leaves free. */
class Rivals {
  private readonly ofOld = new Map<number, number>();
  private readonly ofNew = new Map<number, number>();

  constructor(alike: readonly Candidate[], chain: readonly { readonly old: number; readonly new: number }[]) {
    const newOf = new Map(chain.map((link) => [link.old, link.new]));
    const taken = new Set(newOf.values());
    for (const { old, new: now, similarity } of alike) {
      if (newOf.get(old) === now) continue;
      if (!taken.has(now)) this.ofOld.set(old, Math.max(similarity, this.ofOld.get(old) ?? 0));
      if (!newOf.has(old)) this.ofNew.set(now, Math.max(similarity, this.ofNew.get(now) ?? 0));
    }
  }

  bestBeside(old: number, now: number): number {
    return Math.max(this.ofOld.get(old) ?? 0, this.ofNew.get(now) ?? 0);
  }
}

function alikeIn(pairing: Pairing, gap: Gap): readonly Candidate[] {
  return candidatesOf(pairing, gap.olds, gap.news, leastInGap).filter((one) => mayBePaired(pairing, one.old, one.new));
}

function weighed(pairing: Pairing, { old, new: now }: { old: number; new: number }, bonus: number) {
  return { old, new: now, weight: pairing.similarity(old, now) + bonus };
}
