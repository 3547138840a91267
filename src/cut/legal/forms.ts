import type { DraftMark } from './contents.js';
import type { MainForms } from './grammar.js';

/**
 * Marks of a text that has both forms of the main level (an act whose `Artikel` are laws with `§` of their own): what follows an outer one is
 * below it, with all its levels, up to the next one or to what holds the outer ones. A text with one form stays as it is.
 */
export function withForms(marks: readonly DraftMark[], forms: MainForms | null): readonly DraftMark[] {
  if (forms === null) return marks;
  const { outer, inner } = forms;
  const firstOuter = marks.findIndex(({ form }) => form === outer);
  if (firstOuter < 0 || !marks.some(({ form }) => form === inner)) return marks;
  const next = nextForms(marks, forms);
  const isOutermost = marks.slice(0, firstOuter).every(({ level }) => level >= outer.level);
  let isInside = false;
  let holdsInner = false;
  return marks.map((mark, index) => {
    if (mark.form === outer) {
      isInside = true;
      holdsInner = false;
      return mark;
    }
    if (mark.form === inner) holdsInner = true;
    if (mark.level < outer.level && next[index]?.form !== inner) {
      // An annex with its text belongs to the law inside; a bare heading before an outer one holds that one.
      isInside &&= isOutermost && holdsInner && next[index]?.isBehindText !== false;
    }
    return isInside ? { ...mark, level: mark.level + outer.level } : mark;
  });
}

/** For each mark: which form comes next after it, and whether there is text before that one. */
function nextForms(marks: readonly DraftMark[], { outer, inner }: MainForms) {
  const found: { readonly form: DraftMark['form']; readonly isBehindText: boolean }[] = [];
  let form: DraftMark['form'] = null;
  let isBehindText = true;
  for (let index = marks.length - 1; index >= 0; index--) {
    const mark = marks[index];
    if (!mark) continue;
    isBehindText ||= !mark.isBare;
    found[index] = { form, isBehindText };
    if (mark.form !== outer && mark.form !== inner) continue;
    form = mark.form;
    isBehindText = false;
  }
  return found;
}
