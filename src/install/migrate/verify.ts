import type { ClientBase } from 'pg';
import { beginSql, readAppliedChanges, setLocalSql } from '../../store/migration.js';
import { loadChanges, readScript, sqlRoot } from './changes.js';
import { readInstallFacts } from './prepare.js';
import { type Step, scriptSteps } from './run.js';
import { editedScripts } from './state.js';

/** One thing that is wrong. */
export interface VerifyFailure {
  /** The change, or `grants`, `schema`, `registry`. */
  readonly subject: string;
  readonly code: string;
  readonly message: string;
  /** Each damaged object on its own, e.g. `index event_outbox_tx_idx is missing`. */
  readonly objects: readonly string[];
}

/** Result of `migrateVerify`. */
export interface VerifyResult {
  readonly ok: boolean;
  readonly verified: readonly string[];
  readonly pending: readonly string[];
  readonly failures: readonly VerifyFailure[];
}

function text(error: unknown, field: string): string {
  const value =
    typeof error === 'object' && error !== null ? Object.entries(error).find(([key]) => key === field)?.[1] : '';
  return typeof value === 'string' ? value : '';
}

/** Every statement on its own savepoint, so that one failure hides no other. */
async function check(client: ClientBase, subject: string, steps: readonly Step[]): Promise<VerifyFailure[]> {
  const failures: VerifyFailure[] = [];
  for (const step of steps) {
    await client.query('savepoint check_one');
    try {
      await client.query(step.text);
    } catch (error) {
      await client.query('rollback to savepoint check_one');
      const code = text(error, 'code') || '08006';
      const message = error instanceof Error ? error.message : String(error);
      const listed = code === 'IU830' || code === 'IU831' ? text(error, 'detail') : '';
      failures.push({ subject, code, message, objects: listed === '' ? [] : listed.split('\n') });
    }
  }
  return failures;
}

function failure(subject: string, code: string, message: string): VerifyFailure {
  return { subject, code, message, objects: [] };
}

/** Runs every verify script and compares the rights, in one read-only transaction; reports all failures, not only the first. */
export async function migrateVerify(
  client: ClientBase,
  options: { schema: string; sqlFolder?: string },
): Promise<VerifyResult> {
  const { schema } = options;
  const changes = loadChanges(options.sqlFolder ?? sqlRoot);
  const applied = new Map((await readAppliedChanges(client, schema)).map((row) => [row.change, row]));
  const installed = changes.filter((change) => applied.has(change.name));
  const pending = changes.filter((change) => !applied.has(change.name)).map((change) => change.name);
  const failures: VerifyFailure[] = [];
  if (installed.length === 0) failures.push(failure('registry', 'IU809', `nothing is installed in schema ${schema}`));
  for (const change of installed) {
    const row = applied.get(change.name);
    const edited = row === undefined ? [] : editedScripts(change, row);
    if (edited.length === 0) continue;
    failures.push(
      failure(change.name, 'IU806', `change ${change.name} was edited after release: ${edited.join(', ')}`),
    );
  }
  const known = new Set(changes.map((change) => change.name));
  for (const name of applied.keys()) {
    if (!known.has(name)) failures.push(failure(name, 'IU807', `change ${name} is not known to this version`));
  }
  const facts = await readInstallFacts(client, schema);
  if (facts.public_may_create)
    failures.push(failure('schema', 'IU803', `PUBLIC may create objects in schema ${schema}`));
  const begin = beginSql(schema, { asOwner: facts.may_become_owner, statementTimeout: '5min' });
  try {
    for (const sql of begin)
      await client.query(sql === 'begin' ? 'begin isolation level repeatable read read only' : sql);
    for (const change of installed) failures.push(...(await check(client, change.name, scriptSteps(change.verify))));
    if (installed.length > 0) {
      await client.query(setLocalSql('iu.grants_mode', 'check'));
      await client.query(setLocalSql('iu.grants_partial', pending.length > 0 ? 'on' : 'off'));
      failures.push(
        ...(await check(client, 'grants', scriptSteps(readScript('roles/grants.sql', options.sqlFolder ?? sqlRoot)))),
      );
    }
  } finally {
    await client.query('rollback').catch(() => undefined);
  }
  return { ok: failures.length === 0, verified: installed.map((change) => change.name), pending, failures };
}
