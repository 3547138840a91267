import { groupBy } from '../group-by.js';
import { candidatesOf } from './candidates.js';
import { hasMoved } from './flags.js';
import { mayBePaired } from './labels.js';
import type { Pairing } from './pairing.js';
import type { Prepared } from './prepare.js';
import { leastOfPairs, leastOfWords, Remainder } from './remainder.js';
import { mostParts } from './split-merge.js';

const leastPartWords = 6;
/** What the whole begins or ends with, and what is known of it does not, may have so few: a title that became a piece of its own. */
const leastEdgeWords = 2;
/** So much of the whole lives on: in several parts, or in one. */
const leastOfWhole = 0.5;
const leastOfWholeAlone = 0.7;
/** Between two parts so many pieces may stand that came from elsewhere. */
const mostBetween = 2;
/** What resembles a whole by less is not tried as its first part. */
const leastLooked = 0.25;

/** One side of the revision, as parts of what stands on the other one. */
interface Side {
  readonly pieces: readonly Prepared[];
  readonly isFree: (index: number) => boolean;
  readonly hasMoved: (index: number) => boolean;
}

interface Joined {
  readonly whole: number;
  readonly parts: readonly number[];
  /** Of the parts those that were free. */
  readonly added: readonly number[];
  readonly score: number;
}

/**
 * Splits and merges whose parts were edited too, and pieces that moved and were edited. What has no counterpart is compared, word by word, with
 * what its neighbours leave of the piece that they come from: one that was edited leaves single words, one that was split leaves the part.
 */
export function joinRemains(pairing: Pairing): void {
  const { newOf, oldOf } = pairing;
  const isAway = (old = -1, now = -1) => old >= 0 && now >= 0 && hasMoved(pairing, old, now);
  const olds: Side = {
    pieces: pairing.olds,
    isFree: (old) => pairing.isOldFree(old),
    hasMoved: (old) => isAway(old, newOf[old]),
  };
  const news: Side = {
    pieces: pairing.news,
    isFree: (now) => pairing.isNewFree(now),
    hasMoved: (now) => isAway(oldOf[now], now),
  };
  const likely = candidatesOf(pairing, pairing.freeOlds(), pairing.freeNews(), leastLooked);
  const byOld = groupBy(likely, (pair) => pair.old);
  const byNew = groupBy(likely, (pair) => pair.new);
  const firstNews = (old: number) => (byOld.get(old) ?? []).map((pair) => pair.new);
  const firstOlds = (now: number) => (byNew.get(now) ?? []).map((pair) => pair.old);

  const splits = new Map(pairing.splits.map((split) => [split.old, split]));
  const newsOf = (old: number) => {
    const split = splits.get(old);
    return split ? (split.isSaid ? null : split.news) : counterpart(pairing, newOf[old], newOf[old], olds.isFree(old));
  };
  for (const { whole, parts, added, score } of findJoined(pairing, olds, news, newsOf, firstNews)) {
    if (!added.every(news.isFree)) continue;
    const [now = -1, ...more] = parts;
    if (more.length > 0) pairing.splitAgain({ old: whole, news: parts, score });
    else if (areOneAlone(pairing, whole, now, score)) pairing.match(whole, now, 'similar', 0.9 * score);
  }

  const merges = new Map(pairing.merges.map((merge) => [merge.now, merge]));
  const oldsOf = (now: number) => {
    const merge = merges.get(now);
    return merge ? (merge.isSaid ? null : merge.olds) : counterpart(pairing, oldOf[now], now, news.isFree(now));
  };
  for (const { whole, parts, added, score } of findJoined(pairing, news, olds, oldsOf, firstOlds))
    if (parts.length > 1 && added.every(olds.isFree)) pairing.mergeAgain({ olds: parts, now: whole, score });
}

/** The piece that a whole is matched with, none for a free one, null where nothing may be changed. */
function counterpart(pairing: Pairing, other = -1, now = -1, isFree: boolean): readonly number[] | null {
  if (other < 0) return isFree ? [] : null;
  return pairing.reasonOf(now) === 'person' ? null : [other];
}

/** Of a piece that moved. Where both have a number and another one, a person decides. */
function areOneAlone(pairing: Pairing, old: number, now: number, covered: number): boolean {
  const [before, after] = [pairing.old(old).label, pairing.now(now).label];
  if (covered < leastOfWholeAlone || !pairing.isOldFree(old) || !mayBePaired(pairing, old, now)) return false;
  return before === '' || after === '' || before === after;
}

/** Wholes that have more parts than is known, the best covered first. */
function findJoined(
  pairing: Pairing,
  wholes: Side,
  side: Side,
  knownOf: (whole: number) => readonly number[] | null,
  firstOf: (whole: number) => readonly number[],
): readonly Joined[] {
  const found: Joined[] = [];
  for (const whole of wholes.pieces) {
    const known = knownOf(whole.index);
    if (known === null) continue;
    const tried = known.length > 0 ? besides(side, known) : firstOf(whole.index);
    if (tried.length === 0) continue;
    const joined = joinTo(new Remainder(pairing.comparer, whole.sequence), whole, side, known, tried);
    if (joined) found.push(joined);
  }
  return found.sort((a, b) => b.score - a.score || a.whole - b.whole);
}

function joinTo(
  left: Remainder,
  whole: Prepared,
  side: Side,
  known: readonly number[],
  tried: readonly number[],
): Joined | null {
  // Where what is known to come from the whole hardly does, its text went somewhere else.
  for (const part of known) if (left.take((side.pieces[part] as Prepared).sequence).words < leastOfWords) return null;
  const found = [...known];
  for (let next = bestPart(left, whole, side, found, tried); next !== null && found.length < mostParts; ) {
    left.take((side.pieces[next] as Prepared).sequence);
    found.push(next);
    next = bestPart(left, whole, side, found, besides(side, found));
  }
  if (found.length === known.length || left.covered < leastOfWhole) return null;
  const parts = [...found].sort((a, b) => a - b);
  return { whole: whole.index, parts, added: found.slice(known.length), score: Math.min(1, left.covered) };
}

function bestPart(
  left: Remainder,
  whole: Prepared,
  side: Side,
  known: readonly number[],
  tried: readonly number[],
): number | null {
  let best: number | null = null;
  let most = 0;
  for (const index of tried) {
    const part = side.pieces[index] as Prepared;
    const isLost = isEdge(whole, part, side, known);
    if (part.wordCount < leastPartWords && !isLost) continue;
    const { words, pairs } = isLost ? { words: 1, pairs: 1 } : left.shareOf(part.sequence);
    if (words < leastOfWords || pairs < leastOfPairs || words <= most) continue;
    best = index;
    most = words;
  }
  return best;
}

/** What the whole begins with, before all that is known of it, or ends with, behind it, and what the known part next to it has lost. */
function isEdge(whole: Prepared, part: Prepared, side: Side, known: readonly number[]): boolean {
  const count = part.sequence.length;
  if (count < leastEdgeWords || count >= whole.sequence.length || known.length === 0) return false;
  const isBefore = known.every((other) => part.index < other);
  if (!isBefore && known.some((other) => part.index < other)) return false;
  const beside = side.pieces[isBefore ? Math.min(...known) : Math.max(...known)] as Prepared;
  const wordsOf = ({ sequence }: Prepared) => (isBefore ? sequence : sequence.toReversed());
  const [all, others] = [wordsOf(whole), wordsOf(beside)];
  if (inCommon(all, wordsOf(part)) < count) return false;
  const kept = inCommon(all, others);
  return kept < count || inCommon(all.subarray(count), others) > kept;
}

/** So many words do two texts begin with. */
function inCommon(one: Int32Array, other: Int32Array): number {
  let count = 0;
  while (count < one.length && one[count] === other[count]) count++;
  return count;
}

/** Free pieces beside the parts, in the text or under their parent; what came from elsewhere does not part them. */
function besides(side: Side, parts: readonly number[]): readonly number[] {
  const found = new Set<number>();
  for (const part of parts) {
    for (const step of steps) {
      let at = step(side.pieces, part);
      for (let between = 0; between < mostBetween && at >= 0 && side.hasMoved(at); between++)
        at = step(side.pieces, at);
      if (side.pieces[at] !== undefined && side.isFree(at) && !parts.includes(at)) found.add(at);
    }
  }
  return [...found];
}

const steps: readonly ((pieces: readonly Prepared[], at: number) => number)[] = [
  (_, at) => at - 1,
  (_, at) => at + 1,
  (pieces, at) => pieces[at]?.previousSibling ?? -1,
  (pieces, at) => pieces[at]?.nextSibling ?? -1,
];
