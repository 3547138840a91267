import { IuError } from '../errors/index.js';
import type { DependantsPolicy, LinkPolicy, NewPiece, StructureStep } from './step.js';

export type UnitStatus = 'draft' | 'enacted' | 'superseded' | 'retired' | 'deprecated';

/** One version of a text; what it says never changes. */
export interface TreeVersion {
  readonly text: string;
  readonly status: 'draft' | 'enacted' | 'superseded';
}

/** An SQL link of a unit; a copy is named by the link it was copied from and by the unit it was copied to. */
export interface TreeLink {
  readonly key: string;
  readonly status: 'draft' | 'enacted' | 'retired';
  readonly enabled: boolean;
}

/** A unit as the rules of the tree see it. */
export interface TreeUnit {
  readonly address: string;
  /** Unit or collection it stands in; null for a document outside of collections. */
  readonly container: string | null;
  readonly inCollection: boolean;
  /** Kind; a document of kind collection takes documents in. */
  readonly kind: string;
  readonly status: UnitStatus;
  readonly code: string | null;
  /** Oldest first; the last one is what the unit says. */
  readonly versions: readonly TreeVersion[];
  readonly links: readonly TreeLink[];
}

/** Documents and collections with everything in them. Never changed in place: every step gives a new tree. */
export interface Tree {
  readonly units: ReadonlyMap<string, TreeUnit>;
  /** Addresses in each container, in their order, dead ones included. */
  readonly order: ReadonlyMap<string, readonly string[]>;
  /** Addresses of deleted units, which stay taken. */
  readonly deleted: ReadonlySet<string>;
}

export const emptyTree: Tree = { units: new Map(), order: new Map(), deleted: new Set() };

/** What a step did to one unit, in the order of the writes: what a rollback needs, and what later operations meet. */
export type TreeChange = { readonly unit: string } & (
  | { readonly kind: 'born' | 'context' | 'review' }
  | { readonly kind: 'placed'; readonly container: string | null; readonly inCollection: boolean }
  | { readonly kind: 'lifecycle'; readonly status: UnitStatus; readonly version: number }
  | { readonly kind: 'numbered'; readonly code: string | null }
  | { readonly kind: 'link_copied'; readonly key: string }
  | {
      readonly kind: 'link_moved';
      readonly link: TreeLink;
      readonly copy: { readonly unit: string; readonly key: string };
    }
  | { readonly kind: 'relation'; readonly relation: string; readonly to: string }
);

export interface DoneStep {
  readonly tree: Tree;
  /** The unit that the event is about. */
  readonly subject: string;
  readonly changes: readonly TreeChange[];
}

export const isLiving = (unit: { readonly status: UnitStatus | TreeLink['status'] }) =>
  unit.status === 'draft' || unit.status === 'enacted';

/** What a unit says. */
export const textOf = (unit: TreeUnit): string => unit.versions.at(-1)?.text ?? '';

/** The tree while one step works on it. */
class Draft {
  readonly units: Map<string, TreeUnit>;
  readonly order: Map<string, readonly string[]>;
  readonly deleted: ReadonlySet<string>;
  readonly changes: TreeChange[] = [];

  constructor(tree: Tree) {
    this.units = new Map(tree.units);
    this.order = new Map(tree.order);
    this.deleted = tree.deleted;
  }

  note(change: TreeChange): void {
    this.changes.push(change);
  }

  /** The living unit that something is put below. */
  parent(address: string): TreeUnit {
    const found = this.living(address);
    this.note({ kind: 'context', unit: address });
    return found;
  }

  relate(unit: string, relation: string, to: string): void {
    this.note({ kind: 'relation', unit, relation, to });
  }

  private change(unit: TreeUnit, changes: Partial<TreeUnit>): void {
    this.units.set(unit.address, { ...unit, ...changes });
  }

  number(unit: TreeUnit, code: string): void {
    this.note({ kind: 'numbered', unit: unit.address, code: unit.code });
    this.change(unit, { code });
  }

  /** What is written down when a life ends, or when a unit is touched and goes on as it was. */
  live(address: string, status: UnitStatus): void {
    const unit = this.unit(address);
    this.note({ kind: 'lifecycle', unit: address, status: unit.status, version: unit.versions.length });
    this.change(unit, { status });
  }

  /** Decides about the living SQL links of a unit whose life ends. */
  links(address: string, policy: LinkPolicy, targets: readonly string[]): void {
    const [first] = targets;
    if ((policy === 'copy' || policy === 'move') && first === undefined) throw new IuError('IU603', { address });
    for (const link of this.unit(address).links.filter(isLiving)) {
      if (policy === 'block') throw new IuError('IU611', { address });
      if (policy === 'manual_review' || first === undefined) {
        this.note({ kind: 'review', unit: address });
        continue;
      }
      for (const target of policy === 'copy' ? targets : [first]) {
        const key = `${link.key}>${target}`;
        const heir = this.unit(target);
        this.change(heir, { links: [...heir.links, { ...link, key }] });
        this.note({ kind: 'link_copied', unit: target, key });
      }
      if (policy !== 'move') continue;
      const unit = this.unit(address);
      const retired = { ...link, status: 'retired' as const, enabled: false };
      this.change(unit, { links: unit.links.map((one) => (one.key === link.key ? retired : one)) });
      this.note({ kind: 'link_moved', unit: address, link, copy: { unit: first, key: `${link.key}>${first}` } });
    }
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
    this.note({ kind: 'placed', unit: unit.address, container: unit.container, inCollection: unit.inCollection });
    this.put(unit, container, after, inCollection);
  }

  private put(unit: TreeUnit, container: string | null, after: string | null | undefined, inCollection: boolean): void {
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
    if (this.units.has(address) || this.deleted.has(address)) throw new IuError('IU203', { address });
    const kind = piece.unit_kind ?? source?.kind ?? (container === null ? 'document' : 'section');
    const code = piece.section_code ?? null;
    const versions = [{ text: body, status: 'draft' as const }];
    this.put(
      { address, container: null, inCollection, kind, status: 'draft', code, versions, links: [] },
      container,
      after,
      inCollection,
    );
    this.note({ kind: 'born', unit: address });
  }

  /** Decides about the links of a unit and about the living pieces directly below it, then ends its life. */
  end(
    address: string,
    status: UnitStatus,
    policies: { readonly dependants: DependantsPolicy; readonly links: LinkPolicy | undefined },
    heirs: readonly string[],
  ): void {
    const policy = policies.dependants;
    const heir = heirs.at(-1) ?? null;
    this.links(address, policies.links ?? 'block', heirs);
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
      else if (policy === 'deprecate') {
        const links = policies.links === 'manual_review' ? 'manual_review' : 'block';
        this.end(child.address, 'deprecated', { dependants: 'deprecate', links }, []);
      } else {
        this.place(child, unit.container, after, unit.inCollection);
        after = child.address;
      }
    }
    this.live(address, status);
  }
}

/** Does one step by the rules that the database follows; throws what the database would refuse with. */
export function doStep(tree: Tree, step: StructureStep): DoneStep {
  const draft = new Draft(tree);
  const subject = perform(draft, step);
  const { units, order, deleted, changes } = draft;
  return { tree: { units, order, deleted }, subject, changes };
}

/** All steps or none. */
export function applySteps(tree: Tree, steps: readonly StructureStep[]): Tree {
  return steps.reduce((made, step) => doStep(made, step).tree, tree);
}

function afterOf(step: { readonly after?: string; readonly position?: 'first' | 'last' }): string | null | undefined {
  return step.after ?? (step.position === 'first' ? null : undefined);
}

/** Does the step and gives the unit that its event is about. */
function perform(draft: Draft, step: StructureStep): string {
  switch (step.operation_type) {
    case 'add_new_piece': {
      const address = step.piece.canonical_address;
      const parent = step.parent == null ? null : draft.parent(step.parent).address;
      if (step.after !== undefined && draft.unit(step.after).container !== parent && parent !== null) {
        throw new IuError('IU605', { after: step.after });
      }
      draft.add(step.piece, step.piece.body, parent, afterOf(step));
      if (step.derived_from !== undefined) {
        draft.relate(address, 'derived_from', draft.unit(step.derived_from).address);
      }
      return address;
    }
    case 'split_large_piece':
      return split(draft, step);
    case 'merge_small_pieces':
      return merge(draft, step);
    case 'deprecate_piece': {
      const unit = draft.living(step.unit);
      draft.end(unit.address, 'deprecated', { dependants: step.dependants ?? 'block', links: step.link_policy }, []);
      return unit.address;
    }
    case 'replace_piece': {
      const unit = draft.living(step.unit);
      const piece = unit.code === null ? step.piece : { section_code: unit.code, ...step.piece };
      const after = unit.container === null ? undefined : unit.address;
      const heir = piece.canonical_address;
      draft.add(piece, step.piece.body, unit.container, after, unit, unit.inCollection);
      draft.relate(heir, 'supersedes', unit.address);
      draft.relate(unit.address, 'replaced_by', heir);
      draft.end(unit.address, 'superseded', { dependants: step.dependants ?? 'move', links: step.link_policy }, [heir]);
      return unit.address;
    }
    case 'reparent_piece':
      return reparent(draft, step.unit, step.parent, step);
    case 'renumber_piece': {
      const unit = draft.living(step.unit);
      const moves = step.after !== undefined || step.position !== undefined;
      if (unit.code === step.section_code && !moves) throw new IuError('IU606', { unit: unit.address });
      draft.number(unit, step.section_code);
      draft.relate(unit.address, 'renumbered_from', unit.address);
      return moves ? reparent(draft, step.unit, unit.container, step) : unit.address;
    }
  }
}

function reparent(
  draft: Draft,
  address: string,
  parent: string | null,
  step: { readonly after?: string; readonly position?: 'first' | 'last' },
): string {
  const unit = draft.living(address);
  const container = parent === null ? null : draft.parent(parent);
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
  return address;
}

type StepOf<Type> = Extract<StructureStep, { operation_type: Type }>;

function split(draft: Draft, step: StepOf<'split_large_piece'>): string {
  const unit = draft.living(step.unit);
  const bytes = new TextEncoder().encode(textOf(unit));
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
  const pieces = step.pieces.map((piece) => piece.canonical_address);
  for (const [index, piece] of step.pieces.entries()) {
    const body = new TextDecoder().decode(bytes.subarray(cuts[index], cuts[index + 1]));
    draft.add(piece, body, container, after, unit, !asChildren && unit.inCollection);
    draft.relate(piece.canonical_address, 'split_from', unit.address);
    after = container === null ? undefined : piece.canonical_address;
  }
  if (asChildren) draft.live(unit.address, unit.status);
  else draft.end(unit.address, 'superseded', policiesOf(step), pieces);
  return unit.address;
}

function merge(draft: Draft, step: StepOf<'merge_small_pieces'>): string {
  const address = step.piece.canonical_address;
  const different = [...new Set(step.units)];
  if (step.units.length < 2) throw new IuError('IU603', { units: step.units });
  const units = different.map((one) => draft.unit(one)).map((unit) => draft.living(unit.address));
  const first = units[0];
  const isTogether = units.every((unit) => unit.container === first?.container && !unit.inCollection);
  if (units.length < 2 || first === undefined || first.container === null || !isTogether) {
    throw new IuError('IU603', { units: step.units });
  }
  const isConflict = units.some((unit) => unit.kind !== first.kind);
  if (isConflict && (step.conflict_policy ?? 'block') === 'block') throw new IuError('IU612', { units: step.units });
  const siblings = draft.children(first.container);
  const sources = siblings.filter((one) => units.some((unit) => unit.address === one));
  const body = sources.map((one) => textOf(draft.unit(one))).join(step.separator ?? '');
  draft.add(step.piece, body, first.container, sources.at(-1), draft.unit(sources[0] ?? first.address));
  for (const source of sources) {
    draft.relate(address, 'merged_from', source);
    draft.end(source, 'superseded', policiesOf(step), [address]);
  }
  if (isConflict && step.conflict_policy === 'manual_review') draft.note({ kind: 'review', unit: address });
  return address;
}

const policiesOf = (step: StepOf<'split_large_piece' | 'merge_small_pieces'>) => ({
  dependants: step.dependants ?? ('block' as const),
  links: step.link_policy,
});
