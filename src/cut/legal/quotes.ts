/** One kind of quotation mark and what a line does with it. */
export interface QuoteOpening {
  readonly pair: readonly [string, string];
  /** The line begins with the mark: the quotation is a block of its own. */
  readonly isBlock: boolean;
}

/** `## "Art. 5`, the heading of another law. */
export function beginsQuotation(title: string, pairs: readonly (readonly [string, string])[]): boolean {
  return title.startsWith('"') || pairs.some(([open]) => title.startsWith(open));
}

/** The quotation that a line opens and does not close, or null. */
export function openingOf(text: string, pairs: readonly (readonly [string, string])[]): QuoteOpening | null {
  for (const pair of pairs) {
    if (!text.includes(pair[0]) || balance(text, pair) <= 0) continue;
    if (text.startsWith(pair[0])) return { pair, isBlock: true };
    // `as follows: “2. …`: opened in the middle, and the structure of the next lines is not ours either.
    const last = text.lastIndexOf(pair[0]);
    if (/[:：]\s*$/u.test(text.slice(0, last))) return { pair, isBlock: false };
  }
  return null;
}

/** True when the line closes a quotation that an earlier line opened. */
export function closes(text: string, pair: readonly [string, string]): boolean {
  if (!text.includes(pair[1])) return false;
  const net = balance(text, pair);
  // Equal marks tell nothing by themselves: an odd one at the end of a line closes.
  if (pair[0] === pair[1]) return net > 0 && endsWithMark(text, pair[1]);
  return net < 0 || (net === 0 && text.startsWith(pair[0]) && endsWithMark(text, pair[1]) && reopens(text, pair));
}

/** A line that is one quotation from its first letter to its last. */
export function isWholeQuotation(text: string, pairs: readonly (readonly [string, string])[]): boolean {
  return pairs.some((pair) => text.startsWith(pair[0]) && reopens(text, pair));
}

/** A quotation of several paragraphs may repeat the opening mark before each of them and close once. */
function reopens(text: string, pair: readonly [string, string]): boolean {
  return text.indexOf(pair[1]) === withoutEnd(text).length - pair[1].length && text.lastIndexOf(pair[0]) === 0;
}

const behindMark = new Set(' \t\u00a0.;,:!?)');

/** Without what the amending law says behind the closing mark: `;`, `.`, `; and`. */
function withoutEnd(text: string): string {
  const said = text.replace(/[;,] (?:and|or|und|oder|và|hoặc)$/u, '');
  let end = said.length;
  while (end > 0 && behindMark.has(said[end - 1] as string)) end--;
  return said.slice(0, end);
}

function endsWithMark(text: string, mark: string): boolean {
  return withoutEnd(text).endsWith(mark);
}

function balance(text: string, [open, close]: readonly [string, string]): number {
  if (open === close) return count(text, open) % 2;
  if (close === '’') return balanceBesideApostrophes(text, open);
  return count(text, open) - count(text, close);
}

/** `Member State’s` and `Member States’ authorities` close nothing. */
function balanceBesideApostrophes(text: string, open: string): number {
  let net = 0;
  for (const { 0: mark, index } of text.matchAll(/[‘’]/g)) {
    const isInWord = /^\p{L}’\p{L}$/u.test(text.slice(index - 1, index + 2));
    const isPossessive = net <= 0 && /^’ \p{L}/u.test(text.slice(index, index + 3));
    if (mark === open) net++;
    else if (mark === '’' && !isInWord && !isPossessive) net--;
  }
  return net;
}

function count(text: string, mark: string): number {
  let found = 0;
  for (let at = text.indexOf(mark); at >= 0; at = text.indexOf(mark, at + mark.length)) found++;
  return found;
}
