import type { MatchReason } from '../../contract/cut/recut.js';
import { heaviestChain } from '../heaviest-chain.js';
import type { Prepared } from './prepare.js';
import { Comparer } from './similarity.js';

export interface FoundSplit {
  readonly old: number;
  readonly news: readonly number[];
  readonly score: number;
  /** By a person. */
  readonly isSaid?: true;
}

export interface FoundMerge {
  readonly olds: readonly number[];
  readonly now: number;
  readonly score: number;
  readonly isSaid?: true;
}

/** Pieces without a counterpart between two that have one, on both sides in order. */
export interface Gap {
  readonly olds: readonly number[];
  readonly news: readonly number[];
}

/** What is decided so far. The stages read it and add to it; only a match that a later stage knows better is taken back. */
export class Pairing {
  readonly comparer: Comparer;
  readonly splits: FoundSplit[] = [];
  readonly merges: FoundMerge[] = [];
  /** Index of the counterpart, -1 without one. */
  readonly newOf: Int32Array;
  readonly oldOf: Int32Array;
  private readonly oldTaken: Uint8Array;
  private readonly newTaken: Uint8Array;
  private readonly reasons: (MatchReason | undefined)[] = [];
  private readonly scores: number[] = [];
  private readonly saidNew = new Set<number>();

  constructor(
    readonly olds: readonly Prepared[],
    readonly news: readonly Prepared[],
  ) {
    this.comparer = new Comparer(olds, news);
    this.newOf = new Int32Array(olds.length).fill(-1);
    this.oldOf = new Int32Array(news.length).fill(-1);
    this.oldTaken = new Uint8Array(olds.length);
    this.newTaken = new Uint8Array(news.length);
  }

  isOldFree(old: number): boolean {
    return this.oldTaken[old] === 0;
  }

  isNewFree(now: number): boolean {
    return this.newTaken[now] === 0;
  }

  old(index: number): Prepared {
    return this.olds[index] as Prepared;
  }

  now(index: number): Prepared {
    return this.news[index] as Prepared;
  }

  similarity(old: number, now: number): number {
    return this.comparer.similarity(this.old(old), this.now(now));
  }

  match(old: number, now: number, reason: MatchReason, score: number): void {
    this.newOf[old] = now;
    this.oldOf[now] = old;
    this.oldTaken[old] = 1;
    this.newTaken[now] = 1;
    this.reasons[now] = reason;
    this.scores[now] = score;
  }

  split(found: FoundSplit): void {
    this.splits.push(found);
    this.oldTaken[found.old] = 1;
    for (const now of found.news) this.newTaken[now] = 1;
  }

  merge(found: FoundMerge): void {
    this.merges.push(found);
    this.newTaken[found.now] = 1;
    for (const old of found.olds) this.oldTaken[old] = 1;
  }

  /** A split instead of the match or the smaller split that the old piece had. */
  splitAgain(found: FoundSplit): void {
    this.unmatch(found.old);
    if (!this.isOldFree(found.old))
      this.splits.splice(
        this.splits.findIndex(({ old }) => old === found.old),
        1,
      );
    this.split(found);
  }

  /** A merge instead of the match or the smaller merge that the new piece had. */
  mergeAgain(found: FoundMerge): void {
    this.unmatch(this.oldOf[found.now] ?? -1);
    if (!this.isNewFree(found.now))
      this.merges.splice(
        this.merges.findIndex(({ now }) => now === found.now),
        1,
      );
    this.merge(found);
  }

  unmatch(old: number): void {
    const now = this.newOf[old] ?? -1;
    if (now < 0) return;
    this.newOf[old] = -1;
    this.oldOf[now] = -1;
    this.oldTaken[old] = 0;
    this.newTaken[now] = 0;
  }

  /** A person said that it is new. */
  keepNew(now: number): void {
    this.newTaken[now] = 1;
    this.saidNew.add(now);
  }

  isSaidNew(now: number): boolean {
    return this.saidNew.has(now);
  }

  reasonOf(now: number): MatchReason {
    return this.reasons[now] ?? 'similar';
  }

  scoreOf(now: number): number {
    return this.scores[now] ?? 0;
  }

  freeOlds(): readonly number[] {
    return this.olds.flatMap(({ index }) => (this.isOldFree(index) ? [index] : []));
  }

  freeNews(): readonly number[] {
    return this.news.flatMap(({ index }) => (this.isNewFree(index) ? [index] : []));
  }

  /** Pairs in the same order on both sides, as many as there are; what moved is not among them. Of all pieces, or of some. */
  anchors(isOne = every): readonly { readonly old: number; readonly new: number }[] {
    const links: { old: number; new: number; weight: number }[] = [];
    const link = (old: number, now: number) => {
      if (isOne(this.old(old)) && isOne(this.now(now))) links.push({ old, new: now, weight: 1 });
    };
    for (const { index } of this.olds) {
      const now = this.newOf[index] ?? -1;
      if (now >= 0) link(index, now);
    }
    for (const { old, news } of this.splits) link(old, news[0] ?? 0);
    for (const { olds, now } of this.merges) link(olds[0] ?? 0, now);
    return heaviestChain(links);
  }

  /** Gaps with something free on both sides, between all pieces or as if there were some only. */
  gaps(isOne = every): readonly Gap[] {
    const gaps: Gap[] = [];
    let oldAt = 0;
    let newAt = 0;
    for (const { old, new: now } of [...this.anchors(isOne), { old: this.olds.length, new: this.news.length }]) {
      const olds = freeBetween(oldAt, old, (index) => this.isOldFree(index) && isOne(this.old(index)));
      const news = freeBetween(newAt, now, (index) => this.isNewFree(index) && isOne(this.now(index)));
      if (olds.length > 0 && news.length > 0) gaps.push({ olds, news });
      oldAt = old + 1;
      newAt = now + 1;
    }
    return gaps;
  }
}

const every = (_: Prepared): boolean => true;

function freeBetween(from: number, to: number, isFree: (index: number) => boolean): readonly number[] {
  const free: number[] = [];
  for (let index = from; index < to; index++) if (isFree(index)) free.push(index);
  return free;
}
