import type { Mark } from '../mark.js';
import type { Grammar } from './grammar.js';
import { headingMatch, type LevelMatch } from './match.js';
import { viewOf } from './view.js';

/** Markdown has six levels of headings. */
const headingLevels = 6;

/**
 * How deep the headings of a Markdown text stand: by the number of their marks, and where one number of marks is given to several levels of the
 * grammar (`## Part I`, `## Article 1`), by those too. What the grammar does not know stands beside the articles there.
 */
export class HeadingDepths {
  /** For each number of marks the levels of the grammar that have it, outermost first. */
  private readonly ranks: readonly (readonly number[])[];
  /** What each title is to the grammar: it is asked again for every heading. */
  private readonly matches = new Map<string, LevelMatch | null>();
  /** No heading is deeper. */
  readonly deepest: number;

  constructor(
    headings: readonly Mark[],
    private readonly grammar: Grammar,
  ) {
    const found = Array.from({ length: headingLevels + 1 }, () => new Set<number>());
    for (const { title, level } of headings) {
      const match = this.matchOf(title);
      if (match) found[level]?.add(this.rankOf(match));
    }
    this.ranks = found.map((ranks) => [...ranks].sort((left, right) => left - right));
    this.deepest = this.depthOf(headingLevels + 1, null) - 1;
  }

  matchOf(title: string): LevelMatch | null {
    let match = this.matches.get(title);
    if (match === undefined) {
      match = headingMatch(viewOf(title, this.grammar), this.grammar);
      this.matches.set(title, match);
    }
    return match;
  }

  depthOf(marks: number, match: LevelMatch | null): number {
    let depth = marks;
    for (const ranks of this.ranks.slice(0, marks)) depth += Math.max(0, ranks.length - 1);
    const own = this.ranks[marks] ?? [];
    return depth + Math.max(0, match ? own.indexOf(this.rankOf(match)) : this.placeOfUnknown(own));
  }

  private placeOfUnknown(own: readonly number[]): number {
    const main = this.grammar.levels.find(({ kind }) => kind === this.grammar.main);
    const place = own.findIndex((rank) => rank >= 2 * (main?.level ?? 0));
    return place < 0 ? own.length - 1 : place;
  }

  /** Of the two forms of the main level the second is the deeper one. */
  private rankOf({ level }: LevelMatch): number {
    return 2 * level.level + (level === this.grammar.forms?.inner ? 1 : 0);
  }
}
