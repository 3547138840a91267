import type pg from 'pg';
import type { TestDatabase } from './database.js';
import { addRoute, domain, drain, emit, prepareRace } from './race.js';

/** A result of a function that answers with one jsonb document. */
export async function ask(
  queries: pg.Pool | pg.ClientBase,
  call: string,
  values: unknown[] = [],
): Promise<Record<string, unknown>> {
  const { rows } = await queries.query(`select ${call}::text as document`, values);
  return JSON.parse(rows[0].document);
}

/** SQLSTATE of a statement, or `done`. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'done',
    (error: { code?: string }) => error.code ?? String(error),
  );
}

/** What readiness asks for in tests: three decisions over no time. The settings are the ones an operator has. */
export async function prepareGoingLive(db: TestDatabase): Promise<void> {
  await prepareRace(db.pool);
  await db.pool.query(
    `insert into dot_config (key, value) values ('iu_core.readiness_min_attempts', '3'), ('iu_core.readiness_observed_seconds', '0')`,
  );
  for (const open of [true, false, true]) {
    await db.pool.query("select fn_iu_gate_set('delivery_enabled', $1, 'rehearsal')", [open]);
  }
  await db.pool.query("select fn_iu_deployment_claim('test-installation', 'test')");
}

/** Records everything that is recorded from outside, for the present version of a route. */
export async function recordEvidence(db: TestDatabase, code: string): Promise<void> {
  for (const kind of ['substrate', 'drift', 'backup']) {
    await db.pool.query('select fn_iu_evidence_record($1, true)', [kind]);
  }
  await db.pool.query("select fn_iu_evidence_record('test_send', true, '{}', $1)", [code]);
}

/** An enabled route of the domain `race` that is ready to go live. */
export async function readyRoute(db: TestDatabase, code: string, more: Record<string, unknown> = {}): Promise<void> {
  await addRoute(db.pool, code, { event_domain: domain, ...more });
  for (let at = 0; at < 3; at += 1) await emit(db.pool, `ready-${code}-${at}`);
  await drain(db.pool);
  await recordEvidence(db, code);
}

/** Items of a readiness document that fail, by name. */
export function failing(readiness: Record<string, unknown>): string[] {
  return (readiness.items as { item: string; passed: boolean }[])
    .filter(({ passed }) => !passed)
    .map(({ item }) => item);
}
