import type { PreviewLine, PreviewTree, StructurePreview } from '../store/structure.js';
import { lineChanges } from '../structure/diff.js';
import { printable } from './printable.js';

/** A document of so few units is shown whole. */
const fewUnits = 12;

/** A line with what it stands below; its index is its place in reading order. */
interface PlacedLine extends PreviewLine {
  readonly parent: string | undefined;
}

function placed(tree: PreviewTree): PlacedLine[] {
  const above: string[] = [];
  return tree.lines.map((line) => {
    above.length = line.depth;
    above.push(line.address);
    return { ...line, parent: above[line.depth - 1] };
  });
}

function childrenByParent(lines: readonly PlacedLine[]): Map<string | undefined, string[]> {
  const children = new Map<string | undefined, string[]>();
  for (const { parent, address } of lines) {
    const known = children.get(parent);
    if (known === undefined) children.set(parent, [address]);
    else known.push(address);
  }
  return children;
}

/** Addresses of the lines that the other side does not have, or has below something else, in another order or looking otherwise. */
function changedLines(lines: readonly PlacedLine[], others: readonly PlacedLine[]): ReadonlySet<string> {
  const otherOf = new Map(others.map((line) => [line.address, line]));
  const changed = new Set<string>();
  for (const line of lines) {
    const other = otherOf.get(line.address);
    if (other?.parent !== line.parent || other?.number !== line.number || other?.status !== line.status)
      changed.add(line.address);
  }
  const otherChildren = childrenByParent(others);
  for (const [parent, children] of childrenByParent(lines)) {
    // An address may hold any character, so the children are compared by number.
    const numberOf = new Map(children.map((address, index) => [address, `${index}`]));
    const kept = (otherChildren.get(parent) ?? []).flatMap((address) => numberOf.get(address) ?? []);
    const there = children.filter((address) => otherOf.get(address)?.parent === parent);
    const own = there.map((address) => numberOf.get(address) ?? '');
    for (const { kind, text } of lineChanges(kept.join('\n'), own.join('\n')))
      if (kind === 'added') changed.add(children[Number(text)] ?? '');
  }
  return changed;
}

/** What a person looks at: the changed lines, what they stand below, and the lines right before and behind. */
function shownLines(lines: readonly PlacedLine[], changed: ReadonlySet<string>): ReadonlySet<number> {
  const indexOf = new Map(lines.map((line, index) => [line.address, index]));
  const shown = new Set<number>([0]);
  lines.forEach((line, index) => {
    if (!changed.has(line.address)) return;
    for (const near of [index - 1, index, index + 1]) if (near < lines.length) shown.add(near);
  });
  for (const index of [...shown])
    for (let up = lines[index]?.parent; up !== undefined; up = lines[indexOf.get(up) ?? 0]?.parent)
      shown.add(indexOf.get(up) ?? 0);
  return shown;
}

function lineText(line: PreviewLine, tree: PreviewTree): string {
  const where = line.depth > 0 || tree.collection === null ? '' : `, place ${tree.place} in ${tree.collection}`;
  const number = line.number === null ? '' : ` (${line.number})`;
  const status = line.status === 'draft' || line.status === 'enacted' ? '' : ` ${line.status}`;
  return `  ${'  '.repeat(line.depth)}${printable(`${line.address}${number}${status}${where}`)}`;
}

function treeText(tree: PreviewTree, other: PreviewTree | undefined): string[] {
  const lines = placed(tree);
  const isWhole = tree.units <= fewUnits;
  const shown = isWhole ? undefined : shownLines(lines, changedLines(lines, other === undefined ? [] : placed(other)));
  const texts: string[] = [];
  let leftOut = 0;
  lines.forEach((line, index) => {
    if (shown !== undefined && !shown.has(index)) {
      leftOut += 1;
      return;
    }
    if (leftOut > 0) texts.push(`  ${'  '.repeat(line.depth)}… ${leftOut} more`);
    leftOut = 0;
    texts.push(lineText(line, tree));
  });
  if (leftOut > 0) texts.push(`  … ${leftOut} more`);
  if (!isWhole)
    texts.push(
      `  (${shown?.size ?? 0} of ${tree.units} units of ${printable(tree.document)}; --json has ${lines.length})`,
    );
  return texts;
}

/** The documents of a plan before and after, for people: what changes and what is around it. */
export function previewLines({ before, after }: StructurePreview): string[] {
  const side = (trees: readonly PreviewTree[], others: readonly PreviewTree[]) =>
    trees.flatMap((tree) =>
      treeText(
        tree,
        others.find((other) => other.document === tree.document),
      ),
    );
  return ['before:', ...side(before, after), 'after:', ...side(after, before)];
}
