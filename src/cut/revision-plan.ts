import type { Piece } from './markdown.js';

/** A unit of the document that lives now, in tree order. */
export interface LivingUnit {
  readonly unitId: string;
  /** null directly under the document. */
  readonly parentId: string | null;
  /** Address inside the document as it was cut, without the suffix of a unit that came back. */
  readonly address: string;
  readonly bodySha256: string;
}

/** What must happen so that the living units, joined in tree order, become the pieces. */
export interface RevisionPlan {
  /** Units without a piece, children before their parents. */
  readonly deprecate: readonly LivingUnit[];
  /** In order of the source, so a parent exists before its children and a left sibling before the right one. */
  readonly steps: readonly RevisionStep[];
}

export type RevisionStep =
  | { readonly kind: 'keep' | 'revise'; readonly piece: Piece; readonly unitId: string }
  | { readonly kind: 'create'; readonly piece: Piece };

/**
 * Matches pieces to living units by address. A unit stays when its address, its parent and its order among its siblings stay;
 * everything else is deprecated and, where the text lives on elsewhere, made anew: moving is a structure operation, not a
 * revision. Pure and total, and the plan of an applied plan is empty, so an interrupted revision goes on by planning again.
 */
export function planRevision(pieces: readonly Piece[], living: readonly LivingUnit[]): RevisionPlan {
  const position = new Map(living.map((unit, index) => [unit.unitId, index]));
  const byAddress = new Map(living.map((unit) => [unit.address, unit]));
  const matched = new Map<number, LivingUnit>();
  // Parents have smaller ordinals than their children, so a level is settled before the one below it.
  for (const siblings of siblingGroups(pieces)) {
    const parentOrdinal = siblings[0]?.parentOrdinal ?? null;
    const parent = parentOrdinal === null ? null : matched.get(parentOrdinal);
    if (parent === undefined) continue;
    const candidates = siblings.flatMap((piece) => {
      const unit = byAddress.get(piece.address);
      return unit && unit.parentId === (parent?.unitId ?? null) ? [{ piece, unit }] : [];
    });
    const kept = longestIncreasing(candidates.map(({ unit }) => position.get(unit.unitId) ?? 0));
    for (const index of kept) {
      const candidate = candidates[index];
      if (candidate) matched.set(candidate.piece.ordinal, candidate.unit);
    }
  }
  const stays = new Set([...matched.values()].map((unit) => unit.unitId));
  return {
    deprecate: living.filter((unit) => !stays.has(unit.unitId)).reverse(),
    steps: pieces.map((piece) => {
      const unit = matched.get(piece.ordinal);
      if (!unit) return { kind: 'create', piece };
      return { kind: unit.bodySha256 === piece.sha256 ? 'keep' : 'revise', piece, unitId: unit.unitId };
    }),
  };
}

function siblingGroups(pieces: readonly Piece[]): readonly Piece[][] {
  const groups = new Map<number, Piece[]>();
  for (const piece of pieces) {
    const key = piece.parentOrdinal ?? -1;
    const group = groups.get(key);
    if (group) group.push(piece);
    else groups.set(key, [piece]);
  }
  return [...groups.entries()].sort(([left], [right]) => left - right).map(([, group]) => group);
}

/** Indexes of one longest strictly increasing subsequence, in order; n log n. */
function longestIncreasing(values: readonly number[]): readonly number[] {
  const tails: number[] = [];
  const before: number[] = [];
  for (const [index, value] of values.entries()) {
    let low = 0;
    let high = tails.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((values[tails[middle] ?? 0] ?? 0) < value) low = middle + 1;
      else high = middle;
    }
    before[index] = low > 0 ? (tails[low - 1] ?? -1) : -1;
    tails[low] = index;
  }
  const chosen: number[] = [];
  for (let index = tails.at(-1) ?? -1; index >= 0; index = before[index] ?? -1) chosen.push(index);
  return chosen.reverse();
}
