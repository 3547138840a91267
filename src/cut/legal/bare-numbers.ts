import type { DraftMark } from './contents.js';

/** A title and what an editor writes below it; more than that is text. */
const mostTitleLines = 2;
const longestTitle = 150;

/**
 * Paragraphs whose numbers have no mark, `1 This Act …`, `² It …`, as Swiss law is printed. So does many a line begin that is none, with a year or an
 * amount: such numbers count only from 1 behind the heading, without a gap, and a paragraph 1 that no 2 follows is text.
 */
export class BareNumbers {
  /** Lines behind a heading that may be its title; -1 when there was more. */
  private titleLines = -1;
  /** The first paragraph, as long as there is no second. */
  private lone: DraftMark | null = null;

  heading(): void {
    this.titleLines = 0;
  }

  /** A piece that is no heading; the mark when it is a first paragraph of this kind. */
  piece(first: DraftMark | null): void {
    this.titleLines = -1;
    if (first !== null) this.lone = first;
  }

  text(view: string | null): void {
    if (this.titleLines < 0) return;
    const mayBeTitle = view !== null && view.length <= longestTitle && !/[.;:,]$/.test(view);
    this.titleLines = mayBeTitle && this.titleLines < mostTitleLines ? this.titleLines + 1 : -1;
  }

  mayBegin(rest: string): boolean {
    return this.titleLines >= 0 && beginsParagraph(rest);
  }

  /** A second paragraph. */
  goOn(): void {
    this.lone = null;
  }

  /** Takes back a first paragraph that nothing followed, when what is as deep as this ends. */
  close(marks: DraftMark[], depth: number): void {
    if (this.lone === null || this.lone.level < depth) return;
    const at = marks.lastIndexOf(this.lone);
    this.lone = null;
    marks.splice(at, 1);
    const above = marks[at - 1];
    if (above) above.isBare = false;
  }
}

/** Bavarian law numbers its sentences: `¹Eins. ²Zwei.` */
const numbersSentences = /[.;:!?…)“”]\s*[²³⁴-⁹]\s?\p{Lu}/u;

/** Text behind a first number that numbers a paragraph. */
export function beginsParagraph(rest: string): boolean {
  return beginsSentence(rest) && !numbersSentences.test(rest);
}

/** Nothing is left of a repealed paragraph but dots. */
export function beginsSentence(rest: string): boolean {
  return /^(?:$|…|[„“"«»‹(['‚]*[\p{Lu}\p{Lt}\p{Lo}])/u.test(rest);
}

/** True for a line behind which a new one may begin; a heading may be written in capitals. */
export function endsSentence(previous: string): boolean {
  return previous === '' || /[.;:!?…”"“»)\]/*_-]$/u.test(previous) || previous === previous.toUpperCase();
}
