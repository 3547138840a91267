import type { Gap, Pairing } from './pairing.js';
import type { Prepared } from './prepare.js';

/** The parts together hold this much of the whole. Every tenth word changed leaves 0.73 of the shingles, so more cannot be asked for. */
const leastCovered = 0.45;
/** This much of each part comes from the whole, and this much from nothing else; the rest is a heading of its own, or edited. */
const leastOfPart = 0.35;
const leastOwnShare = 0.3;
/** So many shingles of the whole a part must bring that no other part has. */
const leastOwnShingles = 3;
/** Parts of at least so many own shingles, with nothing much beside them, are parts wherever they stand. */
const plainShingles = 8;
const plainShare = 0.5;
/** A piece is split into, or merged from, no more than this. */
export const mostParts = 40;
/** A shingle that stands in more pieces does not tell whose part a piece is. */
const mostWholesWithShingle = 8;

/** Whole pieces whose text lives on in several neighbours, and neighbours whose texts live on in one. */
export function findSplitsAndMerges(pairing: Pairing): void {
  const isFreeOld = (index: number) => pairing.isOldFree(index);
  const isFreeNew = (index: number) => pairing.isNewFree(index);
  const room = new Room(pairing.gaps());
  for (const { whole, parts, score, isPlain } of findWholes(pairing.olds, pairing.news, isFreeOld, isFreeNew)) {
    if (!pairing.isOldFree(whole) || !parts.every(isFreeNew)) continue;
    if (room.takesSplit(whole, parts) || isPlain) pairing.split({ old: whole, news: parts, score });
  }
  for (const { whole, parts, score, isPlain } of findWholes(pairing.news, pairing.olds, isFreeNew, isFreeOld)) {
    if (!pairing.isNewFree(whole) || !parts.every(isFreeOld)) continue;
    if (room.takesMerge(whole, parts) || isPlain) pairing.merge({ olds: parts, now: whole, score });
  }
}

/**
 * Where as many pieces stand on one side as on the other, a heading that now belongs to the next piece looks like a split. So a gap
 * has room for a split only while it has more new pieces than old ones, and the other way round for a merge.
 */
class Room {
  private readonly gapOfOld = new Map<number, number>();
  private readonly gapOfNew = new Map<number, number>();
  /** New pieces more than old ones. */
  private readonly surplus: number[];

  constructor(gaps: readonly Gap[]) {
    this.surplus = gaps.map(({ olds, news }) => news.length - olds.length);
    for (const [at, { olds, news }] of gaps.entries()) {
      for (const old of olds) this.gapOfOld.set(old, at);
      for (const now of news) this.gapOfNew.set(now, at);
    }
  }

  takesSplit(old: number, news: readonly number[]): boolean {
    return this.takes(this.gapOfOld.get(old), this.gapOfNew.get(news[0] ?? -1), news.length - 1);
  }

  takesMerge(now: number, olds: readonly number[]): boolean {
    return this.takes(this.gapOfNew.get(now), this.gapOfOld.get(olds[0] ?? -1), 1 - olds.length);
  }

  private takes(gap: number | undefined, other: number | undefined, change: number): boolean {
    if (gap === undefined || gap !== other) return false;
    const left = (this.surplus[gap] ?? 0) - change;
    if (change > 0 ? left < 0 : left > 0) return false;
    this.surplus[gap] = left;
    return true;
  }
}

interface Whole {
  readonly whole: number;
  readonly parts: readonly number[];
  readonly score: number;
  /** So clear that it needs no room: every part is long and little else than a part. */
  readonly isPlain: boolean;
}

function findWholes(
  wholes: readonly Prepared[],
  parts: readonly Prepared[],
  isFreeWhole: (index: number) => boolean,
  isFreePart: (index: number) => boolean,
): readonly Whole[] {
  const partsOf = likelyParts(wholes, parts, isFreeWhole, isFreePart);
  const found: Whole[] = [];
  for (const [whole, likely] of partsOf) {
    const one = wholes[whole] as Prepared;
    for (const run of runsOf(parts, likely)) {
      const result = provenRun(one, run);
      if (result) found.push({ whole, ...result });
    }
  }
  return found.sort((a, b) => b.score - a.score || a.whole - b.whole);
}

/** For each free whole the free parts that stand mostly in it, by an index of the shingles. */
function likelyParts(
  wholes: readonly Prepared[],
  parts: readonly Prepared[],
  isFreeWhole: (index: number) => boolean,
  isFreePart: (index: number) => boolean,
): Map<number, number[]> {
  const wholesWith = new Map<number, number[]>();
  for (const { index, shingles } of wholes) {
    if (!isFreeWhole(index)) continue;
    for (const shingle of shingles) {
      const others = wholesWith.get(shingle);
      if (!others) wholesWith.set(shingle, [index]);
      else if (others.length <= mostWholesWithShingle) others.push(index);
    }
  }
  const partsOf = new Map<number, number[]>();
  for (const { index, shingles } of parts) {
    if (!isFreePart(index)) continue;
    const shared = new Map<number, number>();
    for (const shingle of shingles) {
      const others = wholesWith.get(shingle);
      if (!others || others.length > mostWholesWithShingle) continue;
      for (const whole of others) shared.set(whole, (shared.get(whole) ?? 0) + 1);
    }
    for (const [whole, count] of shared) {
      if (count < leastOwnShingles || count < leastOfPart * shingles.length) continue;
      const others = partsOf.get(whole);
      if (others) others.push(index);
      else partsOf.set(whole, [index]);
    }
  }
  return partsOf;
}

/** The likely parts as runs of neighbours: next to each other in the text, or under one parent. */
function runsOf(parts: readonly Prepared[], likely: readonly number[]): readonly (readonly Prepared[])[] {
  const runs: Prepared[][] = [];
  for (const index of likely) {
    const part = parts[index] as Prepared;
    const run = runs.find((other) => {
      const last = other.at(-1);
      return last !== undefined && (last.index + 1 === index || last.nextSibling === index);
    });
    if (run) run.push(part);
    else runs.push([part]);
  }
  return runs.filter((run) => run.length >= 2 && run.length <= mostParts);
}

/** The run without parts that bring nothing of their own, when it still covers the whole. */
function provenRun(whole: Prepared, run: readonly Prepared[]): Omit<Whole, 'whole'> | null {
  const inWhole = new Set(whole.shingles);
  const timesSeen = new Map<number, number>();
  for (const { shingles } of run)
    for (const shingle of shingles) if (inWhole.has(shingle)) timesSeen.set(shingle, (timesSeen.get(shingle) ?? 0) + 1);
  const own = run.map(({ shingles }) => shingles.reduce((sum, one) => sum + (timesSeen.get(one) === 1 ? 1 : 0), 0));
  const share = run.map(({ shingles }, at) => (own[at] ?? 0) / shingles.length);
  if (own.some((count) => count < leastOwnShingles) || share.some((part) => part < leastOwnShare)) return null;
  // Each cut takes the two shingles that lay across it.
  const lost = 2 * (run.length - 1);
  const covered = Math.min(1, timesSeen.size / Math.max(1, whole.shingles.length - lost));
  if (covered < leastCovered) return null;
  const isPlain = own.every((count) => count >= plainShingles) && share.every((part) => part >= plainShare);
  return { parts: run.map(({ index }) => index), score: covered, isPlain };
}
