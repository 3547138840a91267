/**
 * Characters that a terminal obeys instead of showing: C0 and C1 controls, and the marks that turn the writing direction.
 * Text from the database was written by somebody else and must not move the cursor or hide a line.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding control characters is what it is for
const obeyed = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** The text with every character that a terminal would obey written as an escape. */
export function printable(text: string): string {
  return text.replace(obeyed, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

const takesNoColumn = /^[\p{Mn}\p{Me}\p{Cf}]$/u;
const takesTwoColumns =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]$/u;

/** Columns that a text takes on a terminal: combining marks none, East Asian wide characters two. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) {
    if (!takesNoColumn.test(character)) width += takesTwoColumns.test(character) ? 2 : 1;
  }
  return width;
}
