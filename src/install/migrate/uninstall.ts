import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import type { ClientBase } from 'pg';
import { IuError } from '../../contract/errors/index.js';
import { beginSql, countRows, discardSql, dropRole, setLocalSql } from '../../store/migration.js';
import { type Change, readScript, sqlRoot, toolVersion } from './changes.js';
import { appliedLatestFirst, registryChange, requireNotAdopted, rollbackSteps } from './down.js';
import { refusedByGuards } from './guards.js';
import { withInstallLock } from './lock.js';
import { readManifest } from './manifest.js';
import { requireInstallable } from './prepare.js';
import { failureError, printSteps, type Step, type StepFailure, scriptSteps, sendSteps } from './run.js';
import type { InstallOptions } from './up.js';

/** Options of `uninstall`. */
export interface UninstallOptions extends InstallOptions {
  /** Empties tables whose rows are in the way. Open gates and enabled routes refuse all the same. */
  readonly discardData?: boolean;
  /** Leaves the group roles of the cluster, for a server whose roles somebody else looks after. */
  readonly keepRoles?: boolean;
}

/** What `uninstall` did, or with `dryRun` would do. */
export interface UninstallResult {
  readonly changes: readonly string[];
  /** Rows of every table before anything was removed; empty tables are left out. */
  readonly rows: readonly { readonly table: string; readonly rows: string }[];
  readonly rolesDropped: readonly string[];
  /** Roles that something else in this cluster still needs, with the server's reason. */
  readonly rolesKept: readonly { readonly role: string; readonly reason: string }[];
  readonly sql: string;
  /** With `dryRun`: what would refuse it as it is asked for. */
  readonly inTheWay: readonly Obstacle[];
}

/** What the guard of a change says no to. `needsDiscard`: rows, which go with `discardData`. */
export interface Obstacle {
  readonly change: string;
  readonly code: string;
  readonly message: string;
  readonly hint: string | undefined;
  readonly needsDiscard: boolean;
}

const roles = [
  'iu_migrator',
  'iu_emitter',
  'iu_worker',
  'iu_operator',
  'iu_approver',
  'iu_reader',
  'iu_core_pruner',
  'iu_owner',
];

/** Reverse of what schema.sql gave. */
function removalSteps(schema: string): Step[] {
  return [
    { text: 'reset role' },
    { text: setLocalSql('iu.install_schema', schema) },
    ...scriptSteps(readScript('roles/remove.sql')),
  ];
}

function tablesOf(change: string, root: string): string[] {
  return readManifest(root).flatMap((object) =>
    object.kind === 'table' && object.change === change ? [object.identity] : [],
  );
}

/** One change back inside the open transaction; when rows refuse it and they may go, they go and it is tried again. */
async function takeBack(
  client: ClientBase,
  change: Change,
  options: UninstallOptions,
): Promise<StepFailure | undefined> {
  const attempt = async (before: readonly string[]): Promise<StepFailure | undefined> => {
    const steps = [...before.map((text) => ({ text })), ...rollbackSteps(change, toolVersion())];
    for (const step of steps) {
      const failure = await stepOnSavepoint(client, step, options);
      if (failure !== undefined) return failure;
    }
    return undefined;
  };
  await client.query('savepoint take_back');
  const refused = await attempt([]);
  if (refused?.code !== 'IU811' || options.discardData !== true || change.name === registryChange) return refused;
  await client.query('rollback to savepoint take_back');
  const tables = tablesOf(change.name, options.sqlFolder ?? sqlRoot);
  options.onProgress?.({ kind: 'discarded', subject: change.name, detail: tables.join(', ') });
  return attempt(discardSql(tables));
}

/** Like sendSteps, but leaves the transaction to the caller. */
async function stepOnSavepoint(
  client: ClientBase,
  step: Step,
  options: UninstallOptions,
): Promise<StepFailure | undefined> {
  const keepOpen = {
    query: (text: string) => (text === 'rollback' ? Promise.resolve() : client.query(text)),
  };
  return sendSteps(keepOpen, [step], options.onStatement);
}

/** Rows in the way: the rollback does not know by which command it was called, so the way out is named here. */
function refusalOf(change: Change, failure: StepFailure, options: UninstallOptions): IuError {
  const error = failureError(change.name, failure);
  if (error.code !== 'IU811' || options.discardData === true || change.name === registryChange) return error;
  const hint = 'write down what you need (iu report, iu backup), then iu uninstall --discard-data --yes';
  return new IuError(error.code, { ...error.details, message: error.message, hint });
}

async function readObstacles(
  client: ClientBase,
  applied: readonly Change[],
  options: UninstallOptions,
): Promise<Obstacle[]> {
  const found: Obstacle[] = [];
  // the guard of the registry asks for the other changes, which are taken back before it
  for (const change of applied.filter(({ name }) => name !== registryChange)) {
    const failure = await refusedByGuards(client, options.schema, change);
    if (failure === undefined) continue;
    const error = failureError(change.name, failure);
    const needsDiscard = error.code === 'IU811';
    if (needsDiscard && options.discardData === true) continue;
    found.push({ change: change.name, code: error.code, message: error.message, hint: error.hint, needsDiscard });
  }
  return found;
}

async function removeAll(client: ClientBase, applied: readonly Change[], options: UninstallOptions): Promise<void> {
  const begin = beginSql(options.schema, { asOwner: true, statementTimeout: '30min' });
  try {
    for (const text of begin) await client.query(text);
    for (const change of applied) {
      options.onProgress?.({ kind: 'started', subject: change.name });
      const failure = await takeBack(client, change, options);
      if (failure !== undefined) throw refusalOf(change, failure, options);
    }
    const failure = await sendSteps(client, [...removalSteps(options.schema), { text: 'commit' }], options.onStatement);
    if (failure !== undefined) throw failureError('removal of rights', failure);
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}

/** Again, as a whole, while a table is locked by somebody else. */
async function removeAllPatiently(
  client: ClientBase,
  applied: readonly Change[],
  options: UninstallOptions,
): Promise<void> {
  const started = performance.now();
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await removeAll(client, applied, options);
    } catch (error) {
      const locked = error instanceof IuError && error.code === 'IU812';
      if (!locked || performance.now() - started > (options.retrySeconds ?? 60) * 1000) throw error;
      await pause(Math.min(2000, 50 * 2 ** attempt) * (0.5 + Math.random()));
    }
  }
}

/**
 * The roles belong to the cluster. Another installation may depend on one of them without a trace in its catalog (iu_core_pruner owns
 * nothing yet), so iu_owner decides for all: while some database has something of it, every role stays.
 */
async function removeRoles(client: ClientBase): Promise<Pick<UninstallResult, 'rolesDropped' | 'rolesKept'>> {
  const owner = await dropRole(client, 'iu_owner');
  if (!owner.dropped) {
    return { rolesDropped: [], rolesKept: roles.map((role) => ({ role, reason: owner.reason ?? 'still needed' })) };
  }
  const rolesDropped: string[] = ['iu_owner'];
  const rolesKept: { role: string; reason: string }[] = [];
  for (const role of roles.filter((name) => name !== 'iu_owner')) {
    const { dropped, reason } = await dropRole(client, role);
    if (dropped) rolesDropped.push(role);
    else rolesKept.push({ role, reason: reason ?? 'still needed' });
  }
  return { rolesDropped, rolesKept };
}

/**
 * Takes everything away again: all changes in one transaction, so that a refusal leaves the installation whole, then the
 * rights on the schema, then the roles, unless another database of the cluster needs them (then they are kept and named).
 *
 * Guarded like a rollback. Rows go only with `discardData`; a caller shows `rows` of a dry run first.
 */
export async function uninstall(client: ClientBase, options: UninstallOptions): Promise<UninstallResult> {
  await requireInstallable(client, options.schema);
  await requireNotAdopted(client, options.schema);
  const tables = readManifest(options.sqlFolder ?? sqlRoot).flatMap((object) =>
    object.kind === 'table' ? [object.identity] : [],
  );
  const run = async (): Promise<UninstallResult> => {
    const applied = await appliedLatestFirst(client, options);
    if (applied.length === 0)
      throw new IuError('IU809', { message: `nothing is installed in schema ${options.schema}` });
    const counts = await countRows(client, options.schema, tables);
    const rows = [...counts].flatMap(([table, count]) => (count === '0' ? [] : [{ table, rows: count }]));
    const changes = applied.map((change) => change.name);
    if (options.dryRun === true) {
      const begin = beginSql(options.schema, { asOwner: true, statementTimeout: '30min' }).map((text) => ({ text }));
      const steps = [...begin, ...applied.flatMap((change) => rollbackSteps(change, toolVersion()))];
      const sql = printSteps([...steps, ...removalSteps(options.schema), { text: 'commit' }]);
      const inTheWay = await readObstacles(client, applied, options);
      return { changes, rows, rolesDropped: [], rolesKept: [], sql, inTheWay };
    }
    await removeAllPatiently(client, applied, options);
    const kept = roles.map((role) => ({ role, reason: 'asked to keep' }));
    const removed = options.keepRoles === true ? { rolesDropped: [], rolesKept: kept } : await removeRoles(client);
    return { changes, rows, ...removed, sql: '', inTheWay: [] };
  };
  return options.dryRun === true ? run() : withInstallLock(client, options, run);
}
