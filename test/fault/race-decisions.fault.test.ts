import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { TestDatabase } from '../support/database.js';
import {
  addRoute,
  certificate,
  createRaceDatabase,
  decidedSubjects,
  drain,
  emit,
  expectWhole,
  pass,
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

async function decisions(): Promise<Record<string, number>> {
  const { rows } = await db.pool.query(
    `select route_code || ' ' || status || coalesce(' ' || reason, '') as what, count(*)::integer as n from iu_route_attempt group by 1 order by 1`,
  );
  return Object.fromEntries(rows.map((row) => [String(row.what), Number(row.n)]));
}

describe('one event that cannot be decided', () => {
  test('a filter that raises for one event dead-letters only that (event, route)', async () => {
    await addRoute(db.pool, 'race.all');
    await addRoute(db.pool, 'race.picky', { filter: 'strict $.ok' });
    for (let at = 0; at < 130; at += 1) await emit(db.pool, `${at}`, at === 77 ? {} : { ok: at % 2 === 0 });
    expect(await pass(db.pool)).toMatchObject({ seen: 130, attempts_written: 260, dead_lettered: 1 });
    expect(await decisions()).toEqual({
      'race.all dry_run': 130,
      'race.picky dry_run': 65,
      'race.picky failed 2203A': 1,
      'race.picky skipped filtered': 64,
    });
    await drain(db.pool);
    await expectWhole(db.pool, 130, 2);
    const { rows } = await db.pool.query(
      `select event_snapshot ->> 'event_subject_ref' as subject, route_code, failure_code from iu_route_dead_letter`,
    );
    expect(rows).toEqual([{ subject: '77', route_code: 'race.picky', failure_code: '2203A' }]);
    expect((await decidedSubjects(db.pool)).filter((subject) => subject === '77')).toHaveLength(2);
  });

  test('a batch in which every event raises still ends, each with its own dead letter', async () => {
    await addRoute(db.pool, 'race.picky', { filter: 'strict $.ok' });
    for (let at = 0; at < 60; at += 1) await emit(db.pool, `${at}`);
    expect(await pass(db.pool)).toMatchObject({ seen: 60, attempts_written: 60, dead_lettered: 60 });
    await drain(db.pool);
    await expectWhole(db.pool, 60);
    expect(await pass(db.pool), 'the next pass is not held').toMatchObject({ status: 'ran', seen: 0 });
  });

  test('a dead letter made by a bad filter is decided by a replay once the filter is mended', async () => {
    await addRoute(db.pool, 'race.picky', { filter: 'strict $.ok' });
    await emit(db.pool, 'a');
    await drain(db.pool);
    await db.pool.query(`update iu_outbound_route set filter = 'lax $.ok == true' where route_code = 'race.picky'`);
    await db.pool.query(`update iu_outbound_route set filter = null where route_code = 'race.picky'`);
    const { rows } = await db.pool.query(
      `select fn_iu_replay_step((fn_iu_replay_start('{"status": ["failed"]}', 'test') ->> 'run_id')::bigint) as result`,
    );
    expect(JSON.stringify(rows[0].result)).toContain('dry_run');
    expect(await decisions()).toEqual({ 'race.picky dry_run': 1, 'race.picky failed 2203A': 1 });
    await expectWhole(db.pool, 1);
  });
});

describe('replay', () => {
  test('two replays of one dead letter at once: one decides, the other is told it was resolved', async () => {
    await addRoute(db.pool, 'race.picky', { filter: 'strict $.ok' });
    await emit(db.pool, 'a');
    await drain(db.pool);
    await db.pool.query(`update iu_outbound_route set filter = null where route_code = 'race.picky'`);
    const { first, second } = await openSessions(db, 'first', 'second');
    const replay = 'select fn_iu_route_dead_letter_replay((select min(dead_letter_id) from iu_route_dead_letter)) as r';
    await first.run('begin');
    await first.run(replay);
    const other = second.start(replay);
    await other.blocked();
    await first.run('commit');
    expect(JSON.stringify(await other.done)).toContain('already_resolved');
    const { rows } = await db.pool.query('select attempt_no, status from iu_route_attempt order by attempt_no');
    expect(rows).toEqual([
      { attempt_no: 1, status: 'failed' },
      { attempt_no: 2, status: 'dry_run' },
    ]);
  });

  test('when the first of two replays aborts the other one decides, and attempt numbers have no hole', async () => {
    await addRoute(db.pool, 'race.picky', { filter: 'strict $.ok' });
    await emit(db.pool, 'a');
    await drain(db.pool);
    await db.pool.query(`update iu_outbound_route set filter = null where route_code = 'race.picky'`);
    const { first, second } = await openSessions(db, 'first', 'second');
    const replay = 'select fn_iu_route_dead_letter_replay((select min(dead_letter_id) from iu_route_dead_letter)) as r';
    await first.run('begin');
    await first.run(replay);
    const other = second.start(replay);
    await other.blocked();
    await first.run('rollback');
    expect(JSON.stringify(await other.done)).toContain('replayed');
    const { rows } = await db.pool.query('select attempt_no from iu_route_attempt order by attempt_no');
    expect(rows.map((row) => row.attempt_no)).toEqual([1, 2]);
  });

  test('two revivals of one skipped event at once give attempt numbers 2 and 3 in order', async () => {
    await addRoute(db.pool, 'race.all');
    await db.pool.query(`select fn_iu_route_set_enabled('race.all', false, 'race test')`);
    await emit(db.pool, 'a');
    await drain(db.pool);
    await db.pool.query(`select fn_iu_route_set_enabled('race.all', true, 'race test')`);
    const { first, second } = await openSessions(db, 'first', 'second');
    const revive = `select fn_iu_route_redecide(1, (select route_id from iu_outbound_route where route_code = 'race.all'), false) as r`;
    await first.run('begin');
    await first.run(revive);
    const other = second.start(revive);
    await other.blocked();
    await first.run('commit');
    await other.done;
    const { rows } = await db.pool.query('select attempt_no, status from iu_route_attempt order by attempt_id');
    expect(rows).toEqual([
      { attempt_no: 1, status: 'skipped' },
      { attempt_no: 2, status: 'dry_run' },
      { attempt_no: 3, status: 'dry_run' },
    ]);
  });

  test('a live route queues one delivery, and a replay while it waits is refused', async () => {
    await addRoute(db.pool, 'race.live');
    await db.pool.query(`select fn_iu_route_set_enabled('race.live', false, 'race test')`);
    await emit(db.pool, 'a');
    await drain(db.pool);
    await db.pool.query(`select fn_iu_route_set_enabled('race.live', true, 'race test')`);
    await takeLive(db.pool, 'race.live');
    const route = `(select route_id from iu_outbound_route where route_code = 'race.live')`;
    const { first, second } = await openSessions(db, 'first', 'second');
    await first.run('begin');
    await first.run(`select fn_iu_route_redecide(1, ${route}, false)`);
    const other = second.start(`select fn_iu_route_redecide(1, ${route}, false) as r`);
    await other.blocked();
    await first.run('commit');
    expect(JSON.stringify(await other.done)).toContain('delivery_waiting');
    const { rows } = await db.pool.query('select count(*)::integer as n from iu_route_delivery');
    expect(rows[0].n).toBe(1);
    expect(await certificate(db.pool)).toMatchObject({ lost: 0, stranded: 0 });
  });
});

describe('routes that change under the worker', () => {
  test('a route added, edited or removed in the middle of a window decides what passes see after its commit', async () => {
    await addRoute(db.pool, 'race.kept');
    for (let at = 0; at < 30; at += 1) await emit(db.pool, `${at}`);
    expect(await pass(db.pool, 10)).toMatchObject({ seen: 10, attempts_written: 10 });
    await addRoute(db.pool, 'race.added', { event_type: 'chang*' });
    expect(await pass(db.pool, 10)).toMatchObject({ seen: 10, attempts_written: 20 });
    await db.pool.query(`update iu_outbound_route set event_type = 'noted' where route_code = 'race.kept'`);
    await db.pool.query(`select fn_iu_route_remove('race.added', 'race test')`);
    expect(await pass(db.pool, 10)).toMatchObject({ seen: 10, attempts_written: 10, skipped: 10 });
    await drain(db.pool);
    expect(await decisions()).toEqual({ '- skipped no_route': 10, 'race.added dry_run': 10, 'race.kept dry_run': 20 });
    expect(await certificate(db.pool), 'pairs as each pass could see them').toMatchObject({
      checked: 30,
      lost: 0,
      lost_pairs: 0,
    });
  });

  test('a change that commits while a pass decides counts from the next pass on', async () => {
    await addRoute(db.pool, 'race.kept');
    for (let at = 0; at < 5; at += 1) await emit(db.pool, `${at}`);
    const { holder, runner, editor } = await openSessions(db, 'holder', 'runner', 'editor');
    await holder.run('begin');
    await holder.run(
      `insert into iu_route_attempt (event_seq, route_id, attempt_no, route_kind, route_code, status, decision, idempotency_key)
       select 3, route_id, 1, 'outbound', 'race.kept', 'skipped', 'skipped', 'held' from iu_outbound_route where route_code = 'race.kept'`,
    );
    const running = runner.start(`select fn_iu_route_worker_run('${worker}', 100)`);
    await running.blocked();
    await addRoute(editor.client, 'race.late');
    await db.pool.query(`select fn_iu_route_set_enabled('race.kept', false, 'race test')`);
    await holder.run('rollback');
    await running.done;
    expect(await decisions()).toEqual({ 'race.kept dry_run': 5 });
    expect(await certificate(db.pool)).toMatchObject({ checked: 5, lost: 0 });
    await emit(db.pool, 'next');
    await drain(db.pool);
    expect(await decisions()).toEqual({
      'race.kept dry_run': 5,
      'race.kept skipped route_disabled': 1,
      'race.late dry_run': 1,
    });
    expect(await certificate(db.pool)).toMatchObject({ checked: 6, lost: 0 });
  });

  test('a route that is added in a transaction still open is not expected of the passes before its commit', async () => {
    const { editor } = await openSessions(db, 'editor');
    await editor.run('begin');
    await addRoute(editor.client, 'race.slow');
    await emit(db.pool, 'a');
    await drain(db.pool);
    await editor.run('commit');
    await emit(db.pool, 'b');
    await drain(db.pool);
    expect(await decisions()).toEqual({ '- skipped no_route': 1, 'race.slow dry_run': 1 });
    expect(await certificate(db.pool)).toMatchObject({ checked: 2, lost: 0 });
  });

  test('a forged live flag sends nothing: without an approval of this version the decision is a dry run', async () => {
    await addRoute(db.pool, 'race.forged');
    await takeLive(db.pool, 'race.forged');
    await emit(db.pool, 'approved');
    await drain(db.pool);
    await db.pool.query('alter table iu_outbound_route disable trigger user');
    await db.pool.query(
      `update iu_outbound_route set dry_run = false, enabled = true where route_code = 'race.forged'`,
    );
    await db.pool.query(`update iu_route_approval set revoked_at = now(), revoked_by = 'eve'`);
    await emit(db.pool, 'forged');
    await drain(db.pool);
    expect(await decisions()).toEqual({ 'race.forged dry_run not_approved': 1, 'race.forged queued': 1 });
    const { rows } = await db.pool.query('select count(*)::integer as n from iu_route_delivery');
    expect(rows[0].n).toBe(1);
  });
});

describe('the certificate', () => {
  async function forget(condition: string): Promise<void> {
    await db.pool.query('alter table iu_route_attempt disable trigger user');
    await db.pool.query(`delete from iu_route_attempt where ${condition}`);
    await db.pool.query('alter table iu_route_attempt enable trigger user');
  }

  test('it finds a deliberately deleted decision, and a rewind repairs it without a double', async () => {
    await addRoute(db.pool, 'race.one');
    await addRoute(db.pool, 'race.two');
    for (let at = 0; at < 20; at += 1) await emit(db.pool, `${at}`);
    await drain(db.pool, 7);
    await expectWhole(db.pool, 20, 2);
    await forget('event_seq = 5');
    await forget(`event_seq = 9 and route_code = 'race.two'`);
    expect(await certificate(db.pool)).toMatchObject({ lost_events: 1, lost_pairs: 1, lost: 2, first_lost_seq: '5' });
    await db.pool.query(`select fn_iu_route_worker_rewind('${worker}', 'race test')`);
    await drain(db.pool, 7);
    await expectWhole(db.pool, 20, 2);
  });

  test('what is lost stays in view of the incremental check until it is decided', async () => {
    await emit(db.pool, 'a');
    await drain(db.pool);
    const check = async () =>
      (await db.pool.query(`select fn_iu_route_worker_reconcile('${worker}') ->> 'lost' as lost`)).rows[0].lost;
    await forget('true');
    expect(await check()).toBe('1');
    await emit(db.pool, 'b');
    await drain(db.pool);
    expect(await check()).toBe('1');
    const { rows } = await db.pool.query(
      'select lost_pairs::text as lost from iu_route_worker_cursor where worker_name = $1',
      [worker],
    );
    expect(rows[0].lost).toBe('1');
    await db.pool.query(`select fn_iu_route_worker_rewind('${worker}', 'race test')`);
    await drain(db.pool);
    expect(await check()).toBe('0');
    await expectWhole(db.pool, 2);
  });

  test('it finds a queued decision whose delivery vanished', async () => {
    await addRoute(db.pool, 'race.live');
    await takeLive(db.pool, 'race.live');
    await emit(db.pool, 'a');
    await drain(db.pool);
    expect(await certificate(db.pool)).toMatchObject({ lost: 0 });
    await db.pool.query('alter table iu_route_delivery disable trigger user');
    await db.pool.query('delete from iu_route_delivery');
    expect(await certificate(db.pool)).toMatchObject({ lost: 1, stranded: 1 });
  });

  test('a rewind decides nothing for routes that came after an event was decided', async () => {
    await emit(db.pool, 'old');
    await drain(db.pool);
    await addRoute(db.pool, 'race.later');
    await takeLive(db.pool, 'race.later');
    await db.pool.query(`select fn_iu_route_worker_rewind('${worker}', 'race test')`);
    await drain(db.pool);
    expect(await decisions()).toEqual({ '- skipped no_route': 1 });
    await expectWhole(db.pool, 1);
  });
});
