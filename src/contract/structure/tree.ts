import { IuError } from '../errors/index.js';
import type { DependantsPolicy, NewPiece, StructureStep } from './step.js';

/** A unit as the rules of the tree see it. */
export interface TreeUnit {
  readonly address: string;
  /** Unit or collection it stands in; null for a document outside of collections. */
  readonly container: string | null;
  readonly inCollection: boolean;
  /** Kind; a document of kind collection takes documents in. */
  readonly kind: string;
  readonly status: 'draft' | 'enacted' | 'superseded' | 'retired' | 'deprecated';
  readonly code: string | null;
  readonly body: string;
}

/** Documents and collections with everything in them. Never changed in place: every step gives a new tree. */
export interface Tree {
  readonly units: ReadonlyMap<string, TreeUnit>;
  /** Addresses in each container, in their order, dead ones included. */
  readonly order: ReadonlyMap<string, readonly string[]>;
}

export const emptyTree: Tree = { units: new Map(), order: new Map() };

const isLiving = (unit: TreeUnit) => unit.status === 'draft' || unit.status === 'enacted';

/** The tree while one step works on it. */
class Draft {
  readonly units: Map<string, TreeUnit>;
  readonly order: Map<string, readonly string[]>;

  constructor(tree: Tree) {
    this.units = new Map(tree.units);
    this.order = new Map(tree.order);
  }

  unit(address: string): TreeUnit {
    const found = this.units.get(address);
    if (found === undefined) throw new IuError('IU601', { address });
    return found;
  }

  living(address: string): TreeUnit {
    const found = this.unit(address);
    if (!isLiving(found)) throw new IuError('IU206', { address });
    return found;
  }

  children(container: string): readonly string[] {
    return this.order.get(container) ?? [];
  }

  /** True when `address` is `container` or stands somewhere in it. */
  isWithin(address: string | null, container: string): boolean {
    for (let at = address; at !== null; at = this.unit(at).container) if (at === container) return true;
    return false;
  }

  private takeOut(unit: TreeUnit): void {
    if (unit.container === null) return;
    const rest = this.children(unit.container).filter((address) => address !== unit.address);
    this.order.set(unit.container, rest);
  }

  /** Puts a unit at a place among its siblings; `after` null = first, undefined = last. */
  place(unit: TreeUnit, container: string | null, after: string | null | undefined, inCollection = false): void {
    this.takeOut(unit);
    this.units.set(unit.address, { ...unit, container, inCollection });
    if (container === null) return;
    const siblings = this.children(container);
    const at = after === undefined ? siblings.length : after === null ? 0 : siblings.indexOf(after) + 1;
    if (typeof after === 'string' && at === 0) throw new IuError('IU605', { after });
    this.order.set(container, [...siblings.slice(0, at), unit.address, ...siblings.slice(at)]);
  }

  /** Makes a piece; where it says no kind it takes that of its source. */
  add(
    piece: NewPiece,
    body: string,
    container: string | null,
    after: string | null | undefined,
    source?: TreeUnit,
    inCollection = false,
  ): void {
    const address = piece.canonical_address;
    if (this.units.has(address)) throw new IuError('IU203', { address });
    const kind = piece.unit_kind ?? source?.kind ?? (container === null ? 'document' : 'section');
    const code = piece.section_code ?? null;
    this.place({ address, container, inCollection, kind, status: 'draft', code, body }, container, after, inCollection);
  }

  /** Decides about the living pieces directly below a unit, then ends its life. */
  end(address: string, status: TreeUnit['status'], policy: DependantsPolicy, heir: string | null): void {
    if (policy === 'move' && heir === null) throw new IuError('IU603', { address });
    const unit = this.unit(address);
    const below = this.children(address).map((child) => this.unit(child));
    if (below.some((child) => child.inCollection && isLiving(child))) throw new IuError('IU604', { address });
    let after = address;
    for (const child of below) {
      if (!isLiving(child) || child.address === heir) continue;
      if (policy === 'block' || (policy === 'move' && heir === null)) {
        throw new IuError(policy === 'block' ? 'IU604' : 'IU603', { address });
      }
      if (policy === 'move') this.place(child, heir, undefined);
      else if (policy === 'deprecate') this.end(child.address, 'deprecated', 'deprecate', null);
      else {
        this.place(child, unit.container, after, unit.inCollection);
        after = child.address;
      }
    }
    this.units.set(address, { ...this.unit(address), status });
  }
}

/** What one step makes of a tree, by the rules that the database follows; throws what the database would refuse with. */
export function applyStep(tree: Tree, step: StructureStep): Tree {
  const draft = new Draft(tree);
  perform(draft, step);
  return draft;
}

/** All steps or none. */
export function applySteps(tree: Tree, steps: readonly StructureStep[]): Tree {
  return steps.reduce(applyStep, tree);
}

function afterOf(step: { readonly after?: string; readonly position?: 'first' | 'last' }): string | null | undefined {
  return step.after ?? (step.position === 'first' ? null : undefined);
}

function perform(draft: Draft, step: StructureStep): void {
  switch (step.operation_type) {
    case 'add_new_piece': {
      const parent = step.parent == null ? null : draft.living(step.parent).address;
      draft.add(step.piece, step.piece.body, parent, afterOf(step));
      break;
    }
    case 'split_large_piece':
      split(draft, step);
      break;
    case 'merge_small_pieces':
      merge(draft, step);
      break;
    case 'deprecate_piece': {
      const unit = draft.living(step.unit);
      draft.end(unit.address, 'deprecated', step.dependants ?? 'block', null);
      break;
    }
    case 'replace_piece': {
      const unit = draft.living(step.unit);
      const piece = unit.code === null ? step.piece : { section_code: unit.code, ...step.piece };
      const after = unit.container === null ? undefined : unit.address;
      draft.add(piece, step.piece.body, unit.container, after, unit, unit.inCollection);
      draft.end(unit.address, 'superseded', step.dependants ?? 'move', piece.canonical_address);
      break;
    }
    case 'reparent_piece':
      reparent(draft, step.unit, step.parent, step);
      break;
    case 'renumber_piece': {
      const unit = draft.living(step.unit);
      const moves = step.after !== undefined || step.position !== undefined;
      if (unit.code === step.section_code && !moves) throw new IuError('IU606', { unit: unit.address });
      draft.units.set(unit.address, { ...unit, code: step.section_code });
      if (moves) reparent(draft, step.unit, unit.container, step);
      break;
    }
  }
}

function reparent(
  draft: Draft,
  address: string,
  parent: string | null,
  step: { readonly after?: string; readonly position?: 'first' | 'last' },
): void {
  const unit = draft.living(address);
  const container = parent === null ? null : draft.living(parent);
  if (container !== null && draft.isWithin(container.address, unit.address)) throw new IuError('IU602', { address });
  if (step.after !== undefined) {
    const beside = draft.unit(step.after).container === parent && step.after !== address;
    if (parent !== null && !beside) throw new IuError('IU605', { after: step.after });
  }
  const stays = unit.container === parent && step.after === undefined && step.position === undefined;
  if (stays || (unit.container === null && parent === null)) throw new IuError('IU606', { address });
  const isPieceOfIt = unit.container === parent && !unit.inCollection;
  const takesDocuments = container?.kind === 'collection' && (container.container === null || container.inCollection);
  const inCollection = takesDocuments && !isPieceOfIt;
  const isDocument = unit.container === null || unit.inCollection;
  const hasDocuments = draft.children(address).some((child) => draft.unit(child).inCollection);
  if (container !== null && !inCollection && isDocument && hasDocuments) throw new IuError('IU609', { address });
  draft.place(unit, parent, afterOf(step), inCollection);
}

type StepOf<Type> = Extract<StructureStep, { operation_type: Type }>;

function split(draft: Draft, step: StepOf<'split_large_piece'>): void {
  const unit = draft.living(step.unit);
  const bytes = new TextEncoder().encode(unit.body);
  const cuts = [0, ...step.offsets, bytes.length];
  for (const [index, cut] of cuts.entries()) {
    const before = cuts[index - 1];
    if (before === undefined) continue;
    const inside = cut < bytes.length && ((bytes[cut] ?? 0) & 0xc0) === 0x80;
    if (cut <= before || cut > bytes.length || inside) throw new IuError('IU608', { offset: cut });
  }
  const asChildren = step.mode === 'children';
  const container = asChildren ? unit.address : unit.container;
  let after: string | undefined = asChildren || container === null ? undefined : unit.address;
  for (const [index, piece] of step.pieces.entries()) {
    const body = new TextDecoder().decode(bytes.subarray(cuts[index], cuts[index + 1]));
    draft.add(piece, body, container, after, unit, !asChildren && unit.inCollection);
    after = container === null ? undefined : piece.canonical_address;
  }
  if (asChildren) return;
  draft.end(unit.address, 'superseded', step.dependants ?? 'block', step.pieces.at(-1)?.canonical_address ?? null);
}

function merge(draft: Draft, step: StepOf<'merge_small_pieces'>): void {
  const different = [...new Set(step.units)];
  if (different.length < 2) throw new IuError('IU603', { units: step.units });
  const units = different.map((address) => draft.living(address));
  const first = units[0];
  const isTogether = units.every((unit) => unit.container === first?.container && !unit.inCollection);
  if (units.length < 2 || first === undefined || first.container === null || !isTogether) {
    throw new IuError('IU603', { units: step.units });
  }
  const isConflict = units.some((unit) => unit.kind !== first.kind);
  if (isConflict && (step.conflict_policy ?? 'block') === 'block') throw new IuError('IU612', { units: step.units });
  const siblings = draft.children(first.container);
  const sources = siblings.filter((address) => units.some((unit) => unit.address === address));
  const body = sources.map((address) => draft.unit(address).body).join(step.separator ?? '');
  draft.add(step.piece, body, first.container, sources.at(-1), draft.unit(sources[0] ?? first.address));
  for (const source of sources) {
    draft.end(source, 'superseded', step.dependants ?? 'block', step.piece.canonical_address);
  }
}

/** The tree as lines in reading order, one document after the other: what two equal trees have in common. */
export function treeLines(tree: Tree): string[] {
  const lines: string[] = [];
  const walk = (address: string, path: string) => {
    const unit = tree.units.get(address);
    if (unit === undefined) return;
    const here = `${path}>${address}`;
    lines.push(`${here} ${unit.status} ${unit.code ?? '-'} ${unit.body}`);
    for (const child of tree.order.get(address) ?? []) walk(child, here);
  };
  const tops = [...tree.units.values()].filter((unit) => unit.container === null).map((unit) => unit.address);
  for (const top of tops.sort()) walk(top, '');
  return lines;
}
