// The log as one table and as partitions: the way there and back, beside writers and passes.
import type pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { iuErrorFromPg } from '../../src/contract/errors/index.js';
import { partitionLog, planLog, tendLog, unpartitionLog } from '../../src/store/log-partitions.js';
import type { TestDatabase } from '../support/database.js';
import { oneRow } from '../support/dead-letters.js';
import { claim, deployment, liveRoute, settle } from '../support/delivery-queue.js';
import { createSmallLog, emitMany, partitionNames, startsPartitioned } from '../support/log-partition.js';
import { certificate, decidedSubjects, drain, emit, expectWhole, pass } from '../support/race.js';
import { openSessions } from '../support/sessions.js';
import { waitFor } from '../support/wait.js';
import { countOf } from '../support/worker.js';

let db: TestDatabase;

beforeEach(async () => {
  db = await createSmallLog();
});
afterEach(async () => {
  await db.drop();
});

const fingerprints = async () => (await db.pool.query('select * from fn_iu_catalog_fingerprint() order by 1, 2')).rows;
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'none',
    (error: unknown) => iuErrorFromPg(error)?.code ?? String(error),
  );

describe.skipIf(startsPartitioned)('the form of the log', () => {
  it('becomes partitions and one table again: the catalog is what it was, every event keeps number, transaction and decision', async () => {
    const before = await fingerprints();
    await emitMany(db.pool, 150);
    await drain(db.pool, 40);
    const events = async () => (await db.pool.query('select * from event_outbox order by seq limit 150')).rows;
    const first = await events();
    const file = async (name: string) => (await oneRow(db, 'select pg_relation_filenode($1) as node', [name])).node;
    const node = await file('event_outbox');
    const steps: string[] = [];
    await partitionLog(db.pool, 'test', ({ step }) => steps.push(step));
    expect(steps).toEqual(['bound', 'checked', 'partitioned']);
    const [old] = await partitionNames(db);
    expect(await file(old ?? ''), 'no row was written again').toBe(node);
    expect((await fingerprints()).filter(({ kind }) => kind !== 'partition')).toEqual(before);
    expect((await planLog(db.pool)).faults).toEqual([]);
    expect(await events()).toEqual(first);
    for (const count of [200, 150]) {
      await emitMany(db.pool, count);
      await drain(db.pool, 40);
    }
    const counts = await db.pool.query(
      'select tableoid::regclass::text, count(*)::integer as n from event_outbox group by 1',
    );
    expect(counts.rows.length, 'events in several partitions').toBeGreaterThan(1);
    await expectWhole(db.pool, 500);
    const back = await unpartitionLog(db.pool, { reason: 'test' });
    expect(back).toMatchObject({ form: 'plain', moved: 100 });
    expect(await fingerprints()).toEqual(before);
    expect(await events()).toEqual(first);
    expect(Number(await emit(db.pool, 'next'))).toBe(501);
    await drain(db.pool);
    await expectWhole(db.pool, 501);
    // and once more: names and numbers of the first time are not in the way
    await partitionLog(db.pool, 'again');
    await emit(db.pool, 'last');
    await drain(db.pool);
    await expectWhole(db.pool, 502);
    await unpartitionLog(db.pool, { reason: 'test' });
    expect(await fingerprints()).toEqual(before);
  });

  it('changes under writers, a pass and a claim, in sessions that have worked on the former table: nothing is lost, refused or decided twice', async () => {
    await liveRoute(db, 'r.live');
    // Partitions of more events than come in the seconds of a change, as the guide asks for.
    await db.pool.query("update dot_config set value = '5000' where key = 'iu_core.log_partition_events'");
    let running = true;
    let emitted = 0;
    const errors: unknown[] = [];
    const loop = async (work: (client: pg.Client, at: number) => Promise<unknown>) => {
      const client = await db.connect();
      for (let at = 0; running; at += 1) {
        await work(client, at).catch((error: unknown) => {
          errors.push(error);
          running = false;
        });
      }
    };
    const plain = `insert into event_outbox (event_domain, event_type, event_stream, delivery_lane, event_subject_table, event_subject_ref,
        canonical_address, actor_ref, source_system) values ('race', 'changed', 'update', 'immediate', 'thing', 'plain', '', 'me', 'test')`;
    const loops = [
      loop(async (client) => {
        await emit(client, 'function');
        emitted += 1;
      }),
      loop(async (client) => {
        // one row that the statement trigger checks, one that the row trigger fills
        await client.query('begin');
        await client.query({ name: 'plain', text: plain });
        await client.query(
          `insert into event_outbox (event_domain, event_type, event_subject_table, source_system) values ('race', 'changed', 'thing', 'test')`,
        );
        await client.query('commit');
        emitted += 2;
      }),
      loop(async (client) => pass(client, 50)),
      loop(async () => settle(db, await claim(db, { limit: 20 }), 'sent')),
    ];
    const until = async (count: number) => {
      while (running && emitted < count) await new Promise((resolve) => setImmediate(resolve));
    };
    await until(20);
    const budget = { attempts: 60, firstDelayMilliseconds: 5 };
    for (let round = 0; round < 2; round += 1) {
      await partitionLog(db.pool, 'test', () => {}, budget);
      await until(emitted + 40);
      await unpartitionLog(db.pool, { reason: 'test' }, budget);
      await until(emitted + 40);
    }
    running = false;
    await Promise.all(loops);
    expect(errors).toEqual([]);
    await drain(db.pool);
    await expectWhole(db.pool, emitted);
    const queued = await claim(db, { limit: 10_000 });
    await settle(db, queued, 'sent');
    expect(await countOf(db, "iu_route_attempt where status = 'sent'")).toBe(emitted);
    expect((await oneRow(db, 'select fn_iu_delivery_hold($1) as hold', [deployment])).hold).toBeNull();
  });

  it('waits for a lock for a moment only, leaves everything as it was, and goes on later', async () => {
    const { writer, other } = await openSessions(db, 'writer', 'other');
    await writer.run('begin');
    await emit(writer.client, 'open');
    const budget = { attempts: 2, firstDelayMilliseconds: 1 };
    let ended = false;
    const change = codeOf(partitionLog(db.pool, 'test', () => {}, { attempts: 8, firstDelayMilliseconds: 1 })).finally(
      () => {
        ended = true;
      },
    );
    await waitFor(
      async () =>
        (await countOf(
          db,
          "pg_stat_activity where wait_event_type = 'Lock' and query like '%fn_iu_log_partition_step%' and datname = current_database()",
        )) > 0,
      { what: 'the change waits for its lock' },
    );
    await emit(other.client, 'not held');
    expect(ended, 'the change still tries').toBe(false);
    expect(await change).toBe('IU874');
    expect((await planLog(db.pool)).form).toBe('plain');
    await writer.run('commit');
    await db.pool.query("select fn_iu_log_partition_step('test')");
    expect((await planLog(db.pool)).form).toBe('unfinished');
    await partitionLog(db.pool, 'test');
    // the way back waits no longer
    await writer.run('begin');
    await emit(writer.client, 'open again');
    expect(await codeOf(unpartitionLog(db.pool, { reason: 'test' }, budget))).toBe('IU874');
    expect((await planLog(db.pool)).form).toBe('partitioned');
    await writer.run('commit');
    await unpartitionLog(db.pool, { reason: 'test' });
    await drain(db.pool);
    expect(await decidedSubjects(db.pool)).toEqual(['open', 'not held', 'open again']);
  });

  it('tells of a change that was left in the middle before its bound refuses an event, and takes the bound away', async () => {
    await db.pool.query("select fn_iu_log_partition_step('test')");
    const reasons = async () => {
      const { rows } = await db.pool.query("select fn_iu_route_worker_health('race_worker') -> 'reasons' as reasons");
      return JSON.stringify(rows[0].reasons);
    };
    expect(await reasons()).not.toContain('log_partition');
    await emitMany(db.pool, 210);
    expect(await reasons()).toContain('log_partition_unfinished');
    expect(await codeOf(partitionLog(db.pool, 'test'))).toBe('IU875');
    await unpartitionLog(db.pool, { reason: 'test' });
    expect(await reasons()).not.toContain('log_partition');
    await emitMany(db.pool, 200);
  });

  it('refuses by name what cannot come along, before anything is touched', async () => {
    const named = async (statement: string, undo: string, what: string) => {
      await db.pool.query(statement);
      expect((await planLog(db.pool)).refusals.join(), statement).toContain(what);
      expect(await codeOf(partitionLog(db.pool, 'test')), statement).toBe('IU871');
      await db.pool.query(undo);
    };
    await named('create table child (seq bigint references event_outbox (seq))', 'drop table child', 'child_seq_fkey');
    await named('create view theirs as select seq from event_outbox', 'drop view theirs', 'theirs');
    await named('create publication everything for table event_outbox', 'drop publication everything', 'everything');
    await named('create unique index once on event_outbox (correlation_id)', 'drop index once', 'once');
    await named(
      'create rule quiet as on delete to event_outbox do instead nothing',
      'drop rule quiet on event_outbox',
      'quiet',
    );
    await named('create table kept (event event_outbox)', 'drop table kept', 'kept');
    expect(await codeOf(partitionLog(db.pool, ' '))).toBe('IU872');
    expect(await codeOf(unpartitionLog(db.pool, { reason: 'test' }))).toBe('IU870');
    expect((await planLog(db.pool)).form).toBe('plain');
    await partitionLog(db.pool, 'test');
    expect(await codeOf(partitionLog(db.pool, 'test'))).toBe('IU870');
    await emitMany(db.pool, 300);
    await drain(db.pool);
    await emitMany(db.pool, 100);
    expect(await codeOf(unpartitionLog(db.pool, { reason: 'test', mostRows: 50 }))).toBe('IU873');
  });

  it('takes along what a site put on the log: rights, index, trigger, bell, remark and settings of storage', async () => {
    const app = await db.loginUrl('iu_emitter');
    const login = new URL(app).username;
    await db.pool.query(`grant insert on event_outbox to ${login}; grant select (seq) on event_outbox to ${login};
      create index event_outbox_mine_idx on event_outbox (correlation_id);
      create table seen (seq bigint);
      create function note() returns trigger language plpgsql as $$ begin insert into seen values (new.seq); return new; end $$;
      create trigger mine after insert on event_outbox for each row execute function note();
      grant insert on seen to ${login};
      alter table event_outbox set (autovacuum_vacuum_scale_factor = 0.02);
      select fn_iu_wakeup_enable(true)`);
    await partitionLog(db.pool, 'test');
    for (const count of [150, 151]) {
      await emitMany(db.pool, count);
      await drain(db.pool);
    }
    expect(await countOf(db, 'seen')).toBe(301);
    const names = await partitionNames(db);
    for (const name of names) {
      const { options, mine } = await oneRow(
        db,
        `select reloptions::text as options, (select count(*)::integer from pg_index where indrelid = c.oid) as mine from pg_class c where relname = $1`,
        [name],
      );
      expect(options, name).toContain('autovacuum_vacuum_scale_factor=0.02');
      expect(mine, name).toBe(4);
    }
    await unpartitionLog(db.pool, { reason: 'test' });
    const { acl, remark, triggers, columns } = await oneRow(
      db,
      `select relacl::text as acl, obj_description(oid) as remark, (select string_agg(tgname, ' ' order by tgname) from pg_trigger where tgrelid = c.oid) as triggers,
              (select attacl::text from pg_attribute where attrelid = c.oid and attname = 'seq') as columns
         from pg_class c where oid = 'event_outbox'::regclass`,
    );
    expect(acl).toContain(`${login}=a/`);
    expect(columns).toContain(`${login}=r/`);
    expect(remark).toContain('The log');
    expect(triggers).toContain('mine');
    expect(triggers).toContain('trg_iu_wakeup');
    expect((await tendLog(db.pool)).form).toBe('plain');
    await drain(db.pool);
    expect(await certificate(db.pool)).toMatchObject({ lost: 0, stranded: 0 });
  });
});
