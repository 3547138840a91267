import { isHolder, strangers } from './holders.js';
import type { Pairing } from './pairing.js';
import type { Prepared } from './prepare.js';

/** Where the numbers around a piece moved, its own number says less than its text. */
const leastWhereNumbersMoved = 0.4;
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
      if (!isAsked(old) || strangers(pairing, old.index, now.index) === 2 || areApart(pairing, old, now)) continue;
      const likeness = pairing.similarity(old.index, now.index);
      const least = steady(old.index, now.index);
      if (likeness >= least) found.push([old.index, now.index, 0.95 + 0.04 * likeness]);
    }
    for (const [old, now, score] of found) pairing.match(old, now, 'same_label', score);
  }
}

/** What holds one of the two has become, or was, something else than what holds the other, and neither is believed to have moved for its label. */
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

/** How alike a pair with equal labels must be, by what happened to the labels of the matches before and after it. */
function steadyLabels(pairing: Pairing, levels: number): (old: number, now: number) => number {
  const anchors = pairing.anchors().filter(({ old }) => pairing.old(old).label !== '');
  const keeps = anchors.map(
    (pair) =>
      labelOf(pairing.olds, pairing.old(pair.old), levels) === labelOf(pairing.news, pairing.now(pair.new), levels),
  );
  return (old, now) => {
    let low = 0;
    let high = anchors.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((anchors[middle]?.old ?? 0) < old) low = middle + 1;
      else high = middle;
    }
    const [before, after] = [anchors[low - 1], anchors[low]];
    if ((before && before.new > now) || (after && after.new < now)) return leastElsewhere;
    const around = [keeps[low - 1] ?? true, keeps[low] ?? true].filter(Boolean).length;
    return around === 2 ? 0 : around === 1 ? leastWhereNumbersMoved / 2 : leastWhereNumbersMoved;
  };
}

/** A paragraph does not become a chapter; nor one number another one, without a text that says so. */
export function mayBePaired(pairing: Pairing, old: number, now: number): boolean {
  const [before, after] = [pairing.old(old), pairing.now(now)];
  if (before.piece.kind !== after.piece.kind || strangers(pairing, old, now) === 2) return false;
  if (before.label === '' || after.label === '' || before.label === after.label) return true;
  return pairing.similarity(old, now) >= leastElsewhere;
}
