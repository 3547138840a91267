// Life on a partitioned log: it never runs out unsaid, nobody gets at a partition, damage is found, and a prune gives space back.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { uninstall } from '../../src/install/migrate/uninstall.js';
import { verifyLive } from '../../src/install/verify-live.js';
import { partitionLog, planLog, tendLog, unpartitionLog } from '../../src/store/log-partitions.js';
import { startPrune, stepPrune } from '../../src/store/prunes.js';
import { runIu } from '../support/cli.js';
import type { TestDatabase } from '../support/database.js';
import { callFor, oneRow, refuseAll } from '../support/dead-letters.js';
import { claim, liveRoute, settle } from '../support/delivery-queue.js';
import { createSmallLog, emitMany, partitionNames, refusal, startsPartitioned } from '../support/log-partition.js';
import { certificate, drain, emit, expectWhole, pass, replayMany } from '../support/race.js';
import { openSessions } from '../support/sessions.js';
import { countOf } from '../support/worker.js';

let db: TestDatabase;

beforeEach(async () => {
  db = await createSmallLog();
  await partitionLog(db.pool, 'test');
});
afterEach(async () => {
  await db.drop();
});

const healthReasons = async () =>
  (await callFor(db, "select fn_iu_route_worker_health('race_worker')::text")).reasons as {
    code: string;
    message: string;
  }[];
const low = async () => (await healthReasons()).find(({ code }) => code === 'log_partition_low')?.message;

describe.skipIf(startsPartitioned)('room for the next event', () => {
  it('is made by the pass, beside a writer that has not ended and waits for nobody', async () => {
    const { writer } = await openSessions(db, 'writer');
    await emitMany(db.pool, 150);
    await writer.run('begin');
    await emit(writer.client, 'open');
    const before = await partitionNames(db);
    await pass(db.pool);
    expect((await partitionNames(db)).length).toBeGreaterThan(before.length);
    await emit(writer.client, 'still open');
    await writer.run('commit');
    await drain(db.pool);
    await expectWhole(db.pool, 152);
  });

  it('is missed by health long before it ends; at the end emitting says so, nothing is lost, and a look makes room', async () => {
    expect(await low()).toBeUndefined();
    await emitMany(db.pool, 201);
    expect(await low(), 'less than half of what should be there').toMatch(/^99 events until the log has no place/);
    await emitMany(db.pool, 98);
    const words = ['event', 'emit', 'race', 'changed', '--subject-table', 'thing', '--subject-ref', 'x'];
    const place = { url: await db.loginUrl('iu_emitter', 'iu_operator'), schema: db.schema };
    expect((await runIu(words, place)).exitCode, 'the last place').toBe(0);
    const full = await runIu(words, place);
    expect(full.exitCode).toBe(1);
    expect(full.stderr).toContain('IU120');
    expect(full.stderr).toContain('iu log partition tend');
    expect(await refusal(db, "select fn_iu_emit('race', 'changed', 'thing', 'x')")).toBe('23514');
    const tended = await runIu(['log', 'partition', 'tend', '--json'], place);
    expect(JSON.parse(tended.stdout).made).toBeGreaterThan(1);
    expect(await low()).toBeUndefined();
    expect((await runIu(words, place)).exitCode).toBe(0);
    await drain(db.pool);
    await expectWhole(db.pool, 301);
  });

  it('is one partition after a jump of the sequence, however long', async () => {
    await emitMany(db.pool, 10);
    await db.pool.query("select setval('event_outbox_seq_seq', 5000000)");
    expect((await tendLog(db.pool)).made).toBeLessThan(5);
    await emit(db.pool, 'after the jump');
    await drain(db.pool);
    expect((await planLog(db.pool)).faults).toEqual([]);
    await expectWhole(db.pool, 11);
  });
});

describe.skipIf(startsPartitioned)('a partition', () => {
  it('takes nothing and gives nothing away to who names it, and the log keeps refusing', async () => {
    await emitMany(db.pool, 3);
    const [name] = await partitionNames(db);
    const row =
      "(event_domain, event_type, event_subject_table, source_system) values ('race', 'changed', 'thing', 'test')";
    const numbered =
      "(seq, event_domain, event_type, event_subject_table, source_system) overriding system value values (2, 'race', 'changed', 'thing', 'test')";
    expect(await refusal(db, `insert into ${name} ${row}`)).toBe('IU119');
    expect(await refusal(db, `update ${name} set safe_payload = '{}'`)).toBe('IU119');
    expect(await refusal(db, `delete from ${name}`)).toBe('IU119');
    expect(await refusal(db, `truncate ${name}`)).toBe('IU119');
    expect(await refusal(db, "update event_outbox set safe_payload = '{}'")).toBe('IU109');
    expect(await refusal(db, 'delete from event_outbox')).toBe('IU109');
    expect(await refusal(db, 'truncate event_outbox')).toBe('IU109');
    const emitted = "select fn_iu_emit('race', 'changed', 'thing', 'x')";
    expect(await refusal(db, emitted, `insert into event_outbox ${numbered}`)).toBe('IU118');
    expect(
      await refusal(
        db,
        emitted,
        `insert into event_outbox ${numbered.replace('seq,', 'tx_id,').replace('(2', "('3'")}`,
      ),
    ).toBe('IU118');
    expect(
      await refusal(
        db,
        emitted,
        "set local session_replication_role = 'replica'",
        `insert into event_outbox ${numbered}`,
      ),
    ).toBe('IU118');
    expect(await refusal(db, "set local session_replication_role = 'replica'", `delete from ${name}`)).toBe('IU119');
    const reader = await db.as('iu_emitter', 'iu_worker', 'iu_reader');
    await expect(reader.query(`select from ${name}`)).rejects.toMatchObject({ code: '42501' });
    // what an event left null is filled, and a bad one is refused by its reason, as in a plain log
    expect(await refusal(db, `insert into event_outbox ${row.replace("'changed'", "'unknown'")}`)).toBe('IU101');
    expect(await countOf(db, 'event_outbox')).toBe(3);
  });

  it('is found by verify, drift and the readiness hash when it was damaged, whatever happened to it', async () => {
    await emitMany(db.pool, 150);
    await drain(db.pool);
    const names = await partitionNames(db);
    const [first, second, last] = [names[0], names[1], names[names.length - 1]];
    const digest = async () => (await oneRow(db, 'select fn_iu_catalog_digest() as digest')).digest;
    const whole = await digest();
    const damages: readonly [damage: string, said: string, isHashed?: boolean][] = [
      [`alter table event_outbox detach partition ${second}`, 'is missing'],
      [`drop table ${last}`, 'is missing'],
      ['create table p_default partition of event_outbox default', 'DEFAULT'],
      [`alter table ${first} drop constraint ${first}_id_key`, 'no unique key on id', true],
      [`drop trigger trg_iu_log_partition_direct on ${second}`, 'trg_iu_log_partition_direct', true],
      [`alter table ${second} disable trigger trg_event_outbox_type_validate`, 'trg_event_outbox_type_validate', true],
      [`alter table ${first} owner to iu_migrator`, 'belongs to iu_migrator', true],
      [`grant select on ${second} to iu_reader`, 'gives rights to iu_reader', true],
      [`alter table ${first} enable row level security`, 'row security', true],
    ];
    for (const [damage, said, isHashed] of damages) {
      const client = await db.pool.connect();
      try {
        await client.query('begin');
        await client.query(damage);
        const faults = await client.query('select string_agg(f, $1) as faults from fn_iu_log_partition_faults() f', [
          '; ',
        ]);
        expect(faults.rows[0].faults, damage).toContain(said);
        const { rows } = await client.query('select fn_iu_catalog_digest() as digest');
        if (isHashed) expect(rows[0].digest, damage).not.toBe(whole);
      } finally {
        await client.query('rollback');
        client.release();
      }
    }
    await db.pool.query(`drop trigger trg_iu_log_partition_direct on ${second}`);
    const live = (await verifyLive(db)).checks.filter(({ passed }) => !passed);
    expect(live.map(({ id }) => id)).toEqual(['P9']);
    expect(live[0]?.evidence).toContain(second);
    const place = { url: db.url, schema: db.schema };
    const drift = await runIu(['drift', '--json'], place);
    expect(drift.exitCode).not.toBe(0);
    expect(drift.stdout).toContain(`trigger trg_iu_log_partition_direct on partition ${second}`);
    const plan = await runIu(['log', 'partition', 'plan'], place);
    expect(plan.exitCode).toBe(1);
    expect(plan.stdout).toContain('trg_iu_log_partition_direct');
  });
});

describe.skipIf(startsPartitioned)('a prune of a partitioned log', () => {
  const noArchive = () => Promise.reject(new Error('no archive was asked for'));

  it('takes events as ever, and drops what is empty and whole, unless somebody writes there; books and certificate stay', async () => {
    await liveRoute(db, 'r.live');
    for (let at = 0; at < 5; at += 1) {
      await emitMany(db.pool, 100);
      await drain(db.pool);
    }
    await settle(db, await claim(db, { limit: 450 }), 'sent');
    const dead = await refuseAll(db);
    expect(dead).toBe(50);
    await emit(db.pool, 'newest');
    await drain(db.pool);
    await settle(db, await claim(db), 'sent');
    const books = async () =>
      (await db.pool.query('select * from v_iu_event_accounting order by 1')).rows.map(({ pruned: _, ...row }) => row);
    const before = await books();
    const names = await partitionNames(db);
    // Autovacuum would be one more that works on a partition, now and then, and keeps it until the next time.
    for (const name of names) await db.pool.query(`alter table ${name} set (autovacuum_enabled = false)`);
    const run = await startPrune(db.pool, { olderThanDays: 0, reason: 'test', archive: 'none', place: undefined });
    const step = async () => stepPrune(db.pool, run.run_id, 60, noArchive);
    const touched = async () => {
      // a session of its own: counters of an older one are reported late; the planner looks at the end of an index itself
      const client = await db.connect();
      await client.query('begin');
      await client.query('select fn_iu_prune_step($1, 60)', [run.run_id]);
      const { rows } = await client.query(
        `select relname::text as name from pg_stat_xact_user_tables
          where relid in (select relid from pg_partition_tree('event_outbox')) and idx_tup_fetch + seq_tup_read > 10 order by 1`,
      );
      await client.query('rollback');
      return rows.map(({ name }) => name);
    };
    expect(await touched(), 'a step reads the partitions of its events').toEqual([names[0]]);
    while ((await step()).state === 'running');
    expect(await countOf(db, 'event_outbox')).toBe(51);
    // somebody took a number of the first partition's time and has not ended
    const { reader } = await openSessions(db, 'reader');
    await reader.run('begin');
    await reader.run(`lock table ${names[0]} in row exclusive mode`);
    expect((await tendLog(db.pool)).busy).toEqual([names[0]]);
    expect(await partitionNames(db)).toContain(names[0]);
    await reader.run('commit');
    const tended = await tendLog(db.pool);
    expect(tended.dropped).toContain(names[0]);
    expect(await partitionNames(db)).not.toContain(names[0]);
    expect(await books()).toEqual(before);
    expect(await certificate(db.pool)).toMatchObject({ lost: 0, stranded: 0 });
    expect((await planLog(db.pool)).faults).toEqual([]);
    expect((await verifyLive(db)).checks.filter(({ id, passed }) => !passed && id.startsWith('P'))).toEqual([]);
    // dead letters of what stayed are replayed and sent, a cursor goes back, and nothing comes twice
    await replayMany(db.pool, '{"status": ["failed"]}', 1000);
    const again = await claim(db, { limit: 1000 });
    expect(again).toHaveLength(50);
    await settle(db, again, 'sent');
    await db.pool.query("select fn_iu_route_worker_rewind('race_worker', 'test')");
    expect(await drain(db.pool)).toBeGreaterThan(0);
    expect(await certificate(db.pool)).toMatchObject({ lost: 0, stranded: 0 });
    expect((await unpartitionLog(db.pool, { reason: 'test' })).form).toBe('plain');
    expect(await countOf(db, 'event_outbox')).toBe(51);
  });

  it('is refused while a foreign key of the log on itself would take more than was judged', async () => {
    await db.pool.query(
      'alter table event_outbox add column cause bigint constraint cause_fkey references event_outbox on delete cascade',
    );
    const place = { url: await db.loginUrl('iu_core_pruner'), schema: db.schema };
    const told = await runIu(['prune', '--older-than', '0', '--reason', 'test'], place);
    expect(told).toMatchObject({
      exitCode: 3,
      stderr: expect.stringMatching(/IU899[\s\S]*cause_fkey of \S*event_outbox/),
    });
    expect(told.stderr).toMatch(
      /drop constraint cause_fkey, add constraint cause_fkey FOREIGN KEY \(cause\) REFERENCES \S+\(seq\)\n/,
    );
  });

  it('drops with the command line, as the role that may prune and nothing else', async () => {
    for (let at = 0; at < 3; at += 1) {
      await emitMany(db.pool, 150);
      await drain(db.pool);
    }
    const [first] = await partitionNames(db);
    const place = { url: await db.loginUrl('iu_core_pruner'), schema: db.schema };
    const said = await runIu(['prune', '--older-than', '0', '--reason', 'test'], place);
    expect(said.exitCode).toBe(0);
    expect(said.stdout).toContain(`Dropped what was left empty: ${first}`);
    expect(await countOf(db, 'event_outbox')).toBe(1);
  });
});

describe.skipIf(startsPartitioned)('an installation with a partitioned log', () => {
  it('is uninstalled whole, its events with it when that is said', async () => {
    await emitMany(db.pool, 3);
    const client = await db.connect();
    await client.query(
      "update iu_outbound_route set enabled = false; update dot_config set value = 'false' where value = 'true'",
    );
    await expect(uninstall(client, { schema: db.schema, keepRoles: true })).rejects.toMatchObject({ code: 'IU811' });
    await uninstall(client, { schema: db.schema, keepRoles: true, discardData: true });
    expect(await countOf(db, "pg_class where relname like 'event_outbox%'")).toBe(0);
  });
});

describe.skipIf(startsPartitioned)('iu log partition', () => {
  it('shows, goes and comes back as an operator', async () => {
    const place = { url: await db.loginUrl('iu_operator'), schema: db.schema };
    const iu = (...words: string[]) => runIu(['log', 'partition', ...words], place);
    await emitMany(db.pool, 20);
    expect((await iu('plan')).stdout).toContain('event_outbox_p1');
    const back = await iu('back', '--reason', 'test');
    expect(back.stdout).toContain('The log is one table; 0 events were moved');
    expect((await iu('plan')).stdout).toContain('would');
    expect((await iu('tend')).stdout).toContain('one table');
    const there = await iu('apply', '--reason', 'test');
    expect(there.exitCode).toBe(0);
    expect(there.stdout).toContain('writers were held for');
    expect((await iu('apply', '--reason', 'test')).stderr).toContain('IU870');
  });
});
