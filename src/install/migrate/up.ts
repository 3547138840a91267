import { performance } from 'node:perf_hooks';
import type { ClientBase } from 'pg';
import { IuError } from '../../contract/errors/index.js';
import { foreignTables } from '../../store/adoption-catalog.js';
import { beginSql, logDoneSql, readAppliedChanges, registerChangeSql } from '../../store/migration.js';
import { type Change, loadChanges, sqlRoot, toolVersion } from './changes.js';
import { withInstallLock } from './lock.js';
import { grantSteps, preparationSteps, requireInstallable } from './prepare.js';
import { recordFailure } from './record.js';
import {
  failureError,
  type OnProgress,
  type OnStatement,
  printSteps,
  type Step,
  scriptSteps,
  sendTransaction,
} from './run.js';
import { positionOf, requireHistory } from './state.js';

/** Options that every command of the installer takes. */
export interface InstallOptions {
  readonly schema: string;
  /** Returns the SQL and executes nothing. */
  readonly dryRun?: boolean;
  readonly onProgress?: OnProgress;
  readonly onStatement?: OnStatement;
  /** How long to wait for another installer of this schema; 120 s when not said. */
  readonly lockWaitSeconds?: number;
  /** How long to try again when a table is locked; 60 s when not said. */
  readonly retrySeconds?: number;
  /** Folder of changes; that of this package when not said. */
  readonly sqlFolder?: string;
}

/** Options of `migrateUp`. */
export interface MigrateUpOptions extends InstallOptions {
  /** Last change to apply; all when not said. */
  readonly to?: string;
  /** Called by an adoption, which deals with the tables that are there. */
  readonly adopting?: boolean;
}

/** What an installer command did, or with `dryRun` would do. */
export interface MigrateResult {
  readonly changes: readonly string[];
  /** The statements of a dry run; empty otherwise. */
  readonly sql: string;
}

function deploySteps(change: Change, schema: string, version: string): Step[] {
  return [
    // 30 min: a change may have to read or rewrite a large table, and is stopped by nothing else
    ...beginSql(schema, { asOwner: true, statementTimeout: '30min' }).map((text) => ({ text })),
    ...scriptSteps(change.deploy),
    { text: registerChangeSql(change, version) },
    { text: logDoneSql(change.name, 'deploy', version) },
    { text: 'commit' },
  ];
}

interface Transaction {
  readonly subject: string;
  readonly steps: Step[];
  readonly sharedObjects?: boolean;
  readonly change?: Change;
}

/** A database that has tables of our names is adopted, not installed on: a change would stop at the first of them. */
async function requireOwnGround(client: ClientBase, schema: string, applied: number): Promise<void> {
  const foreign = applied >= 4 ? [] : await foreignTables(client, schema);
  if (foreign.length === 0) return;
  throw new IuError('IU840', {
    message: `schema ${schema} has tables of somebody else: ${foreign.join(', ')}`,
    hint: 'iu adopt plan shows what it would take to bring IU Core into this database',
  });
}

async function planUp(
  client: ClientBase,
  options: MigrateUpOptions,
  changes: readonly Change[],
): Promise<Transaction[]> {
  const applied = await readAppliedChanges(client, options.schema);
  requireHistory(changes, applied);
  if (options.adopting !== true) await requireOwnGround(client, options.schema, applied.length);
  const names = changes.map((change) => change.name);
  const end = options.to === undefined ? changes.length : positionOf(names, options.to) + 1;
  const version = toolVersion();
  const partial = Math.max(end, applied.length) < changes.length;
  return [
    ...preparationSteps(options.schema).map((part) => ({ ...part, sharedObjects: true })),
    ...changes.slice(applied.length, end).map((change) => ({
      subject: change.name,
      steps: deploySteps(change, options.schema, version),
      change,
    })),
    // tables that wait for their adoption belong to somebody else still
    ...(options.adopting === true && partial
      ? []
      : [{ subject: 'grants', steps: grantSteps(options.schema, partial), sharedObjects: true }]),
  ];
}

/**
 * Applies every change that is not applied yet, in order, each in its own transaction, and sets the rights.
 *
 * The connection must be the caller's alone until this returns. Any number of installers may run at once: one works, the
 * others wait and then find nothing to do.
 */
export async function migrateUp(client: ClientBase, options: MigrateUpOptions): Promise<MigrateResult> {
  const changes = loadChanges(options.sqlFolder ?? sqlRoot);
  await requireInstallable(client, options.schema);
  if (options.dryRun === true) {
    const plan = await planUp(client, options, changes);
    return {
      changes: plan.flatMap((part) => (part.change === undefined ? [] : [part.change.name])),
      sql: plan.map((part) => `-- ${part.subject}\n${printSteps(part.steps)}`).join('\n'),
    };
  }
  return withInstallLock(client, options, async () => {
    const done: string[] = [];
    for (const { subject, steps, sharedObjects, change } of await planUp(client, options, changes)) {
      const started = performance.now();
      if (change !== undefined) options.onProgress?.({ kind: 'started', subject });
      const retry = { ...options, retrySeconds: options.retrySeconds ?? 60, sharedObjects: sharedObjects ?? false };
      const failure = await sendTransaction(client, subject, steps, retry);
      const milliseconds = performance.now() - started;
      if (failure !== undefined) {
        const entry = { change: subject, action: 'deploy', failure, milliseconds } as const;
        if (change !== undefined) await recordFailure(client, options.schema, entry);
        throw failureError(subject, failure);
      }
      if (change === undefined) continue;
      done.push(subject);
      options.onProgress?.({ kind: 'done', subject, milliseconds });
    }
    return { changes: done, sql: '' };
  });
}
