// A grammar has two dozen patterns and a line can begin one or two of them: which ones, its first letter says.

/** A level and those of its patterns that are worth trying. */
export interface LevelPatterns<Level> {
  readonly level: Level;
  readonly patterns: readonly RegExp[];
}

/** Below it are the letters of nearly every line; above it letters have more relatives than `toLowerCase` knows. */
const knownLetters = 0x180;
/** Letters that case folding takes for others: micro sign, long s. */
const oddLetters = new Set([0xb5, 0x17f]);

/** The patterns of a grammar by the first letter of the line. */
export class PatternsByLetter<Level extends { readonly patterns: readonly RegExp[] }> {
  private readonly all: readonly LevelPatterns<Level>[];
  private readonly known: (readonly LevelPatterns<Level>[] | undefined)[] = [];

  constructor(
    levels: readonly Level[],
    private readonly lettersOf = new Map(
      levels.flatMap(({ patterns }) => patterns.map((one) => [one, firstLetters(one.source)] as const)),
    ),
  ) {
    this.all = levels.map((level) => ({ level, patterns: level.patterns }));
  }

  /** What may match a view that is not empty, in the order of the grammar. */
  for(view: string): readonly LevelPatterns<Level>[] {
    const first = view.charCodeAt(0);
    if (first >= knownLetters || oddLetters.has(first)) return this.all;
    this.known[first] ??= this.beginningWith(String.fromCharCode(first).toLowerCase());
    return this.known[first];
  }

  private beginningWith(letter: string): readonly LevelPatterns<Level>[] {
    const mayBegin = (pattern: RegExp) => this.lettersOf.get(pattern)?.has(letter) ?? true;
    return this.all.flatMap(({ level, patterns }) => {
      const fitting = patterns.filter(mayBegin);
      return fitting.length === 0 ? [] : [{ level, patterns: fitting }];
    });
  }
}

/** The letters, in lower case, with which a match can begin; null when the source does not plainly say so. */
export function firstLetters(source: string): ReadonlySet<string> | null {
  const found = new Set<string>();
  return collect(source.startsWith('^') ? source.slice(1) : source, found) ? found : null;
}

/** Adds the first letters of each alternative; false when one is not plain. */
function collect(source: string, found: Set<string>): boolean {
  return alternativesOf(source).every((one) => {
    const group = /^\((?:\?:|\?<[a-z]+>|(?!\?))/.exec(one)?.[0];
    const end = group === undefined ? itemLength(one) : closingOf(one);
    if (end <= 0 || one.startsWith('{0', end)) return false;
    const item = one.slice(0, end);
    const isPlain = group === undefined ? addItem(item, found) : collect(item.slice(group.length, -1), found);
    // What may be missing leaves the beginning to what follows it.
    const mayBeMissing = one[end] === '?' || one[end] === '*';
    return isPlain && (!mayBeMissing || collect(one.slice(end + (one[end + 1] === '?' ? 2 : 1)), found));
  });
}

function addItem(item: string, found: Set<string>): boolean {
  if (item.startsWith('[')) return addClass(item.slice(1, -1), found);
  return addLetter(item.length === 2 ? item.slice(1) : item, found);
}

/** Length of the letter, escaped mark or class at the beginning; 0 for anything else. */
function itemLength(source: string): number {
  return /^(?:\[[^\]\\^][^\]\\]*\]|\\[^\p{L}\p{N}]|[^\\()[\]{}.*+?^$|])/u.exec(source)?.[0].length ?? 0;
}

function addClass(inside: string, found: Set<string>): boolean {
  const letters = [...inside];
  for (let at = 0; at < letters.length; at++) {
    const from = letters[at] ?? '';
    const to = letters[at + 1] === '-' && at + 2 < letters.length ? (letters[at + 2] ?? '') : from;
    if (to !== from) at += 2;
    for (let code = from.charCodeAt(0); code <= to.charCodeAt(0); code++) {
      if (!addLetter(String.fromCharCode(code), found)) return false;
    }
  }
  return true;
}

/** False for a letter that case folding takes for one below `knownLetters`. */
function addLetter(letter: string, found: Set<string>): boolean {
  const code = letter.charCodeAt(0);
  if (letter.length !== 1 || oddLetters.has(code) || (code >= 0x2000 && letter.toLowerCase() !== letter)) return false;
  found.add(letter.toLowerCase());
  return true;
}

/** The alternatives of a pattern, divided at the bars outside its groups and classes. */
function alternativesOf(source: string): readonly string[] {
  const found: string[] = [];
  let begin = 0;
  walk(source, (at, depth) => {
    if (depth === 0 && source[at] === '|') {
      found.push(source.slice(begin, at));
      begin = at + 1;
    }
    return false;
  });
  return [...found, source.slice(begin)];
}

/** After the parenthesis that closes the group at the beginning; 0 when none does. */
function closingOf(source: string): number {
  let end = 0;
  walk(source, (at, depth) => {
    if (depth > 0 || source[at] !== ')') return false;
    end = at + 1;
    return true;
  });
  return end;
}

/** Visits what is neither escaped nor in a class, with the number of groups that are open after it. */
function walk(source: string, visit: (at: number, depth: number) => boolean): void {
  let depth = 0;
  let isInClass = false;
  for (let at = 0; at < source.length; at++) {
    const letter = source[at];
    if (letter === '\\') at++;
    else if (isInClass) isInClass = letter !== ']';
    else if (letter === '[') isInClass = true;
    else {
      if (letter === '(') depth++;
      if (letter === ')') depth--;
      if (visit(at, depth)) return;
    }
  }
}
