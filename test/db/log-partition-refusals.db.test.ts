// What hangs on the log when its form changes: it comes along, or it is named before anything is touched; nothing follows the former table unseen.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { iuErrorFromPg } from '../../src/contract/errors/index.js';
import { partitionLog, planLog, tendLog, unpartitionLog } from '../../src/store/log-partitions.js';
import { connectClient } from '../../src/store/session.js';
import { adminUrl, type TestDatabase } from '../support/database.js';
import { oneRow } from '../support/dead-letters.js';
import { createSmallLog, emitMany, partitionNames, startsPartitioned } from '../support/log-partition.js';
import { drain, emit, expectWhole } from '../support/race.js';

let db: TestDatabase;
let owner: string;
/** A tablespace that the test made: it goes after the database that lies in it. */
let place: string | undefined;

beforeEach(async () => {
  db = await createSmallLog();
  owner = (
    await oneRow(db, "select relowner::regrole::text as owner from pg_class where oid = 'event_outbox'::regclass")
  ).owner;
});
afterEach(async () => {
  await db.drop();
  if (place === undefined) return;
  const admin = await connectClient({ url: adminUrl(), purpose: 'test' });
  await admin.query(`drop tablespace ${place}`);
  await admin.end();
  place = undefined;
});

const errorOf = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => iuErrorFromPg(error),
  );

/** What hangs on the log, how it goes away, and how it is named. */
const hanging: readonly [name: string, made: string, undone: string, said: string][] = [
  [
    'a publication that lists it, also via its root',
    'create publication listed for table event_outbox with (publish_via_partition_root)',
    'drop publication listed',
    'publication of table event_outbox in publication listed',
  ],
  [
    'statistics',
    'create statistics paired (dependencies) on event_domain, event_type from event_outbox',
    'drop statistics paired',
    'statistics object paired',
  ],
  [
    'a function that names it by identity',
    'create function newest() returns bigint begin atomic select max(seq) from event_outbox; end',
    'drop function newest()',
    'function newest()',
  ],
  [
    'a policy of another table',
    'create table guarded (seq bigint); create policy known on guarded using (seq in (select seq from event_outbox))',
    'drop table guarded',
    'policy known on table guarded',
  ],
  [
    'a default that takes its numbers',
    "create table numbered (seq bigint default nextval('event_outbox_seq_seq'))",
    'drop table numbered',
    'default value for column seq of table numbered',
  ],
  [
    'a view of another schema over a view',
    `create view inner_view as select seq from event_outbox; alter view inner_view owner to OWNER;
     create schema elsewhere; create view elsewhere.outer_view as select seq from inner_view; alter view elsewhere.outer_view owner to OWNER`,
    'drop view inner_view cascade; drop schema elsewhere',
    'view elsewhere.outer_view reads it and lies in another schema',
  ],
  [
    "somebody else's view over a view",
    `create view inner_view as select seq from event_outbox; alter view inner_view owner to OWNER; create view outer_view as select seq from inner_view`,
    'drop view inner_view cascade',
    'view outer_view reads it and belongs to',
  ],
  [
    'a materialized view over a view',
    `create view inner_view as select seq from event_outbox; alter view inner_view owner to OWNER;
     create materialized view outer_view as select seq from inner_view; alter materialized view outer_view owner to OWNER`,
    'drop view inner_view cascade',
    'materialized view outer_view reads it and keeps its rows',
  ],
  [
    'rights on columns of a view',
    'create view inner_view as select seq from event_outbox; alter view inner_view owner to OWNER; grant select (seq) on inner_view to iu_reader',
    'drop view inner_view',
    'view inner_view reads it and gives rights on columns',
  ],
  [
    'a trigger of a view',
    `create view inner_view as select seq from event_outbox; alter view inner_view owner to OWNER;
     create trigger instead_of instead of insert on inner_view for each row execute function fn_iu_log_partition_direct()`,
    'drop view inner_view',
    'trigger instead_of on view inner_view',
  ],
  [
    'a table of the rows of a view',
    `create view inner_view as select seq from event_outbox; alter view inner_view owner to OWNER; create table typed (one inner_view)`,
    'drop table typed; drop view inner_view',
    'column one of table typed',
  ],
];

describe.skipIf(startsPartitioned)('what hangs on the log by its identity', () => {
  it('has nothing in the way as it was deployed, in both forms', async () => {
    expect((await planLog(db.pool)).refusals).toEqual([]);
    await partitionLog(db.pool, 'test');
    expect((await planLog(db.pool)).refusals).toEqual([]);
  });

  it.each(hanging)(
    'is refused by name there and back, before anything is touched: %s',
    async (...[, made, undone, said]) => {
      const madeBy = made.replaceAll('OWNER', owner);
      const expectNamed = async (work: () => Promise<unknown>) => {
        await db.pool.query(madeBy);
        expect((await planLog(db.pool)).refusals.join('; ')).toContain(said);
        const error = await errorOf(work());
        expect(error?.code).toBe('IU871');
        expect(error?.message).toContain(said);
        await db.pool.query(undone);
        expect((await planLog(db.pool)).refusals).toEqual([]);
      };
      await expectNamed(() => partitionLog(db.pool, 'test'));
      expect((await planLog(db.pool)).form).toBe('plain');
      await partitionLog(db.pool, 'test');
      await expectNamed(() => unpartitionLog(db.pool, { reason: 'test' }));
      expect((await planLog(db.pool)).form).toBe('partitioned');
      await unpartitionLog(db.pool, { reason: 'test' });
    },
  );

  it('is refused when it hangs on a partition that would be dropped', async () => {
    await partitionLog(db.pool, 'test');
    const last = (await partitionNames(db)).at(-1);
    await db.pool.query(`create view stray as select seq from ${last}`);
    expect((await errorOf(unpartitionLog(db.pool, { reason: 'test' })))?.message).toContain('on view stray');
  });

  it('comes along with its options to grant, views over views and rights that were granted on', async () => {
    const [first, second] = [await db.loginUrl(), await db.loginUrl()].map((url) => new URL(url).username);
    await db.pool.query(`grant select, insert on event_outbox to ${first} with grant option; grant usage on schema ${db.schema} to ${first};
      set role ${first}; grant select on event_outbox to ${second}; reset role;
      create view inner_view as select seq from event_outbox; alter view inner_view owner to ${owner};
      create view outer_view as select seq from inner_view; alter view outer_view owner to ${owner};
      grant select on outer_view to ${first} with grant option`);
    const rights = async () =>
      (
        await db.pool.query(
          `select c.relname, a.privilege_type, a.grantee::regrole::text, a.is_grantable from pg_class c cross join aclexplode(c.relacl) a
            where c.relname in ('event_outbox', 'outer_view') and a.grantee <> c.relowner order by 1, 2, 3`,
        )
      ).rows;
    const before = await rights();
    expect(before).toContainEqual({
      relname: 'outer_view',
      privilege_type: 'SELECT',
      grantee: first,
      is_grantable: true,
    });
    await emitMany(db.pool, 5);
    await partitionLog(db.pool, 'test');
    expect(await rights()).toEqual(before);
    expect((await planLog(db.pool)).faults).toEqual([]);
    expect((await oneRow(db, 'select count(*)::integer as n from outer_view')).n).toBe(5);
    await unpartitionLog(db.pool, { reason: 'test' });
    expect(await rights()).toEqual(before);
  });
});

describe.skipIf(startsPartitioned)('a change that fails at its last step', () => {
  it('says that its bound stays and how it goes away, and at the bound emitting says the same', async () => {
    await db.pool.query(`create function no_tables() returns event_trigger language plpgsql as $$ begin raise 'no tables today'; end $$;
      create event trigger no_tables on ddl_command_start when tag in ('CREATE TABLE') execute function no_tables()`);
    const stopped = await errorOf(partitionLog(db.pool, 'test'));
    expect(stopped).toMatchObject({ code: 'IU877', message: expect.stringContaining('no tables today') });
    expect(stopped?.message).toContain('iu log partition back');
    await db.pool.query("select setval('event_outbox_seq_seq', 300)");
    const full = await errorOf(emit(db.pool, 'beyond'));
    expect(full).toMatchObject({ code: 'IU120', hint: expect.stringContaining('iu log partition back') });
    await db.pool.query('drop event trigger no_tables');
    await unpartitionLog(db.pool, { reason: 'test' });
    await emit(db.pool, 'within');
  });

  it('names the bound too when something came in the way after it', async () => {
    await db.pool.query("select fn_iu_log_partition_step('test')");
    await db.pool.query('create statistics paired (dependencies) on event_domain, event_type from event_outbox');
    const stopped = await errorOf(partitionLog(db.pool, 'test'));
    expect(stopped).toMatchObject({ code: 'IU871', hint: expect.stringContaining('iu log partition back') });
  });
});

describe.skipIf(startsPartitioned)('a partition', () => {
  it('gives nothing to who had rights on columns of the log only, and tells when it does', async () => {
    const reader = await db.as();
    const { login } = (await reader.query('select current_user as login')).rows[0];
    await db.pool.query(
      `grant select (seq) on event_outbox to ${login}; grant usage on schema ${db.schema} to ${login}`,
    );
    await partitionLog(db.pool, 'test');
    await emitMany(db.pool, 150);
    await tendLog(db.pool);
    const names = await partitionNames(db);
    expect(names.length).toBeGreaterThan(1);
    await reader.query('select seq from event_outbox');
    for (const name of names) {
      await expect(reader.query(`select seq from ${name}`), name).rejects.toMatchObject({ code: '42501' });
    }
    const digest = async () => (await oneRow(db, 'select fn_iu_catalog_digest() as digest')).digest;
    const whole = await digest();
    await db.pool.query(`grant select (seq) on ${names[1]} to ${login}`);
    expect((await planLog(db.pool)).faults).toEqual([`partition ${names[1]} gives rights to ${login}`]);
    expect(await digest()).not.toBe(whole);
  });

  it('is at fault when its guard does not fire for everything', async () => {
    await partitionLog(db.pool, 'test');
    const [first] = await partitionNames(db);
    const guards = ['before insert or update or delete', 'before insert or update of seq or delete or truncate'];
    for (const fires of guards) {
      await db.pool.query(`drop trigger trg_iu_log_partition_direct on ${first};
        create trigger trg_iu_log_partition_direct ${fires} on ${first} for each statement execute function fn_iu_log_partition_direct();
        alter table ${first} enable always trigger trg_iu_log_partition_direct`);
      expect((await planLog(db.pool)).faults, fires).toEqual([
        expect.stringContaining('trigger trg_iu_log_partition_direct on partition'),
      ]);
    }
  });

  describe('in a tablespace', () => {
    beforeEach(async () => {
      place = `iu_place_${db.name}`;
      const admin = await db.connect();
      await admin.query('set allow_in_place_tablespaces = true');
      await admin.query(`create tablespace ${place} location ''`);
      await db.pool.query(`alter table event_outbox set tablespace ${place};
        alter index event_outbox_id_key set tablespace ${place}; alter index event_outbox_pkey set tablespace ${place}`);
    });
    const elsewhere = async () =>
      (
        await db.pool.query(
          `select c.relname from pg_class c join pg_tablespace t on t.oid = c.reltablespace where t.spcname = $1 and c.relname not like 'pg_toast%' order by 1`,
          [place],
        )
      ).rows.map(({ relname }) => relname);

    it('has its followers there, with the keys, when the owner may make tables there', async () => {
      await db.pool.query(`grant create on tablespace ${place} to ${owner}`);
      await partitionLog(db.pool, 'test');
      await emitMany(db.pool, 150);
      await tendLog(db.pool);
      const names = await partitionNames(db);
      expect(names.length).toBeGreaterThan(1);
      const there = names.flatMap((name) => [name, `${name}_id_key`, `${name}_pkey`]);
      expect(await elsewhere()).toEqual([...there, 'event_outbox_pkey'].sort());
      await unpartitionLog(db.pool, { reason: 'test' });
      expect(await elsewhere()).toEqual(['event_outbox', 'event_outbox_id_key', 'event_outbox_pkey']);
    });

    it('has them in that of the database otherwise, because a log without room is worse', async () => {
      await partitionLog(db.pool, 'test');
      await emitMany(db.pool, 250);
      await tendLog(db.pool);
      await emitMany(db.pool, 100);
      await drain(db.pool);
      await expectWhole(db.pool, 350);
      expect((await elsewhere()).filter((name) => /^event_outbox_p\d+$/.test(name))).toHaveLength(1);
      await unpartitionLog(db.pool, { reason: 'test' });
    });
  });
});
