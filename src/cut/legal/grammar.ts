import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { IuError } from '../../contract/errors/index.js';
import { PatternsByLetter } from './first-letters.js';
import { type Counting, numberPattern, numeralKinds } from './numerals.js';

/** The grammars of the package: data, so that one for another tradition is a file and no code. */
export const grammarFolder = fileURLToPath(new URL('../../../grammars/', import.meta.url));

const pattern = z.string().min(1).max(500);
const levelSchema = z
  .strictObject({
    kind: z.string().regex(/^[a-z][a-z0-9_]{0,40}$/),
    patterns: z.array(pattern).min(1).max(10),
    bare: z.array(pattern).max(5).default([]),
    numerals: z.array(z.enum(numeralKinds)).max(5).default([]),
    label: z.string().min(1).max(80),
    sequence: z.enum(['free', 'strict']).default('free'),
    tail: z.enum(['heading', 'any', 'line']).optional(),
    under: z.array(z.string()).max(20).optional(),
    step: z.int().min(1).max(100).default(1),
    runsThrough: z.string().optional(),
    titleOnNextLine: z.boolean().default(false),
    beforeAll: z.boolean().default(false),
    caseSensitive: z.boolean().default(false),
  })
  .refine((level) => level.sequence === 'free' || level.numerals.length > 0, {
    message: 'a strict level needs numerals',
  })
  .refine((level) => level.sequence === 'strict' || level.bare.length === 0, {
    message: 'only a strict level has bare numbers',
  });

const grammarSchema = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]{0,40}$/),
  version: z.string().min(1).max(20),
  description: z.string().max(500).default(''),
  main: z.string(),
  words: z.array(z.string().min(1).max(20)).max(50).default([]),
  alphabet: z.string().min(1).max(60).default('abcdefghijklmnopqrstuvwxyz'),
  ordinals: z.array(z.string().min(1)).max(100).default([]),
  fold: z.record(z.string().length(1), z.string().max(2)).default({}),
  quotes: z
    .array(z.tuple([z.string().min(1).max(2), z.string().min(1).max(2)]))
    .max(6)
    .default([]),
  quoteIntroductions: z.array(pattern).max(20).default([]),
  instructions: z.array(pattern).max(20).default([]),
  notAfterNumber: z.array(pattern).max(20).default([]),
  ignoredLines: z.array(pattern).max(20).default([]),
  levels: z.array(levelSchema).min(1).max(30),
});

type LevelData = z.infer<typeof levelSchema>;

/** A level ready to match; `level` is its place in the order of the grammar, from 1, and one for both forms of the main level. */
export interface GrammarLevel extends Omit<LevelData, 'patterns' | 'bare' | 'under' | 'tail'> {
  readonly level: number;
  readonly tail: 'heading' | 'any' | 'line';
  /** All of them, the bare ones last. */
  readonly patterns: readonly RegExp[];
  readonly bare: ReadonlySet<RegExp>;
  readonly under: ReadonlySet<string> | null;
  /** It stands in annexes only. */
  readonly isOfAnnexes: boolean;
}

export interface MainForms {
  readonly outer: GrammarLevel;
  readonly inner: GrammarLevel;
}

export interface Grammar {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  /** What it was read from; null for a grammar of the package, which its name and version tell. */
  readonly text: string | null;
  /** Words that every text in its language is full of, in lower case. */
  readonly words: ReadonlySet<string>;
  /** Kind of the level whose numbers tell whether a text follows this grammar. */
  readonly main: string;
  /** Where the main level has two forms, such as Artikel and §: the second stands below the first in a text that has both. */
  readonly forms: MainForms | null;
  readonly counting: Counting;
  readonly fold: ReadonlyMap<string, string>;
  readonly foldPattern: RegExp | null;
  readonly quotes: readonly (readonly [string, string])[];
  readonly quoteIntroductions: readonly RegExp[];
  readonly instructions: readonly RegExp[];
  readonly notAfterNumber: readonly RegExp[];
  readonly ignoredLines: readonly RegExp[];
  readonly levels: readonly GrammarLevel[];
  /** Kinds through which numbers run. */
  readonly annexes: ReadonlySet<string>;
  readonly patternsByLetter: PatternsByLetter<GrammarLevel>;
}

/** The grammar that a text of JSON describes; raises with the member that is wrong. */
export function readGrammar(text: string, source = 'grammar'): Grammar {
  const parsed = grammarSchema.safeParse(jsonOf(text, source));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw invalid(source, `${issue?.path.join('.') || 'the file'}: ${issue?.message ?? 'not a grammar'}`);
  }
  const data = parsed.data;
  const kinds = data.levels.map(({ kind }) => kind);
  if (!kinds.includes(data.main)) throw invalid(source, `main: no level is of kind ${data.main}`);
  const doubled = kinds.find((kind, index) => kinds.indexOf(kind) !== index && !isSecondForm(data, index));
  if (doubled !== undefined) throw invalid(source, `levels: two levels are of kind ${doubled}`);
  const named = data.levels.flatMap(({ under = [], runsThrough = [] }) => under.concat(runsThrough));
  const stranger = named.find((kind) => !kinds.includes(kind));
  if (stranger !== undefined)
    throw invalid(source, `levels.under or levels.runsThrough: no level is of kind ${stranger}`);
  const counting = {
    alphabet: data.alphabet.normalize('NFC'),
    ordinals: data.ordinals.map((one) => one.normalize('NFC')),
  };
  const compile = (member: string, list: readonly string[]) => list.map((one) => regexOf(source, member, one, 'iu'));
  const second = data.levels.findIndex((_, index) => isSecondForm(data, index));
  const annexes = new Set(data.levels.flatMap(({ runsThrough = [] }) => runsThrough));
  const ofAnnexes = new Set(annexes);
  const levels = data.levels.map((level, index) => {
    const patterns = [...level.patterns, ...level.bare].map((one) => levelPattern(source, one, level, counting));
    const isOfAnnexes = level.under?.every((kind) => ofAnnexes.has(kind)) ?? false;
    if (isOfAnnexes) ofAnnexes.add(level.kind);
    return {
      ...level,
      isOfAnnexes,
      level: second >= 0 && index >= second ? index : index + 1,
      // What is counted in order needs no title to be told from a reference.
      tail: level.tail ?? (level.sequence === 'strict' ? 'any' : 'heading'),
      under: level.under ? new Set(level.under) : null,
      patterns,
      bare: new Set(patterns.slice(level.patterns.length)),
    };
  });
  const [outer, inner] = second < 0 ? [] : levels.slice(second - 1);
  return {
    ...data,
    text,
    forms: outer && inner ? { outer, inner } : null,
    counting,
    words: new Set(data.words.map((one) => one.normalize('NFC'))),
    fold: new Map(Object.entries(data.fold)),
    foldPattern: foldPatternOf(Object.keys(data.fold)),
    quoteIntroductions: compile('quoteIntroductions', data.quoteIntroductions),
    instructions: compile('instructions', data.instructions),
    notAfterNumber: compile('notAfterNumber', data.notAfterNumber),
    ignoredLines: compile('ignoredLines', data.ignoredLines),
    levels,
    annexes,
    patternsByLetter: new PatternsByLetter(levels),
  };
}

/** Only the main level may have two forms, both of them headings, one after the other. */
function isSecondForm({ levels, main }: { levels: readonly LevelData[]; main: string }, index: number): boolean {
  const isForm = (level?: LevelData) => level?.kind === main && level.sequence === 'free';
  return isForm(levels[index]) && isForm(levels[index - 1]) && levels[index - 2]?.kind !== main;
}

/** The number of what a strict level stands under, written before its own: the 1.2 of `1.2.3`. */
const abovePattern = '(?<above>[0-9]{1,3}[a-z]?(?:\\.[0-9]{1,3}[a-z]?)*)';

function levelPattern(source: string, text: string, level: LevelData, counting: Counting): RegExp {
  const member = `levels.${level.kind}.patterns`;
  if (level.numerals.length > 0 && !text.includes('{number}'))
    throw invalid(source, `${member}: {number} is missing in ${text}`);
  if (level.numerals.includes('word') && counting.ordinals.length === 0) {
    throw invalid(source, `levels.${level.kind}.numerals: word needs the ordinals of the grammar`);
  }
  const isHeading = level.sequence === 'free';
  const number = level.numerals.length > 0 ? `(?<number>${numberPattern(level.numerals, counting, isHeading)})` : '';
  const inside = text.replace('{above}', abovePattern).replace('{number}', number);
  return regexOf(source, member, `^(?:${inside})`, level.caseSensitive ? 'u' : 'iu');
}

function regexOf(source: string, member: string, text: string, flags: string): RegExp {
  try {
    return new RegExp(text.normalize('NFC'), flags);
  } catch (error) {
    throw invalid(source, `${member}: ${error instanceof Error ? error.message : 'no regular expression'}`);
  }
}

function foldPatternOf(letters: readonly string[]): RegExp | null {
  return letters.length === 0
    ? null
    : new RegExp(`[${letters.map((one) => one.replace(/[\]\\^-]/, '\\$&')).join('')}]`, 'gu');
}

function jsonOf(text: string, source: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid(source, error instanceof Error ? error.message : 'not JSON');
  }
}

function invalid(source: string, what: string): IuError {
  return new IuError('IU726', { message: `${source}: ${what}`, grammar: source });
}

const shipped = new Map<string, Grammar>();

/** Names of the grammars of the package. */
export function shippedGrammarNames(): readonly string[] {
  return readdirSync(grammarFolder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => basename(name, '.json'))
    .sort();
}

/** A grammar of the package by name. */
export function shippedGrammar(name: string): Grammar {
  const known = shipped.get(name);
  if (known) return known;
  const names = shippedGrammarNames();
  if (!names.includes(name)) {
    throw new IuError('IU725', {
      message: `There is no grammar ${name}; there are ${names.join(', ')}.`,
      grammar: name,
    });
  }
  const grammar = { ...readGrammar(readFileSync(join(grammarFolder, `${name}.json`), 'utf8'), name), text: null };
  shipped.set(name, grammar);
  return grammar;
}

/** A grammar from a user's file, or of the package when the word is no path. */
export function grammarNamed(word: string): Grammar {
  if (!/[/\\]|\.json$/i.test(word)) return shippedGrammar(word);
  try {
    return readGrammar(readFileSync(word, 'utf8'), basename(word));
  } catch (error) {
    if (error instanceof IuError) throw error;
    throw new IuError(
      'IU725',
      { message: `The grammar file ${word} cannot be read.`, grammar: word },
      { cause: error },
    );
  }
}
