import type { Pairing } from './pairing.js';
import type { Prepared } from './prepare.js';

/** Fewer words than this stand in many places by chance (`repealed`), so that equal ones must also be neighbours of matches. */
export const tellingWords = 5;

/**
 * Pieces that hold others and say next to nothing themselves (an article whose text stands in its paragraphs owns its number only) are
 * the ones that hold the same pieces; the deepest first, because they speak for what holds them.
 */
export function matchHolders(pairing: Pairing): void {
  const votes = new Votes(pairing);
  for (let changed = true; changed; ) {
    changed = false;
    // What holds a piece stands before it, so backwards once is enough, however deep it goes.
    for (let old = pairing.olds.length - 1; old >= 0; old--) {
      const now = votes.newFor(old);
      if (now < 0 || votes.oldFor(now) !== old || !isOpen(pairing, old, now)) continue;
      pairing.match(old, now, 'same_children', 0.9 + 0.08 * votes.share(old, now));
      votes.count(old);
      changed = true;
    }
  }
}

function isOpen(pairing: Pairing, old: number, now: number): boolean {
  if (!pairing.isOldFree(old) || !pairing.isNewFree(now)) return false;
  const [before, after] = [pairing.old(old), pairing.now(now)];
  return before.piece.kind === after.piece.kind && saysLittle(before) && saysLittle(after);
}

/** Such a piece, of which its children know more than its label. */
export function isHolder(piece: Prepared): boolean {
  return piece.children.length > 0 && saysLittle(piece);
}

const saysLittle = (piece: Prepared) => piece.wordCount < tellingWords;

/** How many of two that say little themselves, 0 to 2, hold mostly pieces that are not the other one's. */
export function strangers(pairing: Pairing, old: number, now: number): number {
  const [before, after] = [pairing.old(old), pairing.now(now)];
  if (!saysLittle(before) || !saysLittle(after)) return 0;
  const left = before.children.filter((child) => isUnderAnother(pairing.news, pairing.newOf[child], now));
  const came = after.children.filter((child) => isUnderAnother(pairing.olds, pairing.oldOf[child], old));
  return Number(2 * left.length > before.children.length) + Number(2 * came.length > after.children.length);
}

/** False for what has no counterpart: nobody knows where it is. */
function isUnderAnother(side: readonly Prepared[], counterpart: number | undefined, holder: number): boolean {
  const piece = side[counterpart ?? -1];
  return piece !== undefined && piece.parent !== holder;
}

/** Matched children by what holds them now and what held them before. */
class Votes {
  private readonly byOld = new Map<number, Map<number, number>>();
  private readonly byNew = new Map<number, Map<number, number>>();

  constructor(private readonly pairing: Pairing) {
    for (const { index } of pairing.olds) this.count(index);
  }

  /** Of an old piece that is matched. */
  count(child: number): void {
    const to = this.pairing.newOf[child] ?? -1;
    const parent = this.pairing.old(child).parent;
    const holder = this.pairing.news[to]?.parent ?? -1;
    if (parent < 0 || holder < 0) return;
    add(this.byOld, parent, holder);
    add(this.byNew, holder, parent);
  }

  /** The new piece that holds more than half of what the old one held, -1 without one. */
  newFor(old: number): number {
    return most(this.byOld.get(old), this.pairing.old(old).children.length);
  }

  oldFor(now: number): number {
    return most(this.byNew.get(now), this.pairing.now(now).children.length);
  }

  share(old: number, now: number): number {
    return (this.byOld.get(old)?.get(now) ?? 0) / this.pairing.old(old).children.length;
  }
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
