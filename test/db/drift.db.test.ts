// What drifted is named, explained and repaired by what the report offers; counts, gates and routes are compared with the last survey.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { recordSurvey, runDrift } from '../../src/install/drift/index.js';
import { splitStatements } from '../../src/install/migrate/split.js';
import type { Database } from '../../src/store/database.js';
import { attemptCounts } from '../../src/store/report.js';
import { runIu } from '../support/cli.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

let db: TestDatabase;
let database: Database;

beforeAll(async () => {
  db = await createTestDatabase();
  database = {
    pool: db.pool,
    url: db.url,
    schema: db.schema,
    serverVersionNumber: db.major * 10_000,
    close: async () => {},
  };
});

afterAll(() => db.drop());

const iu = (...words: string[]) => runIu(words, { url: db.url, schema: db.schema });

it('finds what was dropped, changed, added or granted, and its own repairs make it clean again', async () => {
  expect(await runDrift({ database })).toMatchObject({ clean: true, differences: [], lastSurvey: null });
  await db.pool.query(`
    create or replace function fn_iu_cursor_lock_key() returns bigint language sql stable as 'select 1::bigint';
    drop index iu_gate_log_key_idx, iu_route_history_route_idx;
    create index iu_route_history_route_idx on iu_route_history (route_id);
    alter table iu_route_attempt disable trigger trg_iu_route_attempt_append_only`);
  await db.pool.query(`create function fn_iu_unknown() returns integer language sql as 'select 1';
    create index iu_gate_log_unknown_idx on iu_gate_log (reason);
    create trigger unknown_trigger before insert on event_outbox for each row execute function fn_event_type_validate();
    create rule unknown_rule as on insert to event_outbox do instead nothing;
    create table application_table (id integer);
    alter table event_outbox set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02);
    alter table event_outbox replica identity full; alter table dot_config set (fillfactor = 80); alter index dot_config_pkey set (fillfactor = 80);
    revoke select on iu_gate_log from iu_reader`);
  const report = await runDrift({ database });
  expect(report.clean).toBe(false);
  const named = report.differences.map(({ state, key }) => `${state} ${key}`);
  expect(named).toEqual(
    expect.arrayContaining([
      'changed function fn_iu_cursor_lock_key()',
      'missing index iu_gate_log_key_idx',
      'changed trigger iu_route_attempt.trg_iu_route_attempt_append_only',
      'unknown function fn_iu_unknown()',
      'unknown index iu_gate_log_unknown_idx',
      'unknown trigger event_outbox.unknown_trigger',
      'unknown rule event_outbox.unknown_rule',
      expect.stringMatching(/^rights right iu_reader lost select/),
    ]),
  );
  expect(named.join('\n')).not.toContain('application_table');
  // storage, vacuum and logical replication are the site's own business
  expect(named.filter((name) => /event_outbox$|dot_config/.test(name))).toEqual([]);
  expect(report.differences.every(({ explanation }) => explanation.length > 10)).toBe(true);

  const page = JSON.parse((await iu('drift', '--state', 'unknown', '--limit', '2', '--json')).stdout);
  expect(page.items).toHaveLength(2);
  const rest = JSON.parse(
    (await iu('drift', '--state', 'unknown', '--limit', '2', '--json', '--after', page.next)).stdout,
  );
  expect([...page.items, ...rest.items].map(({ identity }: { identity: string }) => identity).sort()).toEqual([
    'event_outbox.unknown_rule',
    'event_outbox.unknown_trigger',
    'fn_iu_unknown()',
    'iu_gate_log_unknown_idx',
  ]);

  await db.pool.query('create table "iu_unknown\ndrop table event_outbox;" ()');
  const printed = await iu('drift', '--sql');
  expect(printed.exitCode).toBe(2);
  const lines = printed.stdout.split('\n');
  expect(lines[0]).toBe('\\set ON_ERROR_STOP on');
  // what nobody knows stays, in whatever case its name is written and whatever it holds
  expect(lines.filter((line) => line.includes('unknown'))).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^-- index iu_gate_log_unknown_idx: .*drop index concurrently "iu_gate_log_unknown_idx";$/),
      expect.stringMatching(/^-- table iu_unknown drop table event_outbox;: a person has to decide/),
    ]),
  );
  const statements = splitStatements(lines.slice(1).join('\n')).map(({ text }) => text);
  expect(statements.filter((text) => /^(drop (table|function)|alter table .* drop )/i.test(text))).toEqual([]);
  const at = (part: string) => statements.findIndex((text) => text.includes(part));
  expect(statements[at('drop trigger if exists') - 1]).toBe('begin');
  expect(statements[at('create index concurrently "iu_gate_log_key_idx__rebuilt"') - 2]).toBe(
    "set lock_timeout = '60s'",
  );
  expect(at('create index concurrently "iu_route_history_route_idx__rebuilt"')).toBeGreaterThan(0);
  const client = await db.connect();
  for (const text of statements) await client.query(text);
  await db.pool.query('grant select on iu_gate_log to iu_reader');
  const left = await runDrift({ database });
  expect(left.differences.filter(({ state }) => state !== 'unknown')).toEqual([]);
  await db.pool.query(`drop function fn_iu_unknown(); drop index iu_gate_log_unknown_idx; drop trigger unknown_trigger on event_outbox; drop rule unknown_rule on event_outbox;
    drop table "iu_unknown\ndrop table event_outbox;"`);

  // an older package on a newer database judges what it does not know, and offers nothing
  await db.pool.query(`insert into iu_migration (change, deploy_sha256, rollback_sha256, verify_sha256, tool_version, duration_milliseconds)
    select '999_newer', deploy_sha256, rollback_sha256, verify_sha256, tool_version, 0 from iu_migration limit 1`);
  expect(await iu('drift', '--sql')).toMatchObject({ stdout: '', stderr: expect.stringContaining('IU807') });
  await db.pool.query("delete from iu_migration where change = '999_newer'");
  expect((await runDrift({ database })).differences).toEqual([]);
  await db.pool.query('drop table application_table');
});

it('compares counts, gates and routes with the last survey; rows that left the log are damage', async () => {
  await db.pool.query(
    `select fn_iu_emit('iu', 'version_applied', 'information_unit', n::text) from generate_series(1, 3) n`,
  );
  const recorded = await recordSurvey(database, await runDrift({ database }));
  expect(recorded).toMatchObject({ kind: 'survey', passed: true });
  await db.pool.query(`select fn_iu_emit('iu', 'version_applied', 'information_unit', '4')`);
  await db.pool.query(`select fn_iu_gate_set('iu_core.delivery_enabled', true, 'test')`);
  await db.pool.query(`select fn_iu_route_set_enabled('iu.version_applied.workflow', true, 'test')`);
  const calm = await runDrift({ database });
  expect(calm.clean).toBe(true);
  expect(calm.lastSurvey).toMatchObject({ evidenceId: recorded.evidence_id });
  const said = new Map(calm.differences.map(({ key, explanation }) => [key, explanation]));
  expect(said.get('rows event_outbox')).toBe('3 at the last survey, 4 now (+1)');
  expect(said.get('gate iu_core.delivery_enabled')).toBe('false at the last survey, true now');
  expect(said.get('route iu.version_applied.workflow')).toMatch(
    /version 1 disabled at the last survey, version \d dry-run now/,
  );

  await db.pool.query(`alter table event_outbox disable trigger trg_event_outbox_append_only;
    delete from event_outbox where seq <= 2; alter table event_outbox enable always trigger trg_event_outbox_append_only`);
  const run = await iu('drift', '--find', 'rows event_outbox');
  expect(run).toMatchObject({ exitCode: 2, stdout: expect.stringContaining('3 at the last survey, 2 now (-1)') });
  expect((await iu('drift', '--record')).stdout).toMatch(/Survey recorded as evidence \d+/);
  expect(await iu('drift', '--state', 'data')).toMatchObject({ exitCode: 0 });
});

it('serves an operator and a reader, who may not read every table', async () => {
  await recordSurvey(database, await runDrift({ database }));
  for (const role of ['iu_operator', 'iu_reader']) {
    const run = await runIu(['drift'], { url: await db.loginUrl(role), schema: db.schema });
    expect({ exitCode: run.exitCode, stderr: run.stderr }).toEqual({ exitCode: 0, stderr: '' });
  }
});

it('knows what a prune took: it is no damage, and what was taken besides is', async () => {
  await db.pool.query(
    `select fn_iu_gate_set(key, true, 'test') from unnest(array['iu_core.routes_master_enabled', 'iu_core.route_worker_enabled']) key`,
  );
  for (let pass = 1; pass <= 3; pass += 1) {
    await db.pool.query(`select fn_iu_emit('iu', 'version_applied', 'information_unit', 'pruned ${pass}')`);
    await db.pool.query(`select fn_iu_route_worker_run('iu_outbound_default', 100)`);
  }
  await recordSurvey(database, await runDrift({ database }));
  const [events, attempts, passes] = ['event_outbox', 'iu_route_attempt', 'iu_route_run'];
  const countAll = async () =>
    (
      await db.pool.query(`select (select count(*) from ${events})::int as events, (select count(*) from ${attempts})::int as attempts,
      (select count(*) from ${passes})::int as passes`)
    ).rows[0];
  const before = await countAll();
  const audit = await attemptCounts(db.pool);
  expect(await iu('prune', '--older-than', '0', '--reason', 'test')).toMatchObject({ exitCode: 0 });
  const after = await countAll();
  for (const one of ['events', 'attempts', 'passes']) expect(after[one]).toBeLessThan(before[one]);
  expect(await attemptCounts(db.pool)).toEqual(audit);
  const pruned = await runDrift({ database });
  expect(pruned.differences.filter(({ damage }) => damage)).toEqual([]);
  expect(pruned.differences.map(({ identity }) => identity)).not.toContain('event_outbox');

  await db.pool.query(`alter table iu_route_attempt disable trigger user; delete from iu_route_attempt;
    alter table iu_route_attempt enable trigger user`);
  const robbed = await runDrift({ database });
  expect(
    robbed.differences.flatMap(({ damage, state, identity }) => (damage && state === 'data' ? [identity] : [])),
  ).toEqual(['iu_route_attempt']);
});
