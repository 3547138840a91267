import type { MatchOverride } from '../../contract/cut/recut.js';
import type { Pairing } from './pairing.js';

/**
 * What a person said. Two new pieces with one old piece are its parts, one new piece with two old ones is their sum. Throws a RangeError for a
 * key that is not there and for words that contradict each other.
 */
export function applyOverrides(pairing: Pairing, overrides: readonly MatchOverride[]): void {
  if (overrides.length === 0) return;
  const oldIndex = new Map(pairing.olds.map(({ piece, index }) => [piece.key, index]));
  const newIndex = new Map(pairing.news.map(({ piece, index }) => [piece.key, index]));
  const newsOf = new Map<number, Set<number>>();
  const oldsOf = new Map<number, Set<number>>();
  const born = new Set<number>();
  for (const { oldKey, newKey } of overrides) {
    const now = indexOf(newIndex, newKey, 'new');
    if (oldKey === null) born.add(now);
    else {
      const old = indexOf(oldIndex, oldKey, 'old');
      newsOf.set(old, (newsOf.get(old) ?? new Set()).add(now));
      oldsOf.set(now, (oldsOf.get(now) ?? new Set()).add(old));
    }
  }
  for (const now of born) {
    if (oldsOf.has(now)) throw contradiction(pairing.now(now).piece.key, 'is said to be new and to be an old piece');
    pairing.keepNew(now);
  }
  for (const [old, news] of newsOf) {
    if (news.size < 2) continue;
    if ([...news].some((now) => (oldsOf.get(now)?.size ?? 0) > 1))
      throw contradiction(pairing.old(old).piece.key, 'is said to be split into pieces that are merged of others too');
    pairing.split({ old, news: [...news].sort((a, b) => a - b), score: 1, isSaid: true });
  }
  for (const [now, olds] of oldsOf) {
    const [old = -1] = olds;
    if (olds.size > 1) pairing.merge({ olds: [...olds].sort((a, b) => a - b), now, score: 1, isSaid: true });
    else if (newsOf.get(old)?.size === 1) pairing.match(old, now, 'person', 1);
  }
}

function indexOf(indexes: ReadonlyMap<string, number>, key: string, side: string): number {
  const index = indexes.get(key);
  if (index === undefined)
    throw new RangeError(`an override names the ${side} piece ${JSON.stringify(key)}, which is not there`);
  return index;
}

function contradiction(key: string, what: string): RangeError {
  return new RangeError(`the overrides contradict each other: ${JSON.stringify(key)} ${what}`);
}
