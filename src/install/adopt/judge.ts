import { adoptedChanges, type ReferencingKey } from '../../contract/adoption/catalog.js';
import { dropKey, immovable, keyName } from '../../contract/adoption/foreign-keys.js';
import { keysStep, replacedPrefix } from '../../contract/adoption/steps.js';
import { IuError } from '../../contract/errors/index.js';
import { readReferencingKeys } from '../../store/adoption-catalog.js';
import { adoptionBegan, type JournalEntry } from '../../store/adoption-journal.js';
import { countDoublesText, countRecordsText, logIsPlain, openGatesText } from '../../store/adoption-judge.js';
import { type AdoptionStatements, formerKeyOf } from '../../store/adoption-sql.js';
import { readAppliedChanges } from '../../store/migration.js';
import { loadChanges } from '../migrate/changes.js';
import { registryChange } from '../migrate/down.js';
import { refusedByGuards } from '../migrate/guards.js';
import { failureError } from '../migrate/run.js';
import type { AdoptRun } from './transactions.js';

/** What a way back is judged by. */
export interface JudgedWay {
  readonly run: AdoptRun;
  readonly adopted: ReadonlySet<string>;
  readonly folder: string;
  readonly discard: boolean;
}

const records: Readonly<Record<string, readonly string[]>> = {
  '003_log': ['iu_event_dedupe', 'iu_suppressed_event', 'event_outbox'],
  '004_units': ['iu_sql_link', 'iu_lifecycle_log', 'information_unit', 'unit_version'],
};

/** Tables whose rows hold one of the adapted changes: all that it made itself, and none that was there before. */
export function guards(change: string, adopted: ReadonlySet<string>): readonly string[] {
  return (records[change] ?? []).filter((table) => !adopted.has(table));
}

/** Foreign keys that go back with the former key of the log: on its unique indexes as they are before and after that. */
export async function readHeldKeys(run: AdoptRun, back: AdoptionStatements['back']): Promise<ReferencingKey[]> {
  const ours = new Set(['event_outbox_pkey', 'event_outbox_id_key', 'iu_adopt_former_key', formerKeyOf(back)?.name]);
  return (await readReferencingKeys(run.client, run.schema)).filter(({ index }) => ours.has(index));
}

/** Foreign keys made since the adoption that could not be put on the former key of the log. */
async function requireMovableKeys(way: JudgedWay, journal: readonly JournalEntry[]): Promise<void> {
  const entry = journal.find(({ step }) => step === keysStep);
  if (entry === undefined || !Array.isArray(entry.back)) return;
  const back = entry.back as AdoptionStatements['back'];
  const former = formerKeyOf(back);
  const holdsNone =
    former?.columns.join() !== 'id'
      ? 'id was no key before the adoption'
      : former.deferral === ''
        ? undefined
        : `the former primary key is ${former.deferral}: no foreign key can rest on it`;
  for (const key of await readHeldKeys(way.run, back)) {
    const problem = immovable(key);
    if (problem === undefined && holdsNone === undefined) continue;
    throw new IuError('IU843', {
      message: problem?.what ?? `foreign key ${keyName(key)} refers to events, and ${holdsNone}`,
      hint: problem?.action ?? dropKey(key),
    });
  }
}

/** A unique rule of the log that became dedupe keys. */
export function isReplaced({ what }: JournalEntry): boolean {
  return replacedPrefix(what) !== undefined;
}

async function requireNoRecords(way: JudgedWay, change: string, replaced: readonly JournalEntry[]): Promise<void> {
  const prefixes = replaced.flatMap(({ what }) => replacedPrefix(what) ?? []);
  for (const table of way.discard ? [] : guards(change, way.adopted)) {
    const { rows } = await way.run.client.query(countRecordsText(way.run.schema, table), [prefixes]);
    if (rows[0].rows !== '0') {
      throw new IuError('IU843', {
        message: `${table} has ${rows[0].rows} rows: a record of what happened`,
        hint: 'export it, then iu adopt back --discard-records',
      });
    }
  }
}

/** The guards that a change has in its own rollback. */
async function requireOwnGuards(way: JudgedWay, change: string): Promise<void> {
  const found = loadChanges(way.folder).find(({ name }) => name === change);
  const failure = found === undefined ? undefined : await refusedByGuards(way.run.client, way.run.schema, found);
  if (failure === undefined || (failure.code === 'IU811' && way.discard)) return;
  const error = failureError(change, failure);
  if (failure.code !== 'IU811') throw error;
  throw new IuError('IU811', { message: error.message, hint: 'export it, then iu adopt back --discard-records' });
}

/** The former keys and indexes are built on one table, and the functions that would make one of it again go with our changes. */
async function requirePlainLog({ run }: JudgedWay, applied: readonly string[]): Promise<void> {
  if (!applied.includes('003_log') || (await logIsPlain(run.client, run.schema))) return;
  throw new IuError('IU843', {
    message: 'the log is partitioned, or a change to that stopped at its bound',
    hint: 'make it one table first: iu log partition back --reason TEXT',
  });
}

async function requireGatesClosed(way: JudgedWay, journal: readonly JournalEntry[]): Promise<void> {
  const { client, schema } = way.run;
  const { rows } = await client.query(openGatesText(schema));
  // a master gate that was open before is not ours to close
  const former = adoptionBegan(journal)?.settings ?? [];
  const open = rows
    .map(({ key }) => String(key))
    .filter((key) => key !== 'iu_core.routes_master_enabled' || !former.includes(key));
  if (open.length > 0) {
    throw new IuError('IU810', {
      message: `open gates: ${open.join(', ')}`,
      hint: 'close them first: iu gate close KEY --reason TEXT',
    });
  }
}

/**
 * Everything that would refuse a way back, read before its first write: a refusal halfway would leave a live system without its index, its dedupe
 * keys or some of its changes. The same guards stand again in the transactions that write.
 */
export async function judgeBack(way: JudgedWay, journal: readonly JournalEntry[]): Promise<void> {
  const { client, schema } = way.run;
  const applied = (await readAppliedChanges(client, schema)).map(({ change }) => change).reverse();
  if (applied.includes('002_control')) await requireGatesClosed(way, journal);
  await requirePlainLog(way, applied);
  await requireMovableKeys(way, journal);
  const replaced = journal.filter(isReplaced);
  for (const change of applied) {
    if (change === registryChange || change === '013_adoption') continue;
    if ((adoptedChanges as readonly string[]).includes(change)) {
      await requireNoRecords(way, change, replaced);
    } else {
      await requireOwnGuards(way, change);
    }
  }
  for (const { step, back } of replaced) {
    const text = Array.isArray(back) ? countDoublesText(schema, back as AdoptionStatements['back']) : undefined;
    const doubles = text === undefined ? '0' : (await client.query(text)).rows[0].rows;
    if (doubles !== '0') {
      throw new IuError('IU843', {
        message: `${step}: ${doubles} subjects have several events that the former unique index refuses`,
        hint: 'remove the doubles first, or keep the adoption',
      });
    }
  }
}
