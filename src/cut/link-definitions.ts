/** `[name]: destination "title"`; destination and title may stand on lines of their own. Bytes are read as Latin-1, all marks are ASCII. */
const definition =
  /^ {0,3}\[(?=[^\]]*[^\] \t\r\n])(?:[^[\]\\]|\\[\s\S])*\]:[ \t]*(?:(?:\r\n?|\n)[ \t]*)?(?:<(?:[^<>\r\n\\]|\\.)*>|[^ \t\r\n<][^ \t\r\n]*)(?:(?:[ \t]+|[ \t]*(?:\r\n?|\n)[ \t]*)(?:"(?:[^"\\]|\\[\s\S])*"|'(?:[^'\\]|\\[\s\S])*'|\((?:[^()\\]|\\[\s\S])*\)))?[ \t]*(?:\r\n?|\n|$)/;
/** A longer paragraph is no list of them; and a pattern with many repetitions runs out of stack. */
const longest = 16_384;

/** Bytes of the definitions of links that a paragraph of Markdown begins with. */
export function definitionsLength(paragraph: Buffer): number {
  if (!paragraph.subarray(0, 4).includes(0x5b) || paragraph.length > longest) return 0;
  const text = paragraph.toString('latin1');
  let length = 0;
  for (let found = definition.exec(text); found !== null; found = definition.exec(text.slice(length))) {
    length += found[0].length;
    if (length >= text.length) break;
  }
  return length;
}
