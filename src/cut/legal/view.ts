import { isClean } from '../../contract/cut/normalize.js';
import type { Grammar } from './grammar.js';

/** A heading is matched at the beginning of its line; a pattern never sees more, so no line makes it slow. */
export const viewLength = 300;
const longestLine = 65_536;
/** A number at the beginning of a line is not longer. */
const longestNumber = 12;

/** A line as grammars see it: NFC, single spaces, letters folded, no marks of emphasis. Only for matching: offsets never come from it. */
export function viewOf(text: string, grammar: Grammar): string {
  if (text === '') return '';
  const begin = text.length > viewLength ? text.slice(0, viewLength) : text;
  let view = isClean(begin) ? begin : cleaned(begin);
  if (grammar.foldPattern) view = view.replace(grammar.foldPattern, (letter) => grammar.fold.get(letter) ?? letter);
  const escaped = view.indexOf('\\');
  if (escaped >= 0 && escaped < longestNumber) view = withoutEscapes(view);
  if (view.startsWith('<sup>')) view = view.replace(/^<sup>([0-9]{1,3}[a-z]*)<\/sup> ?/, '$1 ');
  return view.startsWith('*') || view.startsWith('_') ? withoutEmphasis(view) : view;
}

/** Markdown that a program wrote has `1\\.` where no list may begin. */
function withoutEscapes(view: string): string {
  return view.slice(0, longestNumber).replace(/\\(?=[!-/:-@[-`{-~])/g, '') + view.slice(longestNumber);
}

function cleaned(begin: string): string {
  const composed = begin.normalize('NFC').replace(/[\u00AD\u200B\u2060\uFEFF]/g, '');
  const unmarked = composed.includes('[^') ? composed.replace(/\[\^[^\]\s]{1,40}\]/g, ' ') : composed;
  // Single spaces, which are most of it, stay as they are.
  return unmarked.replace(/\s{2,}|[^\S ]/g, ' ').trim();
}

/** The whole line as text; of a line longer than any paragraph of a law only the beginning. */
export function lineText(bytes: Buffer, start: number, end: number): string {
  return bytes.toString('utf8', start, Math.min(end, start + longestLine));
}

/** `**Art. 5** Scope` as people read it. */
function withoutEmphasis(view: string): string {
  return view.replace(/^([*_]{1,3})(.*?)\1/, '$2').trim();
}
