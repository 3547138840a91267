import {
  type CutPlan,
  type PlanAction,
  type PlannablePiece,
  type PlannedPiece,
  type PlannedStep,
  type StandingUnit,
  sectionCodeOf,
  unitKindOf,
} from '../../contract/cut/plan.js';
import type { MergeFound, PieceMatch, Recut, SplitFound } from '../../contract/cut/recut.js';
import type { NewPiece } from '../../contract/structure/step.js';
import { groupBy } from '../group-by.js';
import { heaviestChain } from '../heaviest-chain.js';
import { splitOffsets } from './split-offsets.js';
import { TreeModel } from './tree-model.js';

/** Everything that a plan is made of. */
export interface PlanInput {
  /** null: the first cut. */
  readonly documentId: string | null;
  readonly documentAddress: string;
  /** In tree order. */
  readonly standing: readonly StandingUnit[];
  readonly pieces: readonly PlannablePiece[];
  readonly textOf: (piece: PlannablePiece) => string;
  readonly recut: Recut;
  /** An address that no unit ever had, for each piece that may need one; by ordinal. */
  readonly freeAddresses: ReadonlyMap<number, string>;
}

/** The plan of a first cut: every piece is born where it was cut, and there is nothing to move. */
export function firstPlan(pieces: readonly PlannablePiece[], addresses: ReadonlyMap<number, string>): CutPlan {
  return {
    steps: [],
    pieces: pieces.map((piece) => ({
      ordinal: piece.ordinal,
      unit_id: null,
      address: addresses.get(piece.ordinal) ?? null,
      fate: 'born',
      reason: 'first_cut',
      score: null,
    })),
    doubts: [],
  };
}

/**
 * From what became of the pieces to the steps that do it: splits and merges first, then every piece to its place from the top down, so that
 * a move never goes below itself; numbers; and at last the units without a piece, below which nothing lives any more. Pure; the same input
 * is the same plan.
 */
export function buildPlan(input: PlanInput): CutPlan {
  return new PlanBuilder(input).build();
}

const endOfLife = { link_policy: 'manual_review' } as const;

class PlanBuilder {
  private readonly steps: PlannedStep[] = [];
  private readonly planned = new Map<number, PlannedPiece>();
  /** How a step names the unit of a piece: by id, or by the address under which it is made. */
  private readonly refs = new Map<number, string>();
  private readonly tree = new TreeModel();
  private readonly standing: ReadonlyMap<string, StandingUnit>;
  private readonly gone: Set<string>;

  constructor(private readonly input: PlanInput) {
    this.standing = new Map(input.standing.map((unit) => [unit.unitId, unit]));
    this.gone = new Set(input.recut.gone);
    for (const unit of input.standing) this.tree.add(unit.unitId, unit.parentId);
  }

  build(): CutPlan {
    const { recut, pieces } = this.input;
    for (const match of recut.matches) this.match(match);
    for (const split of recut.splits) this.split(split);
    for (const merge of recut.merges) this.merge(merge);
    for (const key of recut.born) this.bear(Number(key), 'no_match');
    for (const doubt of recut.doubtful) this.bear(Number(doubt.newKey), 'doubtful');
    this.placeAll();
    for (const match of recut.matches) this.renumber(match);
    this.deprecateGone();
    return {
      steps: this.steps,
      pieces: pieces.flatMap((piece) => this.planned.get(piece.ordinal) ?? []),
      doubts: recut.doubtful.map((doubt) => ({
        ordinal: Number(doubt.newKey),
        candidates: doubt.candidates.map(({ oldKey, score, reason }) => ({ unit_id: oldKey, score, reason })),
      })),
    };
  }

  private match(match: PieceMatch): void {
    const piece = this.piece(match.newKey);
    const unit = this.standing.get(match.oldKey);
    if (unit === undefined) throw new Error(`the matcher names an unknown unit ${match.oldKey}`);
    this.refs.set(piece.ordinal, unit.unitId);
    const { reason, score } = match;
    const isSame = this.input.textOf(piece) === unit.body;
    // Only where the version was recorded byte for byte can the database prove that nothing but the format differs.
    const isFormat = unit.normalizedSha256 === piece.normalizedSha256;
    const fate = isSame ? 'same' : isFormat ? 'format' : 'changed';
    this.planned.set(piece.ordinal, {
      ordinal: piece.ordinal,
      unit_id: unit.unitId,
      address: null,
      fate,
      reason,
      score,
    });
  }

  private split(split: SplitFound): void {
    const unit = this.standing.get(split.oldKey);
    const pieces = split.newKeys.map((key) => this.piece(key));
    const offsets =
      unit &&
      splitOffsets(
        unit.body,
        pieces.map((piece) => this.input.textOf(piece)),
      );
    if (unit === undefined || offsets === undefined) {
      // Too short to be cut: the text goes, and what came of it is new.
      this.gone.add(split.oldKey);
      for (const piece of pieces) this.bear(piece.ordinal, 'no_match');
      return;
    }
    const made = pieces.map((piece) => this.make(piece, 'split', 'split', split.score));
    const step = {
      operation_type: 'split_large_piece',
      unit: unit.unitId,
      offsets,
      pieces: made,
      dependants: 'move',
      ...endOfLife,
    } as const;
    this.step('split', step, { unit_id: unit.unitId, reason: 'split', score: split.score });
    this.tree.replace(
      [unit.unitId],
      made.map((piece) => piece.canonical_address),
    );
  }

  private merge(merge: MergeFound): void {
    const position = new Map(this.input.standing.map((unit, index) => [unit.unitId, index]));
    const units = [...merge.oldKeys].sort((left, right) => (position.get(left) ?? 0) - (position.get(right) ?? 0));
    const [first] = units;
    if (first === undefined) throw new Error('a merge without sources');
    let after = first;
    for (const unit of units.slice(1)) {
      const parent = this.tree.parentOf(first);
      if (this.tree.parentOf(unit) !== parent) this.move(unit, parent, after, 'merge');
      after = unit;
    }
    const made = this.make(this.piece(merge.newKey), 'merged', 'merge', merge.score);
    const policies = { conflict_policy: 'prefer_target', dependants: 'move', ...endOfLife } as const;
    const step = { operation_type: 'merge_small_pieces', units, piece: made, ...policies } as const;
    this.step('merge', step, { ordinal: Number(merge.newKey), reason: 'merge', score: merge.score });
    this.tree.replace(
      units.toSorted((left, right) => this.rank(left) - this.rank(right)),
      [made.canonical_address],
    );
  }

  private rank(ref: string): number {
    return this.tree.childrenOf(this.tree.parentOf(ref)).indexOf(ref);
  }

  private bear(ordinal: number, reason: PlannedPiece['reason']): void {
    const piece = this.input.pieces[ordinal];
    if (piece === undefined) throw new Error(`the matcher names an unknown piece ${ordinal}`);
    this.make(piece, 'born', reason, null);
  }

  /** Notes a piece that the plan makes; returns what a step says about it. */
  private make(
    piece: PlannablePiece,
    fate: PlannedPiece['fate'],
    reason: PlannedPiece['reason'],
    score: number | null,
  ): NewPiece {
    const address = this.input.freeAddresses.get(piece.ordinal);
    if (address === undefined) throw new Error(`piece ${piece.ordinal} has no address`);
    this.refs.set(piece.ordinal, address);
    this.planned.set(piece.ordinal, { ordinal: piece.ordinal, unit_id: null, address, fate, reason, score });
    return this.newPiece(piece, address);
  }

  private newPiece(piece: PlannablePiece, address: string): NewPiece {
    const code = sectionCodeOf(piece.label);
    return {
      canonical_address: address,
      title: piece.title || piece.label || address,
      unit_kind: unitKindOf(piece.kind),
      section_type: piece.kind,
      ...(code === '' ? {} : { section_code: code }),
    };
  }

  /** Every piece to its place, a parent's children before those of any later parent. */
  private placeAll(): void {
    const groups = groupBy(this.input.pieces, (piece) => piece.parentOrdinal ?? -1);
    for (const key of [...groups.keys()].sort((left, right) => left - right)) {
      this.placeSiblings(key < 0 ? null : this.refOf(key), groups.get(key) ?? []);
    }
  }

  private placeSiblings(parent: string | null, pieces: readonly PlannablePiece[]): void {
    const order = new Map(this.tree.childrenOf(parent).map((ref, index) => [ref, index]));
    const there = pieces.map((piece) => this.refOf(piece.ordinal)).filter((ref) => order.has(ref));
    const places = there.map((ref, index) => ({ ref, old: index, new: order.get(ref) ?? 0, weight: 1 }));
    const kept = new Set(heaviestChain(places).map(({ ref }) => ref));
    let left: string | null = null;
    for (const piece of pieces) {
      const ref = this.refOf(piece.ordinal);
      if (!this.tree.has(ref)) this.add(piece, ref, parent, left);
      else if (!kept.has(ref)) this.move(ref, parent, left, 'place', piece.ordinal);
      left = ref;
    }
  }

  private add(piece: PlannablePiece, ref: string, parent: string | null, left: string | null): void {
    const place = left === null ? { position: 'first' as const } : { after: left };
    const step = {
      operation_type: 'add_new_piece',
      parent: parent ?? this.input.documentId,
      piece: this.newPiece(piece, ref),
      ...place,
    } as const;
    const reason = this.planned.get(piece.ordinal)?.reason ?? 'no_match';
    this.step('add', step, { ordinal: piece.ordinal, reason });
    this.tree.place(ref, parent, left);
  }

  private move(
    ref: string,
    parent: string | null,
    left: string | null,
    reason: string,
    ordinal: number | null = null,
  ): void {
    const place = left === null ? { position: 'first' as const } : { after: left };
    const step = {
      operation_type: 'reparent_piece',
      unit: ref,
      parent: parent ?? this.input.documentId,
      ...place,
    } as const;
    const note = this.tree.parentOf(ref) === parent ? 'another order' : 'another parent';
    this.step('move', step, { unit_id: this.standing.has(ref) ? ref : null, ordinal, reason, note });
    this.tree.place(ref, parent, left);
  }

  private renumber(match: PieceMatch): void {
    const unit = this.standing.get(match.oldKey);
    const code = sectionCodeOf(this.piece(match.newKey).label);
    if (unit === undefined || !match.isRelabelled || code === '' || code === unit.label) return;
    const step = { operation_type: 'renumber_piece', unit: unit.unitId, section_code: code } as const;
    const note = `${unit.label || 'no number'} becomes ${code}`;
    this.step('renumber', step, {
      unit_id: unit.unitId,
      ordinal: Number(match.newKey),
      reason: match.reason,
      score: match.score,
      note,
    });
  }

  /** Children before their parents, so that nothing lives below a unit whose life ends. */
  private deprecateGone(): void {
    for (const unit of [...this.input.standing].reverse()) {
      if (!this.gone.has(unit.unitId)) continue;
      const step = { operation_type: 'deprecate_piece', unit: unit.unitId, ...endOfLife } as const;
      this.step('deprecate', step, { unit_id: unit.unitId, reason: 'gone' });
    }
  }

  private step(
    action: PlanAction,
    step: PlannedStep['step'],
    about: Partial<Omit<PlannedStep, 'action' | 'step'>> & { readonly reason: string },
  ): void {
    this.steps.push({ action, step, ordinal: null, unit_id: null, score: null, note: null, ...about });
  }

  private refOf(ordinal: number): string {
    const ref = this.refs.get(ordinal);
    if (ref === undefined) throw new Error(`the matcher says nothing about piece ${ordinal}`);
    return ref;
  }

  private piece(key: string): PlannablePiece {
    const piece = this.input.pieces[Number(key)];
    if (piece === undefined) throw new Error(`the matcher names an unknown piece ${key}`);
    return piece;
  }
}
