import type { Mark } from '../mark.js';
import type { Grammar, GrammarLevel } from './grammar.js';
import { type LevelMatch, matchesOf } from './match.js';
import { follows, type LegalNumber } from './numerals.js';

/** Numbers that a repealed article may leave out before a heading without punctuation is doubted. */
const usualGap = 10;
const longestTitle = 250;
/** Markdown and HTML have six levels of headings; what a grammar cuts inside them is deeper. */
const headingLevels = 6;

interface OpenNode {
  readonly level: GrammarLevel | null;
  readonly depth: number;
  readonly number: LegalNumber | null;
}

interface DraftMark {
  start: number;
  kind: string;
  level: number;
  title: string;
  label?: string;
}

/** Decides line by line which of the lines that look like structure are structure, by what is open and what was counted last. */
export class LegalOutline {
  private readonly marks: DraftMark[] = [];
  private readonly open: OpenNode[] = [];
  private readonly lastNumber = new Map<string, LegalNumber>();
  private awaitsTitle: DraftMark | null = null;
  private hasHeadings = false;
  /** The line before introduced another law's text, or a quotation lost its end: only what continues our own numbers counts. */
  private isDoubtful = false;
  private previous = '';

  constructor(private readonly grammar: Grammar) {}

  finish(): readonly Mark[] {
    return this.marks;
  }

  isIntroduction(view: string): boolean {
    return this.grammar.quoteIntroductions.some((one) => one.test(view));
  }

  doubt(): void {
    this.isDoubtful = true;
  }

  line(start: number, view: string): void {
    if (view === '') {
      this.previous = '';
      return;
    }
    const chosen = this.choose(view);
    if (chosen) this.accept(start, view, chosen, chosen.level.level + (this.hasHeadings ? headingLevels : 0));
    else this.continueTitle(view);
    if (this.isIntroduction(view)) this.isDoubtful = true;
    this.previous = view;
  }

  /** A heading of the format: always a piece, named by the grammar when it matches. */
  heading(start: number, title: string, level: number, view: string): void {
    this.hasHeadings = true;
    const match = matchesOf(view, this.grammar).find((one) => one.level.sequence === 'free');
    this.awaitsTitle = null;
    this.isDoubtful = false;
    this.closeFrom(level);
    this.open.push({ level: match?.level ?? null, depth: level, number: match?.number ?? null });
    if (match?.number) this.lastNumber.set(match.level.kind, match.number);
    this.marks.push({
      start,
      kind: match?.level.kind ?? 'heading',
      level,
      title,
      ...(match ? { label: match.label } : {}),
    });
    this.previous = '';
  }

  /** Another law's text: one piece when it holds structure, otherwise a part of what is open. */
  quotation(start: number, isBlock: boolean, views: readonly string[]): void {
    this.isDoubtful = false;
    this.awaitsTitle = null;
    this.previous = '.';
    const parent = this.open.at(-1);
    if (!isBlock || parent === undefined) return;
    for (const view of views) {
      const [match] = matchesOf(view, this.grammar);
      if (!match) continue;
      this.marks.push({ start, kind: 'quoted', level: parent.depth + 1, title: '', label: `quoted ${match.label}` });
      return;
    }
  }

  private choose(view: string): LevelMatch | null {
    const matches = matchesOf(view, this.grammar);
    if (matches.length === 0) return null;
    const free = matches.find((one) => one.level.sequence === 'free' && this.isAllowed(one) && this.isBelievable(one));
    if (free) return free;
    const strict = matches.filter((one) => one.level.sequence === 'strict' && this.isAllowed(one));
    if (this.isDoubtful && !this.grammar.instructions.some((one) => strict.some(({ rest }) => one.test(rest))))
      return null;
    return strict.find((one) => this.beginsCounting(one)) ?? this.deepestSuccessor(strict);
  }

  private isAllowed({ level }: LevelMatch): boolean {
    if (level.beforeAll) return !this.marks.some((mark) => mark.kind !== level.kind);
    // Inside Markdown and HTML the format's headings are the containers.
    return !this.hasHeadings || level.sequence === 'strict';
  }

  private isBelievable({ level, number, isStrong }: LevelMatch): boolean {
    const last = this.lastNumber.get(level.kind);
    const isFirst = number === null || number.value === 1;
    const isNext = number !== null && (last === undefined ? isFirst : follows(last, number, 1));
    if (this.isDoubtful && level.kind === this.grammar.main && !isNext) return false;
    if (!isStrong) return isFirst || (number !== null && last !== undefined && follows(last, number, usualGap));
    // A reference that a line break put at the beginning of a line: the line before ends in the middle of a sentence.
    return isFirst || isNext || level.kind !== this.grammar.main || endsSentence(this.previous);
  }

  private beginsCounting({ level, number }: LevelMatch): boolean {
    const top = this.open.at(-1);
    if (number === null || number.value !== 1) return false;
    const isUnder = level.under === null || (top?.level != null && level.under.has(top.level.kind));
    return isUnder && (level.under !== null || top !== undefined || level.beforeAll);
  }

  private deepestSuccessor(matches: readonly LevelMatch[]): LevelMatch | null {
    for (let index = this.open.length - 1; index >= 0; index--) {
      const node = this.open[index];
      const match = matches.find(
        ({ level, number }) =>
          node?.level?.kind === level.kind && node.number && number && follows(node.number, number, level.step),
      );
      if (match) return match;
    }
    return null;
  }

  private accept(start: number, view: string, { level, number, label, rest }: LevelMatch, depth: number): void {
    this.isDoubtful = false;
    this.closeFrom(depth);
    this.open.push({ level, depth, number });
    if (number) this.lastNumber.set(level.kind, number);
    const isHeading = level.sequence === 'free';
    const mark: DraftMark = {
      start,
      kind: level.kind,
      level: depth,
      title: isHeading ? view.slice(0, longestTitle) : '',
      label,
    };
    this.marks.push(mark);
    this.awaitsTitle = isHeading && level.titleOnNextLine && rest === '' ? mark : null;
  }

  /** `Chapter I` and its name are two lines of one heading. */
  private continueTitle(view: string): void {
    const mark = this.awaitsTitle;
    this.awaitsTitle = null;
    if (mark === null || view.length > longestTitle || /[.;:,]$/u.test(view)) return;
    mark.title = `${mark.title} ${view}`.slice(0, longestTitle);
  }

  private closeFrom(depth: number): void {
    while ((this.open.at(-1)?.depth ?? 0) >= depth) this.open.pop();
  }
}

function endsSentence(previous: string): boolean {
  return previous === '' || /[.;:!?…”"“»)\]/*_-]$/u.test(previous) || previous === previous.toUpperCase();
}
