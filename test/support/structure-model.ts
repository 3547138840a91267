// The life of a corpus without a database: operations planned, applied and rolled back, and what people do to its units in between.
// It says of each call what it answers, which events it gives and what the corpus is afterwards.
import { IuError } from '../../src/contract/errors/index.js';
import { eventTypeOfStep, type StructureStep } from '../../src/contract/structure/step.js';
import {
  doStep,
  isLiving,
  type Tree,
  type TreeChange,
  type TreeLink,
  type TreeUnit,
  type UnitStatus,
} from '../../src/contract/structure/tree.js';
import { Undoing } from './structure-undo.js';

/** An event as it is expected: which step of which operation it tells of, where it tells of one. */
export interface ModelEvent {
  readonly type: string;
  /** Address of the unit that it is about. */
  readonly subject: string;
  readonly step?: { readonly operation: ModelOperation; readonly number: number };
}

export interface ModelOperation {
  /** Number that the database gave it. */
  readonly id: string;
  readonly steps: readonly StructureStep[];
  /** What the plan found of each place, number and life that it would change. */
  readonly found: string;
  status: 'planned' | 'enacted' | 'rolled_back';
  changes: readonly TreeChange[];
  subjects: readonly string[];
  relations: readonly string[];
  /** Moment in the life of the model. */
  appliedAt: number;
  /** What it left: the status of each unit. */
  left: Tree['units'];
  /** Place among its siblings that each unit had before. */
  ranks: ReadonlyMap<string, string>;
}

export interface Outcome {
  readonly code: string;
  /** How far it reaches: one unit's text, title or links, or the tree with its lives and lineage. */
  readonly reach: 'nothing' | 'unit' | 'tree';
  readonly events: readonly ModelEvent[];
}

const nothingBut = (code: string): Outcome => ({ code, reach: 'nothing', events: [] });
const done = (events: readonly ModelEvent[], reach: Outcome['reach'] = 'tree'): Outcome => ({
  code: 'ok',
  reach,
  events,
});

interface Ran {
  readonly tree: Tree;
  readonly changes: TreeChange[];
  readonly subjects: string[];
  /** Units made by each step, in order. */
  readonly births: string[];
}

export class StructureModel {
  tree: Tree;
  readonly operations: ModelOperation[] = [];
  /** The choice of the database: the model takes them as they are and judges the order. */
  ranks: ReadonlyMap<string, string> = new Map();
  private moment = 0;
  /** When the lifecycle of a unit changed last. */
  private readonly lived = new Map<string, number>();
  /** When a unit was made: one that was undone and made again is another. */
  private readonly made = new Map<string, number>();
  /** Places that deleted pieces keep. */
  private readonly graves = new Set<string>();

  constructor(tree: Tree) {
    this.tree = tree;
  }

  private run(steps: readonly StructureStep[]): Ran {
    const ran: Ran = { tree: this.tree, changes: [], subjects: [], births: [] };
    let { tree } = this;
    for (const step of steps) {
      const done = doStep(tree, step);
      tree = done.tree;
      ran.changes.push(...done.changes);
      ran.subjects.push(done.subject);
    }
    ran.births.push(...ran.changes.filter((change) => change.kind === 'born').map((change) => change.unit));
    return { ...ran, tree };
  }

  /** What the first change of each kind found at each unit that was there before. */
  private foundBy(changes: readonly TreeChange[]): string {
    const born = new Set(changes.filter((change) => change.kind === 'born').map((change) => change.unit));
    const found = new Map<string, string>();
    for (const change of changes) {
      if (born.has(change.unit)) continue;
      const key = `${change.unit} ${this.made.get(change.unit)} ${change.kind}`;
      if (found.has(key)) continue;
      if (change.kind === 'placed') {
        found.set(key, `${change.container} ${change.inCollection} ${this.ranks.get(change.unit)}`);
      }
      if (change.kind === 'lifecycle') found.set(key, `${change.status} ${change.version}`);
      if (change.kind === 'numbered') found.set(key, `${change.code}`);
    }
    return JSON.stringify([...found].sort());
  }

  /** The code that a plan of the steps answers, and what has to be remembered of it. */
  plan(steps: readonly StructureStep[]): { readonly code: string; readonly found: string } {
    try {
      return { code: 'ok', found: this.foundBy(this.run(steps).changes) };
    } catch (error) {
      return { code: codeOf(error), found: '' };
    }
  }

  /** One more step on a tree that is still to come. */
  ahead(tree: Tree, step: StructureStep): { readonly code: string; readonly tree: Tree } {
    try {
      return { code: 'ok', tree: doStep(tree, step).tree };
    } catch (error) {
      return { code: codeOf(error), tree };
    }
  }

  planned(id: string, steps: readonly StructureStep[], found: string): ModelOperation {
    const nothing = { changes: [], subjects: [], relations: [], appliedAt: 0 };
    const operation: ModelOperation = {
      ...{ id, steps, found, status: 'planned', ...nothing },
      ...{ left: this.tree.units, ranks: this.ranks },
    };
    this.operations.push(operation);
    return operation;
  }

  apply(operation: ModelOperation): Outcome {
    if (operation.status === 'enacted') return nothingBut('ok');
    if (operation.status === 'rolled_back') return nothingBut('IU617');
    let ran: Ran;
    try {
      ran = this.run(operation.steps);
    } catch (error) {
      return nothingBut(codeOf(error));
    }
    if (this.foundBy(ran.changes) !== operation.found) return nothingBut('IU607');
    this.moment += 1;
    operation.status = 'enacted';
    operation.appliedAt = this.moment;
    operation.changes = ran.changes;
    operation.subjects = ran.subjects;
    operation.ranks = this.ranks;
    operation.relations = ran.changes.flatMap((one) =>
      one.kind === 'relation' ? [`${one.unit} ${one.relation} ${one.to}`] : [],
    );
    this.became(ran.tree, ran.changes);
    operation.left = ran.tree.units;
    const born = ran.births.map((subject) => ({ type: 'unit_created', subject }));
    return done([...born, ...this.stepEvents(operation, (step) => eventTypeOfStep[step.operation_type])]);
  }

  /** Takes a tree over, and remembers whose life has changed. */
  private became(tree: Tree, changes: readonly TreeChange[]): void {
    for (const { unit, kind } of changes) {
      if (kind === 'born') this.made.set(unit, this.moment);
      if (tree.units.get(unit)?.status !== this.tree.units.get(unit)?.status) this.lived.set(unit, this.moment);
    }
    this.tree = tree;
  }

  private stepEvents(operation: ModelOperation, typeOf: (step: StructureStep) => string): ModelEvent[] {
    return operation.steps.map((step, index) => ({
      type: typeOf(step),
      subject: operation.subjects[index] ?? '',
      step: { operation, number: index + 1 },
    }));
  }

  rollBack(operation: ModelOperation): Outcome {
    if (operation.status === 'rolled_back') return nothingBut('ok');
    if (operation.status === 'planned') return nothingBut('IU618');
    if (this.isBlocked(operation)) return nothingBut('IU619');
    const undone = this.undo(operation);
    if (typeof undone === 'string') return nothingBut(undone);
    this.moment += 1;
    this.became(undone, operation.changes);
    operation.status = 'rolled_back';
    return done(this.stepEvents(operation, () => 'structure_op_rolled_back'));
  }

  /** True when a later operation or change on the same units is in the way. */
  private isBlocked(operation: ModelOperation): boolean {
    const { units } = this.tree;
    const changes = operation.changes.filter(({ kind }) => kind !== 'context' && kind !== 'review');
    const own = new Set(changes.map((change) => change.unit));
    const born = bornBy(operation);
    const placed = new Set(changes.filter((one) => one.kind === 'placed').map((one) => one.unit));
    const ended = new Set(changes.filter((one) => one.kind === 'lifecycle').map((one) => one.unit));
    for (const later of this.operations) {
      if (later.status !== 'enacted' || later.appliedAt <= operation.appliedAt) continue;
      if (later.changes.some((change) => own.has(change.unit))) return true;
      if (later.changes.some((change) => change.kind === 'relation' && born.has(change.to))) return true;
    }
    const isGone = (container: string | null) => {
      if (container === null || born.has(container) || ended.has(container)) return false;
      const unit = units.get(container);
      return unit === undefined || (!isLiving(unit) && (this.lived.get(container) ?? 0) > operation.appliedAt);
    };
    for (const address of own) {
      const unit = units.get(address);
      if (unit === undefined) return true;
      const first = changes.find((one) => one.kind === 'lifecycle' && one.unit === address);
      if (born.has(address) && unit.versions.length > 1) return true;
      if (first?.kind === 'lifecycle' && unit.versions.length !== first.version) return true;
      const hasLife = born.has(address) || first !== undefined;
      if (hasLife && unit.status !== operation.left.get(address)?.status) return true;
      // what comes to life again where it stands
      if (
        first?.kind === 'lifecycle' &&
        first.status !== unit.status &&
        !placed.has(address) &&
        isGone(unit.container)
      ) {
        return true;
      }
      const from = changes.find((one) => one.kind === 'placed' && one.unit === address);
      if (from?.kind !== 'placed' || born.has(address)) continue;
      if (isGone(from.container)) return true;
      const isOwn = [placed, born, ended].some((one) => one.has(from.container ?? ''));
      const collection = from.inCollection && !isOwn ? units.get(from.container ?? '') : undefined;
      if (collection !== undefined && collection.container !== null && !collection.inCollection) return true;
    }
    const copies = new Set(changes.flatMap((one) => (one.kind === 'link_copied' ? [one.key] : [])));
    for (const unit of units.values()) {
      if (unit.container !== null && born.has(unit.container) && !born.has(unit.address) && !placed.has(unit.address)) {
        return true;
      }
      if (born.has(unit.address) && unit.links.some((link) => isLiving(link) && !copies.has(link.key))) return true;
    }
    return changes.some((one) => {
      if (one.kind !== 'link_moved') return false;
      const copy = units.get(one.copy.unit)?.links.find((link) => link.key === one.copy.key);
      // the link that stands for it now was retired, by an operation of its own or by somebody
      return copy === undefined || (!isLiving(copy) && !isMovedOn(changes, one.copy.key));
    });
  }

  /** The tree with the changes of an operation taken back, or the code of what is in the way. */
  private undo(operation: ModelOperation): Tree | string {
    const work = new Undoing(this.tree, new Map(this.ranks), this.graves);
    const { changes } = operation;
    for (let at = changes.length - 1; at >= 0; at -= 1) {
      const change = changes[at];
      if (change === undefined) continue;
      const before = changes.slice(0, at).filter((one) => one.unit === change.unit);
      const passesBy = before.some((one) => one.kind === 'placed') || bornBy(operation).has(change.unit);
      const code = work.take(change, passesBy, operation.ranks.get(change.unit) ?? '');
      if (code !== 'ok') return code;
    }
    return work.tree();
  }

  revise(address: string, text: string): Outcome {
    const unit = this.tree.units.get(address);
    if (unit === undefined || !isLiving(unit)) return nothingBut(unit === undefined ? this.unknown(address) : 'IU206');
    if (unit.versions.at(-1)?.text === text) return nothingBut('ok');
    this.put({ ...unit, versions: [...unit.versions, { text, status: 'draft' }] });
    return done([{ type: 'version_applied', subject: address }], 'unit');
  }

  /** Another title with the same text. */
  retitle(address: string): Outcome {
    const unit = this.tree.units.get(address);
    if (unit === undefined || !isLiving(unit)) return nothingBut(unit === undefined ? this.unknown(address) : 'IU206');
    if (unit.status === 'enacted') return nothingBut('IU220');
    return done([{ type: 'unit_retitled', subject: address }], 'unit');
  }

  enact(address: string): Outcome {
    const unit = this.tree.units.get(address);
    if (unit === undefined || !isLiving(unit)) return nothingBut(unit === undefined ? this.unknown(address) : 'IU206');
    const last = unit.versions.length - 1;
    if (unit.versions[last]?.status === 'enacted') return nothingBut('ok');
    const versions = unit.versions.map((version, index) => {
      if (index === last) return { ...version, status: 'enacted' as const };
      return version.status === 'enacted' ? { ...version, status: 'superseded' as const } : version;
    });
    this.live(unit, 'enacted', { versions });
    return done([{ type: 'version_enacted', subject: address }]);
  }

  /** Ends a unit without an operation. */
  deprecate(address: string, withChildren: boolean): Outcome {
    const unit = this.tree.units.get(address);
    if (unit?.status === 'deprecated') return nothingBut('ok');
    if (unit === undefined || !isLiving(unit)) return nothingBut(unit === undefined ? this.unknown(address) : 'IU206');
    const ends: TreeUnit[] = [];
    let hasDocuments = false;
    const walk = (at: TreeUnit) => {
      for (const child of this.childrenOf(at.address).filter(isLiving)) {
        if (child.inCollection) hasDocuments = true;
        else walk(child);
      }
      ends.push(at);
    };
    walk(unit);
    if (hasDocuments || (ends.length > 1 && !withChildren)) return nothingBut('IU208');
    if (ends.some((one) => one.links.some(isLiving))) return nothingBut('IU611');
    for (const one of ends) this.live(one, 'deprecated');
    return done(ends.map((one) => ({ type: 'unit_deprecated', subject: one.address })));
  }

  softDelete(address: string): Outcome {
    if (this.tree.deleted.has(address)) return nothingBut('ok');
    const unit = this.tree.units.get(address);
    if (unit === undefined || !isLiving(unit)) return nothingBut(unit === undefined ? 'IU205' : 'IU206');
    if (unit.status !== 'draft' || unit.versions.some((one) => one.status !== 'draft')) return nothingBut('IU622');
    if (this.childrenOf(address).length > 0) return nothingBut('IU208');
    if (unit.links.some(isLiving)) return nothingBut('IU611');
    if (unit.container !== null && !unit.inCollection) {
      this.graves.add(`${unit.container} ${this.ranks.get(address)}`);
    }
    const units = new Map(this.tree.units);
    units.delete(address);
    const order = new Map(this.tree.order);
    if (unit.container !== null) {
      order.set(
        unit.container,
        (order.get(unit.container) ?? []).filter((one) => one !== address),
      );
    }
    this.tree = { units, order, deleted: new Set([...this.tree.deleted, address]) };
    this.moment += 1;
    return done([{ type: 'unit_deleted', subject: address }]);
  }

  link(address: string, key: string, enacted: boolean): Outcome {
    const unit = this.tree.units.get(address);
    if (unit === undefined) return nothingBut('ok');
    if (!isLiving(unit)) return nothingBut('IU206');
    const link: TreeLink = { key, status: enacted ? 'enacted' : 'draft', enabled: enacted };
    this.put({ ...unit, links: [...unit.links, link] });
    return done([], 'unit');
  }

  retireLink(address: string, key: string): Outcome {
    const unit = this.tree.units.get(address);
    if (unit === undefined) return nothingBut('ok');
    const links = unit.links.map((one) =>
      one.key === key && isLiving(one) ? { ...one, status: 'retired' as const, enabled: false } : one,
    );
    this.put({ ...unit, links });
    return done([], 'unit');
  }

  /** Living relations of all operations, sorted. */
  relations(): string[] {
    return this.operations.flatMap((one) => (one.status === 'enacted' ? one.relations : [])).sort();
  }

  private unknown(address: string): string {
    return this.tree.deleted.has(address) ? 'IU206' : 'IU205';
  }

  private childrenOf(address: string): TreeUnit[] {
    return (this.tree.order.get(address) ?? []).flatMap((one) => this.tree.units.get(one) ?? []);
  }

  private put(unit: TreeUnit): void {
    this.tree = { ...this.tree, units: new Map(this.tree.units).set(unit.address, unit) };
  }

  private live(unit: TreeUnit, status: UnitStatus, more: Partial<TreeUnit> = {}): void {
    this.moment += 1;
    this.lived.set(unit.address, this.moment);
    this.put({ ...unit, ...more, status });
  }
}

const codeOf = (error: unknown): string => (error instanceof IuError ? error.code : String(error));

const bornBy = (operation: ModelOperation): ReadonlySet<string> =>
  new Set(operation.changes.filter((one) => one.kind === 'born').map((one) => one.unit));

const isMovedOn = (changes: readonly TreeChange[], key: string): boolean =>
  changes.some((one) => one.kind === 'link_moved' && one.link.key === key);
