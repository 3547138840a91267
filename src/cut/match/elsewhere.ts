import { groupBy } from '../group-by.js';
import { type Candidate, candidatesOf } from './candidates.js';
import { mayBePaired } from './labels.js';
import type { Pairing } from './pairing.js';

/** Without a place between matches a piece must be this much like an old one, with agreeing neighbours counted in ... */
const leastAlone = 0.6;
/** ... and more than any other by this much, or a person decides. */
const leastMarginAlone = 0.1;
const leastLooked = 0.25;

export interface Ranked extends Candidate {
  /** Likeness with what the neighbours and the parents say. */
  readonly rank: number;
}

/** Pieces that moved: the best pairs of all that is left, wherever they stand. */
export function matchElsewhere(pairing: Pairing): void {
  const ranked = rankedPairs(pairing);
  const byOld = groupBy(ranked, ({ old }) => old);
  const byNew = groupBy(ranked, (one) => one.new);
  const isFree = (pair: Ranked) => pairing.isOldFree(pair.old) && pairing.isNewFree(pair.new);
  for (const pair of ranked) {
    if (pair.rank < leastAlone) break;
    if (!isFree(pair)) continue;
    const rivals = [...(byOld.get(pair.old) ?? []), ...(byNew.get(pair.new) ?? [])];
    // Of pieces that say the same, none is more right than another: the order decides.
    const isOpen = rivals.some(
      (rival) =>
        rival !== pair &&
        rival.rank > pair.rank - leastMarginAlone &&
        isFree(rival) &&
        !(pair.similarity === 1 && rival.similarity === 1),
    );
    if (isOpen) continue;
    pairing.match(pair.old, pair.new, pair.similarity === 1 ? 'same_text' : 'similar', Math.min(0.97, pair.rank));
  }
}

/** Pairs of free pieces that have something in common, best first. */
export function rankedPairs(pairing: Pairing): readonly Ranked[] {
  return candidatesOf(pairing, pairing.freeOlds(), pairing.freeNews(), leastLooked)
    .filter((pair) => mayBePaired(pairing, pair.old, pair.new))
    .map((pair) => ({
      ...pair,
      rank: Math.min(0.97, pair.similarity * sizeWeight(pairing, pair) + agreement(pairing, pair)),
    }))
    .sort((a, b) => b.rank - a.rank || a.old - b.old || a.new - b.new);
}

/** A few equal words prove little. */
function sizeWeight(pairing: Pairing, { old, new: now }: Candidate): number {
  const words = Math.min(pairing.old(old).wordCount, pairing.now(now).wordCount);
  return Math.min(1, 0.5 + words / 16);
}

function agreement(pairing: Pairing, { old, new: now }: Candidate): number {
  const parents = pairing.old(old).parent >= 0 && pairing.newOf[pairing.old(old).parent] === pairing.now(now).parent;
  const before = old > 0 && now > 0 && pairing.newOf[old - 1] === now - 1;
  const after = pairing.newOf[old + 1] === now + 1;
  const sameLabel = pairing.old(old).label !== '' && pairing.old(old).label === pairing.now(now).label;
  return 0.1 * Number(parents) + 0.15 * Number(before) + 0.15 * Number(after) + 0.15 * Number(sameLabel);
}
