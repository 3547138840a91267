import type { Mark } from '../mark.js';
import type { LevelMatch } from './match.js';
import { follows, type LegalNumber } from './numerals.js';

/** Unnumbered headings beside articles may stand above or beside them; these count. */
const numberedTitle = /^([0-9]{1,2})([a-z]?)\. ?\p{Lu}/u;
/** One alone may be anything. */
const fewestHolders = 2;

interface Section {
  readonly holders: Mark[];
  last: LegalNumber;
  isDoubtful: boolean;
}

/**
 * Headings such as `1. General` that have as many marks as the articles and stand above them: all that is no article in their section, counted from 1
 * and each directly before an article. In any other section nobody knows: where headings lost their places, they stand one after the other.
 */
export function articleHolders(
  headings: readonly Mark[],
  viewOf: (title: string) => string,
  matchOf: (title: string) => LevelMatch | null,
  main: string,
): ReadonlySet<Mark> {
  const found = new Set<Mark>();
  /** The open section of each number of marks. */
  const open = new Map<number, Section>();
  const close = (least: number) => {
    for (const [level, { holders, isDoubtful }] of open) {
      if (level < least) continue;
      if (!isDoubtful && holders.length >= fewestHolders) for (const one of holders) found.add(one);
      open.delete(level);
    }
  };
  const isArticle = (heading?: Mark) => heading !== undefined && matchOf(heading.title)?.level.kind === main;
  for (const [index, heading] of headings.entries()) {
    const { level, title } = heading;
    const isSection = !isArticle(heading) && matchOf(title) !== null;
    close(isSection ? level : level + 1);
    if (isSection || isArticle(heading)) continue;
    const section: Section = open.get(level) ?? {
      holders: [],
      last: { value: 0, suffix: '' },
      isDoubtful: false,
    };
    open.set(level, section);
    const [, value, suffix = ''] = numberedTitle.exec(viewOf(title)) ?? [];
    const number = { value: Number(value ?? 0), suffix };
    const next = headings[index + 1];
    section.isDoubtful ||= !(follows(section.last, number, 1) && isArticle(next) && next?.level === level);
    section.holders.push(heading);
    section.last = number;
  }
  close(0);
  return found;
}
