// Every runbook is tried: its commands, in their order, by the people it names, with the exit codes and outputs it says.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEmptyDatabase, createTestDatabase, type TestDatabase } from '../support/database.js';
import { type RunbookStep, readRunbook, tryStep } from '../support/runbook.js';
import { type Sink, startSink } from '../support/sink.js';
import { makeHealthy, passAll } from '../support/worker.js';

let sink: Sink;
const folder = mkdtempSync(join(tmpdir(), 'iu-runbook-'));

beforeAll(async () => {
  sink = await startSink();
});
afterAll(async () => {
  await sink.close();
  rmSync(folder, { recursive: true });
});

/** What is there before the first command. */
interface Fixture {
  readonly empty?: boolean;
  prepare?(db: TestDatabase): Promise<unknown>;
}

const secretFile = (db: TestDatabase) => join(folder, `${db.name}-secret`);
const emit = (db: TestDatabase, count: number) =>
  db.pool.query("select fn_iu_emit('iu', 'version_applied', 'orders', n::text) from generate_series(1, $1) n", [count]);

/** A route `shop` to a table of the same database, in dry-run, that has decided three events. */
async function dryRunRoute(db: TestDatabase): Promise<void> {
  await makeHealthy(db);
  await db.pool.query(
    'create table public.inbox (delivery_id text primary key, event_id uuid, event jsonb); grant insert, select on public.inbox to iu_operator, iu_worker',
  );
  await db.pool.query("select fn_iu_target_register('table', 'inbox', 'public.inbox', 'test')");
  await db.pool.query('select fn_iu_route_add($1)', [
    JSON.stringify({ route_code: 'shop', event_domain: 'iu', target_kind: 'table', target_ref: 'inbox' }),
  ]);
  await db.pool.query("select fn_iu_route_set_enabled('shop', true, 'test')");
  await emit(db, 3);
  await passAll(db);
  await db.pool.query(
    "insert into dot_config (key, value) values ('iu_core.readiness_min_attempts', '3'), ('iu_core.readiness_observed_seconds', '0')",
  );
  await db.pool.query("select fn_iu_evidence_record('backup', true)");
}

/** A route `shop` that cannot judge two events. */
async function deadLetters(db: TestDatabase): Promise<void> {
  await makeHealthy(db);
  const route = {
    route_code: 'shop',
    event_domain: 'iu',
    target_kind: 'webhook',
    target_ref: 'https://shop.example/hook',
  };
  await db.pool.query('select fn_iu_route_add($1)', [JSON.stringify({ ...route, filter: 'strict $.amount' })]);
  await db.pool.query("select fn_iu_route_set_enabled('shop', true, 'test')");
  await emit(db, 2);
  await passAll(db);
}

/** A webhook route with one secret in a file. */
async function signedRoute(db: TestDatabase): Promise<void> {
  await makeHealthy(db);
  const target_config = { secrets: [`file:${secretFile(db)}`] };
  const route = { route_code: 'shop', event_domain: 'iu', target_kind: 'webhook', target_ref: `${sink.origin}/hook` };
  await db.pool.query('select fn_iu_route_add($1)', [JSON.stringify({ ...route, target_config })]);
  await db.pool.query("select fn_iu_route_set_enabled('shop', true, 'test')");
  await db.pool.query("select fn_iu_deployment_claim('production', 'test')");
  await db.pool.query("select fn_iu_gate_set('delivery_enabled', true, 'test')");
}

const runbooks: Readonly<Record<string, Fixture>> = {
  install: { empty: true },
  'first-dry-run': { prepare: makeHealthy },
  'go-live': { prepare: dryRunRoute },
  stop: { prepare: dryRunRoute },
  'dead-letters': { prepare: deadLetters },
  silence: { prepare: makeHealthy },
  restore: {
    prepare: async (db) => {
      await makeHealthy(db);
      await db.pool.query("select fn_iu_deployment_claim('production', 'test')");
      await emit(db, 2);
      await db.pool.query("update iu_route_worker_cursor set system_identifier = 'the one before'");
    },
  },
  failover: {
    prepare: async (db) => {
      await makeHealthy(db);
      await db.pool.query("select fn_iu_deployment_claim('production', 'test')");
      await db.pool.query("select fn_iu_gate_set('delivery_enabled', true, 'test')");
      // As after a promotion: the claim was made on another timeline.
      await db.pool.query('alter table iu_deployment disable trigger user');
      await db.pool.query('update iu_deployment set timeline = timeline + 1');
      await db.pool.query('alter table iu_deployment enable always trigger trg_iu_deployment_append_only');
    },
  },
  upgrade: { prepare: makeHealthy },
  rollback: { prepare: makeHealthy },
  'rotate-a-secret': { prepare: signedRoute },
};

/** The commands are the same everywhere: other majors and schemas try what differs there, which is installing. */
const isUsual = !process.env.IU_TEST_POSTGRES && !process.env.IU_TEST_SCHEMA;
const tried = Object.entries(runbooks).filter(([name]) => isUsual || ['install', 'rollback'].includes(name));

describe.each(tried)('the runbook %s', (name, fixture) => {
  it('does what it says', async () => {
    const db = fixture.empty === true ? await createEmptyDatabase() : await createTestDatabase();
    try {
      await fixture.prepare?.(db);
      const isInstalled = fixture.empty !== true;
      const urls = {
        owner: db.url,
        operator: isInstalled ? await db.loginUrl('iu_operator') : db.url,
        approver: isInstalled ? await db.loginUrl('iu_approver') : db.url,
        worker: isInstalled ? await db.loginUrl('iu_worker') : db.url,
      };
      const instead = {
        'https://shop.example/hook': `${sink.origin}/hook`,
        '/etc/iu-core/secrets/shop': secretFile(db),
        '/var/lib/iu-core': folder,
        DATABASE: db.name,
        CLUSTER: (await db.pool.query('select system_identifier::text as id from pg_control_system()')).rows[0].id,
      };
      const environment = { IU_DELIVERY_ALLOW: '127.0.0.1', HOME: folder, EDITOR: 'true' };
      const steps = readRunbook(name).filter((step) => step.untried === undefined);
      expect(steps.length).toBeGreaterThan(2);
      for (const step of steps) {
        const problem = await tryStep(step, { schema: db.schema, urls, environment, instead, folder });
        expect(problem ?? 'as it says').toBe('as it says');
      }
    } finally {
      await db.drop();
    }
  });
});

it('leaves a command untried only with a reason', () => {
  const steps: RunbookStep[] = Object.keys(runbooks).flatMap(readRunbook);
  const untried = steps.filter((step) => step.untried !== undefined);
  expect(steps.length - untried.length).toBeGreaterThan(60);
  for (const step of untried) expect(step.untried?.length, step.command).toBeGreaterThan(10);
});
