import type { OtherObjects, ReferencingKey, TableFacts, TreeFacts } from './catalog.js';
import type { AllowWord } from './steps.js';

/** What the planner knows; nothing here is read by it. */
export interface PlanInput {
  /** Tables that are there, as they are. */
  readonly found: ReadonlyMap<string, TableFacts>;
  /** The same tables as this version makes them. */
  readonly wanted: ReadonlyMap<string, TableFacts>;
  /** Names of triggers and functions of ours. */
  readonly ownTriggers: readonly { readonly table: string; readonly name: string }[];
  readonly others: OtherObjects;
  /** Changes that are applied already; an adoption that was interrupted has some. */
  readonly applied: readonly string[];
  readonly changes: readonly string[];
  readonly start: 'beginning' | 'now';
  /** The worker was to start now, an interruption came first, and it has not run yet. */
  readonly startMissing: boolean;
  /** A superuser can keep triggers of others still while existing rows get their numbers. */
  readonly canSilenceTriggers: boolean;
  /** Rows that break a rule of ours, by `table.constraint`; text. */
  readonly violations: ReadonlyMap<string, string>;
  readonly unnumbered: boolean;
  /** Nothing of it once the trees are ours. */
  readonly tree: TreeFacts;
  /** Foreign keys on the log that an interrupted adoption moved and did not check. */
  readonly uncheckedKeys: readonly ReferencingKey[];
  readonly allow: readonly AllowWord[];
  /** Gates of ours that stand open in the settings that are there. */
  readonly openGates: readonly string[];
}
