// What hangs on the tables of a running database when it is adopted: foreign keys on events, trees of units, unique rules of the log.
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { afterEach, describe, expect, it } from 'vitest';
import type { AllowWord } from '../../src/contract/adoption/steps.js';
import { adoptApply, adoptBack, adoptPlan } from '../../src/install/adopt/index.js';
import { startPrune, stepPrune } from '../../src/store/prunes.js';
import type { TestDatabase } from '../support/database.js';
import { createLegacyDatabase } from '../support/legacy-database.js';
import { legacyCatalog, startLegacyWriters } from '../support/legacy-writers.js';
import { chosenSeed, seeded } from '../support/seeded.js';

const everything: AllowWord[] = ['ownership', 'definitions', 'keys', 'immediate-index', 'unique-rules'];

let db: TestDatabase;
let client: pg.Client;
let schema: string;
let writers: Awaited<ReturnType<typeof startLegacyWriters>> | undefined;

async function legacy(count: number, more = ''): Promise<void> {
  db = await createLegacyDatabase(count);
  client = await db.connect();
  schema = db.schema;
  await client.query(more);
}

afterEach(async () => {
  await writers?.stop();
  writers = undefined;
  await db.drop();
});

const rows = async (sql: string, values: unknown[] = []) => (await db.pool.query(sql, values)).rows;
const one = async (sql: string) => (await rows(sql))[0];
const refusal = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: { code: string }) => error.code,
  );
const apply = (more = {}) => adoptApply(client, { schema, allow: everything, ...more });
const keysOnLog = () =>
  rows(
    `select conrelid::regclass::text || '.' || conname as name, pg_get_constraintdef(oid) as rule, convalidated as checked, conindid::regclass::text as on_index
       from pg_constraint where confrelid = 'event_outbox'::regclass order by 1`,
  );

/** Prunes whatever may go; what the last step said. */
async function pruneAll() {
  const run = await startPrune(db.pool, { olderThanDays: 0, reason: 'test', archive: 'none', place: undefined });
  for (;;) {
    const step = await stepPrune(db.pool, run.run_id, 100, () => Promise.reject(new Error('no archive')));
    if (step.state !== 'running') return step;
  }
}

/** Tables of others that refer to events, one a rule; `loose` was never checked and has a row without its event. */
const holders = `
  create table mark (event_id uuid constraint mark_event_fkey references event_outbox on delete cascade, note text);
  create table task (event_id uuid constraint task_event_fkey references event_outbox deferrable initially deferred);
  create table loose (event_id uuid);
  insert into loose values (gen_random_uuid());
  alter table loose add constraint loose_event_fkey foreign key (event_id) references event_outbox not valid;
  comment on constraint task_event_fkey on task is 'what a task is about';
  create index on mark (event_id); create index on task (event_id);
  insert into mark select id, 'seen' from event_outbox where event_subject_ref in ('1', '2', '3');
  insert into task select id from event_outbox where event_subject_ref in ('3', '4')`;

describe('foreign keys on events', { timeout: 180_000 }, () => {
  it('move with id to its unique index and back, in force all the time; one that nobody checked stays so', async () => {
    await legacy(600, holders);
    writers = await startLegacyWriters(db, 2);
    const before = await legacyCatalog(client, schema);
    const keys = await keysOnLog();
    const plan = await adoptPlan(client, { schema });
    expect(plan.blockers).toEqual([]);
    expect(plan.notes.join('\n')).toMatch(
      /mark\.mark_event_fkey refers to events: a prune does cascade[\s\S]*task\.task_event_fkey refers to events: a prune passes over/,
    );
    // who writes to such a table meanwhile is refused what has no event, every time
    let stopped = false;
    const codes = new Set<string>();
    const strangers = (async () => {
      while (!stopped)
        codes.add(await refusal(db.pool.query("insert into mark values (gen_random_uuid(), 'stranger')")));
    })();
    await apply();
    expect(await keysOnLog()).toEqual(keys.map((key) => ({ ...key, on_index: 'event_outbox_id_key' })));
    expect((await adoptPlan(client, { schema, allow: everything })).complete).toBe(true);
    await db.pool.query('create table later (event_id uuid constraint later_event_fkey references event_outbox (id))');
    await adoptBack(client, { schema });
    stopped = true;
    await strangers;
    expect([...codes]).toEqual(['23503']);
    expect((await writers.stop()).failures).toEqual([]);
    expect(
      await one("select count(*)::int as n from pg_constraint where conname = 'later_event_fkey' and convalidated"),
    ).toEqual({ n: 1 });
    await db.pool.query('drop table later');
    expect(await legacyCatalog(client, schema)).toEqual(before);
    expect(await keysOnLog()).toEqual(keys);
    expect(
      await one("select obj_description(oid) as said from pg_constraint where conname = 'task_event_fkey'"),
    ).toEqual({
      said: 'what a task is about',
    });
  });

  it('are checked again after an interruption between the move and its check', async () => {
    await legacy(200, holders);
    const keys = await keysOnLog();
    const onStatement = ({ text }: { text: string }) => {
      if (text.includes('validate constraint "task_event_fkey"')) throw new Error('interrupted');
    };
    expect(await refusal(apply({ onStatement }))).toBe('IU808');
    expect((await keysOnLog()).find(({ name }) => name === 'task.task_event_fkey')).toMatchObject({ checked: false });
    const { steps } = await apply();
    expect(steps.map(({ step }) => step)).toContain('foreign keys event_outbox');
    expect((await keysOnLog()).map(({ checked }) => checked)).toEqual(keys.map(({ checked }) => checked));
  });

  it('are checked again after an interruption of the way back, whatever the former key is called', async () => {
    await legacy(200, `alter table event_outbox rename constraint event_outbox_pkey to "PK_9f ""x"; ${holders}`);
    const before = await legacyCatalog(client, schema);
    await apply();
    await db.pool.query(`create function interrupt() returns event_trigger language plpgsql as $$
      begin if current_query() like '%validate constraint "task_event_fkey"%' then raise 'interrupted'; end if; end $$;
      create event trigger interrupt on ddl_command_start when tag in ('ALTER TABLE') execute function interrupt()`);
    expect(await refusal(adoptBack(client, { schema }))).toBe('IU808');
    expect((await keysOnLog()).find(({ name }) => name === 'task.task_event_fkey')).toMatchObject({ checked: false });
    await db.pool.query('drop event trigger interrupt; drop function interrupt()');
    await adoptBack(client, { schema });
    expect(await legacyCatalog(client, schema)).toEqual(before);
  });

  it('that cannot move are named with what to do', async () => {
    await legacy(
      50,
      `create table parted (event_id uuid references event_outbox, at date) partition by range (at);
       create table other_rule (event_domain text, event_type text, ref text);
       create unique index of_two on event_outbox (source_system, canonical_address);
       create table by_address (a text, b text, constraint by_address_fkey foreign key (a, b) references event_outbox (source_system, canonical_address))`,
    );
    const { blockers } = await adoptPlan(client, { schema, allow: everything });
    const said = blockers.map(({ what, action }) => `${what} -> ${action}`).join('\n');
    expect(said).toMatch(
      /parted_event_id_fkey on event_outbox is of a partitioned table.* -> alter table \S*parted drop constraint/,
    );
    expect(said).toMatch(
      /of_two.*by_address_fkey rest on it -> alter table \S*by_address drop constraint "by_address_fkey"; drop index concurrently "of_two"/,
    );
    expect(await refusal(apply())).toBe('IU840');
  });

  it('of our own tables keep what they refer to, or no prune runs: nothing goes that nobody judged', async () => {
    const cascade = `alter table event_outbox add constraint "causedBy" foreign key (causation_id) references event_outbox (id) on delete cascade`;
    const byUnit = `alter table information_unit add constraint last_event foreign key (last_event_id) references event_outbox (id) on delete set null`;
    await legacy(
      50,
      `alter table event_outbox add column causation_id uuid; ${cascade};
       alter table information_unit add column last_event_id uuid; ${byUnit}`,
    );
    const { blockers } = await adoptPlan(client, { schema, allow: everything });
    expect(blockers.map(({ what }) => what)).toEqual([
      expect.stringMatching(/event_outbox\.causedBy is .* ON DELETE CASCADE: when a prune/),
      expect.stringMatching(/information_unit\.last_event is .* ON DELETE SET NULL: when a prune/),
    ]);
    expect(await refusal(apply())).toBe('IU840');
    for (const { action } of blockers) await client.query(/: (.*)$/.exec(action)?.[1] ?? '');
    await apply();
    await db.pool.query("select fn_iu_route_worker_register('everything', 'system', 'now')");
    await db.pool.query(`insert into event_outbox (event_domain, event_type, event_stream, delivery_lane, event_subject_table, event_subject_ref,
        canonical_address, actor_ref, source_system, causation_id)
      select event_domain, event_type, event_stream, delivery_lane, 'caused', event_subject_ref, canonical_address, actor_ref, source_system, id
        from event_outbox where event_subject_ref in ('1', '2') order by seq`);
    expect(await pruneAll()).toMatchObject({ held: { referenced: 2, not_passed_by_every_cursor: 1 } });
    const left = 'select event_subject_ref as ref from event_outbox order by seq';
    const family = ['1', '2', '1', '2'].map((ref) => ({ ref }));
    expect(await rows(left)).toEqual(family);
    const off = 'alter table event_outbox drop constraint if exists "causedBy"';
    const ways = [
      cascade,
      cascade.replace('cascade', 'set null'),
      cascade.replace('cascade', 'set default'),
      // by way of another table
      `create table cause (id uuid primary key references event_outbox (id) on delete cascade);
       insert into cause select distinct causation_id from event_outbox where causation_id is not null;
       ${cascade.replace('event_outbox (id)', 'cause')}`,
      byUnit.replace('last_event ', 'again '),
    ];
    for (const way of ways) {
      await client.query(`${off}; ${way}`);
      expect(await refusal(pruneAll()), way).toBe('IU899');
    }
    expect(await rows(left)).toEqual(family);
  });

  it('that cannot do what they say on delete keep their event; a prune passes over it, whatever the error is', async () => {
    await legacy(
      100,
      `create function stays() returns trigger language plpgsql as $$ begin raise 'this stays' using errcode = old.code; end $$;
       create table mark (event_id uuid references event_outbox on delete cascade, code text);
       create table pointer (event_id uuid references event_outbox on delete set null, code text);
       insert into mark select id, case event_subject_ref when '9' then 'P0001' else '42P01' end from event_outbox where event_subject_ref in ('9', '11');
       insert into pointer select id, 'IU210' from event_outbox where event_subject_ref = '8';
       create trigger stays before delete on mark for each row execute function stays();
       create trigger stays before update of event_id on pointer for each row execute function stays()`,
    );
    await apply();
    await db.pool.query("select fn_iu_route_worker_register('everything', 'system', 'now')");
    await db.pool.query("update mark set code = '53100' where code = 'P0001'");
    expect(await refusal(pruneAll()), 'what says nothing of the event ends the step').toBe('53100');
    await db.pool.query(`update mark set code = 'P0001' where code = '53100';
      select fn_iu_prune_cancel(run_id, 'test') from iu_prune_run where state = 'running'`);
    // Those triggers may do what no rollback undoes, so a preview does not try and says how many it does not know of.
    await db.pool.query('select fn_iu_prune_certify()');
    expect(JSON.parse((await one('select fn_iu_prune_preview(0)::text as said')).said)).toMatchObject({
      events: 99,
      held: {},
      not_asked: 99,
    });
    expect(await pruneAll()).toMatchObject({ state: 'done', events: 96, held: { referenced: 3 } });
    expect(await rows('select event_subject_ref as ref from event_outbox order by seq')).toEqual(
      ['8', '9', '11', '100'].map((ref) => ({ ref })),
    );
  });

  it('decide what a prune takes: a cascade goes along, an event that is referred to stays and is counted', async () => {
    await legacy(400, holders);
    await apply();
    await db.pool.query("select fn_iu_route_worker_register('everything', 'system', 'now')");
    await db.pool.query('select fn_iu_prune_certify()');
    const preview = await one('select fn_iu_prune_preview(0)::text as said');
    expect(JSON.parse(preview.said).referencing).toEqual([
      expect.stringMatching(/^loose_event_fkey of \S*loose: no action$/),
      expect.stringMatching(/^mark_event_fkey of \S*mark: cascade$/),
      expect.stringMatching(/^task_event_fkey of \S*task: no action$/),
    ]);
    expect(JSON.parse(preview.said)).toMatchObject({ events: 397, held: { referenced: 2 }, not_asked: 0 });
    expect(
      await one('select (select count(*)::int from event_outbox) as events, (select count(*)::int from mark) as marks'),
      'a preview takes nothing',
    ).toEqual({ events: 400, marks: 3 });
    expect(await pruneAll()).toMatchObject({ state: 'done', held: { referenced: 2 } });
    // the newest of the log stays, and the two with a task
    expect(await rows('select event_subject_ref as ref from event_outbox order by seq')).toEqual([
      { ref: '3' },
      { ref: '4' },
      { ref: '400' },
    ]);
    expect(
      await rows('select e.event_subject_ref as ref from mark join event_outbox e on e.id = mark.event_id'),
    ).toEqual([{ ref: '3' }]);
    expect(await one('select count(*)::int as n from mark')).toEqual({ n: 1 });
    expect(await one('select count(*)::int as n from task')).toEqual({ n: 2 });
  });
});

/** The tree that the addresses of the fixture encode: the first unit of each document holds the others, in two levels. */
const tree = `set session_replication_role = replica;
  update information_unit u set parent_or_container_ref = p.id from information_unit p
   where p.doc_code = u.doc_code and p.sort_order = case when u.sort_order = 1 then null when u.sort_order <= 10 then 1 else u.sort_order / 10 + 1 end;
  set session_replication_role = origin`;

describe('indexes of the log in a tablespace', { timeout: 180_000 }, () => {
  it('come back into it, the key and a unique rule with its predicate', async () => {
    const place = `iu_test_${randomUUID().slice(0, 8)}`;
    await legacy(20);
    await client.query('set allow_in_place_tablespaces = on');
    await client.query(`create tablespace ${place} location ''`);
    await client.query(`alter index event_outbox_pkey set tablespace ${place};
      alter index idx_event_outbox_idempotent set tablespace ${place}`);
    const there = () => rows(`select indexname from pg_indexes where tablespace = '${place}' order by 1`);
    const [before, lay] = [await legacyCatalog(client, schema), await there()];
    expect(lay).toHaveLength(2);
    await apply();
    await adoptBack(client, { schema });
    expect(await there()).toEqual(lay);
    expect(await legacyCatalog(client, schema)).toEqual(before);
    await client.query(`alter index event_outbox_pkey set tablespace pg_default;
      alter index idx_event_outbox_idempotent set tablespace pg_default`);
    await client.query(`drop tablespace ${place}`);
  });
});

describe('an event trigger of the application', { timeout: 180_000 }, () => {
  it('that looks for its table in their schema stops neither plan nor adoption nor the way back', async () => {
    await legacy(
      20,
      `create function guard_ddl() returns event_trigger language plpgsql security definer as
         $$ begin insert into trigger_guard_alerts (command) values (tg_tag); end $$;
       create event trigger guard_ddl on ddl_command_end execute function guard_ddl()`,
    );
    const before = await legacyCatalog(client, schema);
    const plan = await adoptPlan(client, { schema });
    expect(plan.blockers).toEqual([]);
    expect(plan.notes.join()).not.toContain('guard_ddl');
    await apply();
    await adoptBack(client, { schema });
    expect(await legacyCatalog(client, schema)).toEqual(before);
    await client.query('alter function guard_ddl() security invoker');
    expect((await adoptPlan(client, { schema })).notes.join()).toContain(
      'event trigger guard_ddl, which calls guard_ddl()',
    );
  });
});

describe('units with parents', { timeout: 180_000 }, () => {
  it('keep them: siblings get ranks in their order, paths and relations are built from the tree, operations go on with it', async () => {
    await legacy(100, tree);
    const before = await legacyCatalog(client, schema);
    const parents = 'select id, parent_or_container_ref as parent, updated_at from information_unit order by id';
    const were = await rows(parents);
    const plan = await adoptPlan(client, { schema, allow: everything });
    expect(plan.blockers).toEqual([]);
    expect(plan.notes.join('\n')).toContain('units keep their parents');
    await apply();
    expect(await rows(parents)).toEqual(were);
    expect(JSON.parse((await one('select fn_iu_tree_verify()::text as said')).said)).toMatchObject({
      ok: true,
      documents: 4,
      units: 158,
      problems: [],
    });
    expect(await one('select max(depth) as depth from iu_tree_path')).toEqual({ depth: 2 });
    expect(
      await one(`select count(*)::int as n, bool_and(sibling_rank = fn_iu_rank_from_integer(place)) as ranked from (
        select sibling_rank, row_number() over (partition by parent_or_container_ref order by sort_order) - 1 as place
          from information_unit where parent_or_container_ref is not null) o`),
    ).toEqual({ n: 154, ranked: true });
    expect(await one("select count(*)::int as n from iu_relation where relation_type = 'contains'")).toEqual({
      n: 154,
    });
    await adoptBack(client, { schema });
    expect(await legacyCatalog(client, schema)).toEqual(before);
    expect(await rows(parents)).toEqual(were);
  });

  it('are ranked as ranks are written, however many siblings', async () => {
    await legacy(
      10,
      `set session_replication_role = replica;
       insert into information_unit (canonical_address, unit_kind, owner_ref, created_by, updated_by, doc_code, sort_order, parent_or_container_ref)
       select 'MANY-' || i, 'law_unit', 'o', 'a', 'a', 'MANY', i, (select id from information_unit order by canonical_address limit 1)
         from generate_series(1, 4200) i;
       set session_replication_role = origin`,
    );
    await apply();
    expect(
      await one(`select count(*)::int as n, bool_and(sibling_rank = fn_iu_rank_from_integer(place)) as ranked from (
        select sibling_rank, row_number() over (order by sort_order) - 1 as place from information_unit where doc_code = 'MANY') o`),
    ).toEqual({ n: 4200, ranked: true });
  });

  it('that get children during the adoption are ranked again; afterwards a second plain child is refused', async () => {
    await legacy(100, tree);
    const child = (name: string) =>
      `insert into information_unit (canonical_address, unit_kind, owner_ref, created_by, updated_by, parent_or_container_ref)
       select '${name}', 'law_unit', 'o', 'a', 'a', id from information_unit where canonical_address = 'D35-DIEU35-S1'`;
    const seed = chosenSeed();
    let left = seeded(seed).between(1, 3);
    const writer = await db.connect();
    await writer.query("set app.canonical_writer = 'fn_iu_create'");
    const onStatement = async ({ text }: { text: string }) => {
      if (left > 0 && /create unique index concurrently "information_unit_place_key__built"/.test(text)) {
        left -= 1;
        await writer.query(child(`NEW-${left}-A`));
        await writer.query(child(`NEW-${left}-B`));
      }
    };
    await apply({ onStatement });
    expect(left, `seed ${seed}`).toBe(0);
    expect(JSON.parse((await one('select fn_iu_tree_verify()::text as said')).said), `seed ${seed}`).toMatchObject({
      ok: true,
    });
    expect(await refusal(writer.query(child('LATER')))).toBe('23505');
  });

  it('that are no tree are named: circles, what lives below the deleted, what is missing, children of a collection', async () => {
    await legacy(
      10,
      `${tree}; set session_replication_role = replica;
       update information_unit set parent_or_container_ref = (select id from information_unit where canonical_address = 'D35-DIEU35-S11')
        where canonical_address = 'D35-DIEU35-S2';
       update information_unit set deleted_at = now() where canonical_address = 'D36-DIEU36-S2';
       update information_unit set parent_or_container_ref = gen_random_uuid() where canonical_address = 'D37-DIEU37-S2';
       update information_unit set unit_kind = 'collection' where canonical_address = 'D38-DIEU38-S1';
       set session_replication_role = origin`,
    );
    const { blockers } = await adoptPlan(client, { schema, allow: everything });
    const said = blockers.map(({ what }) => what);
    expect(said).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^10 units \(D35-DIEU35-S11, .*…\) stand below themselves$/),
        expect.stringMatching(/^9 units \(D36-DIEU36-S11, .*…\) live below a deleted unit$/),
        expect.stringMatching(/^9 units \(D38-DIEU38-S10, .*…\) have a parent of kind collection/),
        expect.stringMatching(/^1 rows of information_unit break information_unit_parent_or_container_ref_fkey/),
      ]),
    );
    expect(await refusal(apply())).toBe('IU840');
  });
});

describe('the former primary key of the log', { timeout: 180_000 }, () => {
  const rule = 'include (event_type) with (fillfactor = 70) deferrable initially deferred';
  const former = `alter table event_outbox drop constraint event_outbox_pkey;
    alter table event_outbox add constraint "Their key" primary key (id) ${rule}`;
  const key = () =>
    one(`select c.conname as name, pg_get_constraintdef(c.oid) as rule, pg_get_indexdef(c.conindid) as on_index
           from pg_constraint c where c.conrelid = 'event_outbox'::regclass and c.contype = 'p'`);

  it('comes back as it was when its check was deferred, also after an interruption behind the move', async () => {
    await legacy(50, former);
    const [before, was] = [await legacyCatalog(client, schema), await key()];
    expect(was.rule).toBe('PRIMARY KEY (id) INCLUDE (event_type) DEFERRABLE INITIALLY DEFERRED');
    await apply();
    expect((await key()).rule).toBe('PRIMARY KEY (seq)');
    await adoptBack(client, { schema });
    expect(await key()).toEqual(was);
    expect(await legacyCatalog(client, schema)).toEqual(before);
    await apply();
    await client.query(`create function stops() returns trigger language plpgsql as $$ begin raise 'stopped'; end $$;
      create trigger stops before delete on iu_adoption_step for each row when (old.step = 'keys event_outbox') execute function stops()`);
    await expect(adoptBack(client, { schema })).rejects.toThrow('stopped');
    expect(await key()).toEqual(was);
    await client.query('drop trigger stops on iu_adoption_step; drop function stops()');
    await adoptBack(client, { schema });
    expect(await legacyCatalog(client, schema)).toEqual(before);
  });

  it('holds the way back before it begins while a foreign key made since could not rest on a deferred check', async () => {
    await legacy(20, former);
    await apply();
    await db.pool.query('create table later (event_id uuid constraint later_event_fkey references event_outbox (id))');
    await expect(adoptBack(client, { schema })).rejects.toMatchObject({
      code: 'IU843',
      message: expect.stringMatching(/later_event_fkey refers to events, and the former primary key is DEFERRABLE/),
      hint: expect.stringContaining('drop constraint "later_event_fkey"'),
    });
    expect((await key()).rule, 'nothing was taken back').toBe('PRIMARY KEY (seq)');
    await db.pool.query('drop table later');
    await adoptBack(client, { schema });
    expect((await key()).name).toBe('Their key');
  });
});

describe('unique rules of the log', { timeout: 180_000 }, () => {
  const rules = `create unique index one_run on event_outbox (source_system, correlation_id) where correlation_id like 'run-%';
    alter table event_outbox add constraint address_once unique (event_type, canonical_address) deferrable`;
  const emit = (key: string, subject: string) =>
    one(`select is_new from fn_iu_emit('system', 'alert', 'system_issue', '${subject}', p_dedupe_key => '${key}')`);

  it('stay with the gates of passes closed, or become dedupe keys of their name, and come back as they were', async () => {
    await legacy(200, rules);
    const before = await legacyCatalog(client, schema);
    const { blockers, notes } = await adoptPlan(client, { schema });
    expect(blockers).toEqual([]);
    expect(notes.join('\n')).toMatch(
      /unique rule address_once \(event_type, canonical_address\).*--allow unique-rules/,
    );
    await apply({ allow: everything.filter((word) => word !== 'unique-rules') });
    const open = "select fn_iu_gate_set('iu_core.route_worker_enabled', true, 'test')";
    expect(await refusal(db.pool.query(open))).toBe('IU845');
    const { steps } = await apply();
    expect(steps.map(({ step }) => step)).toEqual(['index address_once', 'index one_run']);
    await db.pool.query(open);
    await db.pool.query(open.replace('true', 'false'));
    // what the rules held is known by its key, anything else is new
    expect(await emit('one_run/monitor/run-3', '15')).toEqual({ is_new: false });
    expect(await emit('address_once/alert/SYS-ISSUE-8', '8')).toEqual({ is_new: false });
    expect(await emit('address_once/alert/SYS-ISSUE-201', '201')).toEqual({ is_new: true });
    const double = `insert into event_outbox (event_domain, event_type, event_stream, delivery_lane, event_subject_table, canonical_address,
      actor_ref, source_system) values ('system', 'alert', 'alert', 'immediate', 't', 'SYS-ISSUE-7', 'a', 'b')`;
    await db.pool.query(double);
    expect(await refusal(adoptBack(client, { schema }))).toBe('IU843');
    await client.query(`alter table event_outbox disable trigger user; delete from event_outbox where event_subject_table in ('t', 'system_issue')
      and source_system <> 'monitor'; alter table event_outbox enable trigger user`);
    await client.query('alter table event_outbox enable always trigger trg_event_outbox_append_only');
    await adoptBack(client, { schema });
    expect(await legacyCatalog(client, schema)).toEqual(before);
  });

  it('are counted before a way back whatever they are called, and whatever their predicate says', async () => {
    // events that are doubles only outside of a predicate are none
    await legacy(
      20,
      `alter table event_outbox add column "Kind" text;
       create unique index "UQ_ab12" on event_outbox (source_system, correlation_id) where "Kind" = 'a"b\\c' and correlation_id <> '';
       create unique index "UQ_cd34" on event_outbox (source_system, event_subject_ref) where "Kind" in ('x)', 'y')`,
    );
    const before = await legacyCatalog(client, schema);
    await apply();
    const insert = (subject: string, correlation: string, kind: string) =>
      db.pool.query(
        `insert into event_outbox (event_domain, event_type, event_stream, delivery_lane, event_subject_table, event_subject_ref, canonical_address,
           actor_ref, source_system, correlation_id, "Kind") values ('system', 'alert', 'alert', 'immediate', 't' || $2, $1, 'A', 'a', 'b', $2, $3)`,
        [subject, correlation, kind],
      );
    const remove = (kind: string) =>
      client.query(`alter table event_outbox disable trigger user; delete from event_outbox where "Kind" = '${kind}';
        alter table event_outbox enable trigger user; alter table event_outbox enable always trigger trg_event_outbox_append_only`);
    const said = () =>
      adoptBack(client, { schema }).then(
        () => 'done',
        ({ code, message }) => `${code} ${message}`,
      );
    await insert('900', 'outside', 'no');
    await insert('901', 'outside', 'no');
    await insert('902', 'twice', 'a"b\\c');
    await insert('903', 'twice', 'a"b\\c');
    expect(await said()).toMatch(/^IU843 index UQ_ab12: 1 subjects/);
    await remove('a"b\\c');
    await insert('904', 'one', 'x)');
    await insert('904', 'two', 'y');
    expect(await said()).toMatch(/^IU843 index UQ_cd34: 1 subjects/);
    await remove('y');
    expect(await said()).toBe('done');
    expect(await legacyCatalog(client, schema)).toEqual(before);
  });

  it('and the former key are known by the catalog, whatever their columns are called', async () => {
    const odd = [') DEFERRABLE', 'a, "b" USING btree (id)', 'Id'].map((name) => `"${name.replaceAll('"', '""')}"`);
    const [wide, quoted, upper] = odd;
    await legacy(
      20,
      `alter table event_outbox drop constraint event_outbox_pkey,
         ${odd.map((name) => `add column ${name} text not null default gen_random_uuid()`).join(', ')};
       alter table event_outbox add constraint "Their, (key)" primary key (id) include (${wide}, ${quoted});
       alter table event_outbox add constraint "Once, ""only""" unique (source_system, ${wide}) deferrable initially deferred;
       create unique index "USING this" on event_outbox (${quoted}, ${upper}) where ${upper} <> ' USING '`,
    );
    const before = await legacyCatalog(client, schema);
    expect((await adoptPlan(client, { schema, allow: everything })).blockers).toEqual([]);
    await apply();
    const double = (subject: string) =>
      db.pool.query(
        `insert into event_outbox (event_domain, event_type, event_stream, delivery_lane, event_subject_table, event_subject_ref, canonical_address,
           actor_ref, source_system, ${odd.join(', ')}) values ('system', 'alert', 'alert', 'immediate', 't', $1, 'A', 'a', 'b', $1, 'c', 'd')`,
        [subject],
      );
    await double('900');
    await double('901');
    await expect(adoptBack(client, { schema })).rejects.toMatchObject({
      code: 'IU843',
      message: expect.stringMatching(/^index USING this: 1 subjects/),
    });
    await client.query(`alter table event_outbox disable trigger user; delete from event_outbox where event_subject_ref = '901';
      alter table event_outbox enable trigger user; alter table event_outbox enable always trigger trg_event_outbox_append_only`);
    // a foreign key made since rests on id, which was the key
    await db.pool.query('create table later (event_id uuid references event_outbox (id))');
    await adoptBack(client, { schema });
    await db.pool.query('drop table later');
    expect(await legacyCatalog(client, schema)).toEqual(before);
  });

  it('that no dedupe key can stand for are named with what to do', async () => {
    await legacy(
      20,
      `create unique index by_day on event_outbox ((safe_payload ->> 'check'), event_subject_ref);
       create unique index by_time on event_outbox (occurred_at, event_subject_ref)`,
    );
    const { blockers } = await adoptPlan(client, { schema, allow: everything });
    expect(blockers).toEqual([
      {
        what: expect.stringContaining('unique index by_day'),
        action: expect.stringContaining('drop index concurrently "by_day"; its producers'),
      },
      { what: expect.stringContaining('unique index by_time'), action: expect.stringContaining('p_dedupe_key') },
    ]);
  });
});
