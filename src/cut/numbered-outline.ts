import { forEachLine } from './lines.js';
import type { Mark } from './mark.js';

// Text taken out of a PDF has no blank lines, so a heading does not stand alone: `2.1 Scope` looks like a row of a table, an item of a list, an entry
// of the contents. What tells is the whole: headings count on, one after the other, from 1 to the end. Where a second reading is possible, none counts.

interface NumberedLine {
  readonly start: number;
  /** Place among the lines that are not blank. */
  readonly line: number;
  readonly number: readonly number[];
  readonly key: string;
  /** `1.` and not `1`, on the outermost level; lists and headings seldom agree in it. */
  readonly hasPoint: boolean;
  readonly title: string;
}

const longestTitle = 90;
/** A line as long as this that ends in the middle of a sentence goes on in the next one. */
const wrappedLine = 50;
const fewestHeadings = 4;
const fewestInside = 2;
const numbered = /^\s{0,8}([1-9][0-9]?(?:\.[1-9][0-9]?){0,3})(\.?)\s{1,8}[\p{Lu}\p{Lt}\p{Lo}]/u;

/** Marks of the numbered headings of a text without blank lines; none when it is not certain that they are headings. */
export function scanNumberedHeadings(bytes: Buffer, from: number): readonly Mark[] {
  const lines = withoutRows(numberedLines(bytes, from));
  const [bare, pointed] = [false, true].map((hasPoint) =>
    chainOf(lines.filter((one) => one.number.length > 1 || one.hasPoint === hasPoint)),
  );
  const chain = (pointed?.length ?? 0) > (bare?.length ?? 0) ? pointed : bare;
  if (chain === undefined || !isOutline(chain)) return [];
  return chain.map(({ start, number, title }) => ({ start, kind: 'heading', level: number.length, title }));
}

function isOutline(chain: readonly NumberedLine[]): boolean {
  const inside = chain.filter(({ number }) => number.length > 1).length;
  return chain.length >= fewestHeadings && inside >= fewestInside && chain.some(({ key }) => key === '2');
}

function numberedLines(bytes: Buffer, from: number): readonly NumberedLine[] {
  const found: NumberedLine[] = [];
  let line = 0;
  let goesOn = false;
  forEachLine(bytes, from, (start, end) => {
    let last = end;
    while (last > start && (bytes[last - 1] ?? 0) <= 0x20) last--;
    if (last === start) return;
    line++;
    const isHeading = !goesOn && last - start <= 3 * longestTitle && mayBeNumbered(bytes, start, last);
    const one = isHeading ? numberedLine(bytes.toString('utf8', start, last), start, line) : null;
    if (one) found.push(one);
    goesOn = last - start >= wrappedLine && !endsSentence.has(bytes[last - 1] ?? 0);
  });
  return found;
}

const endsSentence = new Set(Buffer.from('.:;!?)"'));

function mayBeNumbered(bytes: Buffer, start: number, end: number): boolean {
  let at = start;
  while (at < end && (bytes[at] ?? 0) <= 0x20) at++;
  return (bytes[at] ?? 0) >= 0x31 && (bytes[at] ?? 0) <= 0x39;
}

function numberedLine(text: string, start: number, line: number): NumberedLine | null {
  const match = numbered.exec(text);
  const title = text.replace(/\s+/gu, ' ').trim();
  if (!match || title.length > longestTitle || /[.,;:!?…-]$|\.{3}|…/u.test(title)) return null;
  const key = match[1] ?? '';
  return { start, line, number: key.split('.').map(Number), key, hasPoint: match[2] === '.', title };
}

/** Without rows of tables, short lists and contents: lines without text of their own that count on, and the last of such a run. */
function withoutRows(lines: readonly NumberedLine[]): readonly NumberedLine[] {
  const countsOn = (at: number) => {
    const [one, next] = [lines[at], lines[at + 1]];
    if (one === undefined || next?.line !== one.line + 1) return false;
    return next.key !== `${one.key}.1` && isAfter(next.number, one.number);
  };
  return lines.filter((_, at) => !countsOn(at) && !countsOn(at - 1));
}

function isAfter(number: readonly number[], other: readonly number[]): boolean {
  for (let at = 0; at < Math.max(number.length, other.length); at++) {
    const difference = (number[at] ?? 0) - (other[at] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return false;
}

/** The longest run of lines each of which is the next number after the one before; empty when two lines could be the same heading. */
function chainOf(lines: readonly NumberedLine[]): readonly NumberedLine[] {
  const lengths: number[] = [];
  const before: number[] = [];
  /** Where the longest run that ends with this number, or inside of it, has its end. */
  const endingIn = new Map<string, number>();
  const endingWith = new Map<string, number>();
  let best = -1;
  for (const [at, { number, key }] of lines.entries()) {
    const last = number.at(-1) ?? 0;
    const above = number.slice(0, -1);
    const from = last > 1 ? endingIn.get([...above, last - 1].join('.')) : endingWith.get(above.join('.'));
    if (from === undefined && key !== '1') continue;
    const length = (lengths[from ?? -1] ?? 0) + 1;
    lengths[at] = length;
    before[at] = from ?? -1;
    const keep = (ends: Map<string, number>, name: string) => {
      if (length >= (lengths[ends.get(name) ?? -1] ?? 0)) ends.set(name, at);
    };
    keep(endingWith, key);
    for (let depth = 1; depth <= number.length; depth++) keep(endingIn, number.slice(0, depth).join('.'));
    if (length >= (lengths[best] ?? 0)) best = at;
  }
  const chain: number[] = [];
  for (let at = best; at >= 0; at = before[at] ?? -1) chain.unshift(at);
  return withoutSecondReading(lines, chain);
}

/** A heading that pages repeat counts where it stands first; another line with its number in its place makes all of them doubtful. */
function withoutSecondReading(lines: readonly NumberedLine[], chain: readonly number[]): readonly NumberedLine[] {
  const found: NumberedLine[] = [];
  for (const [place, chosen] of chain.entries()) {
    const from = place === 0 ? chosen : (chain[place - 1] ?? 0) + 1;
    const rivals = lines.slice(from, chain[place + 1] ?? lines.length).filter(({ key }) => key === lines[chosen]?.key);
    const [first] = rivals;
    if (first === undefined || rivals.some(({ title }) => title.toLowerCase() !== first.title.toLowerCase())) return [];
    found.push(first);
  }
  return found;
}
