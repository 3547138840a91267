import type { Mark } from '../mark.js';
import { BareNumbers, beginsParagraph, beginsSentence, endsSentence } from './bare-numbers.js';
import { type DraftMark, withoutContents } from './contents.js';
import { withForms } from './forms.js';
import type { Grammar, GrammarLevel } from './grammar.js';
import type { HeadingDepths } from './heading-depths.js';
import { type LevelMatch, matchesOf } from './match.js';
import { follows, isFirstNumber, type LegalNumber } from './numerals.js';
import { holdsLists, innerList, isInDoubt, isOne, mayHold, nodeOf, type OpenNode } from './open-node.js';
import { beginsQuotation } from './quotes.js';

/** Numbers that a repealed article may leave out before a heading without punctuation is doubted. */
const usualGap = 10;
const longestTitle = 250;
/** Asked before the patterns: most lines go on with words. */
const shortNumber = /^(?:\(?\w{1,4}[.)]|[1¹] ?\p{L})/u;

/** `(i)` behind `(h)` is a letter, unless `(ii)` comes: then it began to count below. */
interface DoubledReading {
  readonly mark: DraftMark;
  readonly node: OpenNode;
  readonly other: LevelMatch;
  /** What was open before it. */
  readonly before: readonly OpenNode[];
}

interface Line {
  readonly start: number;
  readonly view: string;
}

/** Decides line by line which of the lines that look like structure are structure, by what is open and what was counted last. */
export class LegalOutline {
  private readonly marks: DraftMark[] = [];
  private readonly open: OpenNode[] = [];
  private readonly lastNumber = new Map<GrammarLevel, LegalNumber>();
  /** What was counted last of a level whose numbers run through a whole annex, and in which one. */
  private readonly running = new Map<GrammarLevel, { readonly number: LegalNumber; readonly inside: OpenNode }>();
  private awaitsTitle: DraftMark | null = null;
  /** What is cut inside of headings of the format is deeper than all of them; 0 until there is one. */
  private depthOfHeadings = 0;
  /** The line before introduced another law's text, or a quotation lost its end: only what continues our own numbers counts. */
  private isDoubtful = false;
  private previous = '';
  /** The line before whose number is too far from the last one to be believed by itself. */
  private leap: (Line & { readonly match: LevelMatch }) | null = null;
  private readonly bareNumbers = new BareNumbers();
  private doubled: DoubledReading | null = null;

  constructor(private readonly grammar: Grammar) {}

  /** All marks, or those without a table of contents. */
  finish(keepsContents = false): readonly Mark[] {
    this.closeFrom(1);
    if (this.depthOfHeadings > 0) return this.marks;
    const marks = keepsContents ? this.marks : withoutContents(this.marks, this.grammar);
    return withForms(marks, this.grammar.forms);
  }

  isIntroduction(view: string): boolean {
    return this.grammar.quoteIntroductions.some((one) => one.test(view));
  }

  /** True when the line is the heading of the main level that our own numbers expect. */
  isNextMain(view: string): boolean {
    return matchesOf(view, this.grammar).some(({ level, number, isStrong }) => {
      const last = this.lastNumber.get(level);
      return (
        isStrong &&
        level.kind === this.grammar.main &&
        number !== null &&
        last !== undefined &&
        follows(last, number, 1)
      );
    });
  }

  doubt(): void {
    this.isDoubtful = true;
  }

  get isInDoubt(): boolean {
    return this.isDoubtful;
  }

  /** What was introduced stood on one line, between its marks. */
  endDoubt(): void {
    this.isDoubtful = false;
  }

  line(start: number, view: string): void {
    if (view === '') {
      this.previous = '';
      return;
    }
    const chosen = this.choose({ start, view });
    if (chosen) this.accept(start, view, chosen, chosen.level.level + this.depthOfHeadings);
    else if (!this.continueTitle(view)) this.holdText(view);
    if (this.isIntroduction(view)) this.isDoubtful = true;
    // A heading that holds articles is no sentence that goes on in the next line.
    const isContainer = chosen?.level.sequence === 'free' && chosen.level.kind !== this.grammar.main;
    this.previous = isContainer ? '' : view;
  }

  /** A line of code: text, whatever it looks like. */
  code(): void {
    this.awaitsTitle = null;
    this.holdText(null);
    this.previous = '';
  }

  /** A heading of Markdown with its depth: always a piece, named by the grammar when it matches. */
  heading({ start, title, level }: Mark, depths: HeadingDepths): void {
    const match = depths.matchOf(title);
    this.depthOfHeadings = depths.deepest;
    this.awaitsTitle = null;
    this.isDoubtful = false;
    this.closeFrom(level);
    const node = this.nodeOf(match, level);
    node.isText = match === null && beginsQuotation(title, this.grammar.quotes);
    this.open.push(node);
    this.bareNumbers.heading();
    if (match) this.countOn(match);
    this.marks.push({
      start,
      kind: match?.level.kind ?? 'heading',
      level,
      title,
      form: match?.level ?? null,
      name: '',
      isBare: false,
      ...(match ? { label: match.label } : {}),
    });
    this.previous = '';
  }

  /** Another law's text: one piece when it holds structure, otherwise a part of what is open. */
  quotation(start: number, isBlock: boolean, views: readonly string[]): void {
    this.isDoubtful = false;
    this.awaitsTitle = null;
    this.holdText(null);
    this.previous = '.';
    const parent = this.open.at(-1);
    if (!isBlock || parent === undefined) return;
    for (const view of views) {
      const [match] = matchesOf(view, this.grammar);
      if (!match) continue;
      this.marks.push({
        start,
        kind: 'quoted',
        level: parent.depth + 1,
        title: '',
        label: `quoted ${match.label}`,
        form: null,
        name: '',
        isBare: false,
      });
      return;
    }
  }

  private choose(line: Line): LevelMatch | null {
    const matches = matchesOf(line.view, this.grammar, this.annex !== null);
    if (matches.length === 0) return null;
    for (const one of matches) {
      if (one.level.sequence !== 'free' || !this.isAllowed(one)) continue;
      const read = this.inOrder(one);
      if (this.isBelievable(read, line)) return read;
    }
    const strict = matches.filter((one) => one.level.sequence === 'strict' && this.isAllowed(one));
    if (this.isDoubtful && !this.grammar.instructions.some((one) => strict.some(({ rest }) => one.test(rest))))
      return null;
    if (this.isInInnerList(strict)) return null;
    const first = strict.find((one) => this.beginsCounting(one));
    const next = this.deepestSuccessor(strict);
    if (first === undefined) return next ?? this.secondOfDoubled(strict);
    return next === null ? first : { ...next, other: first };
  }

  /** Of several readings of a number the one that follows what was counted last. */
  private inOrder(match: LevelMatch): LevelMatch {
    const last = this.lastNumber.get(match.level);
    if (match.readings.length < 2 || last === undefined) return match;
    const following = (step: number) => match.readings.find((one) => follows(last, one, step));
    const number = following(1) ?? following(usualGap) ?? match.number;
    return { ...match, number, last: number };
  }

  /** `(ii)`, or what begins to count below `(i)`, when that was taken for the letter behind `(h)`. */
  private secondOfDoubled(matches: readonly LevelMatch[]): LevelMatch | null {
    const { doubled } = this;
    if (doubled === null || this.open.at(-1) !== doubled.node) return null;
    const { mark, before, other } = doubled;
    const { level, number, label } = other;
    const isSecond = (one: LevelMatch) => one.level === level && number && one.number && follows(number, one.number, 1);
    const isBelow = (one: LevelMatch) => one.level.under?.has(level.kind) && isFirstNumber(one.number);
    const second = matches.find((one) => isSecond(one) || isBelow(one));
    if (second === undefined) return null;
    const depth = level.level + this.depthOfHeadings;
    this.marks[this.marks.lastIndexOf(mark)] = { ...mark, kind: level.kind, level: depth, label, form: level };
    this.open.splice(0, this.open.length, ...before);
    this.open.push(this.nodeOf(other, depth));
    return second;
  }

  private isAllowed({ level }: LevelMatch): boolean {
    // By induction all marks are of its kind when the last one is.
    if (level.beforeAll) return (this.marks.at(-1)?.kind ?? level.kind) === level.kind;
    // Inside Markdown and HTML the format's headings are the containers.
    return this.depthOfHeadings === 0 || level.sequence === 'strict';
  }

  private isBelievable(match: LevelMatch, line: Line): boolean {
    const { level, number, isStrong } = match;
    const last = this.lastNumber.get(level);
    const isFirst = number === null || number.value === 1;
    const isNext =
      number !== null && (last === undefined ? isFirst && !this.isBelowForm(level) : follows(last, number, 1));
    if (this.isDoubtful && level.kind === this.grammar.main && !isNext) return false;
    if (!isStrong && !isFirst) {
      if (number === null || last === undefined) return false;
      return follows(last, number, usualGap) || this.followsLeap(match, line);
    }
    // A reference that a line break put at the beginning of a line: the line before ends in the middle of a sentence.
    return !isStrong || isFirst || isNext || level.kind !== this.grammar.main || endsSentence(this.previous);
  }

  /** Where more articles were repealed, two headings that follow each other are believed, and the first is a piece after all. */
  private followsLeap(match: LevelMatch, line: Line): boolean {
    const before = this.leap;
    this.leap = { ...line, match };
    const from = before?.match;
    if (!before || !from?.last || !match.number || from.level !== match.level) return false;
    if (!follows(from.last, match.number, 1)) return false;
    const { start, view } = before;
    const { level, label, rest } = from;
    const title = view.slice(0, longestTitle);
    const mark = { start, kind: level.kind, level: level.level, title, form: level, label, name: rest, isBare: false };
    this.marks.splice(this.marks.findLastIndex((one) => one.start < start) + 1, 0, mark);
    return true;
  }

  private beginsCounting({ level, number, above, isBare, rest }: LevelMatch): boolean {
    // A heading that the grammar does not know, such as the name of an article, holds what its article holds.
    const top = this.open.findLast((node) => node.isText || (node.level && (above ?? node.written) === node.written));
    if (number === null || !(isFirstNumber(number) || this.runsOn(level, number))) return false;
    const isUnder = level.under === null || (top !== undefined && mayHold(top, level.under));
    if (isBare && !(isOne(number) && this.bareNumbers.mayBegin(rest))) return false;
    return isUnder && (level.under !== null || top !== undefined || level.beforeAll);
  }

  private get annex(): string | null {
    return this.open.at(-1)?.annex ?? null;
  }

  private nodeOf(match: LevelMatch | null, depth: number): OpenNode {
    return nodeOf(match, depth, this.open.at(-1), this.grammar);
  }

  /** Whether the line belongs to a list in an annex that is text. */
  private isInInnerList(matches: readonly LevelMatch[]): boolean {
    const list = this.annex === null ? undefined : innerList(this.open, matches);
    if (list === undefined) return false;
    this.closeFrom(list.depth);
    this.open.push(list);
    return true;
  }

  /** The first number of a section that goes on from the section before. */
  private runsOn(level: GrammarLevel, number: LegalNumber): boolean {
    const before = this.running.get(level);
    return before !== undefined && this.open.includes(before.inside) && follows(before.number, number, 1);
  }

  private deepestSuccessor(matches: readonly LevelMatch[]): LevelMatch | null {
    for (let index = this.open.length - 1; index >= 0; index--) {
      const node = this.open[index];
      for (const match of matches) {
        const read = node?.level?.kind === match.level.kind ? this.successorOf(node, match) : null;
        if (read) return read;
      }
    }
    return null;
  }

  /** The match as the number behind that of an open node, in one of its readings. */
  private successorOf(node: OpenNode, match: LevelMatch): LevelMatch | null {
    const { level, readings, above, isBare, rest } = match;
    const { number: last } = node;
    if (last === null || node.above !== above || node.isBare !== isBare) return null;
    if (isBare && !(endsSentence(this.previous) && beginsSentence(rest))) return null;
    const number = readings.find((one) => follows(last, one, isBare ? 1 : level.step));
    if (number === undefined) return null;
    return number === match.number ? match : { ...match, number, last: number };
  }

  /** Below each Artikel § counts anew. */
  private countOn({ level, last }: LevelMatch): void {
    const { forms } = this.grammar;
    if (level === forms?.outer) this.lastNumber.delete(forms.inner);
    if (last) this.lastNumber.set(level, last);
  }

  /** Points of an annex count on where its next section begins. */
  private countThrough({ level, last }: LevelMatch): void {
    if (level.runsThrough === undefined || last === null) return;
    const inside = this.open.findLast((node) => node.level?.kind === level.runsThrough);
    if (inside) this.running.set(level, { number: last, inside });
  }

  /** Whether it stands below an Artikel, which may be one that quotes the § of another law. */
  private isBelowForm(level: GrammarLevel): boolean {
    const { forms } = this.grammar;
    return forms !== null && level === forms.inner && this.lastNumber.has(forms.outer);
  }

  private accept(start: number, view: string, match: LevelMatch, depth: number): void {
    const { level, label, rest, isBare, other } = match;
    this.isDoubtful = false;
    const before = other ? [...this.open] : [];
    const isFirstBare = isBare && isOne(match.number);
    if (isBare && !isFirstBare) this.bareNumbers.goOn();
    const holds = this.annex !== null && holdsLists(this.open, level);
    this.closeFrom(depth);
    const node = this.nodeOf(match, depth);
    // From `3–5 …` counting goes on behind the 5.
    node.number = match.last;
    node.holdsLists = holds;
    this.open.push(node);
    this.countOn(match);
    this.countThrough(match);
    this.countInside(match, rest, depth - level.level);
    const isHeading = level.sequence === 'free';
    const mark: DraftMark = {
      start,
      kind: level.kind,
      level: depth,
      title: isHeading ? view.slice(0, longestTitle) : '',
      form: level,
      label,
      name: rest,
      isBare: isHeading,
    };
    this.marks.push(mark);
    if (other) this.doubled = { mark, node, other, before };
    if (isHeading) this.bareNumbers.heading();
    else this.bareNumbers.piece(isFirstBare ? mark : null);
    this.awaitsTitle = isHeading && level.titleOnNextLine && rest === '' ? mark : null;
  }

  /** `§ 1. (1) …`, `(a)(1) …`: what begins to count on the same line belongs to its piece, and the next number counts on. */
  private countInside({ level: { kind }, written }: LevelMatch, rest: string, offset: number): void {
    if (!shortNumber.test(rest)) return;
    const first = matchesOf(rest, this.grammar).find(
      ({ level, number, above, isBare, rest: text }) =>
        level.sequence === 'strict' &&
        level.under?.has(kind) &&
        (above ?? written) === written &&
        (isBare ? isOne(number) && beginsParagraph(text) : isFirstNumber(number)),
    );
    if (!first) return;
    this.open.push(this.nodeOf(first, first.level.level + offset));
    this.countInside(first, first.rest, offset);
  }

  /** `Chapter I` and its name are two lines of one heading. */
  private continueTitle(view: string): boolean {
    const mark = this.awaitsTitle;
    this.awaitsTitle = null;
    if (mark === null || view.length > longestTitle || /[.;:,]$/u.test(view)) return false;
    mark.title = `${mark.title} ${view}`.slice(0, longestTitle);
    mark.name += view;
    return true;
  }

  /** A line of text, or null for what is none to a grammar. */
  private holdText(view: string | null): void {
    const last = this.marks.at(-1);
    if (last) last.isBare = false;
    this.bareNumbers.text(view);
  }

  /** Makes text of the list of this depth that ends here. */
  private withdraw(depth: number): void {
    this.marks.splice(this.marks.findLastIndex(({ level }) => level < depth) + 1);
    const above = this.marks.at(-1);
    if (above) above.isBare = false;
  }

  private closeFrom(depth: number): void {
    this.bareNumbers.close(this.marks, depth);
    while ((this.open.at(-1)?.depth ?? 0) >= depth) {
      const node = this.open.pop();
      if (node && isInDoubt(node, depth)) this.withdraw(Math.floor(node.depth));
    }
  }
}
