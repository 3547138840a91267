import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { TestDatabase } from '../support/database.js';
import {
  addRoute,
  certificate,
  createRaceDatabase,
  digestOfPassTables,
  drain,
  emit,
  expectWhole,
  inTransaction,
  pass,
  passWhenFree,
  takeLive,
  worker,
} from '../support/race.js';
import { openSessions } from '../support/sessions.js';

let db: TestDatabase;
beforeEach(async () => {
  db = await createRaceDatabase();
});
afterEach(async () => {
  await db.drop();
});

const passCall = `select fn_iu_route_worker_run('${worker}', 1000)`;

async function attempts(): Promise<number> {
  return Number((await db.pool.query('select count(*)::integer as n from iu_route_attempt')).rows[0].n);
}

/** Makes a pass stop in the middle of its batch: somebody else holds an uncommitted row under the key of a decision. */
const holdDecision = `insert into iu_route_attempt (event_seq, route_id, attempt_no, route_kind, route_code, status, decision, idempotency_key)
  select seq, 0, 1, 'outbound', '-', 'skipped', 'skipped', 'held' from event_outbox where event_subject_ref = $1`;

describe('two workers of one name', () => {
  test('the second one is told busy, and decides what the first one was killed over', async () => {
    for (let at = 0; at < 10; at += 1) await emit(db.pool, `${at}`);
    const { holder, first, second } = await openSessions(db, 'holder', 'first', 'second');
    await holder.run('begin');
    await holder.run(holdDecision, ['5']);
    const killed = first.start(passCall);
    await killed.blocked();
    expect(await pass(second.client)).toMatchObject({ status: 'busy' });
    expect((await db.pool.query('select pg_terminate_backend($1) as told', [first.pid])).rows[0].told).toBe(true);
    expect(await killed.code).toBe('57P01');
    await holder.run('rollback');
    expect(await attempts(), 'nothing of the killed pass stays').toBe(0);
    expect(await pass(second.client)).toMatchObject({ status: 'ran', seen: 10 });
    await drain(db.pool);
    await expectWhole(db.pool, 10);
  });

  test('the cursor never moves back when one of them commits late', async () => {
    const { first, second } = await openSessions(db, 'first', 'second');
    await emit(db.pool, 'a');
    await first.run('begin');
    expect(await pass(first.client)).toMatchObject({ status: 'ran', seen: 1 });
    await emit(db.pool, 'b');
    expect(await pass(second.client)).toMatchObject({ status: 'busy' });
    await first.run('commit');
    expect(await pass(second.client)).toMatchObject({ status: 'ran', seen: 1, cursor_seq: '2' });
    expect(await pass(first.client)).toMatchObject({ status: 'ran', seen: 0, cursor_seq: '2' });
    await expectWhole(db.pool, 2);
  });

  test('a foreign lock on a row of the log does not make a pass skip it or wait', async () => {
    await emit(db.pool, 'locked');
    const { foreign } = await openSessions(db, 'foreign');
    await foreign.run('begin');
    await foreign.run('select seq from event_outbox for update');
    expect(await pass(db.pool)).toMatchObject({ status: 'ran', seen: 1 });
    await foreign.run('rollback');
    await expectWhole(db.pool, 1);
  });

  test('workers of different domains run at the same time and leave each other alone', async () => {
    await db.pool.query(`select fn_iu_event_type_add('race_two', 'changed')`);
    await db.pool.query(`select fn_iu_route_worker_register('race_two_worker', 'race_two', 'beginning')`);
    await emit(db.pool, 'one');
    await db.pool.query(`select fn_iu_emit('race_two', 'changed', 'thing', 'two')`);
    const { first, second } = await openSessions(db, 'first', 'second');
    await first.run('begin');
    await second.run('begin');
    expect(await pass(first.client)).toMatchObject({ status: 'ran', seen: 1 });
    expect(await pass(second.client, 10, 'race_two_worker')).toMatchObject({ status: 'ran', seen: 1 });
    await first.run('commit');
    await second.run('rollback');
    expect(await drain(db.pool, 10, 'race_two_worker')).toBe(1);
    await expectWhole(db.pool, 1);
    expect(await certificate(db.pool, 'race_two_worker')).toMatchObject({ checked: 1, lost: 0 });
  });
});

describe('gates', () => {
  test('closing waits by drain for a running pass, and nothing is decided after it', async () => {
    await emit(db.pool, 'a');
    const { running, operator, late } = await openSessions(db, 'running', 'operator', 'late');
    await running.run('begin');
    expect(await pass(running.client)).toMatchObject({ status: 'ran', seen: 1 });
    await operator.run(`select fn_iu_gate_set('route_worker_enabled', false, 'race test')`);
    expect(await operator.value('select fn_iu_gate_drain(100)'), 'a pass still runs').toBe(false);
    const draining = operator.start('select fn_iu_gate_drain(30000) as drained');
    await draining.blocked();
    await running.run('commit');
    expect(await draining.done).toEqual([{ drained: true }]);
    const after = await attempts();
    await emit(db.pool, 'b');
    expect(await pass(late.client)).toMatchObject({ status: 'worker_gate_closed' });
    expect(await pass(running.client)).toMatchObject({ status: 'worker_gate_closed' });
    expect(await attempts()).toBe(after);
    await operator.run(`select fn_iu_gate_set('route_worker_enabled', true, 'race test')`);
    await drain(db.pool);
    await expectWhole(db.pool, 2);
  });

  test('a pass that waits for the gate lock reads the gates only when it has it', async () => {
    await emit(db.pool, 'a');
    const { closer, late } = await openSessions(db, 'closer', 'late');
    await closer.run('begin');
    await closer.run('select pg_advisory_xact_lock(fn_iu_gate_lock_key())');
    const waiting = late.start(passCall);
    await waiting.blocked();
    await db.pool.query(`select fn_iu_gate_set('routes_master_enabled', false, 'race test')`);
    await closer.run('commit');
    expect(JSON.stringify(await waiting.done)).toContain('master_gate_closed');
    expect(await attempts()).toBe(0);
  });

  test('a gate whose row is missing, malformed or past its time holds events and loses none', async () => {
    await emit(db.pool, 'held');
    const spoilt = [
      `delete from dot_config where key = 'iu_core.route_worker_enabled'`,
      `insert into dot_config (key, value, reason) values ('iu_core.route_worker_enabled', 'TRUE', 'race')`,
      `update dot_config set value = ' true' where key = 'iu_core.route_worker_enabled'`,
      `update dot_config set value = 'true', open_until = now() - interval '1 second' where key = 'iu_core.route_worker_enabled'`,
    ];
    for (const sql of spoilt) {
      await db.pool.query(sql);
      expect(await pass(db.pool), sql).toMatchObject({ status: 'worker_gate_closed' });
    }
    expect(await attempts()).toBe(0);
    await db.pool.query(`select fn_iu_gate_set('route_worker_enabled', true, 'race test')`);
    expect(await drain(db.pool)).toBe(1);
    await expectWhole(db.pool, 1);
  });
});

describe('where a pass may run', () => {
  test.each(['repeatable read', 'serializable'])('isolation level %s is refused and moves nothing', async (level) => {
    await emit(db.pool, 'a');
    const before = await digestOfPassTables(db.pool);
    const { strict } = await openSessions(db, 'strict');
    for (const sql of [
      passCall,
      `select fn_iu_route_worker_reconcile('${worker}')`,
      `select fn_iu_route_worker_rebase('${worker}', 'race')`,
      `select fn_iu_route_worker_register('other', 'other', 'now')`,
      `select fn_iu_replay_start('{}', 'test')`,
      `select fn_iu_replay_step(1)`,
    ]) {
      await strict.run(`begin isolation level ${level}`);
      expect(await strict.start(sql).code, sql).toBe('IU301');
      await strict.run('rollback');
    }
    expect(await digestOfPassTables(db.pool)).toBe(before);
    expect(await drain(db.pool)).toBe(1);
  });

  test('a read-only transaction is refused and moves nothing', async () => {
    await emit(db.pool, 'a');
    const { reader } = await openSessions(db, 'reader');
    await reader.run('begin read only');
    expect(await reader.start(passCall).code).toBe('IU302');
    await reader.run('rollback');
    expect(await drain(db.pool)).toBe(1);
    await expectWhole(db.pool, 1);
  });
});

describe('all or nothing (P4)', () => {
  const tables = [
    'iu_route_attempt',
    'iu_route_delivery',
    'iu_route_dead_letter',
    'iu_route_run',
    'iu_route_worker_cursor',
  ];

  async function preparePoisonedBatch(): Promise<void> {
    await addRoute(db.pool, 'race.live', { ordering: 'subject' });
    await takeLive(db.pool, 'race.live');
    await addRoute(db.pool, 'race.poison', { filter: 'strict $.ok' });
    for (let at = 0; at < 12; at += 1) await emit(db.pool, `${at}`, at === 7 ? {} : { ok: at > 3 });
  }

  async function expectRecovered(): Promise<void> {
    await drain(db.pool, 5);
    await expectWhole(db.pool, 12, 2);
    const { rows } = await db.pool.query(
      `select (select count(*) from iu_route_delivery)::integer as deliveries, (select count(*) from iu_route_dead_letter)::integer as letters`,
    );
    expect(rows[0]).toEqual({ deliveries: 12, letters: 1 });
  }

  test('a failure of the statement that writes any of its tables leaves nothing of the pass', async () => {
    await preparePoisonedBatch();
    await db.pool.query(
      `create function race_break() returns trigger language plpgsql as $$ begin raise exception using errcode = '53100', message = 'no space'; end $$`,
    );
    const before = await digestOfPassTables(db.pool);
    for (const table of tables) {
      for (const moment of ['before', 'after']) {
        for (const each of ['row', 'statement']) {
          await db.pool.query(
            `create trigger race_break ${moment} insert or update on ${table} for each ${each} execute function race_break()`,
          );
          await expect(passWhenFree(db.pool), `${moment} ${each} ${table}`).rejects.toMatchObject({ code: '53100' });
          await db.pool.query(`drop trigger race_break on ${table}`);
          expect(await digestOfPassTables(db.pool), `${moment} ${each} ${table}`).toBe(before);
        }
      }
    }
    await expectRecovered();
  });

  test('a failure of the commit itself leaves nothing of the pass', async () => {
    await preparePoisonedBatch();
    await db.pool.query(
      `create function race_break() returns trigger language plpgsql as $$ begin raise exception using errcode = '53100', message = 'no space'; end $$`,
    );
    const before = await digestOfPassTables(db.pool);
    for (const table of tables) {
      await db.pool.query(
        `create constraint trigger race_break after insert or update on ${table} deferrable initially deferred for each row execute function race_break()`,
      );
      await expect(passWhenFree(db.pool), table).rejects.toMatchObject({ code: '53100' });
      await db.pool.query(`drop trigger race_break on ${table}`);
      expect(await digestOfPassTables(db.pool), table).toBe(before);
    }
    await expectRecovered();
  });

  test('a pass that is cancelled at any moment leaves nothing or is whole', async () => {
    await preparePoisonedBatch();
    for (let at = 0; at < 300; at += 1) await emit(db.pool, `more ${at}`, { ok: true });
    const { runner } = await openSessions(db, 'runner');
    let cancelled = 0;
    for (let milliseconds = 1; milliseconds <= 40 && cancelled < 25; milliseconds += 1) {
      const before = await digestOfPassTables(db.pool);
      await runner.run('begin');
      await runner.run(`set local statement_timeout = ${milliseconds}`);
      const code = await runner.start(passCall).code;
      await runner.run('rollback');
      if (code === '57014') cancelled += 1;
      expect(['none', '57014']).toContain(code);
      expect(await digestOfPassTables(db.pool)).toBe(before);
    }
    await drain(db.pool, 50);
    await expectWhole(db.pool, 312, 2);
  });

  test('errors that are not the fault of an event are raised, not dead-lettered', async () => {
    await addRoute(db.pool, 'race.all');
    await emit(db.pool, 'a');
    for (const code of ['40001', '40P01', '53200', '55P03', '58030', 'XX000']) {
      await db.pool.query(
        `create or replace function race_break() returns trigger language plpgsql as $$ begin raise exception using errcode = '${code}', message = 'not yours'; end $$`,
      );
      await db.pool.query(
        'create or replace trigger race_break before insert on iu_route_attempt for each row execute function race_break()',
      );
      await expect(passWhenFree(db.pool), code).rejects.toMatchObject({ code });
    }
    await db.pool.query('drop trigger race_break on iu_route_attempt');
    const { rows } = await db.pool.query('select count(*)::integer as n from iu_route_dead_letter');
    expect(rows[0].n).toBe(0);
    await drain(db.pool);
    await expectWhole(db.pool, 1);
  });

  test('a pass inside a transaction that is rolled back never happened', async () => {
    await emit(db.pool, 'a');
    const before = await digestOfPassTables(db.pool);
    await inTransaction(db.pool, async (client) => {
      expect(await pass(client)).toMatchObject({ seen: 1 });
      throw new Error('roll it back');
    }).catch(() => {});
    expect(await digestOfPassTables(db.pool)).toBe(before);
    expect(await drain(db.pool)).toBe(1);
    await expectWhole(db.pool, 1);
  });
});
