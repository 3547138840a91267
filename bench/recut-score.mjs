// What a matcher found against what is true.
import { normalizeText } from '../dist/contract/cut/normalize.js';
import { baselines } from './recut-baselines.mjs';

const emptyTally = () => ({ found: 0, judged: 0, right: 0, contradicted: 0 });

/** Sums over the pairs of a group. */
export class Score {
  pairs = 0;
  gold = 0;
  changed = 0;
  hash = emptyTally();
  gap = emptyTally();
  alike = emptyTally();
  matches = emptyTally();
  /** Splits and merges counted too: one is right when the true counterpart is in it. */
  all = emptyTally();
  splits = 0;
  merges = 0;
  newPieces = 0;
  trulyNew = 0;
  calledNew = 0;
  wronglyNew = 0;
  reviewed = 0;
  reviewedPieces = 0;
  goldInReview = 0;
  rightAmongCandidates = 0;
  seconds = 0;
  calibration = new Map();
  reasons = new Map();
  misses = [];
  wrong = [];

  constructor(what) {
    this.what = what;
  }

  add(name, old, now, result, seconds) {
    const truth = goldPairs(old, now);
    const oldText = new Map(old.pieces.map((piece) => [piece.key, normalizeText(piece.text, piece.label)]));
    const newText = new Map(now.pieces.map((piece) => [piece.key, normalizeText(piece.text, piece.label)]));
    this.pairs += 1;
    this.seconds += seconds;
    this.gold += truth.byOld.size;
    for (const [from, to] of truth.byOld) this.changed += oldText.get(from) === newText.get(to) ? 0 : 1;
    const simple = baselines(old, now);
    for (const which of ['hash', 'gap', 'alike']) this.tally(this[which], old, now, truth, simple[which]);
    this.tally(this.matches, old, now, truth, result.matches, (match, isRight) => {
      const bucket = buckets.find((from) => match.score >= from) ?? 0;
      count(this.calibration, bucket, isRight);
      count(this.reasons, match.reason, isRight);
      if (!isRight)
        this.wrong.push({ name, ids: [old.goldOf.get(match.oldKey), now.goldOf.get(match.newKey)], ...match });
    });
    this.addAll(old, now, truth, result);
    this.addNew(now, truth, result);
    const seen = new Set(result.matches.map((match) => `${match.oldKey}>${match.newKey}`));
    const whereOld = placesOf(result, 'old');
    const whereNew = placesOf(result, 'new');
    for (const [from, to] of truth.byOld)
      if (!seen.has(`${from}>${to}`))
        this.misses.push({ name, id: old.goldOf.get(from), from, to, old: whereOld.get(from), now: whereNew.get(to) });
  }

  tally(tally, old, now, truth, found, see) {
    for (const one of found) {
      const [oldId, newId] = [old.goldOf.get(one.oldKey), now.goldOf.get(one.newKey)];
      if (oldId === undefined && newId === undefined) continue;
      if (oldId === undefined && !old.hasNoId(one.oldKey)) continue;
      if (newId === undefined && !now.hasNoId(one.newKey)) continue;
      const isRight = oldId === newId;
      tally.judged += 1;
      if (isRight) tally.right += 1;
      else if (truth.byOld.has(one.oldKey) || truth.byNew.has(one.newKey)) tally.contradicted += 1;
      if (truth.byOld.get(one.oldKey) === one.newKey) tally.found += 1;
      see?.(one, isRight);
    }
  }

  addAll(old, now, truth, result) {
    this.splits += result.splits.length;
    this.merges += result.merges.length;
    for (const key of Object.keys(this.all)) this.all[key] = this.matches[key];
    this.more ??= emptyTally();
    for (const { oldKey, newKeys } of result.splits)
      this.related(old.goldOf.has(oldKey), newKeys.includes(truth.byOld.get(oldKey)));
    for (const { oldKeys, newKey } of result.merges)
      this.related(now.goldOf.has(newKey), oldKeys.includes(truth.byNew.get(newKey)));
    for (const key of Object.keys(this.all)) this.all[key] += this.more[key];
  }

  related(isJudged, isRight) {
    if (!isJudged) return;
    this.more.judged += 1;
    if (isRight) {
      this.more.right += 1;
      this.more.found += 1;
    }
  }

  addNew(now, truth, result) {
    const born = new Set(result.born);
    for (const key of now.goldOf.keys()) {
      this.newPieces += 1;
      if (!truth.byNew.has(key)) this.trulyNew += 1;
      if (!born.has(key)) continue;
      this.calledNew += 1;
      if (truth.byNew.has(key)) this.wronglyNew += 1;
    }
    this.reviewedPieces += now.pieces.length;
    this.reviewed += result.doubtful.length;
    for (const { newKey, candidates } of result.doubtful) {
      const right = truth.byNew.get(newKey);
      if (right === undefined) continue;
      this.goldInReview += 1;
      if (candidates.some((one) => one.oldKey === right)) this.rightAmongCandidates += 1;
    }
  }
}

export const buckets = [0.99, 0.98, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0];

function count(counts, key, isRight) {
  const [right, all] = counts.get(key) ?? [0, 0];
  counts.set(key, [right + (isRight ? 1 : 0), all + 1]);
}

function goldPairs(old, now) {
  const newOf = new Map([...now.goldOf].map(([key, id]) => [id, key]));
  const byOld = new Map();
  for (const [key, id] of old.goldOf) if (newOf.has(id)) byOld.set(key, newOf.get(id));
  return { byOld, byNew: new Map([...byOld].map(([from, to]) => [to, from])) };
}

function placesOf(result, side) {
  const places = new Map();
  const put = (key, what) => places.set(key, what);
  for (const one of result.matches)
    put(
      side === 'old' ? one.oldKey : one.newKey,
      `${one.reason} ${one.score.toFixed(2)} ${side === 'old' ? one.newKey : one.oldKey}`,
    );
  for (const one of result.splits)
    for (const key of side === 'old' ? [one.oldKey] : one.newKeys) put(key, `split ${one.oldKey}>${one.newKeys}`);
  for (const one of result.merges)
    for (const key of side === 'old' ? one.oldKeys : [one.newKey]) put(key, `merge ${one.oldKeys}>${one.newKey}`);
  for (const key of side === 'old' ? result.gone : result.born) put(key, side === 'old' ? 'gone' : 'born');
  if (side === 'new') for (const one of result.doubtful) put(one.newKey, `doubtful ${JSON.stringify(one.candidates)}`);
  return places;
}
