/**
 * Byte offsets at which an old text is cut so that its parts stand for the new texts: where the first line of each new text stands in the
 * old one, else by the new texts' lengths, moved to the end of a line or at least of a character. undefined when it is too short for that.
 * The parts need not be the new texts: what differs is revised afterwards.
 */
export function splitOffsets(oldText: string, newTexts: readonly string[]): readonly number[] | undefined {
  const bytes = Buffer.from(oldText);
  const whole = newTexts.reduce((sum, text) => sum + text.length, 0) || 1;
  const offsets: number[] = [];
  let written = 0;
  for (const [index, text] of newTexts.slice(0, -1).entries()) {
    written += text.length;
    const least = (offsets.at(-1) ?? 0) + 1;
    const most = bytes.length - (newTexts.length - 1 - index);
    const found = lineStart(bytes, newTexts[index + 1] ?? '', least);
    const offset = found ?? lineEnd(bytes, Math.round((bytes.length * written) / whole), least, most);
    if (offset === undefined || offset < least || offset > most) return undefined;
    offsets.push(offset);
  }
  return offsets;
}

/** Where the first line with text of `text` begins a line of `bytes`, at `least` or later. */
function lineStart(bytes: Buffer, text: string, least: number): number | undefined {
  const line = text
    .split(/\r?\n/)
    .find((one) => one.trim() !== '')
    ?.trimEnd();
  if (line === undefined || line.length < 4) return undefined;
  const at = bytes.indexOf(line, least);
  return at >= least && bytes[at - 1] === 0x0a ? at : undefined;
}

/** The end of the line around a wished offset, or of the character. */
function lineEnd(bytes: Buffer, wished: number, least: number, most: number): number | undefined {
  const near = Math.min(Math.max(wished, least), most);
  const feed = bytes.indexOf(0x0a, near - 1);
  if (feed >= 0 && feed + 1 >= least && feed + 1 <= most) return feed + 1;
  for (let at = near; at <= most; at++) if (((bytes[at] ?? 0) & 0xc0) !== 0x80) return at;
  for (let at = near; at >= least; at--) if (((bytes[at] ?? 0) & 0xc0) !== 0x80) return at;
  return undefined;
}
