import type { MatchReason } from '../../contract/cut/recut.js';
import { holdsOthers, tellingWords } from './holders.js';
import { mayBePaired } from './labels.js';
import type { Pairing } from './pairing.js';

/** Two texts so little alike are not one text that was edited. */
const leastKept = 0.15;

export interface Loose {
  readonly old: number;
  readonly new: number;
  readonly reason: MatchReason;
  readonly score: number;
}

/**
 * Takes back what nothing but its place speaks for, or nothing but its number while what it holds says otherwise. Whose text stands elsewhere,
 * or is part of another piece, has moved or was joined.
 */
export function releaseLoose(pairing: Pairing): readonly Loose[] {
  const released: Loose[] = [];
  for (const { index: old } of pairing.olds) {
    const now = pairing.newOf[old] ?? -1;
    if (now < 0 || !isLoose(pairing, old, now) || pairing.similarity(old, now) >= leastKept) continue;
    released.push({ old, new: now, reason: pairing.reasonOf(now), score: pairing.scoreOf(now) });
    pairing.unmatch(old);
  }
  return released;
}

/** Of both of which nothing else is known, the place speaks again. */
export function restoreLoose(pairing: Pairing, released: readonly Loose[]): void {
  for (const { old, new: now, reason, score } of released)
    if (pairing.isOldFree(old) && pairing.isNewFree(now) && mayBePaired(pairing, old, now))
      pairing.match(old, now, reason, score);
}

function isLoose(pairing: Pairing, old: number, now: number): boolean {
  const reason = pairing.reasonOf(now);
  if (reason === 'same_label') return holdsOthers(pairing, old, now) > 0;
  const words = Math.min(pairing.old(old).wordCount, pairing.now(now).wordCount);
  return reason === 'between_matches' && words >= tellingWords;
}
