// Code inside a line: between backticks, and in the elements of HTML that hold code. `[^a-z]` in it is no mark of a footnote.

export interface CodeSpan {
  readonly start: number;
  readonly end: number;
}

/** Backticks, the tags, and where a block ends, since backticks of two blocks are no pair. */
const token =
  /`+|<\/?(?:code|pre|script|style)(?=[\s>/])|(?:\r\n|\n|\r(?!\n))[ \t]*(?=[\r\n#|]|[-*+][ \t]|[0-9]{1,9}[.)][ \t])/gi;

interface Token extends CodeSpan {
  readonly opens: string | null;
  readonly closes: string | null;
}

/** The code inside of a text, in order. */
export function codeSpansOf(text: string): readonly CodeSpan[] {
  if (!text.includes('`') && !text.includes('<')) return [];
  const tokens = tokensOf(text);
  const closing = closingTokens(tokens);
  const spans: CodeSpan[] = [];
  for (let at = 0; at < tokens.length; at++) {
    const last = closing[at] ?? -1;
    const [opener, closer] = [tokens[at], tokens[last]];
    if (opener === undefined || closer === undefined) continue;
    spans.push({ start: opener.start, end: closer.end });
    at = last;
  }
  return spans;
}

function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let block = 0;
  for (const { 0: found, index } of text.matchAll(token)) {
    const end = index + found.length;
    if (found.startsWith('`')) {
      const key = `${block} ${found.length}`;
      // Behind a backslash the first one is a letter; in code a backslash is one itself.
      const isEscaped = text[index - 1] === '\\' && text[index - 2] !== '\\';
      tokens.push({ start: index, end, opens: isEscaped ? `${block} ${found.length - 1}` : key, closes: key });
    } else if (found.startsWith('<')) {
      const isEnd = found.startsWith('</');
      const name = found.slice(isEnd ? 2 : 1).toLowerCase();
      tokens.push({ start: index, end, opens: isEnd ? null : name, closes: isEnd ? name : null });
    } else block++;
  }
  return tokens;
}

/** For each token that opens something the next one that closes it. */
function closingTokens(tokens: readonly Token[]): readonly (number | undefined)[] {
  const next = new Map<string, number>();
  const found: (number | undefined)[] = [];
  for (let at = tokens.length - 1; at >= 0; at--) {
    const { opens = null, closes = null } = tokens[at] ?? {};
    found[at] = opens === null ? undefined : next.get(opens);
    if (closes !== null) next.set(closes, at);
  }
  return found;
}
