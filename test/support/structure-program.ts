import fc from 'fast-check';
import type { NewPiece, StructureStep } from '../../src/contract/structure/step.js';
import { applySteps, emptyTree, type Tree, type TreeUnit } from '../../src/contract/structure/tree.js';

/** A step before it is known what there is to choose from. */
export interface Wish {
  readonly kind: number;
  readonly first: number;
  readonly second: number;
  readonly third: number;
  readonly policy: number;
}

const number = fc.nat(1_000_000);
export const wishArbitrary: fc.Arbitrary<Wish> = fc.record({
  kind: number,
  first: number,
  second: number,
  third: number,
  policy: number,
});

/** Steps that make the corpus a program starts with: two collections, two documents, some pieces. */
export function startingSteps(prefix: string): StructureStep[] {
  const add = (parent: string | null, name: string, more: Partial<NewPiece> = {}): StructureStep => ({
    operation_type: 'add_new_piece',
    parent,
    piece: { canonical_address: `${prefix}${name}`, body: `text ${name} é😀`, ...more },
  });
  return [
    add(null, 'C1', { unit_kind: 'collection' }),
    add(null, 'C2', { unit_kind: 'collection' }),
    add(null, 'D1'),
    add(null, 'D2'),
    ...['a', 'b', 'c'].map((name) => add(`${prefix}D1`, name, { section_code: name })),
    ...['x', 'y'].map((name) => add(`${prefix}a`, name)),
    add(`${prefix}D2`, 'm'),
  ];
}

export const startingTree = (prefix: string): Tree => applySteps(emptyTree, startingSteps(prefix));

/** Turns a wish into a step about what the tree holds; most are possible, some are refused. */
export function stepOf(wish: Wish, tree: Tree, address: () => string): StructureStep {
  const units = [...tree.units.values()];
  // Dead units are chosen now and then: they have to be refused.
  const living = units.filter((unit) => unit.status === 'draft');
  const pick = <Item>(items: readonly Item[], by: number): Item => items[by % items.length] as Item;
  const pool = wish.policy % 29 === 0 || living.length === 0 ? units : living;
  const unit = pick(pool, wish.first);
  const parent = wish.second % 11 === 0 ? null : pick(pool, wish.second).address;
  const siblings = (of: string | null) => (of === null ? [] : (tree.order.get(of) ?? []));
  const place = (of: string | null) => {
    const beside = siblings(of);
    if (wish.third % 3 === 0 || beside.length === 0) return wish.third % 2 === 0 ? { position: 'first' as const } : {};
    return { after: pick(beside, wish.third) };
  };
  const dependants = pick(['move', 'lift', 'deprecate', 'block', 'lift'] as const, wish.policy);
  const piece = () => ({ canonical_address: address() });
  switch (wish.kind % 8) {
    case 0:
    case 1: {
      const body = `text é${wish.third}`;
      return { operation_type: 'add_new_piece', parent, ...place(parent), piece: { ...piece(), body } };
    }
    case 2:
      return splitOf(unit, wish, piece, dependants);
    case 3: {
      const beside = siblings(unit.container);
      const from = wish.second % Math.max(1, beside.length - 1);
      const chosen = beside.slice(from, from + 2 + (wish.third % 2)).reverse();
      return { operation_type: 'merge_small_pieces', units: chosen, piece: piece(), dependants, separator: '+' };
    }
    case 4:
      return { operation_type: 'deprecate_piece', unit: unit.address, dependants };
    case 5:
      return { operation_type: 'replace_piece', unit: unit.address, dependants, piece: { ...piece(), body: 'new' } };
    case 6:
      return { operation_type: 'reparent_piece', unit: unit.address, parent, ...place(parent) };
    default: {
      const moves = wish.second % 2 === 0 ? place(unit.container) : {};
      return { operation_type: 'renumber_piece', unit: unit.address, section_code: `n${wish.third % 7}`, ...moves };
    }
  }
}

function splitOf(
  unit: TreeUnit,
  wish: Wish,
  piece: () => NewPiece,
  dependants: 'move' | 'lift' | 'deprecate' | 'block',
): StructureStep {
  const length = new TextEncoder().encode(unit.body).length;
  const first = 1 + (wish.second % Math.max(1, length - 1));
  const offsets = wish.third % 2 === 0 || first + 1 >= length ? [first] : [first, first + 1];
  const pieces = [...offsets, 0].map(piece);
  const mode = wish.third % 5 === 0 ? 'children' : 'replacement_set';
  return { operation_type: 'split_large_piece', unit: unit.address, offsets, pieces, mode, dependants };
}
