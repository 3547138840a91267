import type { Mark } from '../mark.js';
import type { Grammar, GrammarLevel } from './grammar.js';

/** A mark with what tells a line of a table of contents from a heading of the law. */
export interface DraftMark extends Mark {
  title: string;
  /** The level of the grammar that it is; null for headings it does not know, and quotations. */
  readonly form: GrammarLevel | null;
  /** What stands after the number of a heading. */
  name: string;
  /** A heading without text of its own. */
  isBare: boolean;
}

/** Two headings without text may stand in a law; three in a row that all come again are its table of contents. */
const fewestEntries = 3;
/** Of the entries so many have to come again with number and name; a table is not always up to date. */
const leastShareAgain = 2 / 3;

/**
 * Marks without those of a table of contents, whose lines look like the headings that they list: a run of headings without text, no number of the
 * main level twice, most of which come again further on. Its bytes stay with what stands before it.
 */
export function withoutContents(marks: readonly DraftMark[], { main, forms }: Grammar): readonly DraftMark[] {
  const numbers = numbersOf(marks, main, forms);
  let lastPlace: ReadonlyMap<string, number> | undefined;
  const kept: DraftMark[] = [];
  for (let from = 0; from < marks.length; ) {
    const end = endOfBareRun(marks, from, numbers);
    const entries = end - from < fewestEntries ? [] : indexesOf(from, end).filter((at) => numbers[at] !== null);
    let begin = from;
    let contentsEnd = from;
    if (entries.length >= fewestEntries) {
      lastPlace ??= lastPlaces(marks, numbers);
      const isAgain = (at: number) =>
        marks[at]?.name !== '' && (lastPlace?.get(keyOf(marks[at], numbers[at])) ?? 0) >= end;
      // An Artikel without a text of its own, before the contents of the law that it holds.
      if (forms !== null && marks[from]?.form === forms.outer && !isAgain(from)) begin++;
      const isContents = entries.filter(isAgain).length >= entries.length * leastShareAgain;
      if (isContents) contentsEnd = endOfContents(marks, from, entries.at(-1) ?? from, end);
    }
    const next = Math.max(end, from + 1);
    kept.push(...marks.slice(from, Math.min(begin, contentsEnd)), ...marks.slice(contentsEnd, next));
    from = next;
  }
  return kept;
}

/** The containers behind the last entry are those of the law; annexes are listed there too, and then the first container stands there again. */
function endOfContents(marks: readonly DraftMark[], from: number, last: number, end: number): number {
  const first = marks[from];
  const again = indexesOf(last + 1, end).find(
    (at) => keyOf(marks[at], marks[at]?.label) === keyOf(first, first?.label),
  );
  return again ?? last + 1;
}

function indexesOf(from: number, end: number): number[] {
  return Array.from({ length: end - from }, (_, index) => from + index);
}

/** The number of each mark of the main level, of § with that of its Artikel; null for all others. */
function numbersOf(marks: readonly DraftMark[], main: string, forms: Grammar['forms']): readonly (string | null)[] {
  let above = '';
  return marks.map(({ kind, form, label = '' }) => {
    if (kind !== main) return null;
    if (form === forms?.outer) above = label;
    return form === forms?.inner ? `${above} ${label}` : label;
  });
}

function endOfBareRun(marks: readonly DraftMark[], from: number, numbers: readonly (string | null)[]): number {
  const seen = new Set<string>();
  let end = from;
  for (let number = numbers[end] ?? null; marks[end]?.isBare; number = numbers[++end] ?? null) {
    if (number === null) continue;
    if (seen.has(number)) break;
    seen.add(number);
  }
  return end;
}

function lastPlaces(marks: readonly DraftMark[], numbers: readonly (string | null)[]): ReadonlyMap<string, number> {
  return new Map(marks.flatMap((mark, at) => (numbers[at] == null ? [] : [[keyOf(mark, numbers[at]), at] as const])));
}

/** `Scope.` and `SCOPE` are one name. */
function keyOf(mark: DraftMark | undefined, number: string | null | undefined): string {
  return `${number}\n${mark?.name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '')}`;
}
