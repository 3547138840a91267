/** The living units of a document as a plan changes them: who stands below whom, in which order. null is the document. */
export class TreeModel {
  private readonly parents = new Map<string, string | null>();
  private readonly lists = new Map<string | null, string[]>();

  add(ref: string, parent: string | null): void {
    this.parents.set(ref, parent);
    this.childrenOf(parent).push(ref);
  }

  has(ref: string): boolean {
    return this.parents.has(ref);
  }

  parentOf(ref: string): string | null {
    return this.parents.get(ref) ?? null;
  }

  childrenOf(parent: string | null): string[] {
    let list = this.lists.get(parent);
    if (list === undefined) {
      list = [];
      this.lists.set(parent, list);
    }
    return list;
  }

  /** Puts a ref after a sibling; null = first. */
  place(ref: string, parent: string | null, after: string | null): void {
    if (this.parents.has(ref)) this.detach(ref);
    const list = this.childrenOf(parent);
    list.splice(after === null ? 0 : list.indexOf(after) + 1, 0, ref);
    this.parents.set(ref, parent);
  }

  /** Takes units out and lets others stand after the last of them, with all their children below the last of those. */
  replace(gone: readonly string[], made: readonly string[]): void {
    const last = gone.at(-1);
    const heir = made.at(-1);
    if (last === undefined || heir === undefined) return;
    const parent = this.parentOf(last);
    let after = last;
    for (const ref of made) {
      this.place(ref, parent, after);
      after = ref;
    }
    for (const ref of gone) {
      for (const child of [...this.childrenOf(ref)]) {
        this.detach(child);
        this.add(child, heir);
      }
      this.detach(ref);
      this.parents.delete(ref);
    }
  }

  private detach(ref: string): void {
    const list = this.childrenOf(this.parentOf(ref));
    list.splice(list.indexOf(ref), 1);
  }
}
