// What somebody did to the partitions by hand, what hangs on them, and two who change the log at once: said, put right, nothing lost.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { iuErrorFromPg } from '../../src/contract/errors/index.js';
import { partitionLog, planLog, tendLog, unpartitionLog } from '../../src/store/log-partitions.js';
import { runIu } from '../support/cli.js';
import type { TestDatabase } from '../support/database.js';
import { callFor, oneRow } from '../support/dead-letters.js';
import { createSmallLog, emitMany, partitionNames, refusal, startsPartitioned } from '../support/log-partition.js';
import { drain, emit, expectWhole } from '../support/race.js';
import { openSessions, type Session } from '../support/sessions.js';
import { waitFor } from '../support/wait.js';
import { countOf } from '../support/worker.js';

let db: TestDatabase;

beforeEach(async () => {
  db = await createSmallLog();
});
afterEach(async () => {
  await db.drop();
});

const problem = async (work: Promise<unknown>): Promise<{ code: string; message: string }> =>
  work.then(
    () => ({ code: 'none', message: '' }),
    (error: unknown) => ({
      code: iuErrorFromPg(error)?.code ?? (error as { code?: string }).code ?? 'unknown',
      message: String(error),
    }),
  );
const healthCodes = async () =>
  (await callFor(db, "select fn_iu_route_worker_health('race_worker')::text")).reasons.map(
    ({ code }: { code: string }) => code,
  );
const back = (mostRows?: number) => problem(unpartitionLog(db.pool, { reason: 'test', mostRows }));
const gone = async (name: string) =>
  (await oneRow(db, 'select gone_reason as reason from iu_log_partition where partition_name = $1', [name])).reason;
/** So many events, decided, over as many partitions as they need. */
const fill = async (...counts: number[]) => {
  for (const count of counts) {
    await emitMany(db.pool, count);
    await drain(db.pool);
  }
};
const emptied = async (name: string) => {
  const client = await db.connect();
  await client.query(`begin; set local session_replication_role = 'replica'; alter table ${name} disable trigger all;
    delete from ${name}; alter table ${name} enable always trigger trg_iu_log_partition_direct;
    alter table ${name} enable always trigger trg_event_outbox_type_validate; commit`);
};
/** Seen to wait for a lock for longer than the locks that hold writers are waited for. */
const waitsLong = (session: Session) =>
  waitFor(
    async () =>
      (await countOf(
        db,
        `pg_stat_activity where pid = ${session.pid} and wait_event_type = 'Lock' and clock_timestamp() - query_start > interval '700 milliseconds'`,
      )) > 0,
    { what: 'it still waits after 700 ms' },
  );

describe.skipIf(startsPartitioned)('partitions that somebody changed by hand', () => {
  beforeEach(async () => {
    await partitionLog(db.pool, 'test');
  });

  it('are booked as missing when they were dropped, and neither a look nor a prune nor the way back fails for it', async () => {
    await fill(150, 200, 150);
    const [first, second] = await partitionNames(db);
    await emptied(first ?? '');
    await db.pool.query(`drop table ${first}`);
    expect(await healthCodes()).toContain('log_partition_fault');
    expect((await tendLog(db.pool)).dropped).toEqual([]);
    expect(await gone(first ?? '')).toBe('found missing');
    expect(await healthCodes()).not.toContain('log_partition_fault');
    await db.pool.query(`drop table ${second}`);
    const place = { url: await db.loginUrl('iu_core_pruner'), schema: db.schema };
    expect((await runIu(['prune', '--older-than', '0', '--reason', 'test'], place)).exitCode).toBe(0);
    expect((await planLog(db.pool)).faults).toEqual([]);
    expect((await back()).code).toBe('none');
  });

  it('count no more as room when they were dropped: health is red, and a look makes them again, also between others', async () => {
    await fill(150);
    const [, second] = await partitionNames(db);
    await db.pool.query(`drop table ${second}`);
    await db.pool.query(
      "select setval('event_outbox_seq_seq', (select to_seq - 1 from iu_log_partition where from_seq is null))",
    );
    expect(await healthCodes()).toEqual(expect.arrayContaining(['log_partition_fault', 'log_partition_low']));
    expect(await refusal(db, "select fn_iu_emit('race', 'changed', 'thing', 'x')")).toBe('23514');
    expect((await tendLog(db.pool)).made).toBeGreaterThan(0);
    await emit(db.pool, 'has a place');
    // a hole between partitions is filled before the numbers come there
    await db.pool.query("update dot_config set value = '4' where key = 'iu_core.log_partitions_ahead'");
    await tendLog(db.pool);
    const third = (await partitionNames(db))[2];
    await db.pool.query(`drop table ${third}`);
    await tendLog(db.pool);
    await fill(250);
    expect((await planLog(db.pool)).faults).toEqual([]);
  });

  it('keep the log from becoming one table while one that holds events is detached; attached again, everything is there', async () => {
    await fill(150, 200, 150);
    const {
      partition_name: name,
      from_seq: from,
      to_seq: to,
    } = await oneRow(
      db,
      'select partition_name, from_seq, to_seq from iu_log_partition where gone_at is null order by to_seq offset 1 limit 1',
    );
    await db.pool.query(`alter table event_outbox detach partition ${name}`);
    expect(await healthCodes()).toContain('log_partition_fault');
    expect((await tendLog(db.pool)).dropped).toEqual([]);
    const refused = await back();
    expect(refused.code).toBe('IU871');
    expect(refused.message).toContain(name);
    await db.pool.query(`alter table event_outbox attach partition ${name} for values from (${from}) to (${to})`);
    expect((await planLog(db.pool)).faults).toEqual([]);
    expect((await back()).code).toBe('none');
    expect(await countOf(db, 'event_outbox')).toBe(500);
    await expectWhole(db.pool, 500);
  });

  it('are not made a second time where one is detached: the look says which, and goes on when it is attached or dropped', async () => {
    await fill(150);
    const names = await partitionNames(db);
    const last = names[names.length - 1] ?? '';
    await db.pool.query(`alter table event_outbox detach partition ${last}`);
    await db.pool.query("update dot_config set value = '4' where key = 'iu_core.log_partitions_ahead'");
    const refused = await problem(tendLog(db.pool));
    expect(refused.code).toBe('IU876');
    expect(refused.message).toContain(last);
    // a pass decides all the same
    await fill(10);
    await db.pool.query(`drop table ${last}`);
    expect((await tendLog(db.pool)).made).toBeGreaterThan(0);
    expect((await planLog(db.pool)).faults).toEqual([]);
  });

  it('keep the log from becoming one table while there is one that was not made by it', async () => {
    await db.pool.query('create table p_default partition of event_outbox default');
    const refused = await back();
    expect(refused).toMatchObject({ code: 'IU871', message: expect.stringContaining('p_default') });
    expect(await healthCodes()).toContain('log_partition_fault');
  });
});

describe.skipIf(startsPartitioned)('the way back', () => {
  it('counts over all partitions and before it holds writers, and takes only a number of events', async () => {
    await partitionLog(db.pool, 'test');
    await fill(299, 100, 100, 60);
    const counts = await db.pool.query(
      'select count(*)::integer as n from event_outbox group by tableoid order by 1 desc',
    );
    const [, ...others] = counts.rows.map(({ n }) => Number(n));
    expect(others.length, 'no single one is too many').toBeGreaterThan(1);
    const sum = others.reduce((total, n) => total + n, 0);
    const { writer } = await openSessions(db, 'writer');
    await writer.run('begin');
    await emit(writer.client, 'open');
    expect((await back(sum - 1)).code, 'a writer that has not ended is no reason').toBe('IU873');
    await writer.run('rollback');
    expect(await refusal(db, "select fn_iu_log_partition_back('test', null)")).toBe('IU873');
    expect(await refusal(db, "select fn_iu_log_partition_back('test', -1)")).toBe('IU873');
    expect((await back(sum)).code).toBe('none');
  });

  it('names an id that stands on two events, of which a redaction takes both', async () => {
    await partitionLog(db.pool, 'test');
    const id = '00000000-0000-4000-8000-000000000001';
    const twin = `insert into event_outbox (id, event_domain, event_type, event_subject_table, source_system, safe_payload)
      values ('${id}', 'race', 'changed', 'thing', 'test', '{"note": "twin"}')`;
    await db.pool.query(twin);
    await fill(150, 150);
    await db.pool.query(twin);
    await drain(db.pool);
    const refused = await back();
    expect(refused).toMatchObject({ code: 'IU871', message: expect.stringContaining(id) });
    const plan = await callFor(db, `select fn_iu_redaction_plan('event', '${id}')::text`);
    const payloads = plan.copies.filter(({ column_name: name }: { column_name: string }) => name === 'safe_payload');
    const { rows } = await db.pool.query('select seq::text from event_outbox where id = $1 order by seq', [id]);
    expect(payloads.map(({ row_key: key }: { row_key: string }) => key).sort()).toEqual(
      rows.map(({ seq }) => seq).sort(),
    );
    expect(rows).toHaveLength(2);
  });
});

describe.skipIf(startsPartitioned)('a look after partitions', () => {
  it('drops what is empty although a foreign key names the log, and lets one that cannot go stay alone', async () => {
    await partitionLog(db.pool, 'test');
    await fill(150, 200, 150, 100);
    const [first, second] = await partitionNames(db);
    await db.pool.query(`create schema elsewhere; create table elsewhere."Child" (seq bigint references event_outbox (seq));
      create table child (seq bigint references event_outbox (seq))`);
    await emptied(first ?? '');
    const [reason, ...rest] = (await tendLog(db.pool)).reasons;
    expect(rest).toEqual([]);
    const rights = `grant usage on schema elsewhere to iu_owner; grant select on elsewhere."Child", ${db.schema}.child to iu_owner`;
    expect(reason).toBe(
      `${first} stays: foreign keys refer to the log from elsewhere."Child", ${db.schema}.child, and the server looks there as iu_owner before a partition goes: ${rights}`,
    );
    const pruner = { url: await db.loginUrl('iu_core_pruner'), schema: db.schema };
    const told = await runIu(['prune', '--older-than', '36500', '--reason', 'test'], pruner);
    expect(told).toMatchObject({ exitCode: 0, stdout: expect.stringContaining(rights) });
    // what is said is enough
    await db.pool.query(rights);
    expect((await tendLog(db.pool)).dropped).toEqual([first]);
    await db.pool.query(`create view hanging as select seq from ${second}`);
    const said = await runIu(['prune', '--older-than', '0', '--reason', 'test'], pruner);
    expect(said.exitCode).toBe(0);
    expect(said.stdout).toContain(`Empty and could not go now: ${second}`);
    expect(said.stdout).toContain(`${second} stays: cannot drop table`);
    expect((await partitionNames(db))[0]).toBe(second);
    expect((await planLog(db.pool)).faults).toEqual([]);
    await db.pool.query('drop view hanging');
    expect((await tendLog(db.pool)).dropped).toEqual([second]);
  });

  it('is no reason for a prune that is over to fail, whatever it meets', async () => {
    await partitionLog(db.pool, 'test');
    await fill(10);
    await db.pool.query(`create or replace function fn_iu_log_partition_tend() returns jsonb language plpgsql security definer
      set search_path from current as $$ begin raise exception 'out of order'; end $$`);
    const place = { url: await db.loginUrl('iu_core_pruner'), schema: db.schema };
    const said = await runIu(['prune', '--older-than', '0', '--reason', 'test'], place);
    expect(said.exitCode).toBe(0);
    expect(said.stdout).toContain('out of order');
  });

  it('is no reason for a change that is over to fail when the log is in use just then', async () => {
    await db.pool.query(`create or replace function fn_iu_log_partition_tend() returns jsonb language plpgsql security definer
      set search_path from current as $$ begin raise exception using errcode = '55P03', message = 'in use'; end $$`);
    const step = await partitionLog(db.pool, 'test', () => {}, { attempts: 1, firstDelayMilliseconds: 1 });
    expect(step.step).toBe('partitioned');
  });
});

describe.skipIf(startsPartitioned)('locks that hold no writer', () => {
  const step = "select fn_iu_log_partition_step('test') ->> 'step' as step";

  it('are waited for until autovacuum is called off: by a change, the way back and the look', async () => {
    const { vacuum, change } = await openSessions(db, 'vacuum', 'change');
    const waits = async (table: string, statement: string) => {
      await vacuum.run(`begin; lock table ${table} in share update exclusive mode`);
      const started = change.start(statement);
      await waitsLong(change);
      await vacuum.run('commit');
      expect(await started.code, statement).toBe('none');
    };
    await waits('event_outbox', step);
    await waits('event_outbox', step);
    await waits('event_outbox', step);
    await tendLog(db.pool);
    await fill(150, 200, 100);
    const [first] = await partitionNames(db);
    await emptied(first ?? '');
    await waits(first ?? '', 'select fn_iu_log_partition_tend()');
    expect(await partitionNames(db)).not.toContain(first);
    await waits((await partitionNames(db))[0] ?? '', "select fn_iu_log_partition_back('test')");
  });

  it('let a second change, and who notes the identity of the log, see what the first one left', async () => {
    await db.pool.query(step);
    await db.pool.query(step);
    const { first, second, clerk, owner } = await openSessions(db, 'first', 'second', 'clerk', 'owner');
    const together = async (statement: string, number: number) => {
      await first.run('begin');
      await first.run(statement);
      const late = second.start(statement);
      const registered = clerk.start(
        `select fn_iu_route_worker_register('late_${number}', 'late_${number}', 'beginning')`,
      );
      const claimed = owner.start(`select fn_iu_deployment_claim(fn_iu_setting('iu_core.deployment', null), 'test')`);
      await late.blocked();
      await registered.blocked();
      await claimed.blocked();
      await first.run('commit');
      expect(await late.code).toBe('IU870');
      expect([await registered.code, await claimed.code]).toEqual(['none', 'none']);
      expect(await countOf(db, "iu_route_worker_cursor where log_oid <> 'event_outbox'::regclass")).toBe(0);
      const { is } = await oneRow(
        db,
        "select log_oid = 'event_outbox'::regclass as is from iu_deployment order by claim_id desc limit 1",
      );
      expect(is).toBe(true);
    };
    await together(step, 1);
    await together("select fn_iu_log_partition_back('test')", 2);
  });
});
