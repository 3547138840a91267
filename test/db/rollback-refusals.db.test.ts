import type pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadChanges, migrateDown, migrateUp } from '../../src/install/migrate/index.js';
import { createEmptyDatabase, createTestDatabase, type TestDatabase } from '../support/database.js';
import { openSessions } from '../support/sessions.js';
import { waitFor } from '../support/wait.js';

const open = (gate: string) => `update dot_config set value = 'true', reason = 'test' where key = 'iu_core.${gate}'`;

/** One row of nothing in a table, without whatever would refuse it; only that it is there is looked at. */
const row = (table: string, change = '') => `
  do $$ declare c record; begin
    alter table ${table} disable trigger all;
    for c in select conname from pg_constraint where conrelid = '${table}'::regclass and contype in ('c', 'f', 'p') loop
      execute format('alter table ${table} drop constraint %I cascade', c.conname);
    end loop;
    for c in select attname from pg_attribute where attrelid = '${table}'::regclass and attnum > 0 and attnotnull and attidentity = '' loop
      execute format('alter table ${table} alter column %I drop not null', c.attname);
    end loop;
  end $$;
  insert into ${table} default values; ${change === '' ? '' : `update ${table} ${change}`}`;

/** What each refusal of each rollback is about: the change, its code, what it names, and how it comes about. */
const refusals: readonly (readonly [change: string, code: string, named: string, sql: string])[] = [
  ['001_registry', 'IU811', 'still installed: 002_control', ''],
  ...[
    'routes_master_enabled',
    'route_worker_enabled',
    'delivery_enabled',
    'structure_ops_enabled',
    'autocut_enabled',
  ].map((gate) => ['002_control', 'IU810', `open gates: iu_core.${gate}`, open(gate)] as const),
  ['003_log', 'IU811', 'event_outbox has 1 rows', row('event_outbox')],
  ['003_log', 'IU811', 'iu_suppressed_event 1', row('iu_suppressed_event')],
  ['004_units', 'IU810', 'information_unit has 1 rows', row('information_unit')],
  ['004_units', 'IU810', 'iu_sql_link 1', row('iu_sql_link')],
  [
    '005_routes',
    'IU810',
    'enabled routes: r.out',
    row('iu_outbound_route', "set route_code = 'r.out', enabled = true where route_code is null"),
  ],
  [
    '005_routes',
    'IU810',
    'enabled routes: r.in',
    row('iu_sql_event_route', "set route_code = 'r.in', enabled = true where route_code is null"),
  ],
  ['005_routes', 'IU811', '1 attempts', row('iu_route_attempt')],
  ['005_routes', 'IU811', '1 waiting deliveries', row('iu_route_delivery')],
  ['005_routes', 'IU811', '1 dead letters', row('iu_route_dead_letter')],
  ['006_worker', 'IU810', 'the worker gate is open', open('route_worker_enabled')],
  [
    '006_worker',
    'IU811',
    'registered workers: w',
    row('iu_route_worker_cursor', "set worker_name = 'w' where worker_name is null"),
  ],
  ['006_worker', 'IU811', '1 recorded runs', row('iu_route_run')],
  ['007_cut', 'IU811', '1 source pins', row('iu_source_pin')],
  ['007_cut', 'IU811', '1 cut runs', row('iu_cut_run')],
  [
    '008_structure',
    'IU810',
    'enabled routes',
    "update iu_outbound_route set enabled = true where route_code like 'iu.structure%'",
  ],
  ['008_structure', 'IU811', '1 applied structure operations', row('iu_structure_operation', 'set enacted_at = now()')],
  ['008_structure', 'IU811', '1 documents in collections', row('iu_collection_path')],
  ['009_delivery', 'IU811', '1 deliveries wait', row('iu_route_delivery')],
  ['009_delivery', 'IU811', '1 corrected payloads', row('iu_event_edit')],
  ['009_delivery', 'IU811', '1 gaps', row('iu_log_gap')],
  ['010_going_live', 'IU811', '1 requests and approvals', row('iu_route_approval')],
  ['010_going_live', 'IU811', '1 rows of evidence', row('iu_evidence', "set kind = 'substrate'")],
  ['011_dead_letter_tools', 'IU811', '1 replays are running', row('iu_replay_run', "set state = 'running'")],
  ['011_dead_letter_tools', 'IU811', '1 replays and reconciliations', row('iu_replay_run', "set state = 'done'")],
  ['011_dead_letter_tools', 'IU811', '1 replays and reconciliations', row('iu_attempt_reconciliation')],
  ['012_cut_pipeline', 'IU811', '1 cut runs', row('iu_cut_run')],
  ['013_adoption', 'IU842', 'adopted in 1 steps', row('iu_adoption_step')],
  ['014_activation', 'IU811', '1 steps of activations', row('iu_activation_step')],
  ['015_retention', 'IU811', '1 prunes and redactions', row('iu_prune_run')],
  ['015_retention', 'IU811', '1 prunes and redactions', row('iu_redaction')],
];

const changes = new Map(loadChanges().map((change) => [change.name, change.rollback.text]));

describe('the rollback of each change, with something in its way', () => {
  let db: TestDatabase;
  let client: pg.Client;
  beforeAll(async () => {
    db = await createTestDatabase();
    client = await db.connect();
  });
  beforeEach(() => client.query('begin'));
  afterEach(() => client.query('rollback'));
  afterAll(() => db.drop());

  it('has every refusal in this list', () => {
    for (const [change, text] of changes) {
      const inList = new Set(refusals.filter(([name]) => name === change).map(([, code, named]) => code + named));
      expect(inList.size, change).toBeGreaterThanOrEqual(text.match(/raise exception/g)?.length ?? 0);
      expect(inList.size, change).toBeGreaterThan(0);
    }
  });

  it.each(refusals)('%s refuses with %s: %s', async (change, code, named, sql) => {
    await client.query(sql);
    await client.query('set local role iu_owner');
    await expect(client.query(changes.get(change) ?? '')).rejects.toMatchObject({
      code,
      message: expect.stringContaining(named),
    });
  });
});

it('a rollback waits for who is writing, and refuses what he commits', async () => {
  const db = await createEmptyDatabase();
  try {
    const client = await db.connect();
    await migrateUp(client, { schema: db.schema, to: '003_log' });
    const { writer } = await openSessions(db, 'writer');
    await writer.run("select fn_iu_event_type_add('shop', 'changed')");
    await writer.run('begin');
    await writer.run("select fn_iu_emit('shop', 'changed', 'thing', '1')");
    const { rows } = await client.query('select pg_backend_pid() as pid');
    const down = migrateDown(client, { schema: db.schema }).then(
      () => 'rolled back',
      (error: { code?: string }) => error.code,
    );
    const waiting = "select from pg_stat_activity where pid = $1 and wait_event_type = 'Lock'";
    await waitFor(async () => (await db.pool.query(waiting, [rows[0].pid])).rowCount === 1, {
      intervalMilliseconds: 1,
    });
    await writer.run('commit');
    expect(await down).toBe('IU811');
    expect((await client.query('select count(*)::integer as n from event_outbox')).rows[0].n).toBe(1);
  } finally {
    await db.drop();
  }
});
