import type { Mark } from '../mark.js';
import { articleHolders } from './article-holders.js';
import type { Grammar } from './grammar.js';
import { headingMatch, type LevelMatch } from './match.js';
import { viewOf } from './view.js';

/** Markdown has six levels of headings. */
const headingLevels = 6;

/**
 * How deep the headings of a Markdown text stand: by the number of their marks, and where one number of marks is given to several levels of the
 * grammar (`## Part I`, `## Article 1`), by those too. What the grammar does not know stands beside the articles there, or above them where that is told.
 */
export class HeadingDepths {
  /** For each number of marks the levels of the grammar that have it, outermost first. */
  private readonly ranks: readonly (readonly number[])[];
  /** What each title is to the grammar: it is asked again for every heading. */
  private readonly matches = new Map<string, LevelMatch | null>();
  private readonly holders: ReadonlySet<Mark>;
  private readonly mainRank: number;
  /** No heading is deeper. */
  readonly deepest: number;

  constructor(
    headings: readonly Mark[],
    private readonly grammar: Grammar,
  ) {
    const view = (title: string) => viewOf(title, grammar);
    this.mainRank = 2 * (grammar.levels.find(({ kind }) => kind === grammar.main)?.level ?? 0);
    this.holders = articleHolders(headings, view, (title) => this.matchOf(title), grammar.main);
    const found = Array.from({ length: headingLevels + 1 }, () => new Set<number>());
    for (const heading of headings) {
      const rank = this.rankOf(heading);
      if (rank !== null) found[heading.level]?.add(rank);
    }
    this.ranks = found.map((ranks) => [...ranks].sort((left, right) => left - right));
    this.deepest = this.depthAt(headingLevels + 1, null) - 1;
  }

  matchOf(title: string): LevelMatch | null {
    let match = this.matches.get(title);
    if (match === undefined) {
      match = headingMatch(viewOf(title, this.grammar), this.grammar);
      this.matches.set(title, match);
    }
    return match;
  }

  depthOf(heading: Mark): number {
    return this.depthAt(heading.level, this.rankOf(heading));
  }

  private depthAt(marks: number, rank: number | null): number {
    let depth = marks;
    for (const ranks of this.ranks.slice(0, marks)) depth += Math.max(0, ranks.length - 1);
    const own = this.ranks[marks] ?? [];
    return depth + Math.max(0, rank === null ? this.placeOfUnknown(own) : own.indexOf(rank));
  }

  private placeOfUnknown(own: readonly number[]): number {
    const place = own.findIndex((rank) => rank >= this.mainRank);
    return place < 0 ? own.length - 1 : place;
  }

  /** Of the two forms of the main level the second is the deeper one; null for what the grammar does not know. */
  private rankOf(heading: Mark): number | null {
    const match = this.matchOf(heading.title);
    if (match === null) return this.holders.has(heading) ? this.mainRank - 1 : null;
    return 2 * match.level.level + (match.level === this.grammar.forms?.inner ? 1 : 0);
  }
}
