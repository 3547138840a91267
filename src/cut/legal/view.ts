import type { Grammar } from './grammar.js';

/** A heading is matched at the beginning of its line; a pattern never sees more, so no line makes it slow. */
export const viewLength = 300;
const longestLine = 65_536;

/** A line as grammars see it: NFC, single spaces, letters folded, no marks of emphasis. Only for matching: offsets never come from it. */
export function viewOf(text: string, grammar: Grammar): string {
  let view = text.length > viewLength ? text.slice(0, viewLength) : text;
  if (!isPlain(view)) view = view.normalize('NFC').replace(/[\u00AD\u200B\u2060\uFEFF]/g, '');
  if (view.includes('[^')) view = view.replace(/\[\^[^\]\s]{1,40}\]/g, ' ');
  view = view.replace(/\s+/g, ' ').trim();
  if (grammar.foldPattern) view = view.replace(grammar.foldPattern, (letter) => grammar.fold.get(letter) ?? letter);
  return /^[*_]/.test(view) ? withoutEmphasis(view) : view;
}

/** The whole line as text; of a line longer than any paragraph of a law only the beginning. */
export function lineText(bytes: Buffer, start: number, end: number): string {
  return bytes.toString('utf8', start, Math.min(end, start + longestLine));
}

function isPlain(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 0x7e) return false;
  return true;
}

/** `**Art. 5** Scope` as people read it. */
function withoutEmphasis(view: string): string {
  return view.replace(/^([*_]{1,3})(.*?)\1/, '$2').trim();
}
