import type { ColumnFacts, ConstraintFacts, IndexFacts, ReferencingKey } from './catalog.js';

/** Words by which an operator allows what changes objects that IU Core did not make. */
export const allowWords = {
  ownership: 'tables go over to iu_owner; the former owner keeps the right to read and write rows',
  definitions:
    'triggers and functions of our names are renamed and their triggers switched off, defaults are set as ours',
  keys: 'the primary key of the log moves from id to seq; id stays unique',
  'immediate-index': 'the unique index of the immediate lane goes; what it held is kept as dedupe keys',
  'unique-rules': 'other unique rules of the log go; what they held is kept as dedupe keys',
} as const;

export type AllowWord = keyof typeof allowWords;

/** What a step holds and how long; `held` says whether that depends on the number of rows. */
export interface StepLock {
  readonly mode: string;
  readonly blocks: 'nobody' | 'writers' | 'everybody';
  readonly held: 'milliseconds' | 'the scan';
}

export type StepAction =
  | { readonly kind: 'rename_function'; readonly signature: string; readonly from: string; readonly to: string }
  | { readonly kind: 'rename_trigger'; readonly from: string; readonly to: string; readonly enabled: string }
  | { readonly kind: 'take_ownership'; readonly former: string; readonly sequences: readonly string[] }
  | { readonly kind: 'number_log'; readonly start: string; readonly inserters: readonly string[] }
  | { readonly kind: 'fill_numbers'; readonly silent: boolean }
  | {
      readonly kind: 'move_primary_key';
      /** `tail` is of its index. */
      readonly former: (FormerKey & Pick<IndexFacts, 'tail' | 'tablespace'>) | null;
      readonly foreignKeys: readonly ReferencingKey[];
    }
  | { readonly kind: 'validate_foreign_keys'; readonly foreignKeys: readonly ReferencingKey[] }
  | { readonly kind: 'add_columns'; readonly columns: readonly ColumnFacts[] }
  | {
      readonly kind: 'set_default';
      readonly column: string;
      readonly wanted: string | null;
      readonly former: string | null;
    }
  | { readonly kind: 'rename_constraint'; readonly from: string; readonly to: string }
  | { readonly kind: 'rename_index'; readonly from: string; readonly to: string }
  | { readonly kind: 'add_constraint'; readonly name: string; readonly definition: string }
  | {
      readonly kind: 'add_key';
      readonly name: string;
      readonly definition: string;
      readonly deferral: string;
      readonly tail: string;
    }
  | {
      readonly kind: 'rank_and_key';
      readonly name: string;
      readonly definition: string;
      readonly deferral: string;
      readonly tail: string;
      readonly silent: boolean;
    }
  | { readonly kind: 'add_index'; readonly name: string; readonly unique: boolean; readonly tail: string }
  | { readonly kind: 'deploy'; readonly change: string }
  | { readonly kind: 'migrate_rest' }
  | { readonly kind: 'start_now' }
  | {
      readonly kind: 'replace_unique_rule';
      readonly name: string;
      /** Of its index. */
      readonly definition: string;
      /** When the constraint that owns the index is checked; null = no constraint does. */
      readonly constraintDeferral: string | null;
      /** What its dedupe keys begin with; the values of its columns follow, separated by slashes. */
      readonly prefix: string;
      readonly columns: readonly string[];
      readonly predicate: string | null;
      readonly tablespace: string | null;
    };

/** The primary key that the log had before. */
export type FormerKey = Pick<ConstraintFacts, 'name' | 'definition' | 'columns' | 'deferral'>;

/** One step of an adoption. */
export interface AdoptionStep {
  /** Unique in one adoption; what the journal calls it. */
  readonly step: string;
  readonly what: string;
  readonly table: string | null;
  readonly action: StepAction;
  readonly lock: StepLock;
  readonly estimatedSeconds: number;
  readonly needs: AllowWord | null;
}

/** What a step says that replaces a unique rule; the journal is searched by it, and a database may know no other characters than those of ASCII. */
export const replacedWords = (prefix: string): string => `what it held becomes dedupe keys ${prefix}/...`;

/** What the dedupe keys of such a step begin with, slash included; undefined for any other step. */
export function replacedPrefix(what: string): string | undefined {
  return /what it held becomes dedupe keys (.+\/)\.\.\.$/.exec(what)?.[1];
}

/** The steps that move the primary key of the log, and that check what refers to it. */
export const keysStep = 'keys event_outbox';
export const foreignKeysStep = 'foreign keys event_outbox';

/** Something that has to be settled before an adoption. */
export interface Blocker {
  readonly what: string;
  readonly action: string;
}

/** One thing that stays as it is, or that an operator should know. */
export interface TableSummary {
  readonly table: string;
  readonly exists: boolean;
  readonly rows: string;
  readonly bytes: string;
  readonly missing: readonly string[];
  readonly kept: readonly string[];
}

/** What `iu adopt plan` says. */
export interface AdoptionPlan {
  readonly tables: readonly TableSummary[];
  /** Tables of the schema that are somebody else's: nothing touches them. */
  readonly foreign: readonly string[];
  readonly steps: readonly AdoptionStep[];
  readonly blockers: readonly Blocker[];
  readonly notes: readonly string[];
}

/** A step with what most of them have: a lock for milliseconds, no cost, nothing to allow. */
export const stepOf = (
  name: string,
  table: string | null,
  what: string,
  action: AdoptionStep['action'],
  rest: Partial<Pick<AdoptionStep, 'lock' | 'estimatedSeconds' | 'needs'>> = {},
): AdoptionStep => ({
  step: name,
  table,
  what,
  action,
  lock: locks.catalog,
  estimatedSeconds: 0,
  needs: null,
  ...rest,
});

/** How an object that stands in the way is called from now on; names end at 63 bytes. */
export function formerName(name: string): string {
  return `${name.slice(0, 48)}__before_iu`;
}

export const locks = {
  catalog: { mode: 'ACCESS EXCLUSIVE', blocks: 'everybody', held: 'milliseconds' },
  validate: { mode: 'SHARE UPDATE EXCLUSIVE', blocks: 'nobody', held: 'the scan' },
  concurrent: { mode: 'SHARE UPDATE EXCLUSIVE', blocks: 'nobody', held: 'the scan' },
  rows: { mode: 'ROW EXCLUSIVE', blocks: 'nobody', held: 'milliseconds' },
  triggers: { mode: 'SHARE ROW EXCLUSIVE', blocks: 'writers', held: 'milliseconds' },
  none: { mode: 'none', blocks: 'nobody', held: 'milliseconds' },
} as const satisfies Record<string, StepLock>;

/** Rows a second of each kind of work on an ordinary disk; rough on purpose, and said to be so. */
const rowsPerSecond = { rewrite: 100_000, number: 20_000, index: 300_000, scan: 1_000_000 } as const;

export function estimateSeconds(rows: string, work: keyof typeof rowsPerSecond): number {
  return Math.round((Number(rows) / rowsPerSecond[work]) * 10) / 10;
}

/** The same rule under another name: renamed, because building it again would read the table for nothing. */
export function twin<Rule extends { readonly name: string }>(
  rules: readonly Rule[],
  taken: ReadonlySet<string>,
  same: (rule: Rule) => boolean,
): Rule | undefined {
  return rules.find((rule) => !taken.has(rule.name) && same(rule));
}
