import { groupBy } from '../group-by.js';
import { strangers, tellingWords } from './holders.js';
import type { Pairing } from './pairing.js';
import type { Prepared } from './prepare.js';

/** Equal normalised text that no other free piece has, on either side. */
export function matchUniqueTexts(pairing: Pairing): void {
  matchUnique(pairing, (piece) => piece.normal, 0.999);
  matchUnique(pairing, (piece) => piece.body, 0.995);
}

function matchUnique(pairing: Pairing, textOf: (piece: Prepared) => string, score: number): void {
  const olds = groupBy(pairing.freeOlds(), (index) => textOf(pairing.old(index)));
  const news = groupBy(pairing.freeNews(), (index) => textOf(pairing.now(index)));
  for (const [text, [old = -1, ...more]] of olds) {
    const [now = -1, ...others] = news.get(text) ?? [];
    if (now < 0 || more.length > 0 || others.length > 0) continue;
    if (pairing.old(old).wordCount >= tellingWords) pairing.match(old, now, 'same_text', score);
  }
}

/** Equal texts beside a match, from match to match on both sides, the ends of the document counting as matches. */
export function spreadToNeighbours(pairing: Pairing): void {
  const { olds, news } = pairing;
  const spread = (from: number, to: number, step: 1 | -1) => {
    for (let old = from + step, now = to + step; ; old += step, now += step) {
      if (old < 0 || now < 0 || old >= olds.length || now >= news.length) return;
      if (!pairing.isOldFree(old) || !pairing.isNewFree(now)) return;
      if (!saySame(pairing.old(old), pairing.now(now))) return;
      // What one of them holds tells it from the other; where the pieces of one are gone, the other's alone have to say it.
      if (strangers(pairing, old, now) > 0) return;
      pairing.match(old, now, 'same_text', 0.99);
    }
  };
  const before = [...pairing.newOf.entries()].filter(([, now]) => now >= 0);
  spread(-1, -1, 1);
  spread(olds.length, news.length, -1);
  for (const [old, now] of before) {
    spread(old, now, 1);
    spread(old, now, -1);
  }
}

/** Equal text; of a few words only with the same kind and label, because many pieces may consist of them. */
function saySame(old: Prepared, now: Prepared): boolean {
  if (old.body !== now.body) return false;
  return old.wordCount >= tellingWords || (old.piece.kind === now.piece.kind && old.label === now.label);
}
