// A running database of somebody else, with its writers at work, gets IU Core and gives it back.
import type pg from 'pg';
import { afterEach, describe, expect, it } from 'vitest';
import type { AllowWord } from '../../src/contract/adoption/steps.js';
import { adoptApply, adoptBack, adoptPlan } from '../../src/install/adopt/index.js';
import { runDrift } from '../../src/install/drift/index.js';
import { migrateDown, migrateUp, migrateVerify, uninstall } from '../../src/install/migrate/index.js';
import { runIu } from '../support/cli.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { createLegacyDatabase, legacyCounts } from '../support/legacy-database.js';
import { legacyCatalog, startLegacyWriters } from '../support/legacy-writers.js';
import { chosenSeed, seeded } from '../support/seeded.js';
import { useInstallation } from '../support/used-installation.js';

/** 93,686 as documented with IU_ADOPT_EVENTS; fewer cover several batches too, and are there sooner. */
const events = Number(process.env.IU_ADOPT_EVENTS ?? 12_000);

const everything: AllowWord[] = ['ownership', 'definitions', 'keys', 'immediate-index'];

let db: TestDatabase;
let client: pg.Client;
let schema: string;

/** Events of domain iu that the former system had logged before. */
const formerIuEvents = `insert into event_type_registry values ('iu', 'version_applied', 'update', 'immediate');
  insert into event_outbox (event_domain, event_type, event_stream, delivery_lane, event_subject_table, event_subject_ref, canonical_address,
    actor_ref, source_system, created_at)
  select 'iu', 'version_applied', 'update', 'immediate', 'information_unit', i::text, 'a', 'b', 'c', timestamptz '2026-05-10 12:00+00'
    from generate_series(1, 3) i`;

async function legacy(count: number): Promise<void> {
  db = await createLegacyDatabase(count);
  client = await db.connect();
  schema = db.schema;
  await client.query(formerIuEvents);
}

let writers: Awaited<ReturnType<typeof startLegacyWriters>> | undefined;

afterEach(async () => {
  await writers?.stop();
  writers = undefined;
  await db.drop();
});

const rows = async (sql: string) => (await db.pool.query(sql)).rows;
const one = async (sql: string) => (await rows(sql))[0];
const refusal = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: { code: string }) => error.code,
  );
const fingerprint = async () =>
  (await db.pool.query('select kind, identity, fingerprint from fn_iu_catalog_fingerprint() order by 1, 2')).rows;
const openGates = () =>
  db.pool.query(
    "select fn_iu_gate_set('iu_core.route_worker_enabled', true, 'test'), fn_iu_gate_set('iu_core.routes_master_enabled', true, 'test')",
  );
const closeGates = () =>
  db.pool.query(
    "select fn_iu_gate_set('iu_core.route_worker_enabled', false, 'test'), fn_iu_gate_set('iu_core.routes_master_enabled', false, 'test')",
  );

// a loaded machine takes its time for a whole adoption and its way back
describe('iu adopt', { timeout: 180_000 }, () => {
  it('adopts while writers write, loses no event, decides the old ones once, and gives exactly the former catalog back', async () => {
    await legacy(events);
    writers = await startLegacyWriters(db, 3);
    const before = await legacyCatalog(client, schema);
    expect(before.length).toBeGreaterThan(100);
    const { verify } = await adoptApply(client, { schema, allow: everything });
    expect(verify).toMatchObject({ ok: true, failures: [], pending: [] });
    // the order of before, and everything new behind it
    const numbers =
      await one(`select count(*)::int as n, count(distinct seq)::int as numbers, count(*) filter (where seq <= 0)::int as without,
      bool_and(seq > coalesce(earlier, 0)) as ordered from (
        select seq, lag(seq) over (order by created_at, id) as earlier from event_outbox where created_at < '2026-06-01') o`);
    const old = events + 3;
    expect(numbers).toEqual({ n: old, numbers: old, without: 0, ordered: true });
    expect(
      await one(
        `select min(seq) > ${old} as behind, bool_and(tx_id is not null) as dated from event_outbox where created_at >= '2026-06-01'`,
      ),
    ).toEqual({ behind: true, dated: true });
    // 158 flat units are 158 rows of depth 0
    expect(await one('select count(*)::int as n, max(depth) as depth from iu_tree_path')).toEqual({
      n: legacyCounts.information_unit,
      depth: 0,
    });

    await openGates();
    // a pass looks at 10,000 rows at most
    for (let pass = 0; pass < 24; pass += 1)
      await db.pool.query("select fn_iu_route_worker_run('iu_outbound_default', 100)");
    expect(
      await one('select count(*)::int as n, count(distinct event_ref)::int as events from iu_route_attempt'),
    ).toEqual({ n: 3, events: 3 });

    // guarded: gates, then the audit; exact afterwards, with the writers still at work
    expect(await refusal(adoptBack(client, { schema }))).toMatch(/IU81[01]/);
    await closeGates();
    expect(await refusal(adoptBack(client, { schema }))).toBe('IU811');
    await adoptBack(client, { schema, discardRecords: true });
    const written = await writers.stop();
    expect(written.failures).toEqual([]);
    expect(await legacyCatalog(client, schema)).toEqual(before);
    expect(await one('select count(*)::int as n from event_outbox')).toEqual({ n: old + written.count });
    expect(await one('select count(*)::int as n from dot_config')).toEqual({ n: 5 });
    expect(written.count).toBeGreaterThan(10);
  });

  it('changes nothing in a plan, says locks and cost, and refuses what nobody allowed', async () => {
    await legacy(500);
    const before = await legacyCatalog(client, schema);
    const plan = await adoptPlan(client, { schema });
    expect(await legacyCatalog(client, schema)).toEqual(before);
    expect(plan.blockers).toEqual([]);
    expect(plan.notAllowed.map(({ word }) => word).sort()).toEqual(['definitions', 'keys', 'ownership']);
    expect(plan.tables.find(({ table }) => table === 'event_outbox')).toMatchObject({
      exists: true,
      rows: '503',
      missing: ['tx_id', 'seq'],
      kept: expect.arrayContaining(['index idx_event_outbox_idempotent', 'check event_outbox_event_domain_check']),
    });
    expect(plan.notes.join('\n')).toMatch(
      /idx_event_outbox_idempotent \(.*\) makes the second event[\s\S]*rewrite event_outbox under ACCESS EXCLUSIVE/,
    );
    const blocking = plan.steps.filter(({ lock }) => lock.blocks !== 'nobody');
    expect(blocking.filter(({ lock }) => lock.held !== 'milliseconds')).toEqual([]);
    expect(await refusal(adoptApply(client, { schema }))).toBe('IU841');
    expect(await refusal(migrateUp(client, { schema }))).toBe('IU840');
    const installed = await runIu(['migrate', 'up', '--backups', 'none-there'], { url: db.url, schema });
    expect(installed.stderr).toMatch(/^iu: IU840 [\s\S]*iu adopt plan/);
    expect(await legacyCatalog(client, schema)).toEqual(before);

    const shown = await runIu(['adopt', 'plan', '--json'], { url: db.url, schema });
    expect(JSON.parse(shown.stdout)).toMatchObject({ complete: false, blockers: [] });
    const told = await runIu(['adopt', 'plan', '--allow', 'ownership'], { url: db.url, schema });
    expect(told).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('--allow keys: the primary key') });
    expect(told.stdout).toMatch(/\d+ other tables, untouched: .*directus_users, event_pending/);
    // a durable step on rows of theirs wants a backup, or a reason
    const apply = ['adopt', 'apply', '--backups', '/nowhere'];
    expect(await runIu(apply, { url: db.url, schema })).toMatchObject({
      exitCode: 3,
      stderr: expect.stringContaining('IU844'),
    });
    expect(await runIu([...apply, '--without-backup', 'a test'], { url: db.url, schema })).toMatchObject({
      exitCode: 3,
      stderr: expect.stringContaining('IU841'),
    });
  });

  it('names what is in the way: rows that break a rule, columns of another type, tables of our names, keys that hold the log', async () => {
    await legacy(50);
    await client.query(`create table iu_outbound_route (id integer);
      create unique index one_a_day on event_outbox ((created_at at time zone 'UTC'), event_subject_ref);
      create index information_unit_profile_idx on information_unit (owner_ref);
      alter table event_type_registry enable row level security;
      create table holder (event_id uuid references event_outbox) partition by hash (event_id);
      alter table event_outbox alter column correlation_id type varchar(80);
      insert into dot_config (key, value) values ('iu_core.route_worker_enabled', 'true');
      set session_replication_role = replica;
      update information_unit set parent_or_container_ref = gen_random_uuid() where sort_order = 1;
      set session_replication_role = origin`);
    const { blockers } = await adoptPlan(client, { schema, allow: everything });
    const said = blockers.map(({ what }) => what).join('\n');
    for (const part of [
      'table iu_outbound_route exists',
      'holder.holder_event_id_fkey',
      'unique index one_a_day on event_outbox',
      'index information_unit_profile_idx of information_unit is CREATE INDEX',
      'row security is enabled on event_type_registry',
      'event_outbox.correlation_id is character varying(80)',
      'iu_core.route_worker_enabled is true',
      '4 rows of information_unit break information_unit_parent_or_container_ref_fkey',
    ]) {
      expect(said).toContain(part);
    }
    expect(blockers.every(({ action }) => action.length > 5)).toBe(true);
    expect(await refusal(adoptApply(client, { schema, allow: everything }))).toBe('IU840');
  });

  it('names beforehand what would stop an adoption halfway, or lose rows behind it, and goes on once that is away', async () => {
    await legacy(20);
    await client.query(`create function no_update() returns trigger language plpgsql as $$ begin raise exception 'never'; end $$;
      create trigger never_again before update on event_outbox for each row execute function no_update();
      alter table event_outbox enable always trigger never_again;
      create rule no_delete as on delete to event_outbox do instead nothing;
      create table event_outbox_old () inherits (event_outbox);
      alter table event_outbox drop constraint event_outbox_pkey, add column tenant text not null default 'a', replica identity nothing;
      alter table event_outbox alter column tenant drop default;
      create publication theirs for table event_type_registry;
      alter table dot_config rename to settings; create view dot_config as select * from settings;
      create sequence event_outbox_seq_seq; alter table information_unit drop constraint information_unit_version_anchor_ref_fkey;
      alter table unit_version set unlogged, force row level security, set (fillfactor = 80)`);
    await client.query(`insert into event_outbox (id, event_domain, event_type, event_stream, delivery_lane, event_subject_table, canonical_address, actor_ref,
        source_system, tenant)
      select id, event_domain, event_type, event_stream, delivery_lane, event_subject_table, canonical_address, actor_ref, source_system, tenant
        from event_outbox limit 2`);
    const { blockers } = await adoptPlan(client, { schema, allow: everything });
    const said = blockers.map(({ what }) => what).join('\n');
    for (const part of [
      'trigger never_again of event_outbox would fire for every existing row',
      'rule no_delete of event_outbox',
      'event_outbox_old inherits from event_outbox',
      'column tenant of event_outbox may not be null and has no default',
      'replica identity of event_outbox is nothing',
      '4 rows of event_outbox share their id',
      'view dot_config exists',
      'sequence event_outbox_seq_seq exists',
      'event_type_registry is published and has no primary key',
      'unit_version is unlogged',
      'row security is enabled on unit_version',
    ]) {
      expect(said).toContain(part);
    }
    expect(await refusal(adoptApply(client, { schema, allow: everything }))).toBe('IU840');
    await client.query(`drop rule no_delete on event_outbox; alter table event_outbox_old no inherit event_outbox; drop view dot_config;
      alter table event_type_registry replica identity full;
      alter table settings rename to dot_config; drop sequence event_outbox_seq_seq; alter table unit_version set logged;
      alter table unit_version no force row level security; alter table event_outbox disable trigger never_again;
      delete from event_outbox where event_subject_ref is null and created_at > '2026-06-01';
      alter table event_outbox replica identity full, alter column tenant set default 'a'`);
    expect((await adoptPlan(client, { schema, allow: everything })).blockers).toEqual([]);
    expect((await adoptApply(client, { schema, allow: everything })).verify.failures).toEqual([]);
    await db.pool.query("select fn_iu_emit('system', 'alert', 'system_issue', '1')");
    // its list of domains does not have those of the probe
    const probe = () => runIu(['probe'], { url: db.url, schema });
    expect(await probe()).toMatchObject({
      stderr: expect.stringMatching(/IU846 check event_outbox_event_domain_check/),
    });
    await client.query(`alter table event_outbox drop constraint event_outbox_event_domain_check,
      add constraint event_outbox_event_domain_check check (event_domain in ('system', 'task', 'comment', 'iu') or event_domain like 'iu_probe_%') not valid`);
    expect(await probe()).toMatchObject({ exitCode: 0 });
    // what the adoption switched off, and what its operator did, is nothing against health
    const health = "select fn_iu_route_worker_health('iu_outbound_default') ->> 'reasons' as reasons";
    expect((await one(health)).reasons).not.toContain('trigger_disabled');
    await client.query('alter table event_outbox disable trigger trg_event_outbox_append_only');
    expect((await one(health)).reasons).toContain('triggers are disabled: trg_event_outbox_append_only');
  });

  it('does not take over a log that somebody else partitioned', async () => {
    await legacy(5);
    await client.query(`alter table event_outbox rename to former;
      create table event_outbox (like former including defaults) partition by range (created_at);
      create table event_outbox_all partition of event_outbox default`);
    const { blockers } = await adoptPlan(client, { schema, allow: everything });
    expect(blockers.map(({ what }) => what).join()).toContain('partitioned by somebody else');
    expect(await refusal(adoptApply(client, { schema, allow: everything }))).toBe('IU840');
  });

  it('keeps passes off while events can vanish; dedupe keys replace the index, and doubles hold the way back', async () => {
    await legacy(500);
    await adoptApply(client, { schema, allow: ['ownership', 'definitions', 'keys'], start: 'now' });
    expect((await migrateVerify(client, { schema })).failures).toEqual([]);
    const open = "update dot_config set value = 'true' where key = 'iu_core.route_worker_enabled'";
    expect(await refusal(db.pool.query(open))).toBe('IU845');
    expect(await refusal(openGates())).toBe('IU845');
    // what the former system has under names like ours is no drift
    const database = {
      pool: db.pool,
      url: db.url,
      schema,
      serverVersionNumber: db.major * 10_000,
      close: async () => {},
    };
    const drift = await runDrift({ database });
    expect(drift.differences.filter(({ damage }) => damage)).toEqual([]);
    expect(drift.differences.map(({ key }) => key)).toContain('function fn_iu_notify_version()');
    for (const work of [migrateDown(client, { schema }), uninstall(client, { schema, discardData: true })]) {
      expect(await refusal(work)).toBe('IU842');
    }
    const repeat = `insert into event_outbox (event_domain, event_type, event_stream, delivery_lane, event_subject_table, event_subject_ref,
      canonical_address, actor_ref, source_system) values ('system', 'alert', 'alert', 'immediate', 'system_issue', '1', 'a', 'b', 'c')`;
    expect(await refusal(db.pool.query(repeat))).toBe('23505');

    const { steps } = await adoptApply(client, { schema, allow: everything });
    expect(steps.map(({ step }) => step)).toEqual(['index idx_event_outbox_idempotent']);
    await db.pool.query(repeat);
    const emitted = await one(
      `select is_new from fn_iu_emit('system', 'alert', 'system_issue', '2', p_dedupe_key => 'immediate/system/alert/system_issue/2')`,
    );
    expect(emitted).toEqual({ is_new: false });
    await openGates();
    // what was logged before stays behind the starting point
    expect(
      (await one("select fn_iu_route_worker_run('iu_outbound_default', 100)::jsonb ->> 'seen' as seen")).seen,
    ).toBe('0');
    await closeGates();
    const dedupe = "select count(*)::int as n from iu_event_dedupe where starts_with(dedupe_key, 'immediate/')";
    const held = { objects: await fingerprint(), keys: await one(dedupe) };
    expect(held.keys.n).toBeGreaterThan(400);
    expect(await refusal(adoptBack(client, { schema, discardRecords: true }))).toBe('IU843');
    await client.query(`alter table event_outbox disable trigger user; delete from event_outbox where event_subject_ref = '1'
      and created_at > '2026-06-01'; alter table event_outbox enable trigger user`);
    await client.query('alter table event_outbox enable always trigger trg_event_outbox_append_only');
    // without the double, an open gate or a record refuses, and the index and its keys stay too
    const calm = await fingerprint();
    await openGates();
    expect(await refusal(adoptBack(client, { schema, discardRecords: true }))).toBe('IU810');
    await closeGates();
    await db.pool.query(
      "select fn_iu_emit('system', 'alert', 'system_issue', '3', p_dedupe_key => 'a record of ours')",
    );
    expect(await refusal(adoptBack(client, { schema }))).toBe('IU843');
    expect({ objects: await fingerprint(), keys: await one(dedupe) }).toEqual({ objects: calm, keys: held.keys });
    expect((await adoptPlan(client, { schema, allow: everything })).blockers).toEqual([]);
  });

  it('goes back after going live when records may go, and not while the log is partitioned', async () => {
    await legacy(300);
    await client.query('alter table event_outbox drop constraint event_outbox_event_domain_check');
    const before = await legacyCatalog(client, schema);
    await adoptApply(client, { schema, allow: everything });
    await useInstallation(db);
    const iu = (...words: string[]) => runIu(words, { url: db.url, schema });
    expect((await iu('log', 'partition', 'apply', '--reason', 'test')).exitCode).toBe(0);
    const installed = await fingerprint();
    expect(await refusal(adoptBack(client, { schema, discardRecords: true }))).toBe('IU843');
    expect(await fingerprint()).toEqual(installed);
    expect((await iu('log', 'partition', 'back', '--reason', 'test')).exitCode).toBe(0);
    expect(await refusal(adoptBack(client, { schema }))).toBe('IU811');
    await adoptBack(client, { schema, discardRecords: true });
    expect(await legacyCatalog(client, schema)).toEqual(before);
  });

  it('goes on where it was interrupted, repairs an index that was left invalid, and goes back all the same', async () => {
    await legacy(300);
    const before = await legacyCatalog(client, schema);
    const seed = chosenSeed();
    const random = seeded(seed);
    for (let run = 0; run < 6; run += 1) {
      let left = random.between(4, 45);
      const onStatement = () => {
        left -= 1;
        if (left === 0) throw new Error('interrupted');
      };
      expect(await refusal(adoptApply(client, { schema, allow: everything, onStatement })), `seed ${seed}`).toBe(
        'IU808',
      );
    }
    await adoptApply(client, { schema, allow: everything });
    expect((await migrateVerify(client, { schema })).failures, `seed ${seed}`).toEqual([]);
    expect(await one('select count(distinct seq)::int as n, min(seq)::text as least from event_outbox')).toEqual({
      n: 303,
      least: '1',
    });
    await client.query("update pg_index set indisvalid = false where indexrelid = 'event_outbox_tx_idx'::regclass");
    const { steps } = await adoptApply(client, { schema, allow: everything });
    expect(steps.map(({ step }) => step)).toEqual(['index event_outbox_tx_idx']);
    await adoptBack(client, { schema });
    expect(await legacyCatalog(client, schema), `seed ${seed}`).toEqual(before);
    expect(await refusal(adoptBack(client, { schema }))).toBe('IU847');
  });

  it('never drops a table that was there, whoever owned it, and drops nothing when the journal does not name them', async () => {
    await legacy(200);
    await client.query("do $$ begin if to_regrole('iu_owner') is null then create role iu_owner; end if; end $$");
    await client.query('alter table event_outbox owner to iu_owner; alter table dot_config owner to iu_owner');
    await client.query('alter table event_type_registry add column entry_no serial');
    const before = await legacyCatalog(client, schema);
    // interrupted before its last wish, the adoption still knows it
    const onStatement = ({ text }: { text: string }) => {
      if (text.includes("register('iu_outbound_default', 'iu', 'now')")) throw new Error('interrupted');
    };
    expect(await refusal(adoptApply(client, { schema, allow: everything, start: 'now', onStatement }))).toBe('IU808');
    const resumed = await adoptApply(client, { schema, allow: everything });
    expect(resumed.steps.map(({ step }) => step)).toContain('start');
    const draws = `select x.privilege_type
      from pg_roles r join aclexplode((select relacl from pg_class where oid = 'event_type_registry_entry_no_seq'::regclass)) x
        on x.grantee = r.oid where r.rolname = current_user order by 1`;
    expect((await rows(draws)).map((row) => row.privilege_type)).toEqual(['SELECT', 'UPDATE', 'USAGE']);
    await db.pool.query("insert into dot_config (key, value) values ('vocab.unit_kind.of_the_application', 'true')");
    const named = "update iu_adoption_step set back = jsonb_set(back, '{rows,tables}', $1) where step = 'rows'";
    const first = (await one("select back -> 'rows' ->> 'tables' as tables from iu_adoption_step where step = 'rows'"))
      .tables;
    expect(JSON.parse(first)).toContain('event_outbox');
    await db.pool.query(named, ['[]']);
    const adopted = await fingerprint();
    expect(await refusal(adoptBack(client, { schema }))).toBe('IU843');
    expect(await fingerprint()).toEqual(adopted);
    // a table that IU Core made itself keeps its guard
    await db.pool.query(named, [JSON.stringify(JSON.parse(first).filter((name: string) => name !== 'unit_version'))]);
    expect(await refusal(adoptBack(client, { schema }))).toBe('IU843');
    expect(await fingerprint()).toEqual(adopted);
    await db.pool.query(named, [first]);
    await adoptBack(client, { schema });
    expect(await legacyCatalog(client, schema)).toEqual(before);
    expect(await one('select count(*)::int as n from event_outbox')).toEqual({ n: 203 });
    expect(await one('select count(*)::int as n from dot_config')).toEqual({ n: 6 });
  });

  it('repairs a native installation without calling it adopted', async () => {
    db = await createTestDatabase();
    client = await db.connect();
    schema = db.schema;
    await db.pool.query(`create unique index added_idx on event_outbox (event_domain, event_type, event_subject_table, event_subject_ref)
      where delivery_lane = 'immediate'`);
    expect(await refusal(openGates())).toBe('IU845');
    const { steps, verify } = await adoptApply(client, { schema, allow: ['immediate-index'] });
    expect(steps.map(({ step }) => step)).toEqual(['index added_idx']);
    expect(verify.ok).toBe(true);
    await openGates();
    await closeGates();
    expect(await one('select count(*)::int as n from iu_adoption_step')).toEqual({ n: 0 });
    expect(await refusal(adoptBack(client, { schema, discardRecords: true }))).toBe('IU847');
    expect((await migrateDown(client, { schema })).changes).toHaveLength(1);
  });
});
