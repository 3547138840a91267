import type { Mark } from '../mark.js';

/** A mark with what tells a line of a table of contents from a heading of the law. */
export interface DraftMark extends Mark {
  title: string;
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
export function withoutContents(marks: readonly DraftMark[], main: string): readonly DraftMark[] {
  let lastPlace: ReadonlyMap<string, number> | undefined;
  const kept: DraftMark[] = [];
  for (let from = 0; from < marks.length; ) {
    const run = bareRun(marks, from, main);
    const entries = run.filter(({ kind }) => kind === main);
    const end = from + run.length;
    let isContents = entries.length >= fewestEntries;
    if (isContents) {
      lastPlace ??= lastPlaces(marks, main);
      const again = entries.filter((one) => one.name !== '' && (lastPlace?.get(keyOf(one)) ?? 0) >= end);
      isContents = again.length >= entries.length * leastShareAgain;
    }
    // The containers behind the last entry are those of the law.
    const contents = isContents ? run.findLastIndex(({ kind }) => kind === main) + 1 : 0;
    const next = Math.max(end, from + 1);
    kept.push(...marks.slice(from + contents, next));
    from = next;
  }
  return kept;
}

function bareRun(marks: readonly DraftMark[], from: number, main: string): readonly DraftMark[] {
  const labels = new Set<string | undefined>();
  let end = from;
  for (let mark = marks[end]; mark?.isBare; mark = marks[++end]) {
    if (mark.kind !== main) continue;
    if (labels.has(mark.label)) break;
    labels.add(mark.label);
  }
  return marks.slice(from, end);
}

function lastPlaces(marks: readonly DraftMark[], main: string): ReadonlyMap<string, number> {
  return new Map(marks.flatMap((mark, index) => (mark.kind === main ? [[keyOf(mark), index] as const] : [])));
}

/** `Scope.` and `SCOPE` are one name. */
function keyOf({ label, name }: DraftMark): string {
  return `${label}\n${name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '')}`;
}
