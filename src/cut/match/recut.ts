import type {
  DoubtfulMatch,
  MatchOverride,
  MatchPiece,
  MatchReason,
  PieceMatch,
  Recut,
} from '../../contract/cut/recut.js';
import { joinDefinitions } from './definitions.js';
import { matchElsewhere, rankedPairs } from './elsewhere.js';
import { matchUniqueTexts, spreadToNeighbours } from './exact.js';
import { flagsOf } from './flags.js';
import { settleGaps, settleTexts } from './gaps.js';
import { isHolder, matchHolders, matchHoldersByWhatIsKnown } from './holders.js';
import { matchLabels, mayBePaired } from './labels.js';
import { releaseLoose, restoreLoose } from './loose.js';
import { applyOverrides } from './overrides.js';
import { Pairing } from './pairing.js';
import { type Prepared, prepare } from './prepare.js';
import { joinRemains } from './remains.js';
import { findSplitsAndMerges } from './split-merge.js';

export const matcher = { name: 'anchors-gaps-shingles', version: '4' } as const;

/** Best first, no more: a person has to look at them. */
const mostCandidates = 5;
/** In a gap with so few pairs left over, one of the new pieces may be an old one with every word changed. */
const mostPairsInGap = 6;
/** Below this a piece is new and nobody is asked. */
const leastDoubtful = 0.4;

/** What became of the old pieces in the new ones; both in order of their document. Pure: the same input gives the same result. */
export function recut(
  oldPieces: readonly MatchPiece[],
  newPieces: readonly MatchPiece[],
  overrides: readonly MatchOverride[] = [],
): Recut {
  return describe(pair(oldPieces, newPieces, overrides));
}

/** The same, with what it compared. */
export function pair(
  oldPieces: readonly MatchPiece[],
  newPieces: readonly MatchPiece[],
  overrides: readonly MatchOverride[] = [],
): Pairing {
  const pairing = new Pairing(prepare(oldPieces), prepare(newPieces));
  applyOverrides(pairing, overrides);
  matchUniqueTexts(pairing);
  spreadToNeighbours(pairing);
  findSplitsAndMerges(pairing);
  matchHolders(pairing);
  matchLabels(pairing, (piece) => !isHolder(piece) && !waitsForHolder(pairing, piece));
  settleGaps(pairing);
  matchHolders(pairing);
  matchLabels(pairing, () => true);
  settleTexts(pairing);
  const loose = releaseLoose(pairing);
  matchElsewhere(pairing);
  joinRemains(pairing);
  matchHoldersByWhatIsKnown(pairing);
  restoreLoose(pairing, loose);
  settleGaps(pairing);
  settleTexts(pairing);
  joinRemains(pairing);
  joinDefinitions(pairing);
  return pairing;
}

/** The number of a paragraph says something when its article is known. */
function waitsForHolder(pairing: Pairing, { parent }: Prepared): boolean {
  const above = pairing.olds[parent];
  return above !== undefined && isHolder(above) && (pairing.newOf[parent] ?? -1) < 0;
}

function describe(pairing: Pairing): Recut {
  const flags = flagsOf(pairing);
  const oldKey = (index: number) => pairing.old(index).piece.key;
  const newKey = (index: number) => pairing.now(index).piece.key;
  const matches: PieceMatch[] = [];
  for (const { index: now } of pairing.news) {
    const old = pairing.oldOf[now] ?? -1;
    if (old < 0) continue;
    matches.push({
      oldKey: oldKey(old),
      newKey: newKey(now),
      reason: pairing.reasonOf(now),
      score: pairing.scoreOf(now),
      ...flags(old, now),
    });
  }
  const doubtful = doubtfulOf(pairing);
  const asked = new Set(doubtful.map((one) => one.newKey));
  const inSplits = new Set(pairing.splits.flatMap(({ news }) => news));
  const inMerges = new Set(pairing.merges.flatMap(({ olds }) => olds));
  const splitOlds = new Set(pairing.splits.map(({ old }) => old));
  const mergeNews = new Set(pairing.merges.map(({ now }) => now));
  const isBorn = (now: number) =>
    (pairing.oldOf[now] ?? -1) < 0 && !inSplits.has(now) && !mergeNews.has(now) && !asked.has(newKey(now));
  const isGone = (old: number) => (pairing.newOf[old] ?? -1) < 0 && !splitOlds.has(old) && !inMerges.has(old);
  return {
    matcher,
    matches,
    splits: pairing.splits.map(({ old, news, score }) => ({ oldKey: oldKey(old), newKeys: news.map(newKey), score })),
    merges: pairing.merges.map(({ olds, now, score }) => ({ oldKeys: olds.map(oldKey), newKey: newKey(now), score })),
    born: pairing.news.flatMap(({ index }) => (isBorn(index) ? [newKey(index)] : [])),
    gone: pairing.olds.flatMap(({ index }) => (isGone(index) ? [oldKey(index)] : [])),
    doubtful,
  };
}

function doubtfulOf(pairing: Pairing): readonly DoubtfulMatch[] {
  const found = new Map<number, Map<number, DoubtfulMatch['candidates'][number]>>();
  const add = (now: number, old: number, score: number, reason: MatchReason) => {
    const candidates = found.get(now) ?? new Map();
    const before = candidates.get(old)?.score ?? 0;
    if (score > before) candidates.set(old, { oldKey: pairing.old(old).piece.key, score, reason });
    found.set(now, candidates);
  };
  for (const { old, new: now, rank } of rankedPairs(pairing)) if (rank >= leastDoubtful) add(now, old, rank, 'similar');
  for (const { olds, news } of pairing.gaps()) {
    if (olds.length * news.length > mostPairsInGap) continue;
    const score = 0.8 / Math.max(2, olds.length, news.length);
    for (const old of olds)
      for (const now of news) if (mayBePaired(pairing, old, now)) add(now, old, score, 'between_matches');
  }
  return [...found.entries()]
    .sort(([a], [b]) => a - b)
    .map(([now, candidates]) => ({
      newKey: pairing.now(now).piece.key,
      candidates: [...candidates.values()].sort((a, b) => b.score - a.score).slice(0, mostCandidates),
    }));
}
