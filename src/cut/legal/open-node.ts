import type { Grammar, GrammarLevel } from './grammar.js';
import type { LevelMatch } from './match.js';
import { follows, type LegalNumber } from './numerals.js';

/** What the next line may stand under. */
export interface OpenNode {
  readonly level: GrammarLevel | null;
  readonly depth: number;
  number: LegalNumber | null;
  /** As the text writes it, and that of what it stands under when that is written before it. */
  readonly written: string;
  readonly above: string | null;
  readonly isBare: boolean;
  /** Kind of the annex in whose own text, and not in that of an article of it, it stands. */
  readonly annex: string | null;
  /** Text, whatever it looks like: nothing begins to count below it. */
  isText: boolean;
  /** Of an inner list, which is text: the level whose numbers it repeats. */
  readonly repeats: GrammarLevel | null;
  /** Its list went on behind an inner one: lists stand inside of its points, and not one after the other. */
  holdsLists: boolean;
}

export function nodeOf(
  match: LevelMatch | null,
  depth: number,
  parent: OpenNode | undefined,
  { annexes, main }: Grammar,
): OpenNode {
  const { level = null, number = null, written = '', isBare = false } = match ?? {};
  const inside = level?.kind === main ? null : (parent?.annex ?? null);
  const annex = level && annexes.has(level.kind) ? level.kind : inside;
  const above = match?.above ?? null;
  return { level, depth, number, written, above, isBare, annex, isText: false, repeats: null, holdsLists: false };
}

/** What may stand under an annex may stand under its sections too. */
export function mayHold({ level, annex }: OpenNode, under: ReadonlySet<string>): boolean {
  if (level === null) return false;
  return under.has(level.kind) || (level.sequence === 'free' && annex !== null && under.has(annex));
}

/** 1 itself, and not what was inserted behind it. */
export function isOne(number: LegalNumber | null): boolean {
  return number?.value === 1 && number.suffix === '';
}

/**
 * Annexes are written freely, with lists inside of points and one after the other under one heading. A list that counts anew inside of one that is open
 * is text; of such a list this is the node with the number that the line has, if it belongs to one.
 */
export function innerList(open: readonly OpenNode[], matches: readonly LevelMatch[]): OpenNode | undefined {
  for (const match of matches) {
    const { level, number, above } = match;
    const outer = open.find((node) => (node.repeats ?? node.level) === level && node.above === above);
    if (outer === undefined || number === null) continue;
    const inner = open.find(({ repeats }) => repeats === level);
    const goesOn = inner?.number && (follows(inner.number, number, 1) || number.value === inner.number.value);
    if (isOne(number) || goesOn) {
      // Between the list and what is below its points.
      const depth = inner?.depth ?? outer.depth + 0.5;
      return { ...outer, level: null, depth, number, isText: true, repeats: level };
    }
  }
  return undefined;
}

/** Whether the list that goes on with this level did so behind an inner one. */
export function holdsLists(open: readonly OpenNode[], level: GrammarLevel): boolean {
  return open.some((node) => node.repeats === level || (node.level === level && node.holdsLists));
}

/** Whether this closes with a list that it repeats, which did not go on behind it: nobody knows which of the two is the list. */
export function isInDoubt({ repeats, holdsLists, depth }: OpenNode, closedFrom: number): boolean {
  return repeats !== null && !holdsLists && closedFrom < Math.floor(depth);
}
