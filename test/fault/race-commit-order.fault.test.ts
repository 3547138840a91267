import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { TestDatabase } from '../support/database.js';
import { startsPartitioned } from '../support/log-partition.js';
import {
  addRoute,
  createRaceDatabase,
  decidedSubjects,
  drain,
  emit,
  expectWhole,
  inTransaction,
  pass,
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

describe('order of commits', () => {
  test('the very first event of a log is decided although a pass ran before it', async () => {
    expect(await pass(db.pool)).toMatchObject({ status: 'ran', seen: 0, window_complete: true });
    await emit(db.pool, 'first');
    expect(await drain(db.pool)).toBe(1);
    await expectWhole(db.pool, 1);
  });

  test('an event that commits late with an earlier created_at is decided', async () => {
    const { slow, quick } = await openSessions(db, 'slow', 'quick');
    await slow.run('begin');
    await slow.run('select now()');
    await quick.run('begin');
    await emit(quick.client, 'quick');
    await emit(slow.client, 'slow');
    await quick.run('commit');
    expect(await drain(db.pool)).toBe(1);
    await slow.run('commit');
    const order = await db.pool.query(
      `select bool_and(s.created_at < q.created_at) as earlier from event_outbox s, event_outbox q
        where s.event_subject_ref = 'slow' and q.event_subject_ref = 'quick'`,
    );
    expect(order.rows[0]).toEqual({ earlier: true });
    expect(await drain(db.pool)).toBe(1);
    await expectWhole(db.pool, 2);
  });

  test('an event with a lower seq that commits after a higher one was decided is decided', async () => {
    const { slow, quick } = await openSessions(db, 'slow', 'quick');
    await slow.run('begin');
    const lower = await emit(slow.client, 'lower');
    const higher = await emit(quick.client, 'higher');
    expect(BigInt(lower) < BigInt(higher)).toBe(true);
    expect(await drain(db.pool)).toBe(1);
    for (let at = 0; at < 5; at += 1) await emit(quick.client, `later ${at}`);
    await drain(db.pool, 2);
    await slow.run('commit');
    expect(await drain(db.pool, 1)).toBe(1);
    await expectWhole(db.pool, 7);
  });

  test('a created_at supplied far in the past or future changes nothing', async () => {
    await drain(db.pool);
    await db.pool.query(
      `insert into event_outbox (event_domain, event_type, event_subject_table, event_subject_ref, source_system, created_at)
       select 'race', 'changed', 'thing', n::text, 'test', now() + n * interval '1000 days' from generate_series(-3, 3) n`,
    );
    expect(await drain(db.pool, 2)).toBe(7);
    await expectWhole(db.pool, 7);
    expect(await decidedSubjects(db.pool)).toEqual(['-3', '-2', '-1', '0', '1', '2', '3']);
  });

  test('two events of one subject are decided in the order of its row lock, although the older transaction wrote later', async () => {
    await db.pool.query('create table thing (id text primary key, n integer not null default 0)');
    await db.pool.query(`insert into thing values ('s')`);
    const { older, newer } = await openSessions(db, 'older', 'newer');
    await older.run('begin');
    await older.run('select pg_current_xact_id()');
    await newer.run('begin');
    await newer.run(`update thing set n = n + 1 where id = 's'`);
    const waiting = older.start(`update thing set n = n + 1 where id = 's'`);
    await waiting.blocked();
    await emit(newer.client, 's', { by: 'newer' });
    await newer.run('commit');
    await waiting.done;
    await emit(older.client, 's', { by: 'older' });
    await older.run('commit');
    await drain(db.pool);
    const { rows } = await db.pool.query(
      `select e.safe_payload ->> 'by' as by, e.tx_id::text::bigint as xid from iu_route_attempt a join event_outbox e on e.seq = a.event_seq
        order by a.attempt_id`,
    );
    expect(rows.map((row) => row.by)).toEqual(['newer', 'older']);
    expect(BigInt(rows[0].xid) > BigInt(rows[1].xid), 'commit order is against xid order').toBe(true);
    await expectWhole(db.pool, 2);
  });
});

describe('who is still open', () => {
  test('a transaction above xmax, which no snapshot names, is decided when it commits between two windows', async () => {
    const { writer } = await openSessions(db, 'writer');
    await pass(db.pool);
    // Another database of the server may end a later transaction in between: then this one is named, and is begun again.
    let unnamed = false;
    for (let attempt = 1; attempt <= 100 && !unnamed; attempt += 1) {
      await writer.run('begin');
      await emit(writer.client, 'unnamed');
      const [row] = await writer.run(
        'select pg_current_xact_id() >= pg_snapshot_xmax(pg_current_snapshot()) as unnamed',
      );
      unnamed = row?.unnamed === true;
      if (!unnamed) await writer.run('rollback');
    }
    expect(unnamed).toBe(true);
    expect(await pass(db.pool)).toMatchObject({ seen: 0, window_complete: true });
    await writer.run('commit');
    expect(await drain(db.pool)).toBe(1);
    await expectWhole(db.pool, 1);
  });

  test('the same holds for a pass in a transaction that has its xid already', async () => {
    const { writer, own } = await openSessions(db, 'writer', 'own');
    await own.run('begin');
    await emit(own.client, 'own');
    await writer.run('begin');
    await emit(writer.client, 'unnamed');
    expect(await pass(own.client)).toMatchObject({ seen: 0, window_complete: true });
    await own.run('commit');
    await writer.run('commit');
    expect(await drain(db.pool)).toBe(2);
    await expectWhole(db.pool, 2);
  });

  test('a worker registered from now on misses no transaction that runs at its registration', async () => {
    await db.pool.query(`select fn_iu_event_type_add('late', 'changed')`);
    const { writer } = await openSessions(db, 'writer');
    await writer.run('begin');
    await writer.run(`select fn_iu_emit('late', 'changed', 'thing', 'x')`);
    await db.pool.query(`select fn_iu_route_worker_register('late_worker', 'late', 'now')`);
    await writer.run('commit');
    expect(await drain(db.pool, 10, 'late_worker')).toBe(1);
  });

  test('a long open transaction delays only its own events', async () => {
    const { long } = await openSessions(db, 'long');
    await long.run('begin');
    await emit(long.client, 'long 1');
    for (let round = 0; round < 5; round += 1) {
      await emit(db.pool, `round ${round}`);
      expect(await drain(db.pool), 'decided although the long one is open').toBe(1);
    }
    await emit(long.client, 'long 2');
    expect(await drain(db.pool)).toBe(0);
    await long.run('commit');
    expect(await drain(db.pool)).toBe(2);
    await expectWhole(db.pool, 7);
    expect((await decidedSubjects(db.pool)).slice(-2)).toEqual(['long 1', 'long 2']);
  });

  test('a prepared transaction delays only its own events and is decided when it is committed', async () => {
    const { writer } = await openSessions(db, 'writer');
    await writer.run('begin');
    await emit(writer.client, 'prepared');
    await writer.run(`prepare transaction 'race of ${db.name}'`);
    await emit(db.pool, 'other');
    expect(await drain(db.pool)).toBe(1);
    await writer.run(`commit prepared 'race of ${db.name}'`);
    expect(await drain(db.pool)).toBe(1);
    await expectWhole(db.pool, 2);
  });

  test('a prepared transaction that is rolled back leaves nothing to decide', async () => {
    const { writer } = await openSessions(db, 'writer');
    await writer.run('begin');
    await emit(writer.client, 'prepared');
    await writer.run(`prepare transaction 'race of ${db.name}'`);
    await drain(db.pool);
    await writer.run(`rollback prepared 'race of ${db.name}'`);
    expect(await drain(db.pool)).toBe(0);
    await expectWhole(db.pool, 0);
  });

  test('savepoints count with their transaction: released ones are decided, rolled back ones are not', async () => {
    const { writer } = await openSessions(db, 'writer');
    await writer.run('begin');
    await writer.run('savepoint a');
    await emit(writer.client, 'released');
    await writer.run('savepoint b');
    await emit(writer.client, 'nested and rolled back');
    await writer.run('rollback to savepoint b');
    await emit(writer.client, 'after rollback');
    await writer.run('release savepoint a');
    await emit(db.pool, 'other');
    expect(await drain(db.pool), 'a released savepoint is not committed').toBe(1);
    await emit(writer.client, 'top level');
    await writer.run('commit');
    expect(await drain(db.pool)).toBe(3);
    await expectWhole(db.pool, 4);
    expect(await decidedSubjects(db.pool)).toEqual(['other', 'released', 'after rollback', 'top level']);
    const { rows } = await db.pool.query('select count(distinct tx_id)::integer as transactions from event_outbox');
    expect(rows[0]).toEqual({ transactions: 2 });
  });

  test('more savepoints than a backend caches (64) change nothing', async () => {
    const { writer } = await openSessions(db, 'writer');
    await writer.run('begin');
    for (let at = 0; at < 80; at += 1) {
      await writer.run('savepoint s');
      await emit(writer.client, `s${at}`);
    }
    expect(await drain(db.pool)).toBe(0);
    await emit(db.pool, 'other');
    expect(await drain(db.pool)).toBe(1);
    await writer.run('commit');
    expect(await drain(db.pool, 7)).toBe(80);
    await expectWhole(db.pool, 81);
  });

  test('aborted writers leave holes in seq and nothing else', async () => {
    for (let at = 0; at < 10; at += 1) {
      await inTransaction(db.pool, async (client) => {
        await emit(client, `${at}`);
        if (at % 2 === 1) throw new Error('abort');
      }).catch(() => {});
      if (at % 3 === 0) await pass(db.pool, 2);
    }
    await drain(db.pool, 2);
    await expectWhole(db.pool, 5);
    expect(await decidedSubjects(db.pool)).toEqual(['0', '2', '4', '6', '8']);
  });
});

describe('whose transaction', () => {
  test('what the transaction of a pass itself emits before and after the pass is decided by the next window', async () => {
    const { own, other } = await openSessions(db, 'own', 'other');
    await own.run('begin');
    await emit(own.client, 'own before');
    await emit(other.client, 'other');
    expect(await pass(own.client)).toMatchObject({ status: 'ran', seen: 1, window_complete: true });
    await emit(own.client, 'own after');
    expect(await pass(own.client)).toMatchObject({ status: 'ran', seen: 0 });
    // A later transaction that ends first: the xid of the pass now lies between xmin and xmax of the stored snapshot.
    await emit(other.client, 'other 2');
    expect(await pass(own.client)).toMatchObject({ status: 'ran', seen: 1 });
    await emit(own.client, 'own last');
    await own.run('commit');
    expect(await drain(db.pool)).toBe(3);
    await expectWhole(db.pool, 5);
  });

  test('a worker that is registered from now on by a transaction that emits decides what that transaction emits', async () => {
    await db.pool.query(`select fn_iu_event_type_add('late', 'changed')`);
    const send = (client: { query(sql: string): Promise<unknown> }) =>
      client.query(`select fn_iu_emit('late', 'changed', 'thing', 'x')`);
    const { own, open } = await openSessions(db, 'own', 'open');
    await send(db.pool);
    await open.run('begin');
    await send(open.client);
    await own.run('begin');
    await send(own.client);
    await send(db.pool);
    await own.run(`select fn_iu_route_worker_register('late_worker', 'late', 'now')`);
    await send(own.client);
    await own.run('commit');
    await open.run('commit');
    await send(db.pool);
    expect(await drain(db.pool, 1, 'late_worker'), 'own two, the open one and the later one').toBe(4);
    const { rows } = await db.pool.query(
      `select events::integer, decided::integer, lost::integer from v_iu_event_accounting where worker_name = 'late_worker'`,
    );
    expect(rows[0]).toEqual({ events: 4, decided: 4, lost: 0 });
  });

  test.skipIf(startsPartitioned)('supplied tx_id and seq are overruled, by INSERT and by COPY', async () => {
    await addRoute(db.pool, 'race.all');
    await emit(db.pool, 'before');
    await drain(db.pool);
    await db.pool.query(
      `insert into event_outbox (seq, tx_id, event_domain, event_type, event_subject_table, event_subject_ref, source_system)
       overriding system value values (1, '3', 'race', 'changed', 'thing', 'inserted', 'test')`,
    );
    const { rows: folder } = await db.pool.query(
      `select current_setting('data_directory') || '/race_${db.name}.txt' as path`,
    );
    const path = String(folder[0].path);
    await db.pool.query(
      `copy (select n, '3'::xid8, 'race', 'changed', 'thing', 'copied ' || n, 'test' from generate_series(1, 5) n) to '${path}'`,
    );
    await db.pool.query(
      `copy event_outbox (seq, tx_id, event_domain, event_type, event_subject_table, event_subject_ref, source_system) from '${path}'`,
    );
    const { rows } = await db.pool.query(
      `select count(*)::integer as old from event_outbox where tx_id = '3' or seq = 1 and event_subject_ref <> 'before'`,
    );
    expect(rows[0]).toEqual({ old: 0 });
    expect(await drain(db.pool)).toBe(6);
    await expectWhole(db.pool, 7);
  });

  test.skipIf(startsPartitioned)(
    'a replication apply session, which skips ordinary triggers, cannot bring in a foreign tx_id',
    async () => {
      await drain(db.pool);
      await inTransaction(db.pool, async (client) => {
        await client.query('set local session_replication_role = replica');
        await client.query(
          `insert into event_outbox (seq, tx_id, event_domain, event_type, event_stream, delivery_lane, event_subject_table, event_subject_ref,
                                   canonical_address, source_system)
         overriding system value values (77, '3', 'race', 'changed', 'update', 'immediate', 'thing', 'applied', '', 'test')`,
        );
      });
      expect(await drain(db.pool)).toBe(1);
      await expectWhole(db.pool, 1);
    },
  );

  test('a window larger than the batch is decided completely, whatever commits meanwhile', async () => {
    const { open } = await openSessions(db, 'open');
    await open.run('begin');
    await emit(open.client, 'open');
    for (let at = 0; at < 20; at += 1) await emit(db.pool, `a${at}`);
    expect(await pass(db.pool, 5)).toMatchObject({ seen: 5, window_complete: false });
    await open.run('commit');
    for (let at = 0; at < 7; at += 1) await emit(db.pool, `b${at}`);
    expect(await pass(db.pool, 15), 'the window stays as it was opened').toMatchObject({ seen: 15 });
    await drain(db.pool, 3);
    await expectWhole(db.pool, 28);
    expect((await decidedSubjects(db.pool)).filter((subject) => subject.startsWith('a'))).toEqual(
      Array.from({ length: 20 }, (_, at) => `a${at}`),
    );
  });

  test('the stored snapshot never counts the own transaction as finished and sees of others exactly what the current one sees', async () => {
    const orders = [['own'], ['a', 'own'], ['own', 'a'], ['a', 'own', 'b'], ['own', 'a', 'b'], ['a', 'own', 'b', 'c']];
    for (const order of orders) {
      for (let committed = 0; committed < 2 ** (order.length - 1); committed += 1) {
        const sessions = await openSessions(db, ...order);
        const xids: string[] = [];
        for (const name of order) {
          await sessions[name]?.run('begin');
          const [taken] = (await sessions[name]?.run('select pg_current_xact_id()::text as xid')) ?? [];
          if (name !== 'own') xids.push(String(taken?.xid));
        }
        const others = order.filter((name) => name !== 'own');
        for (const [at, name] of others.entries()) {
          if (committed & (1 << at)) await sessions[name]?.run('commit');
        }
        const own = sessions.own;
        if (own === undefined) throw new Error('no own session');
        if (order.length % 2 === 0) await own.run('savepoint s');
        const [row] = await own.run(
          `select pg_visible_in_snapshot(pg_current_xact_id(), s) as sees_self,
                  coalesce((select bool_and(pg_visible_in_snapshot(x::xid8, s) = pg_visible_in_snapshot(x::xid8, pg_current_snapshot()))
                     from unnest('{${xids.join(',')}}'::text[]) x), true) as same_for_others
             from (select fn_iu_snapshot_without_self(m.highest_xid) as s from fn_iu_log_mark() m offset 0) o`,
        );
        expect(row, `${order.join(' ')} with ${committed}`).toEqual({
          sees_self: false,
          same_for_others: true,
        });
        for (const session of Object.values(sessions)) {
          await session.run('commit');
          await session.client.end();
        }
      }
    }
    const { rows } = await db.pool.query('select worker_name from iu_route_worker_cursor where worker_name = $1', [
      worker,
    ]);
    expect(rows).toHaveLength(1);
  });
});
