import type { Tree, TreeChange, TreeLink, TreeUnit } from '../../src/contract/structure/tree.js';

/** A tree while an operation is taken back. */
export class Undoing {
  private readonly units: Map<string, TreeUnit>;
  private readonly order: Map<string, readonly string[]>;

  constructor(
    private readonly start: Tree,
    private readonly ranks: Map<string, string>,
    private readonly graves: ReadonlySet<string>,
  ) {
    this.units = new Map(start.units);
    this.order = new Map(start.order);
  }

  tree(): Tree {
    return { units: this.units, order: this.order, deleted: this.start.deleted };
  }

  /** Takes one change back. `passesBy`: the unit was elsewhere before; it only has to get out of the way. */
  take(change: TreeChange, passesBy: boolean, rank: string): string {
    const unit = this.units.get(change.unit);
    if (unit === undefined) return 'ok';
    switch (change.kind) {
      case 'placed':
        return passesBy
          ? this.place(unit, null, false, '')
          : this.place(unit, change.container, change.inCollection, rank);
      case 'born':
        this.place(unit, null, false, '');
        this.units.delete(unit.address);
        this.order.delete(unit.address);
        break;
      case 'lifecycle':
        this.units.set(unit.address, { ...unit, status: change.status });
        break;
      case 'numbered':
        this.units.set(unit.address, { ...unit, code: change.code });
        break;
      case 'link_copied':
        this.setLink(unit, change.key, { status: 'retired', enabled: false });
        break;
      case 'link_moved':
        this.setLink(unit, change.link.key, change.link);
        break;
    }
    return 'ok';
  }

  private setLink(unit: TreeUnit, key: string, state: Partial<TreeLink>): void {
    const links = unit.links.map((link) => (link.key === key ? { ...link, ...state } : link));
    this.units.set(unit.address, { ...unit, links });
  }

  private place(unit: TreeUnit, container: string | null, inCollection: boolean, rank: string): string {
    for (let at = container; at !== null; at = this.units.get(at)?.container ?? null) {
      if (at === unit.address) return 'IU619';
    }
    if (unit.container !== null) {
      this.order.set(
        unit.container,
        (this.order.get(unit.container) ?? []).filter((one) => one !== unit.address),
      );
    }
    this.units.set(unit.address, { ...unit, container, inCollection });
    if (container === null) return 'ok';
    const siblings = this.order.get(container) ?? [];
    const rankOf = (address: string) => this.ranks.get(address) ?? '';
    const isGrave = !inCollection && this.graves.has(`${container} ${rank}`);
    if (isGrave || siblings.some((one) => rankOf(one) === rank)) return 'IU610';
    this.ranks.set(unit.address, rank);
    this.order.set(container, [
      ...siblings.filter((one) => rankOf(one) < rank),
      unit.address,
      ...siblings.filter((one) => rankOf(one) > rank),
    ]);
    return 'ok';
  }
}
