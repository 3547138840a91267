import { groupBy } from '../group-by.js';
import { candidatesOf } from './candidates.js';
import { hasMoved } from './flags.js';
import { mayBePaired } from './labels.js';
import type { Pairing } from './pairing.js';
import type { Prepared } from './prepare.js';
import { Remainder } from './remainder.js';
import { mostParts } from './split-merge.js';

/** So much of a part's words and of its pairs of words comes from what no other part has of the whole; a text of the same subject has less. */
const leastOfWords = 0.6;
const leastOfPairs = 0.4;
const leastPartWords = 6;
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
    const joined = joinTo(new Remainder(pairing.comparer, whole.sequence), whole.index, side, known, tried);
    if (joined) found.push(joined);
  }
  return found.sort((a, b) => b.score - a.score || a.whole - b.whole);
}

function joinTo(
  left: Remainder,
  whole: number,
  side: Side,
  known: readonly number[],
  tried: readonly number[],
): Joined | null {
  // Where what is known to come from the whole hardly does, its text went somewhere else.
  for (const part of known) if (left.take((side.pieces[part] as Prepared).sequence).words < leastOfWords) return null;
  const added: number[] = [];
  for (let next = bestPart(left, side, tried); next !== null && known.length + added.length < mostParts; ) {
    left.take((side.pieces[next] as Prepared).sequence);
    added.push(next);
    next = bestPart(left, side, besides(side, [...known, ...added]));
  }
  if (added.length === 0 || left.covered < leastOfWhole) return null;
  const parts = [...known, ...added].sort((a, b) => a - b);
  return { whole, parts, added, score: Math.min(1, left.covered) };
}

function bestPart(left: Remainder, side: Side, tried: readonly number[]): number | null {
  let best: number | null = null;
  let most = 0;
  for (const index of tried) {
    const part = side.pieces[index] as Prepared;
    if (part.wordCount < leastPartWords) continue;
    const { words, pairs } = left.shareOf(part.sequence);
    if (words < leastOfWords || pairs < leastOfPairs || words <= most) continue;
    best = index;
    most = words;
  }
  return best;
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
