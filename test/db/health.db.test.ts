import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { workerHealth } from '../../src/store/health.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { countOf, emitEvents, makeHealthy, passAll } from '../support/worker.js';

let db: TestDatabase;

beforeEach(async () => {
  db = await createTestDatabase();
  await makeHealthy(db);
});

afterEach(() => db.drop());

const worker = 'iu_outbound_default';
const codes = async () => (await workerHealth(db.pool, worker)).reasons.map((reason) => reason.code);
const sql = (text: string, values: unknown[] = []) => db.pool.query(text, values);
const setting = (key: string, value: string) =>
  sql('insert into dot_config (key, value) values ($1, $2) on conflict (key) do update set value = excluded.value', [
    key,
    value,
  ]);

/** Red with exactly this reason after `break_`, green again after `mend`. */
async function turnsRedAndGreen(
  code: string,
  break_: () => Promise<unknown>,
  mend: () => Promise<unknown>,
): Promise<void> {
  expect(await codes()).toEqual([]);
  await break_();
  const red = await workerHealth(db.pool, worker);
  expect(red.healthy).toBe(false);
  expect(red.reasons.map((reason) => reason.code)).toEqual([code]);
  expect(red.reasons[0]?.message.length).toBeGreaterThan(10);
  expect(red.reasons[0]?.action.length).toBeGreaterThan(10);
  await mend();
  expect(await codes()).toEqual([]);
}

describe('health of a worker', () => {
  it('is green when passes run, gates are open and nothing waits, with the fields of the earlier system', async () => {
    const health = await workerHealth(db.pool, worker);
    expect(health).toMatchObject({
      healthy: true,
      reasons: [],
      master_gate_open: true,
      worker_gate_open: true,
      registered: true,
      backlog_iu_events: 0,
      dead_letter_open: 0,
      lost: 0,
    });
    for (const field of [
      'cursor_created_at',
      'cursor_event_id',
      'last_run_at',
      'events_seen_total',
      'attempts_written_total',
      'dead_lettered_total',
      'outbound_attempts_in_audit',
      'blockers',
      'oldest_undecided_seconds',
    ]) {
      expect(health).toHaveProperty(field);
    }
  });

  it.each([
    ['master_gate_closed', 'iu_core.routes_master_enabled'],
    ['worker_gate_closed', 'iu_core.route_worker_enabled'],
  ])('turns red for %s', async (code, key) => {
    await turnsRedAndGreen(
      code,
      () => setting(key, 'false'),
      () => setting(key, 'true'),
    );
    await turnsRedAndGreen(
      code,
      () => sql('delete from dot_config where key = $1', [key]),
      () => setting(key, 'true'),
    );
  });

  it('turns red by silence alone, and green with the next pass', async () => {
    await turnsRedAndGreen(
      'silent',
      () =>
        sql(
          "update iu_route_worker_cursor set last_run_at = clock_timestamp() - interval '3 minutes' where worker_name = $1",
          [worker],
        ),
      () => passAll(db),
    );
  });

  it('allows the silence that the setting says, and no more', async () => {
    const silent = (seconds: number) =>
      sql(
        'update iu_route_worker_cursor set last_run_at = clock_timestamp() - make_interval(secs => $1) where worker_name = $2',
        [seconds, worker],
      );
    await setting('iu_core.health_max_silence_seconds', '600');
    await silent(590);
    expect(await codes()).toEqual([]);
    await silent(610);
    expect(await codes()).toEqual(['silent']);
  });

  it('turns red for a worker that never ran since its registration', async () => {
    await sql(
      "update iu_route_worker_cursor set last_run_at = null, registered_at = clock_timestamp() - interval '1 hour' where worker_name = $1",
      [worker],
    );
    expect(await codes()).toEqual(['silent']);
  });

  it('turns red when an event waits for too long, and names how many wait', async () => {
    await turnsRedAndGreen(
      'undecided_too_old',
      () =>
        sql(`insert into event_outbox (event_domain, event_type, event_stream, delivery_lane, event_subject_table, event_subject_ref,
               source_system, safe_payload, created_at)
             values ('iu', 'version_applied', 'update', 'immediate', 't', '1', 'test', '{}', now() - interval '1 hour')`),
      () => passAll(db),
    );
  });

  it('turns red when a delivery waits for too long', async () => {
    await emitEvents(db, 1);
    await passAll(db);
    await turnsRedAndGreen(
      'delivery_too_old',
      () =>
        sql(`insert into iu_route_delivery (event_seq, event_ref, route_id, attempt_no, delivery_key, created_at)
             select e.seq, e.id, r.route_id, 1, 'k', now() - interval '2 hours'
               from event_outbox e, iu_outbound_route r limit 1`),
      () => sql('delete from iu_route_delivery'),
    );
  });

  it('turns red for an open dead letter until it is resolved', async () => {
    await sql(
      `select fn_iu_route_add('{"route_code": "failing", "filter": "strict $.absent", "target_kind": "workflow", "target_ref": "x"}')`,
    );
    await sql("select fn_iu_route_set_enabled('failing', true, 'test')");
    await turnsRedAndGreen(
      'dead_letters_open',
      async () => {
        await emitEvents(db, 1);
        await passAll(db);
      },
      () => sql("select fn_iu_route_dead_letter_resolve(dead_letter_id, 'test') from iu_route_dead_letter"),
    );
  });

  it('turns red for a lost decision, and green when a rewind has decided it', async () => {
    await emitEvents(db, 2);
    await turnsRedAndGreen(
      'certificate_broken',
      async () => {
        // What never happens by itself: the cursor says decided, and nobody did.
        await sql(
          `update iu_route_worker_cursor set done_snapshot = pg_current_snapshot(),
                     done_floor_seq = (select last_value from event_outbox_seq_seq) where worker_name = $1`,
          [worker],
        );
        const found = await sql('select fn_iu_route_worker_reconcile($1)::text as found', [worker]);
        expect(JSON.parse(found.rows[0].found)).toMatchObject({ lost_events: 2, lost: 2 });
      },
      async () => {
        await sql("select fn_iu_route_worker_rewind($1, 'test')", [worker]);
        await passAll(db);
        await sql('select fn_iu_route_worker_reconcile($1)', [worker]);
      },
    );
    expect(await countOf(db, 'iu_route_attempt')).toBe(2);
  });

  it('turns red for a domain that nobody owns', async () => {
    await turnsRedAndGreen(
      'domain_without_owner',
      () =>
        sql(
          "insert into event_type_registry (event_domain, event_type, event_stream, delivery_lane) values ('shop', 'sold', 'update', 'immediate')",
        ),
      () => sql("select fn_iu_route_worker_register('shop', 'shop', 'now')"),
    );
  });

  it('turns red while recording is switched off, and counts what was suppressed', async () => {
    await turnsRedAndGreen(
      'emission_disabled',
      async () => {
        await setting('iu_core.emission_enabled', 'false');
        await emitEvents(db, 2);
        expect((await workerHealth(db.pool, worker)).suppressed_events).toBe(2);
      },
      () => setting('iu_core.emission_enabled', 'true'),
    );
  });

  it('turns red for a disabled trigger', async () => {
    await turnsRedAndGreen(
      'trigger_disabled',
      () => sql("select fn_iu_ladder_disable(3, 'test')"),
      () => sql("select fn_iu_ladder_enable(3, 'test')"),
    );
  });

  it('turns red for row security, and a pass refuses what it would hide', async () => {
    await emitEvents(db, 1);
    await turnsRedAndGreen(
      'row_security',
      async () => {
        await sql('alter table event_outbox enable row level security, force row level security');
        const login = await db.as('iu_worker');
        for (const call of ['run', 'reconcile']) {
          await expect(login.query(`select fn_iu_route_worker_${call}($1)`, [worker])).rejects.toMatchObject({
            code: '42501',
          });
        }
      },
      () => sql('alter table event_outbox disable row level security, no force row level security'),
    );
    await passAll(db);
    expect(await countOf(db, 'iu_route_attempt')).toBe(1);
  });

  it('turns red in another cluster', async () => {
    const { rows } = await sql('select system_identifier from iu_route_worker_cursor where worker_name = $1', [worker]);
    const identify = (value: string) =>
      sql('update iu_route_worker_cursor set system_identifier = $1 where worker_name = $2', [value, worker]);
    await turnsRedAndGreen(
      'cluster_changed',
      () => identify('another'),
      () => identify(rows[0].system_identifier),
    );
  });

  it('is red for a worker that is not registered', async () => {
    const health = await workerHealth(db.pool, 'nobody');
    expect(health).toMatchObject({ healthy: false, registered: false });
    expect(health.reasons.map((reason) => reason.code)).toEqual(['unregistered']);
  });

  it('names who holds a transaction open, by pid, and a prepared one by its name', async () => {
    const holder = await db.connect();
    await holder.query('begin');
    await holder.query("select fn_iu_emit('iu', 'version_applied', 't', 'held')");
    const pid = (await holder.query('select pg_backend_pid() as pid')).rows[0].pid;
    const prepared = await db.connect();
    await prepared.query('begin');
    await prepared.query("select fn_iu_emit('iu', 'version_applied', 't', 'prepared')");
    await prepared.query("prepare transaction 'forgotten'");
    const blockers = (await sql('select kind, pid, application_name from fn_iu_blockers(0)')).rows;
    expect(blockers).toContainEqual(expect.objectContaining({ kind: 'session', pid }));
    expect(blockers).toContainEqual(expect.objectContaining({ kind: 'prepared', application_name: 'forgotten' }));
    await prepared.query("rollback prepared 'forgotten'");
    await holder.query('rollback');
    expect((await sql('select * from fn_iu_blockers(0)')).rows).toEqual([]);
  });

  it('is readable for a login with the reader role only', async () => {
    const reader = await db.as('iu_reader');
    const result = await reader.query('select fn_iu_route_worker_health($1)::text as health', [worker]);
    expect(JSON.parse(result.rows[0].health).healthy).toBe(true);
  });
});
