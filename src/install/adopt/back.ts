import type { ClientBase } from 'pg';
import { adoptedChanges } from '../../contract/adoption/catalog.js';
import { asKnown } from '../../contract/adoption/foreign-keys.js';
import { foreignKeysStep, keysStep } from '../../contract/adoption/steps.js';
import { IuError } from '../../contract/errors/index.js';
import { logHasKey } from '../../store/adoption-catalog.js';
import {
  adoptionBegan,
  type JournalEntry,
  movedForeignKeys,
  readJournal,
  restoreFormerRows,
  settingsWritten,
} from '../../store/adoption-journal.js';
import { tablesOfOwner } from '../../store/adoption-judge.js';
import {
  type AdoptionStatements,
  checkedKeysStatements,
  formerKeyOf,
  journalText,
  keysBackWith,
  withdrawText,
} from '../../store/adoption-sql.js';
import {
  beginSql,
  discardSql,
  forgetChangeSql,
  logDoneSql,
  readAppliedChanges,
  setLocalSql,
} from '../../store/migration.js';
import { searchPath } from '../../store/session.js';
import { type Change, loadChanges, readScript, sqlRoot, toolVersion } from '../migrate/changes.js';
import { registryChange, rollbackSteps } from '../migrate/down.js';
import { withInstallLock } from '../migrate/lock.js';
import { readManifest } from '../migrate/manifest.js';
import { requireInstallable } from '../migrate/prepare.js';
import { failureError, type OnProgress, type Step, scriptSteps, sendTransaction } from '../migrate/run.js';
import { guards, isReplaced, judgeBack, readHeldKeys } from './judge.js';
import { adaptedRollback } from './scripts.js';
import { type AdoptRun, runLists, runTogether } from './transactions.js';

/** What `adoptBack` is asked. */
export interface AdoptBackOptions {
  readonly schema: string;
  /** Empties tables of IU Core whose records are in the way. Tables that were there before are never emptied. */
  readonly discardRecords?: boolean;
  readonly onProgress?: OnProgress;
  readonly retrySeconds?: number;
  readonly lockWaitSeconds?: number;
  readonly sqlFolder?: string;
}

const adapted: ReadonlySet<string> = new Set(adoptedChanges);
const journalTable = 'iu_adoption_step';

interface Way {
  readonly run: AdoptRun;
  readonly adopted: ReadonlySet<string>;
  readonly folder: string;
  readonly discard: boolean;
}

function stepsBack(way: Way, change: Change): Step[] {
  if (change.name === '013_adoption') {
    // the journal goes last of all
    return [{ text: forgetChangeSql(change.name) }];
  }
  if (!adapted.has(change.name)) return rollbackSteps(change, toolVersion());
  const triggers = readManifest(way.folder).flatMap((object) =>
    object.kind === 'trigger' && object.change === change.name ? [object.identity] : [],
  );
  return [
    ...adaptedRollback(change, way.adopted, triggers),
    { text: forgetChangeSql(change.name) },
    { text: logDoneSql(change.name, 'rollback', toolVersion()) },
  ];
}

function ownTables(way: Way, change: string): string[] {
  return readManifest(way.folder).flatMap(({ kind, change: of, identity }) =>
    kind === 'table' && of === change && !way.adopted.has(identity) && identity !== journalTable ? [identity] : [],
  );
}

/** The guard of an adapted change: records of ours, and rows of tables that the change made. */
async function requireFree(way: Way, change: string): Promise<void> {
  const { client } = way.run;
  for (const table of way.discard ? [] : guards(change, way.adopted)) {
    const { rows } = await client.query(`select count(*)::text as rows from ${table}`);
    if (rows[0].rows !== '0') {
      throw new IuError('IU843', {
        message: `${table} has ${rows[0].rows} rows: a record of what happened`,
        hint: 'export it, then iu adopt back --discard-records',
      });
    }
  }
}

async function changeBack(way: Way, change: Change): Promise<void> {
  await requireFree(way, change.name);
  const begin = beginSql(way.run.schema, { asOwner: true, statementTimeout: '30min' }).map((text) => ({ text }));
  const attempt = (discard?: readonly string[]) =>
    sendTransaction(
      way.run.client,
      change.name,
      [
        ...begin,
        ...(discard === undefined ? [] : discardSql(discard)).map((text) => ({ text })),
        ...stepsBack(way, change),
        { text: 'commit' },
      ],
      { retrySeconds: way.run.retrySeconds },
    );
  let failure = await attempt(way.discard && adapted.has(change.name) ? ownTables(way, change.name) : undefined);
  if (failure?.code === 'IU811' && way.discard) {
    const tables = ownTables(way, change.name);
    way.run.onProgress?.({ kind: 'discarded', subject: change.name, detail: tables.join(', ') });
    failure = await attempt(tables);
  }
  if (failure === undefined) return;
  const error = failureError(change.name, failure);
  // the hint of a rollback names what a new installation would do
  if (failure.code !== 'IU811') throw error;
  throw new IuError('IU811', { message: error.message, hint: 'export it, then iu adopt back --discard-records' });
}

/** Registry, journal and rights: what was prepared before the first step. */
async function removePreparation(way: Way): Promise<void> {
  const { run } = way;
  const registry = loadChanges(way.folder).find(({ name }) => name === registryChange);
  if (registry === undefined) return;
  const steps = [
    ...beginSql(run.schema, { asOwner: true, statementTimeout: '1min' }).map((text) => ({ text })),
    // of a table that was iu_owner's before, only the rights of our roles were added
    ...(await tablesOfOwner(run.client, run.schema, way.adopted)).map((table) => ({ text: withdrawText(table) })),
    { text: `drop table ${journalTable}` },
    ...rollbackSteps(registry, toolVersion()),
    { text: 'reset role' },
    { text: setLocalSql('iu.install_schema', run.schema) },
    ...scriptSteps(readScript('roles/remove.sql', way.folder)),
    { text: 'commit' },
  ];
  const failure = await sendTransaction(run.client, 'registry', steps, { retrySeconds: run.retrySeconds });
  if (failure !== undefined) throw failureError('registry', failure);
}

const forgetStep = (step: string): string => `delete from ${journalTable} where step = '${step.replaceAll("'", "''")}'`;

/** The keys of the log go back with every foreign key that rests on them now, which the journal keeps in case of an interruption. */
async function keysBack(
  run: AdoptRun,
  journal: readonly JournalEntry[],
  back: AdoptionStatements['back'],
): Promise<AdoptionStatements['back']> {
  const foreignKeys = asKnown(await readHeldKeys(run, back), movedForeignKeys(journal).known);
  const former = formerKeyOf(back);
  // an interruption came behind the move: only the check is left
  if (former !== undefined && (await logHasKey(run.client, run.schema, former)))
    return checkedKeysStatements(foreignKeys);
  if (foreignKeys.length === 0) return back;
  const entry = { step: foreignKeysStep, what: 'foreign keys on event_outbox', state: 'started' } as const;
  await runTogether(run, keysStep, [
    { sql: forgetStep(foreignKeysStep) },
    { sql: journalText({ ...entry, back: { foreignKeys } }) },
  ]);
  return keysBackWith(back, foreignKeys);
}

async function walkBack(way: Way, client: ClientBase): Promise<string[]> {
  const { run } = way;
  const done: string[] = [];
  const began = (subject: string) => run.onProgress?.({ kind: 'started', subject });
  const known = loadChanges(way.folder);
  const journal = await readJournal(client, run.schema);
  await judgeBack(way, journal);
  const immediate = journal.filter(isReplaced);
  // a unique index that cannot come back holds everything, so it comes first
  for (const entry of immediate) {
    began(entry.step);
    await runLists(run, entry.step, entry.back as AdoptionStatements['back']);
    await runTogether(run, entry.step, [{ sql: forgetStep(entry.step) }]);
    done.push(entry.step);
  }
  for (const { change } of (await readAppliedChanges(client, run.schema)).reverse()) {
    const found = known.find(({ name }) => name === change);
    if (found === undefined || change === registryChange) continue;
    began(change);
    await changeBack(way, found);
    done.push(change);
  }
  for (const entry of [...journal].reverse()) {
    if (immediate.includes(entry)) continue;
    if (!Array.isArray(entry.back)) {
      if ('rows' in entry.back) {
        const { rows } = entry.back;
        await client.query('begin');
        try {
          await restoreFormerRows(client, rows, way.adopted, settingsWritten(journal));
        } catch (error) {
          await client.query('rollback').catch(() => undefined);
          throw error;
        }
        await client.query('commit');
      }
      continue;
    }
    began(entry.step);
    const back = entry.step === keysStep ? await keysBack(run, journal, entry.back) : entry.back;
    await runLists(run, entry.step, back);
    await runTogether(run, entry.step, [{ sql: forgetStep(entry.step) }]);
    done.push(entry.step);
  }
  await removePreparation(way);
  return done;
}

/**
 * Takes an adoption back: the changes last first with their guards, then every step by what the journal kept, until the catalog is what it was.
 * Rows of the tables that were there stay, those written since too. Interrupted, it goes on where it stopped.
 */
export async function adoptBack(
  client: ClientBase,
  options: AdoptBackOptions,
): Promise<{ readonly steps: readonly string[] }> {
  const { schema, onProgress } = options;
  await requireInstallable(client, schema);
  return withInstallLock(client, options, async () => {
    const journal = await readJournal(client, schema);
    if (journal.length === 0) throw new IuError('IU847', { message: `schema ${schema} was not adopted` });
    const retrySeconds = options.retrySeconds ?? 60;
    const run: AdoptRun = { client, schema, onProgress, retrySeconds, journalled: true };
    await client.query("select set_config('search_path', $1, false)", [searchPath(schema)]);
    // what is not named here would be dropped
    const adopted = new Set(adoptionBegan(journal)?.tables);
    if (adopted.size === 0) {
      throw new IuError('IU843', {
        message: 'the journal does not say which tables were there before the adoption',
        hint: 'restore iu_adoption_step from a backup: its entry rows names them; without it nothing may be dropped',
      });
    }
    const way: Way = { run, adopted, folder: options.sqlFolder ?? sqlRoot, discard: options.discardRecords === true };
    return { steps: await walkBack(way, client) };
  });
}
