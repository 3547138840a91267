import type { PieceMatch } from '../../contract/cut/recut.js';
import { groupBy } from '../group-by.js';
import { heaviestChain } from '../heaviest-chain.js';
import type { Pairing } from './pairing.js';

type Flags = Pick<PieceMatch, 'text' | 'hasMoved' | 'isReordered' | 'isRelabelled'>;

/** What changed besides the pairing itself. */
export function flagsOf(pairing: Pairing): (old: number, now: number) => Flags {
  const reordered = reorderedNews(pairing);
  return (old, now) => {
    const [before, after] = [pairing.old(old), pairing.now(now)];
    return {
      text: before.piece.text === after.piece.text ? 'same' : before.normal === after.normal ? 'format' : 'changed',
      hasMoved: hasMoved(pairing, old, now),
      isReordered: reordered.has(now),
      isRelabelled: before.label !== after.label,
    };
  };
}

/** Whether a pair stands under another parent. */
export function hasMoved(pairing: Pairing, old: number, now: number): boolean {
  const before = pairing.old(old).parent;
  const after = pairing.now(now).parent;
  return before < 0 || after < 0 ? before !== after : pairing.newOf[before] !== after;
}

/** Of the siblings that stayed under their parent, those outside the longest run that kept its order. */
function reorderedNews(pairing: Pairing): ReadonlySet<number> {
  const stayed = pairing.news.flatMap(({ index: now, parent }) => {
    const old = pairing.oldOf[now] ?? -1;
    return old < 0 || hasMoved(pairing, old, now) ? [] : [{ old, new: now, weight: 1, parent }];
  });
  const reordered = new Set<number>();
  for (const siblings of groupBy(stayed, ({ parent }) => parent).values()) {
    const kept = new Set(heaviestChain(siblings));
    for (const link of siblings) if (!kept.has(link)) reordered.add(link.new);
  }
  return reordered;
}
