import { performance } from 'node:perf_hooks';
import type { ClientBase } from 'pg';
import { changeOfTable } from '../../contract/adoption/catalog.js';
import { type AdoptionStep, foreignKeysStep } from '../../contract/adoption/steps.js';
import { IuError } from '../../contract/errors/index.js';
import {
  adoptionBegan,
  type JournalEntry,
  type JournalNote,
  journalExists,
  numbersFrom,
  readFormerRows,
  readJournal,
} from '../../store/adoption-journal.js';
import {
  type AdoptionStatements,
  adoptionStatements,
  finishText,
  journalText,
  numberTable,
  settingsWrittenText,
} from '../../store/adoption-sql.js';
import { siblingRanks } from '../../store/adoption-tree.js';
import { beginSql, logDoneSql, readAppliedChanges, registerChangeSql } from '../../store/migration.js';
import { searchPath } from '../../store/session.js';
import { loadChanges, sqlRoot, toolVersion } from '../migrate/changes.js';
import { withInstallLock } from '../migrate/lock.js';
import { preparationSteps, requireInstallable } from '../migrate/prepare.js';
import { failureError, type OnProgress, type OnStatement, sendTransaction } from '../migrate/run.js';
import { migrateUp } from '../migrate/up.js';
import { migrateVerify, type VerifyResult } from '../migrate/verify.js';
import { type AdoptionProposal, type AdoptPlanOptions, adoptPlan } from './plan.js';
import { adaptedDeploy, journalStatement } from './scripts.js';
import { type AdoptRun, runAlone, runLists, runTogether } from './transactions.js';

/** What `adoptApply` is asked. */
export interface AdoptApplyOptions extends AdoptPlanOptions {
  readonly onProgress?: OnProgress;
  readonly onStatement?: OnStatement;
  /** How long a step is tried again while somebody holds what it needs; 60 s when not said. */
  readonly retrySeconds?: number;
  readonly lockWaitSeconds?: number;
}

/** What an adoption did. */
export interface AdoptResult {
  readonly steps: readonly { readonly step: string; readonly milliseconds: number }[];
  readonly verify: VerifyResult;
}

/** Rows that get their number in one transaction. */
const rowsAtOnce = 5_000n;

const numbersEntry = (start: string) =>
  ({
    step: 'numbers from',
    what: `new events are numbered from ${start} on`,
    state: 'done',
    back: { numbersFrom: start },
  }) as const;

async function fillNumbers(run: AdoptRun, silent: boolean): Promise<void> {
  const { client } = run;
  const own = (sql: string) => ({ sql });
  if (!(await client.query(numberTable.there)).rows[0].there) {
    await runTogether(run, 'numbers', numberTable.make.map(own));
  }
  const most = BigInt((await client.query(numberTable.limits)).rows[0].most);
  const taken = numbersFrom(await readJournal(client, run.schema));
  if (taken !== undefined && most >= BigInt(taken)) {
    throw new IuError('IU840', { message: `existing rows need numbers up to ${most}, new events begin at ${taken}` });
  }
  for (let from = 0n; from < most; from += rowsAtOnce) {
    const fill = { sql: numberTable.fill(from, from + rowsAtOnce), asSession: silent };
    await runTogether(run, 'numbers', silent ? [{ sql: numberTable.silence, asSession: true }, fill] : [fill]);
  }
  await runTogether(run, 'numbers', [own(numberTable.drop)]);
}

/** A child that an application inserts between the ranks and their index has none: ranks are given again and the index is built again. */
async function rankAndKey(
  run: AdoptRun,
  subject: string,
  lists: AdoptionStatements['forward'],
  silent: boolean,
): Promise<void> {
  for (let left = 5; ; left -= 1) {
    while ((await run.client.query(siblingRanks.missing)).rows[0].missing) {
      const fill = { sql: siblingRanks.fill, asSession: silent };
      await runTogether(run, subject, silent ? [{ sql: siblingRanks.silence, asSession: true }, fill] : [fill]);
    }
    try {
      return await runLists(run, subject, lists);
    } catch (error) {
      if (!(error instanceof IuError) || error.code !== 'IU843') throw error;
      if (left > 1) continue;
      throw new IuError('IU840', {
        message: 'units get children all the time, so their siblings cannot be ranked',
        hint: 'stop what inserts units with a parent, then iu adopt apply again',
      });
    }
  }
}

/** An entry of the journal, where one is kept. */
function written(run: AdoptRun, entry: Parameters<typeof journalText>[0]): string[] {
  return run.journalled ? [journalText(entry)] : [];
}

/** Which foreign keys a step moves, written with the move: until they are checked again only the journal knows that they were. */
function movedEntry(run: AdoptRun, action: AdoptionStep['action']): string[] {
  if (action.kind !== 'move_primary_key' || action.foreignKeys.length === 0) return [];
  const { foreignKeys } = action;
  const state = foreignKeys.some(({ validated }) => validated) ? 'started' : 'done';
  return written(run, { step: foreignKeysStep, what: 'foreign keys on event_outbox', state, back: { foreignKeys } });
}

/** Deploys one of the changes whose tables were there, without making them; it counts as applied by its very text. */
async function deployAdapted(run: AdoptRun, name: string, adopted: ReadonlySet<string>, folder: string): Promise<void> {
  const change = loadChanges(folder).find((one) => one.name === name);
  if (change === undefined) throw new IuError('IU809', { message: `there is no change ${name}` });
  const version = toolVersion();
  const note: JournalNote = { change: name };
  const steps = [
    ...beginSql(run.schema, { asOwner: true, statementTimeout: '30min' }).map((text) => ({ text })),
    ...adaptedDeploy(change, adopted),
    { text: registerChangeSql(change, version) },
    { text: logDoneSql(name, 'deploy', version) },
    ...written(run, { step: `change ${name}`, what: `change ${name}`, state: 'done', back: note }).map((text) => ({
      text,
    })),
    ...(run.journalled ? [{ text: settingsWrittenText(`change ${name}`) }] : []),
    { text: 'commit' },
  ];
  const failure = await sendTransaction(run.client, name, steps, { retrySeconds: run.retrySeconds });
  if (failure !== undefined) throw failureError(name, failure);
}

async function runStep(
  run: AdoptRun,
  step: AdoptionStep,
  adopted: ReadonlySet<string>,
  options: AdoptApplyOptions,
): Promise<void> {
  const { action } = step;
  const folder = options.sqlFolder ?? sqlRoot;
  if (action.kind === 'deploy') return deployAdapted(run, action.change, adopted, folder);
  if (action.kind === 'migrate_rest') {
    await migrateUp(run.client, { ...options, schema: run.schema, adopting: true });
    return;
  }
  const { forward, back } = adoptionStatements(step);
  const entry = { step: step.step, what: step.what, back };
  const [only] = forward;
  if (forward.length === 1 && only !== undefined && only.every(({ alone }) => alone !== true)) {
    return runTogether(run, step.step, only, [
      ...(action.kind === 'number_log' ? written(run, numbersEntry(action.start)) : []),
      ...written(run, { ...entry, state: 'done' }),
    ]);
  }
  await runTogether(run, step.step, [], written(run, { ...entry, state: 'started' }));
  if (action.kind === 'fill_numbers') await fillNumbers(run, action.silent);
  if (action.kind === 'rank_and_key') await rankAndKey(run, step.step, forward, action.silent);
  for (const [at, list] of action.kind === 'rank_and_key' ? [] : forward.entries()) {
    const [first] = list;
    if (first?.alone === true) await runAlone(run, step.step, first);
    else await runTogether(run, step.step, list, at === forward.length - 1 ? movedEntry(run, action) : []);
  }
  return runTogether(run, step.step, [], written(run, { ...entry, state: 'done' }));
}

/** Roles, rights on the schema, the registry of changes and the journal: what has to be there before the first step. */
async function prepare(run: AdoptRun, adopted: ReadonlySet<string>, options: AdoptApplyOptions): Promise<void> {
  const folder = options.sqlFolder ?? sqlRoot;
  if (!run.journalled || (await journalExists(run.client, run.schema))) return;
  for (const { subject, steps } of preparationSteps(run.schema)) {
    const failure = await sendTransaction(run.client, subject, steps, {
      retrySeconds: run.retrySeconds,
      sharedObjects: true,
    });
    if (failure !== undefined) throw failureError(subject, failure);
  }
  await migrateUp(run.client, {
    schema: run.schema,
    to: '001_registry',
    adopting: true,
    ...(options.sqlFolder === undefined ? {} : { sqlFolder: folder }),
  });
  const rows = await readFormerRows(run.client, run.schema, adopted, options.start ?? 'beginning');
  const entry = { step: 'rows', what: 'settings and event types that were there', state: 'done', back: rows } as const;
  await runTogether(run, 'journal', [{ sql: journalStatement(folder) }], [journalText(entry)]);
}

/** Tables that were there before IU Core: as the journal has them, at the beginning those that no applied change made. */
async function adoptedTables(
  client: ClientBase,
  plan: AdoptionProposal,
  journal: readonly JournalEntry[],
): Promise<ReadonlySet<string>> {
  if (journal.length > 0) return new Set(adoptionBegan(journal)?.tables);
  const applied = new Set((await readAppliedChanges(client, plan.schema)).map(({ change }) => change));
  return new Set(
    plan.tables.flatMap(({ exists, table }) => (exists && !applied.has(changeOfTable(table)) ? [table] : [])),
  );
}

function refuse(plan: AdoptionProposal): void {
  const [first] = plan.blockers;
  if (first !== undefined) {
    throw new IuError('IU840', {
      message: `${plan.blockers.length} in the way of an adoption, the first: ${first.what}`,
      hint: first.action,
      blockers: plan.blockers,
    });
  }
  if (plan.notAllowed.length > 0) {
    const words = plan.notAllowed.map(({ word }) => word);
    throw new IuError('IU841', {
      message: `the adoption changes what IU Core did not make: ${plan.notAllowed.map(({ meaning }) => meaning).join('; ')}`,
      hint: `--allow ${words.join(',')}`,
      words,
    });
  }
}

/**
 * Takes a running database over, step by step, while its writers go on. Each step and its way back is written down before or with it; an
 * interrupted adoption goes on where it stopped, because the plan is what is still missing.
 */
export async function adoptApply(client: ClientBase, options: AdoptApplyOptions): Promise<AdoptResult> {
  const { schema, onProgress, onStatement } = options;
  await requireInstallable(client, schema);
  return withInstallLock(client, options, async () => {
    const plan = await adoptPlan(client, options);
    if (plan.tables.every(({ exists }) => !exists)) {
      throw new IuError('IU847', {
        message: `there is nothing to adopt in schema ${schema}`,
        hint: 'install with iu migrate up',
      });
    }
    const journal = await readJournal(client, schema);
    if (journal.length === 0 && plan.complete)
      throw new IuError('IU847', { message: `IU Core is installed in schema ${schema} already, and was not adopted` });
    refuse(plan);
    const adopted = await adoptedTables(client, plan, journal);
    const run: AdoptRun = {
      client,
      schema,
      onProgress,
      onStatement,
      retrySeconds: options.retrySeconds ?? 60,
      journalled: adopted.size > 0,
    };
    // statements that stand alone find their tables by the session's path
    await client.query("select set_config('search_path', $1, false)", [searchPath(schema)]);
    await prepare(run, adopted, options);
    const done: { step: string; milliseconds: number }[] = [];
    for (const step of plan.steps) {
      const began = performance.now();
      onProgress?.({ kind: 'started', subject: step.step });
      await runStep(run, step, adopted, options);
      const milliseconds = performance.now() - began;
      onProgress?.({ kind: 'done', subject: step.step, milliseconds });
      done.push({ step: step.step, milliseconds: Math.round(milliseconds) });
    }
    // a step that was interrupted behind its last statement is complete: the plan had nothing left of it
    await runTogether(run, 'journal', [{ sql: numberTable.drop }], run.journalled ? [finishText] : []);
    return {
      steps: done,
      verify: await migrateVerify(client, {
        schema,
        ...(options.sqlFolder === undefined ? {} : { sqlFolder: options.sqlFolder }),
      }),
    };
  });
}
