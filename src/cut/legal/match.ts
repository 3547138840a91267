import { latinOrdinalPattern } from '../../contract/cut/latin-ordinals.js';
import type { Grammar, GrammarLevel } from './grammar.js';
import { type LegalNumber, parseNumbers, withoutSuperscripts } from './numerals.js';

/** A line that looks like the beginning of a level. */
export interface LevelMatch {
  readonly level: GrammarLevel;
  /** null for a level that is not counted, such as an annex without a number. */
  readonly number: LegalNumber | null;
  /** What else it may count as: `C` is a hundred and a letter. */
  readonly readings: readonly LegalNumber[];
  /** The number that counting goes on from: of `§§ 6 to 30` it is the 30; otherwise the number itself. */
  readonly last: LegalNumber | null;
  readonly label: string;
  /** The number as it is written, with that of what it stands under when that is written too. */
  readonly written: string;
  /** The number of what it stands under, where it is written before its own: the 1.2 of `1.2.3`. */
  readonly above: string | null;
  /** What stands on the line after the number and its punctuation. */
  readonly rest: string;
  /** Punctuation or the end of the line after the number: a reference in a sentence goes on with words. */
  readonly isStrong: boolean;
  /** A number without any mark, as in `2 The fee is paid.`: so does many a line of a text begin. */
  readonly isBare: boolean;
  /** The level that it would begin to count, where it is taken for the next number of a level above. */
  readonly other?: LevelMatch;
}

const longestHeading = 200;

/** Everything that a line may begin, in the order of the grammar. */
export function matchesOf(view: string, grammar: Grammar, isInAnnex = true): readonly LevelMatch[] {
  if (view === '') return [];
  const found: LevelMatch[] = [];
  for (const { level, patterns } of grammar.patternsByLetter.for(view)) {
    if (level.isOfAnnexes && !isInAnnex) continue;
    for (const pattern of patterns) {
      const match = pattern.exec(view);
      if (!match) continue;
      const one = levelMatch(view, grammar, level, match, level.bare.has(pattern));
      if (one) {
        found.push(one);
        break;
      }
    }
  }
  return found.length > 0 && grammar.ignoredLines.some((ignored) => ignored.test(view)) ? [] : found;
}

/** What a heading of Markdown is to the grammar, if anything. */
export function headingMatch(view: string, grammar: Grammar): LevelMatch | null {
  return matchesOf(view, grammar).find(({ level }) => level.sequence === 'free') ?? null;
}

function levelMatch(
  view: string,
  grammar: Grammar,
  level: GrammarLevel,
  match: RegExpExecArray,
  isBare: boolean,
): LevelMatch | null {
  const written = match.groups?.number;
  const readings = written === undefined ? [] : parseNumbers(written, level.numerals, grammar.counting);
  const number = readings[0] ?? null;
  if (written !== undefined && number === null) return null;
  const end = match.groups?.last;
  const last = end === undefined ? number : (parseNumbers(end, level.numerals, grammar.counting)[0] ?? number);
  const after = view.slice(match[0].length);
  const isTitled = level.numerals.includes('dotted') && titleOfRegulation.test(after);
  const tail = level.tail === 'any' ? 'strong' : tailOf(after, grammar, isTitled);
  if (tail === null || (level.tail === 'line' && after.replace(/^[\s.:–—-]+/u, '') !== '')) return null;
  const above = match.groups?.above ?? null;
  const label = labelOf(level, written).replace('{above}', above ?? '');
  const rest = after.replace(/^[\s.:/)–—-]+/u, '');
  const whole = above === null ? (written ?? '') : `${above}.${written}`;
  return { level, number, readings, last, label, written: whole, above, rest, isStrong: tail === 'strong', isBare };
}

const romanNumber = new RegExp(`^[ivxlcdm]+(?:[a-h]|${latinOrdinalPattern})?$`, 'i');

/** Ordinals are written in capitals as often as not and take no full stop, and `4 bis` is `4bis`. */
function labelOf({ label }: GrammarLevel, written = ''): string {
  if (/^[0-9⁰¹²³⁴-⁹]/.test(written)) {
    return label.replace('{number}', withoutSuperscripts(written).replace(/\s/g, ''));
  }
  const isWord = /^\p{L}{2,}/u.test(written) && !romanNumber.test(written);
  return label.replace(isWord ? /\{number\}\.?/ : '{number}', isWord ? written.toLowerCase() : written).trim();
}

/** `§ 164.102 Statutory basis.`: sections of regulations are not counted from 1, and their names end with a full stop. */
const titleOfRegulation = /^ (?:\p{Lu}[^.;:]{2,150}\.|\[Reserved\]\.?)$/u;

function tailOf(after: string, grammar: Grammar, isTitled: boolean): 'strong' | 'weak' | null {
  if (/^\s*$/.test(after)) return 'strong';
  // `§ 5 - 7` is a range, not a heading.
  if (/^ ?[.:/–—-]+(?:[\s("“[*–—-]|$|\p{L})/u.test(after)) return /^ ?[–—-] ?[0-9]/.test(after) ? null : 'strong';
  const rest = after.trimStart();
  if (rest === after || !/^[\p{Lu}\p{Lt}\p{Lo}([„“"«*]/u.test(rest)) return null;
  if (grammar.notAfterNumber.some((one) => one.test(rest))) return null;
  if (isTitled) return 'strong';
  return after.length <= longestHeading && !/[.;,]$/u.test(after) ? 'weak' : null;
}
