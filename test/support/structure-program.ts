import fc from 'fast-check';
import type { DependantsPolicy, LinkPolicy, NewPiece, StructureStep } from '../../src/contract/structure/step.js';
import {
  applySteps,
  emptyTree,
  isLiving,
  type Tree,
  type TreeUnit,
  textOf,
} from '../../src/contract/structure/tree.js';

/** A step before it is known what there is to choose from. */
export interface Wish {
  readonly kind: number;
  readonly first: number;
  readonly second: number;
  readonly third: number;
  readonly policy: number;
}

const number = fc.nat(1_000_000);
const wishArbitrary: fc.Arbitrary<Wish> = fc.record({
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
  const living = units.filter(isLiving);
  const pick = <Item>(items: readonly Item[], by: number): Item => items[by % items.length] as Item;
  const pool = wish.policy % 29 === 0 || living.length === 0 ? units : living;
  const unit = pick(pool, wish.first);
  // a few places are crowded, so that places are left and taken by others
  const parents = wish.policy % 2 === 0 ? pool.slice(0, 6) : pool;
  const parent = wish.second % 11 === 0 ? null : pick(parents, wish.second).address;
  const siblings = (of: string | null) => (of === null ? [] : (tree.order.get(of) ?? []));
  const place = (of: string | null) => {
    const beside = siblings(of);
    if (wish.third % 3 === 0 || beside.length === 0) return wish.third % 2 === 0 ? { position: 'first' as const } : {};
    return { after: pick(beside, wish.third) };
  };
  const ends = {
    dependants: pick(['move', 'lift', 'deprecate', 'block', 'lift'] as const, wish.policy),
    ...(wish.policy % 3 === 0 ? {} : { link_policy: pick(linkPolicies, Math.floor(wish.policy / 3)) }),
  };
  const piece = () => ({ canonical_address: address() });
  switch (wish.kind % 8) {
    case 0:
    case 1: {
      const kind = wish.policy % 13 === 0 ? { unit_kind: 'note' } : {};
      const from = wish.policy % 17 === 0 ? { derived_from: unit.address } : {};
      const made = { ...piece(), body: `text é${wish.third}`, ...kind };
      return { operation_type: 'add_new_piece', parent, ...place(parent), piece: made, ...from };
    }
    case 2:
      return splitOf(unit, wish, piece, ends);
    case 3: {
      const beside = siblings(unit.container);
      const from = wish.second % Math.max(1, beside.length - 1);
      const units = beside.slice(from, from + 2 + (wish.third % 2)).reverse();
      const policy = pick(['block', 'prefer_target', 'manual_review'] as const, wish.third);
      const joined = { separator: '+', conflict_policy: policy };
      return { operation_type: 'merge_small_pieces', units, piece: piece(), ...joined, ...ends };
    }
    case 4:
      return { operation_type: 'deprecate_piece', unit: unit.address, ...ends };
    case 5:
      return { operation_type: 'replace_piece', unit: unit.address, ...ends, piece: { ...piece(), body: 'new' } };
    case 6:
      return { operation_type: 'reparent_piece', unit: unit.address, parent, ...place(parent) };
    default: {
      const moves = wish.second % 2 === 0 ? place(unit.container) : {};
      return { operation_type: 'renumber_piece', unit: unit.address, section_code: `n${wish.third % 7}`, ...moves };
    }
  }
}

const linkPolicies: readonly LinkPolicy[] = ['copy', 'move', 'manual_review', 'copy', 'move', 'block'];

function splitOf(
  unit: TreeUnit,
  wish: Wish,
  piece: () => NewPiece,
  ends: { readonly dependants: DependantsPolicy; readonly link_policy?: LinkPolicy },
): StructureStep {
  const length = new TextEncoder().encode(textOf(unit)).length;
  const first = 1 + (wish.second % Math.max(1, length - 1));
  const offsets = wish.third % 2 === 0 || first + 1 >= length ? [first] : [first, first + 1];
  const pieces = [...offsets, 0].map(piece);
  const mode = wish.third % 5 === 0 ? 'children' : 'replacement_set';
  return { operation_type: 'split_large_piece', unit: unit.address, offsets, pieces, mode, ...ends };
}

/** What a program does at one turn. Batches are applied at once or planned for later; the rest is what people do in between. */
export type TurnKind =
  | 'batch'
  | 'plan'
  | 'apply'
  | 'roll back'
  | 'again'
  | 'revise'
  | 'retitle'
  | 'enact'
  | 'deprecate'
  | 'delete'
  | 'link'
  | 'retire link'
  | 'write directly'
  | 'silence';

export interface Turn {
  readonly kind: TurnKind;
  /** What it is about; more than the first for batches only. */
  readonly wishes: readonly [Wish, ...Wish[]];
}

const turnOf = (kind: TurnKind, least: number, most: number): fc.Arbitrary<Turn> =>
  fc
    .tuple(wishArbitrary, fc.array(wishArbitrary, { minLength: least - 1, maxLength: most - 1 }))
    .map(([first, more]) => ({ kind, wishes: [first, ...more] }));

const changeArbitrary: fc.Arbitrary<Turn> = fc.oneof(
  ...(['revise', 'enact', 'enact', 'link', 'link', 'retitle', 'retire link'] as const).map((kind) =>
    turnOf(kind, 1, 1),
  ),
);

const disturbedArbitrary: fc.Arbitrary<Turn> = fc.oneof(
  { weight: 6, arbitrary: changeArbitrary },
  ...(['apply', 'again', 'deprecate', 'delete', 'write directly', 'silence'] as const).map((kind) => ({
    weight: 1,
    arbitrary: turnOf(kind, 1, 1),
  })),
  { weight: 3, arbitrary: turnOf('roll back', 1, 1) },
  { weight: 1, arbitrary: turnOf('plan', 2, 8) },
  { weight: 6, arbitrary: turnOf('batch', 2, 20) },
);

/** A program where operations and changes of other kinds come in any order, with rollbacks out of order. */
export const disturbedProgram = fc.array(disturbedArbitrary, { minLength: 32, maxLength: 32 });

/** A program where units are revised, enacted and linked first, and then only operations follow. */
export const calmProgram = (batches: number, size: number): fc.Arbitrary<readonly Turn[]> =>
  fc
    .tuple(
      fc.array(changeArbitrary, { minLength: 6, maxLength: 6 }),
      fc.array(turnOf('batch', size, size), { minLength: batches, maxLength: batches }),
    )
    .map(([changes, operations]) => [...changes, ...operations]);
