import { cleanText, numberOf } from '../../contract/cut/normalize.js';
import { groupBy } from '../group-by.js';
import { isHolder, strangers } from './holders.js';
import type { Pairing } from './pairing.js';
import type { Prepared } from './prepare.js';

/** Where the numbers around a piece moved, its own number says less than its text. */
const leastWhereNumbersMoved = 0.4;
/** Where more than one number in twenty changed, an equal one may be chance. */
const mostlyKept = 0.95;
/** Away from its place a label is believed with some text only. */
const leastElsewhere = 0.3;

/** The same label under a parent with the same label, when no other piece has it; of pieces that speak for themselves, or of all. */
export function matchLabels(pairing: Pairing, isAsked: (piece: Prepared) => boolean): void {
  for (const levels of [2, 1]) {
    const olds = byLabel(pairing.olds, levels);
    const news = byLabel(pairing.news, levels);
    const steady = steadyLabels(pairing, levels);
    const found: [number, number, number][] = [];
    for (const [label, old] of olds) {
      const now = news.get(label);
      if (!old || !now || !pairing.isOldFree(old.index) || !pairing.isNewFree(now.index)) continue;
      if (!isAsked(old) || strangers(pairing, old.index, now.index) === 2) continue;
      const likeness = pairing.similarity(old.index, now.index);
      const { least, isSure } = steady(old.index, now.index);
      if ((isSure && levels === 1) || (likeness >= least && !areApart(pairing, old, now)))
        found.push([old.index, now.index, 0.95 + 0.04 * likeness]);
    }
    for (const [old, now, score] of found) pairing.match(old, now, 'same_label', score);
  }
}

/** What holds one of the two has become, or was, something else than what holds the other: neither is believed to have moved for its label. */
function areApart(pairing: Pairing, old: Prepared, now: Prepared): boolean {
  const above = pairing.olds[old.parent];
  if (above === undefined || !isHolder(above)) return false;
  const became = pairing.newOf[old.parent] ?? -1;
  const was = pairing.oldOf[now.parent] ?? -1;
  return (became >= 0 || was >= 0 || pairing.isSaidNew(now.parent)) && became !== now.parent;
}

/** Pieces by label, with that of the parent when `levels` is 2; null where several have it. */
function byLabel(pieces: readonly Prepared[], levels: number): Map<string, Prepared | null> {
  const found = new Map<string, Prepared | null>();
  for (const piece of pieces) {
    if (piece.label === '') continue;
    const label = labelOf(pieces, piece, levels);
    found.set(label, found.has(label) ? null : piece);
  }
  return found;
}

function labelOf(pieces: readonly Prepared[], piece: Prepared, levels: number): string {
  const above = levels === 2 ? (pieces[piece.parent]?.label ?? '') : '';
  return `${above}\u0000${piece.label}`;
}

interface Steady {
  /** How alike a pair with equal labels must be. */
  readonly least: number;
  /** Counted from a piece before it and to one after it, which kept their numbers as nearly all of that row did. */
  readonly isSure: boolean;
}

/**
 * What happened to the labels of the matches before and after a pair, and of those that are counted with it. A title among articles may stand
 * elsewhere while they keep their numbers.
 */
function steadyLabels(pairing: Pairing, levels: number): (old: number, now: number) => Steady {
  const all = pairing.anchors().flatMap(({ old, new: now }): Kept[] => {
    const before = pairing.old(old);
    if (before.label === '') return [];
    const isKept = labelOf(pairing.olds, before, levels) === labelOf(pairing.news, pairing.now(now), levels);
    return [{ old, new: now, isKept, sequence: sequenceOf(before.label) }];
  });
  const bySequence = groupBy(all, ({ sequence }) => sequence);
  const steady = new Set([...bySequence.values()].filter(areSteady));
  return (old, now) => {
    const least = leastBetween(around(all, old), now);
    const sequence = sequenceOf(pairing.old(old).label);
    if (sequence === null) return { least, isSure: false };
    const row = bySequence.get(sequence) ?? [];
    const counted = around(row, old);
    const [before, after] = counted;
    const leastCounted = leastBetween(counted, now);
    const isBetween = leastCounted === 0 && before !== undefined && after !== undefined;
    return { least: Math.max(least, leastCounted), isSure: isBetween && steady.has(row) };
  };
}

function areSteady(row: readonly Kept[]): boolean {
  return row.filter(({ isKept }) => isKept).length >= mostlyKept * row.length;
}

function leastBetween([before, after]: readonly [Kept | undefined, Kept | undefined], now: number): number {
  if ((before && before.new > now) || (after && after.new < now)) return leastElsewhere;
  const kept = [before?.isKept ?? true, after?.isKept ?? true].filter(Boolean).length;
  return kept === 2 ? 0 : kept === 1 ? leastWhereNumbersMoved / 2 : leastWhereNumbersMoved;
}

interface Kept {
  readonly old: number;
  readonly new: number;
  readonly isKept: boolean;
  /** What it is counted with; null: nothing. */
  readonly sequence: string | null;
}

/** Those just before and after an old piece, of a list in order. */
function around(anchors: readonly Kept[], old: number): readonly [Kept | undefined, Kept | undefined] {
  let low = 0;
  let high = anchors.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((anchors[middle]?.old ?? 0) < old) low = middle + 1;
    else high = middle;
  }
  return [anchors[low - 1], anchors[low]];
}

/** What is counted with a piece: `Art. #` for `Art. 4a`; null for a title. */
function sequenceOf(label: string): string | null {
  const number = numberOf(cleanText(label));
  return number === null ? null : label.replace(number, '#');
}

/** A paragraph does not become a chapter; nor a title a text, or one number another one, without a text that says so. */
export function mayBePaired(pairing: Pairing, old: number, now: number): boolean {
  const [before, after] = [pairing.old(old), pairing.now(now)];
  if (before.piece.kind !== after.piece.kind || strangers(pairing, old, now) === 2) return false;
  if (before.label !== '' && before.label === after.label) return true;
  const isLabelled = before.label !== '' && after.label !== '';
  return (!isLabelled && before.isTitle === after.isTitle) || pairing.similarity(old, now) >= leastElsewhere;
}
