import type { Pairing } from './pairing.js';
import type { Prepared } from './prepare.js';

/** Fewer words than this stand in many places by chance (`repealed`), so that equal ones must also be neighbours of matches. */
export const tellingWords = 5;

/**
 * Pieces that hold others and say next to nothing themselves (an article whose text stands in its paragraphs owns its number only) are
 * the ones that hold the same pieces; the deepest first, because they speak for what holds them.
 */
export function matchHolders(pairing: Pairing): void {
  matchByVotes(pairing, new Votes(pairing, false), saysLittle);
}

/** The same when the rest is decided: what has no counterpart has no vote, a split and a merge have one, and a title does not count against it. */
export function matchHoldersByWhatIsKnown(pairing: Pairing): void {
  matchByVotes(pairing, new Votes(pairing, true), () => true);
}

function matchByVotes(pairing: Pairing, votes: Votes, mayHold: (piece: Prepared) => boolean): void {
  for (let changed = true; changed; ) {
    changed = false;
    // What holds a piece stands before it, so backwards once is enough, however deep it goes.
    for (let old = pairing.olds.length - 1; old >= 0; old--) {
      const now = votes.newFor(old);
      if (now < 0 || votes.oldFor(now) !== old || !pairing.isOldFree(old) || !pairing.isNewFree(now)) continue;
      const [before, after] = [pairing.old(old), pairing.now(now)];
      if (before.piece.kind !== after.piece.kind || !mayHold(before) || !mayHold(after)) continue;
      pairing.match(old, now, 'same_children', 0.9 + 0.08 * votes.share(old, now));
      votes.count(old);
      changed = true;
    }
  }
}

/** Such a piece, of which its children know more than its label. */
export function isHolder(piece: Prepared): boolean {
  return piece.children.length > 0 && saysLittle(piece);
}

const saysLittle = (piece: Prepared) => piece.wordCount < tellingWords;

/** How many of two that say little themselves, 0 to 2, hold mostly pieces that are not the other one's. */
export function strangers(pairing: Pairing, old: number, now: number): number {
  return saysLittle(pairing.old(old)) && saysLittle(pairing.now(now)) ? holdsOthers(pairing, old, now) : 0;
}

/** The same of any two, whatever they say themselves. */
export function holdsOthers(pairing: Pairing, old: number, now: number): number {
  const [before, after] = [pairing.old(old), pairing.now(now)];
  const left = before.children.filter((child) => isUnderAnother(pairing.news, pairing.newOf[child], now));
  const came = after.children.filter((child) => isUnderAnother(pairing.olds, pairing.oldOf[child], old));
  return Number(2 * left.length > before.children.length) + Number(2 * came.length > after.children.length);
}

/** False for what has no counterpart: nobody knows where it is. */
function isUnderAnother(side: readonly Prepared[], counterpart: number | undefined, holder: number): boolean {
  const piece = side[counterpart ?? -1];
  return piece !== undefined && piece.parent !== holder;
}

/** Children by what holds them now and what held them before. */
class Votes {
  private readonly byOld = new Map<number, Map<number, number>>();
  private readonly byNew = new Map<number, Map<number, number>>();

  /** Of all children, or only of those `ofKnown` that became something. */
  constructor(
    private readonly pairing: Pairing,
    private readonly ofKnown: boolean,
  ) {
    for (const { index } of pairing.olds) this.count(index);
    if (!ofKnown) return;
    for (const { old, news } of pairing.splits) this.vote(pairing.olds[old], pairing.news[news[0] ?? -1]);
    for (const { olds, now } of pairing.merges) this.vote(pairing.olds[olds[0] ?? -1], pairing.news[now]);
  }

  /** Of an old piece that is matched. */
  count(child: number): void {
    this.vote(this.pairing.olds[child], this.pairing.news[this.pairing.newOf[child] ?? -1]);
  }

  private vote(before: Prepared | undefined, after: Prepared | undefined): void {
    if (!before || !after || before.parent < 0 || after.parent < 0) return;
    add(this.byOld, before.parent, after.parent);
    add(this.byNew, after.parent, before.parent);
  }

  /** The new piece that holds more than half of what the old one held, -1 without one. */
  newFor(old: number): number {
    const votes = this.byOld.get(old);
    return most(votes, this.ofKnown ? sum(votes) : this.pairing.old(old).children.length);
  }

  oldFor(now: number): number {
    const votes = this.byNew.get(now);
    return most(votes, this.ofKnown ? sum(votes) : this.pairing.now(now).children.length);
  }

  share(old: number, now: number): number {
    return (this.byOld.get(old)?.get(now) ?? 0) / this.pairing.old(old).children.length;
  }
}

function sum(votes: ReadonlyMap<number, number> | undefined): number {
  let all = 0;
  for (const count of votes?.values() ?? []) all += count;
  return all;
}

function add(votes: Map<number, Map<number, number>>, holder: number, other: number): void {
  const found = votes.get(holder) ?? new Map<number, number>();
  found.set(other, (found.get(other) ?? 0) + 1);
  votes.set(holder, found);
}

function most(votes: ReadonlyMap<number, number> | undefined, all: number): number {
  for (const [other, count] of votes ?? []) if (2 * count > all) return other;
  return -1;
}
