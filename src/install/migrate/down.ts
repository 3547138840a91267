import { performance } from 'node:perf_hooks';
import type { ClientBase } from 'pg';
import { IuError } from '../../contract/errors/index.js';
import { readJournal } from '../../store/adoption-journal.js';
import { beginSql, forgetChangeSql, logDoneSql, readAppliedChanges } from '../../store/migration.js';
import { type Change, loadChanges, sqlRoot, toolVersion } from './changes.js';
import { withInstallLock } from './lock.js';
import { requireInstallable } from './prepare.js';
import { recordFailure } from './record.js';
import { failureError, printSteps, type Step, scriptSteps, sendTransaction } from './run.js';
import { positionOf, requireHistory } from './state.js';
import type { InstallOptions, MigrateResult } from './up.js';

/** Options of `migrateDown`: how many changes to take back (1 when nothing is said), or the last one that stays. */
export interface MigrateDownOptions extends InstallOptions {
  readonly to?: string;
  readonly steps?: number;
}

/** The change that holds the registry itself: with it go its rows, so nothing can be written there afterwards. */
export const registryChange = '001_registry';

/** The statements that take one change back, without begin and commit. */
export function rollbackSteps(change: Change, version: string): Step[] {
  const record = [forgetChangeSql(change.name), logDoneSql(change.name, 'rollback', version)];
  return [...scriptSteps(change.rollback), ...(change.name === registryChange ? [] : record).map((text) => ({ text }))];
}

/** Applied changes of this package, latest first, after checking that they are what was applied. */
export async function appliedLatestFirst(client: ClientBase, options: InstallOptions): Promise<Change[]> {
  const changes = loadChanges(options.sqlFolder ?? sqlRoot);
  const applied = await readAppliedChanges(client, options.schema);
  requireHistory(changes, applied);
  return changes.slice(0, applied.length).reverse();
}

/** The rollbacks drop the tables of the changes; in an adopted database they were there before. */
export async function requireNotAdopted(client: ClientBase, schema: string): Promise<void> {
  const steps = (await readJournal(client, schema)).length;
  if (steps > 0) throw new IuError('IU842', { message: `schema ${schema} was adopted in ${steps} steps` });
}

function selected(applied: readonly Change[], options: MigrateDownOptions): readonly Change[] {
  if (options.to !== undefined && options.steps !== undefined) {
    throw new IuError('IU809', { message: 'say either the last change that stays or a number of steps, not both' });
  }
  const names = applied.map((change) => change.name);
  return applied.slice(0, options.to === undefined ? (options.steps ?? 1) : positionOf(names, options.to));
}

/** Takes changes back, latest first, each in its own transaction. A rollback that finds rows or open gates refuses. */
export async function migrateDown(client: ClientBase, options: MigrateDownOptions): Promise<MigrateResult> {
  await requireInstallable(client, options.schema);
  await requireNotAdopted(client, options.schema);
  const version = toolVersion();
  const begin = beginSql(options.schema, { asOwner: true, statementTimeout: '30min' }).map((text) => ({ text }));
  const transaction = (change: Change) => [...begin, ...rollbackSteps(change, version), { text: 'commit' }];
  if (options.dryRun === true) {
    const plan = selected(await appliedLatestFirst(client, options), options);
    return {
      changes: plan.map((change) => change.name),
      sql: plan.map((change) => `-- ${change.name}\n${printSteps(transaction(change))}`).join('\n'),
    };
  }
  return withInstallLock(client, options, async () => {
    const done: string[] = [];
    for (const change of selected(await appliedLatestFirst(client, options), options)) {
      const started = performance.now();
      const subject = change.name;
      options.onProgress?.({ kind: 'started', subject });
      const retry = { ...options, retrySeconds: options.retrySeconds ?? 60 };
      const failure = await sendTransaction(client, subject, transaction(change), retry);
      const milliseconds = performance.now() - started;
      if (failure !== undefined) {
        await recordFailure(client, options.schema, { change: subject, action: 'rollback', failure, milliseconds });
        throw failureError(subject, failure);
      }
      done.push(subject);
      options.onProgress?.({ kind: 'done', subject, milliseconds });
    }
    return { changes: done, sql: '' };
  });
}
