// What a clumsy or hostile hand can try, and what stands against it.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { emitEvents, makeHealthy, openGates, passAll } from '../support/worker.js';

let db: TestDatabase;
beforeEach(async () => {
  db = await createTestDatabase();
});
afterEach(() => db.drop());

/** SQLSTATE of a statement, or `done`. */
async function outcome(text: string, values: unknown[] = []): Promise<string> {
  try {
    await db.pool.query(text, values);
    return 'done';
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe('a gate', () => {
  it('whose time limit has passed is opened by a plain update that says true, and by no other update', async () => {
    const key = 'iu_core.delivery_enabled';
    const isOpen = async () => (await db.pool.query('select fn_iu_gate_open($1) as open', [key])).rows[0].open;
    await db.pool.query("select fn_iu_gate_set($1, true, 'for an hour', 3600)", [key]);
    await db.pool.query('update dot_config set open_until = clock_timestamp() where key = $1', [key]);
    expect(await isOpen()).toBe(false);
    await db.pool.query("update dot_config set reason = 'still' where key = $1", [key]);
    expect(await isOpen()).toBe(false);
    await db.pool.query("update dot_config set value = 'true' where key = $1", [key]);
    expect(await isOpen()).toBe(true);
    const { rows } = await db.pool.query('select open_until, reason from dot_config where key = $1', [key]);
    expect(rows).toEqual([{ open_until: null, reason: null }]);
    await db.pool.query("select fn_iu_gate_set($1, true, 'for an hour', 3600)", [key]);
    await db.pool.query("update dot_config set value = 'true' where key = $1", [key]);
    expect(
      (await db.pool.query('select open_until is not null as limited from dot_config where key = $1', [key])).rows,
    ).toEqual([{ limited: true }]);
  });
});

describe('the log', () => {
  it('takes no row from an emitter but through the function, so nobody supplies a seq that a pass has left behind', async () => {
    const emitter = await db.as('iu_emitter');
    await expect(
      emitter.query(
        `insert into event_outbox (seq, event_domain, event_type, event_subject_table, source_system)
         overriding system value values (1, 'iu', 'version_applied', 't', 's')`,
      ),
    ).rejects.toMatchObject({ code: '42501' });
    await expect(emitter.query(`select nextval('event_outbox_seq_seq')`)).rejects.toMatchObject({ code: '42501' });
    const { rows } = await emitter.query(`select is_new from fn_iu_emit('iu', 'version_applied', 't', 'r')`);
    expect(rows).toEqual([{ is_new: true }]);
  });

  it('refuses infinite times, which no age could be computed from', async () => {
    const emit = `select fn_iu_emit('iu', 'version_applied', 't', 'r', p_occurred_at => $1)`;
    expect(await outcome(emit, ['infinity'])).toBe('IU116');
    expect(await outcome(emit, ['-infinity'])).toBe('IU116');
    expect(await outcome(emit, ['2026-01-01'])).toBe('done');
    expect(await outcome(`select fn_iu_emit('iu', 'version_applied', 't', 'r', p_dedupe_key => '')`)).toBe('IU117');
  });
});

describe('a rebase', () => {
  it('is refused while a gate is closed, as every decision is', async () => {
    await emitEvents(db, 3);
    const rebase = `select fn_iu_route_worker_rebase('iu_outbound_default', 'test') ->> 'status' as status`;
    expect((await db.pool.query(rebase)).rows).toEqual([{ status: 'master_gate_closed' }]);
    expect((await db.pool.query('select count(*)::int as n from iu_route_attempt')).rows).toEqual([{ n: 0 }]);
    await openGates(db);
    expect((await db.pool.query(rebase)).rows).toEqual([{ status: 'rebased' }]);
    expect((await db.pool.query('select count(*)::int as n from iu_route_attempt')).rows).toEqual([{ n: 3 }]);
  });

  it('refuses a copy whose log has other numbers than its audit', async () => {
    await makeHealthy(db);
    await emitEvents(db, 5);
    await passAll(db);
    await db.pool.query('alter table event_outbox disable trigger trg_event_outbox_append_only');
    await db.pool.query('update event_outbox set id = gen_random_uuid() where seq = 3');
    expect(await outcome(`select fn_iu_route_worker_rebase('iu_outbound_default', 'moved')`)).toBe('IU308');
  });
});

describe('a route', () => {
  it.each([
    [{ target_config: { headers: { Authorization: 'Bearer S' } } }, 'IU333'],
    [{ target_config: { auth: { password: 'S' } } }, 'IU333'],
    [{ target_config: { apikey: 'S' } }, 'IU333'],
    [{ target_config: { list: [{ token: 'S' }] } }, 'IU333'],
    [{ target_config: JSON.parse('{"a":'.repeat(17) + 1 + '}'.repeat(17)) }, 'IU345'],
    [{ target_config: { headers: { Authorization: 'env:SHOP_TOKEN', 'x-shop': 'blue' } } }, 'done'],
    [{ target_ref: 'https://user:S@shop.example/' }, 'IU333'],
    [{ target_ref: 'user:S@broker:9092' }, 'IU333'],
    [{ target_ref: 'https://shop.example/?access_token=S' }, 'IU333'],
    [{ target_ref: 'https://shop.example:8443/hook?page=1' }, 'done'],
    [{ event_domain: '%' }, 'IU345'],
    [{ event_type: 'x'.repeat(81) }, 'IU345'],
    [{ event_type: `${'x'.repeat(80)}*` }, 'done'],
    [{ target_ref: ' ' }, 'IU345'],
    [{ target_ref: `https://a.example/${'x'.repeat(2048)}` }, 'IU345'],
    [{ target_ref: 'https://a.example/\u001b' }, 'IU345'],
    [{ target_config: [] }, 'IU345'],
    [{ filter: '$.a ==' }, 'IU332'],
    [{ filter: '$.a' }, 'IU332'],
  ])('is added without secrets and with readable values only: %j gives %s', async (part, expected) => {
    const route = { route_code: 'shop', target_kind: 'webhook', target_ref: 'https://shop.example/', ...part };
    expect(await outcome('select fn_iu_route_add($1)', [JSON.stringify(route)])).toBe(expected);
  });
});

describe('settings and the ladder', () => {
  it('a gate cannot be renamed away past its log', async () => {
    expect(await outcome(`update dot_config set key = 'x' where key = 'iu_core.autocut_enabled'`)).toBe('IU405');
  });

  it('level 3 gives up at once when a table is in use, instead of making its writers wait', async () => {
    const writer = await db.connect();
    await writer.query('begin');
    await writer.query('lock table unit_version in row exclusive mode');
    expect(await outcome(`select fn_iu_ladder_disable(3, 'test')`)).toBe('IU406');
    await writer.query('rollback');
    expect(await outcome(`select fn_iu_ladder_disable(3, 'test')`)).toBe('done');
    expect(await outcome(`select fn_iu_ladder_enable(3, 'test')`)).toBe('done');
  });
});

describe('the cost of looking', () => {
  it('the backlog reads no decided part of the log, although transactions were open when it was decided', async () => {
    await makeHealthy(db);
    await db.pool.query(
      `select count(*) from generate_series(1, 20000) n, fn_iu_emit('iu', 'version_applied', 't', n::text) e`,
    );
    await passAll(db);
    await db.pool.query('analyze event_outbox');
    const { rows } = await db.pool.query(
      'explain (analyze, buffers, format json) select sum(backlog) from v_iu_event_backlog',
    );
    const plan = JSON.parse(rows[0]['QUERY PLAN'])[0].Plan;
    expect(plan['Shared Hit Blocks'] + plan['Shared Read Blocks']).toBeLessThan(200);
  });

  it('a step of a replay is as large as it is asked for, and the next one goes on where it ended', async () => {
    await makeHealthy(db);
    await emitEvents(db, 50);
    await passAll(db);
    const filter = JSON.stringify({ status: ['dry_run', 'skipped'] });
    const { rows } = await db.pool.query("select fn_iu_replay_start($1, 'test') as r", [filter]);
    const { run_id: runId, pairs_planned: planned } = JSON.parse(rows[0].r);
    expect(planned).toBeGreaterThanOrEqual(50);
    const step = async () =>
      JSON.parse((await db.pool.query('select fn_iu_replay_step($1, 7) as r', [runId])).rows[0].r);
    expect(await step()).toMatchObject({ status: 'stepped', pairs: 7, replayed: 7 });
    expect(await step()).toMatchObject({ status: 'stepped', pairs: 14, replayed: 14 });
  });
});
