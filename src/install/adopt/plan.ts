import type { ClientBase } from 'pg';
import { adoptableTables, type ReferencingKey, type TableFacts } from '../../contract/adoption/catalog.js';
import { asKnown, keyName } from '../../contract/adoption/foreign-keys.js';
import { planAdoption } from '../../contract/adoption/plan.js';
import { type AdoptionPlan, type AllowWord, allowWords } from '../../contract/adoption/steps.js';
import {
  countViolations,
  readAdoptionState,
  readFoundTables,
  readOtherObjects,
  readWantedTables,
  workerIsFresh,
} from '../../store/adoption-catalog.js';
import { adoptionBegan, type JournalEntry, movedForeignKeys, readJournal } from '../../store/adoption-journal.js';
import { numberTable } from '../../store/adoption-sql.js';
import { noTree, readTreeFacts } from '../../store/adoption-tree.js';
import { readAppliedChanges } from '../../store/migration.js';
import { loadChanges, sqlRoot } from '../migrate/changes.js';
import { readManifest } from '../migrate/manifest.js';
import { tableStatements } from './scripts.js';

/** What `adoptPlan` is asked. */
export interface AdoptPlanOptions {
  readonly schema: string;
  /** Words by which an operator allows what changes objects of others. */
  readonly allow?: readonly AllowWord[];
  /** Where the worker of domain iu begins: at the first event there is, or with what is logged after the adoption. */
  readonly start?: 'beginning' | 'now';
  readonly sqlFolder?: string;
}

/** A plan and what an operator has still to allow. */
export interface AdoptionProposal extends AdoptionPlan {
  readonly schema: string;
  /** Everything is in place already. */
  readonly complete: boolean;
  /** Words that the steps need and that were not said. */
  readonly notAllowed: readonly { readonly word: AllowWord; readonly meaning: string }[];
}

/** A unique index already says that no two events share an id. */
const hasUniqueId = ({ indexes }: TableFacts): boolean =>
  indexes.some(({ unique, valid, tail }) => unique && valid && tail === 'USING btree (id)');

/** Rules of ours that rows of theirs break, counted. */
async function violationsOf(
  client: ClientBase,
  schema: string,
  found: Awaited<ReturnType<typeof readFoundTables>>,
  wanted: Awaited<ReturnType<typeof readFoundTables>>,
): Promise<Map<string, string>> {
  const broken = new Map<string, string>();
  for (const [table, facts] of found) {
    for (const rule of wanted.get(table)?.constraints ?? []) {
      if (facts.constraints.some((one) => one.definition === rule.definition && one.validated)) continue;
      if (table === 'event_outbox' && (rule.type === 'p' || (rule.type === 'u' && hasUniqueId(facts)))) continue;
      const count = await countViolations(client, schema, table, rule);
      if (count !== '0') broken.set(`${table}.${rule.name}`, count);
    }
  }
  return broken;
}

const columnNames = (table: TableFacts | undefined): string[] => (table?.columns ?? []).map(({ name }) => name);

/** Keys that were checked before an interrupted adoption moved them, and are not yet again. */
function uncheckedKeys(journal: readonly JournalEntry[], present: readonly ReferencingKey[]): ReferencingKey[] {
  const { known, unchecked } = movedForeignKeys(journal);
  const open = new Set(present.filter(({ validated }) => !validated).map(keyName));
  return unchecked ? asKnown(present, known).filter((key) => key.validated && open.has(keyName(key))) : [];
}

/** Compares what is there with what this version makes, and says each step with its locks and its cost. Changes nothing. */
export async function adoptPlan(client: ClientBase, options: AdoptPlanOptions): Promise<AdoptionProposal> {
  const { schema, allow = [], start = 'beginning', sqlFolder = sqlRoot } = options;
  const statements = tableStatements(sqlFolder);
  const wanted = await readWantedTables(client, schema, statements, adoptableTables);
  const found = await readFoundTables(client, schema, adoptableTables);
  const manifest = readManifest(sqlFolder);
  const own: ReadonlySet<string> = new Set(adoptableTables);
  const identities = (...kinds: readonly string[]) =>
    manifest.flatMap(({ kind, identity }) => (kinds.includes(kind) ? [identity] : []));
  const relations = identities('table', 'view', 'sequence', 'type').filter(
    (name) =>
      !own.has(name) && (name !== 'event_outbox_seq_seq' || !columnNames(found.get('event_outbox')).includes('seq')),
  );
  const others = await readOtherObjects(client, schema, {
    functions: [...new Set(identities('function').map((signature) => signature.split('(')[0] ?? ''))],
    relations,
    tables: [...identities('table'), ...adoptableTables, numberTable.name],
  });
  const state = await readAdoptionState(client, schema);
  const journal = await readJournal(client, schema);
  const wish = adoptionBegan(journal)?.start === 'now' ? 'now' : start;
  const applied = (await readAppliedChanges(client, schema)).map(({ change }) => change);
  const plan = planAdoption({
    found,
    wanted,
    ownTriggers: identities('trigger').flatMap((identity) => {
      const [table = '', name = ''] = identity.split('.');
      // once our own stand there under these names they are no obstacle
      return applied.includes(changeOf(manifest, identity)) ? [] : [{ table, name }];
    }),
    others,
    applied,
    changes: loadChanges(sqlFolder).map(({ name }) => name),
    start: wish,
    startMissing:
      journal.length > 0 && !journal.some(({ step }) => step === 'start') && (await workerIsFresh(client, schema)),
    canSilenceTriggers: state.superuser,
    violations: await violationsOf(client, schema, found, wanted),
    unnumbered: state.unnumbered,
    tree: applied.includes('008_structure')
      ? noTree
      : await readTreeFacts(client, schema, columnNames(found.get('information_unit')), journal),
    uncheckedKeys: uncheckedKeys(journal, others.referencingLog),
    allow,
    openGates: applied.includes('002_control') ? [] : state.openGates,
  });
  const needed = new Set(plan.steps.flatMap(({ needs }) => (needs === null ? [] : [needs])));
  const notAllowed = [...needed].filter((word) => !allow.includes(word));
  return {
    schema,
    ...plan,
    complete: plan.steps.length === 0 && plan.blockers.length === 0,
    notAllowed: notAllowed.map((word) => ({ word, meaning: allowWords[word] })),
  };
}

function changeOf(manifest: ReturnType<typeof readManifest>, trigger: string): string {
  return manifest.find(({ kind, identity }) => kind === 'trigger' && identity === trigger)?.change ?? '';
}
