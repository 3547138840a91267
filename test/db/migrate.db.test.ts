import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  loadChanges,
  migrateDown,
  migrateStatus,
  migrateUp,
  migrateVerify,
  uninstall,
} from '../../src/install/migrate/index.js';
import { advisoryLocks, catalogOf, copyOfSql, objectsIn } from '../support/catalog.js';
import { createEmptyDatabase, type TestDatabase } from '../support/database.js';
import { useInstallation } from '../support/used-installation.js';

const names = loadChanges().map((change) => change.name);
const last = names.at(-1) ?? '';

let db: TestDatabase;
let client: pg.Client;
let schema: string;
const folders: string[] = [];

beforeEach(async () => {
  db = await createEmptyDatabase();
  client = await db.connect();
  schema = db.schema;
});

afterEach(async () => {
  await db.drop();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function editableSql(): string {
  const folder = copyOfSql();
  folders.push(folder);
  return folder;
}

function addChange(folder: string, name: string, deploy: string): void {
  mkdirSync(join(folder, 'changes', name));
  writeFileSync(join(folder, 'changes', name, 'deploy.sql'), deploy);
  writeFileSync(join(folder, 'changes', name, 'rollback.sql'), 'drop table extra_table;\n');
  writeFileSync(join(folder, 'changes', name, 'verify.sql'), "select 'extra_table'::regclass;\n");
}

describe('migrate up', () => {
  it('applies every change in order, verifies, and finds nothing to do the second time', async () => {
    expect((await migrateUp(client, { schema })).changes).toEqual(names);
    expect(await migrateVerify(client, { schema })).toEqual({ ok: true, verified: names, pending: [], failures: [] });
    expect((await migrateUp(client, { schema })).changes).toEqual([]);
    const { changes } = await migrateStatus(client, { schema });
    expect(changes.map(({ change, state }) => `${change} ${state}`)).toEqual(names.map((name) => `${name} applied`));
  });

  it('writes nothing when there is nothing to do', async () => {
    await migrateUp(client, { schema });
    const horizon = async () =>
      (
        await client.query(
          'select max(xmin::text::bigint) as newest from pg_class union all select max(xmin::text::bigint) from pg_proc',
        )
      ).rows;
    const before = await horizon();
    await migrateUp(client, { schema });
    expect(await horizon()).toEqual(before);
  });

  it('gives the same catalog one change at a time as all at once', async () => {
    for (const name of names) {
      await migrateUp(client, { schema, to: name });
      expect(
        (await migrateVerify(client, { schema })).failures.map((failure) => failure.code),
        name,
      ).not.toContain('42P01');
    }
    const stepwise = await catalogOf(client, schema);
    const other = await createEmptyDatabase();
    const otherClient = await other.connect();
    await migrateUp(otherClient, { schema });
    expect(await catalogOf(otherClient, schema)).toEqual(stepwise);
    await other.drop();
  });

  it('prints in a dry run what it would do, does nothing, and the print installs the same catalog', async () => {
    const { sql, changes } = await migrateUp(client, { schema, dryRun: true });
    expect(changes).toEqual(names);
    expect(await objectsIn(client, schema)).toEqual([]);
    await client.query(sql);
    expect((await migrateVerify(client, { schema })).failures).toEqual([]);
    expect((await migrateUp(client, { schema })).changes).toEqual([]);
  });

  it('refuses a change that was edited after it was applied, and names it', async () => {
    await migrateUp(client, { schema });
    const folder = editableSql();
    appendFileSync(join(folder, 'changes', last, 'deploy.sql'), '-- edited\n');
    await expect(migrateUp(client, { schema, sqlFolder: folder })).rejects.toMatchObject({
      code: 'IU806',
      message: expect.stringContaining(last),
    });
    const { failures } = await migrateVerify(client, { schema, sqlFolder: folder });
    expect(failures.map((failure) => failure.code)).toEqual(['IU806']);
  });

  it('refuses a database that a newer version changed', async () => {
    const folder = editableSql();
    addChange(folder, '999_extra', 'create table extra_table (id integer);\n');
    await migrateUp(client, { schema, sqlFolder: folder });
    await expect(migrateUp(client, { schema })).rejects.toMatchObject({ code: 'IU807' });
    await expect(migrateDown(client, { schema })).rejects.toMatchObject({ code: 'IU807' });
  });

  it('names change, file and line of a statement that fails, logs the failure, and can be run again', async () => {
    const folder = editableSql();
    addChange(folder, '999_extra', '-- first\ncreate table extra_table (id integer);\n\nselect 1,\n  nothing_there;\n');
    await expect(migrateUp(client, { schema, sqlFolder: folder })).rejects.toMatchObject({
      code: 'IU808',
      message: expect.stringContaining('sql/changes/999_extra/deploy.sql:5'),
      details: { change: '999_extra', sqlstate: '42703' },
    });
    expect(await objectsIn(client, schema)).not.toContain('extra_table');
    const log = await client.query(
      "select action, outcome, error_code, error_place from iu_migration_log where change = '999_extra'",
    );
    expect(log.rows).toEqual([
      { action: 'deploy', outcome: 'failed', error_code: '42703', error_place: 'sql/changes/999_extra/deploy.sql:5' },
    ]);
    writeFileSync(join(folder, 'changes', '999_extra', 'deploy.sql'), 'create table extra_table (id integer);\n');
    expect((await migrateUp(client, { schema, sqlFolder: folder })).changes).toEqual(['999_extra']);
  });

  it('waits for a locked table in short tries and gets through when the lock goes', async () => {
    await migrateUp(client, { schema });
    const folder = editableSql();
    addChange(folder, '999_extra', "comment on table iu_migration is 'x';\ncreate table extra_table (id integer);\n");
    const holder = await db.connect();
    await holder.query('begin; lock table iu_migration in access share mode');
    await holder.query('lock table iu_migration in share mode');
    const tries: string[] = [];
    const up = migrateUp(client, {
      schema,
      sqlFolder: folder,
      onProgress: ({ kind, subject }) => {
        if (kind !== 'retrying') return;
        tries.push(subject);
        if (tries.length === 2) void holder.query('commit');
      },
    });
    expect((await up).changes).toEqual(['999_extra']);
    expect(tries).toContain('999_extra');
  });

  it('gives up on a lock with a code of its own', async () => {
    await migrateUp(client, { schema });
    const folder = editableSql();
    addChange(folder, '999_extra', "comment on table iu_migration is 'x';\n");
    const holder = await db.connect();
    await holder.query('begin; lock table iu_migration in share mode');
    await expect(migrateUp(client, { schema, sqlFolder: folder, retrySeconds: 0 })).rejects.toMatchObject({
      code: 'IU812',
    });
  });

  it('names the backend that holds the installation when its patience ends', async () => {
    const holder = await db.connect();
    await holder.query('select pg_advisory_lock(hashtextextended($1, 0))', [`iu-core install ${schema}`]);
    const { pid } = (await holder.query('select pg_backend_pid() as pid')).rows[0];
    await expect(migrateUp(client, { schema, lockWaitSeconds: 0 })).rejects.toMatchObject({
      code: 'IU805',
      message: expect.stringContaining(`pid ${pid}`),
      details: { holderPid: pid },
    });
  });

  it('leaves no session lock behind, whether it succeeds or fails', async () => {
    await expect(migrateUp(client, { schema, to: '998_missing' })).rejects.toMatchObject({ code: 'IU809' });
    await migrateUp(client, { schema });
    expect(await advisoryLocks(client)).toBe(0);
  });

  it('refuses a schema in which PUBLIC may create and offers the way out', async () => {
    await client.query(`create schema open_to_all; grant create on schema open_to_all to public`);
    const refused = migrateUp(client, { schema: 'open_to_all' });
    await expect(refused).rejects.toMatchObject({
      code: 'IU803',
      hint: 'revoke create on schema "open_to_all" from public;',
    });
    await client.query('revoke create on schema "open_to_all" from public');
    expect((await migrateUp(client, { schema: 'open_to_all' })).changes).toEqual(names);
  });

  it('refuses a role without rights and names the grants it needs', async () => {
    const weak = await db.as();
    const error = await migrateUp(weak, { schema }).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'IU801', hint: expect.stringContaining('grant iu_owner to') });
    expect(await objectsIn(client, schema)).toEqual([]);
  });

  it('lets a role install that is no superuser, once it has what the refusal named', async () => {
    const weak = await db.as();
    const error: unknown = await migrateUp(weak, { schema }).catch((caught: unknown) => caught);
    const { needed } = (error as { details: { needed: string[] } }).details;
    for (const grant of needed) await client.query(grant);
    expect((await migrateUp(weak, { schema })).changes).toEqual(names);
    expect((await migrateVerify(weak, { schema })).failures).toEqual([]);
    const owned = await client.query(
      "select count(*)::int as strangers from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and relowner <> 'iu_owner'::regrole",
      [schema],
    );
    expect(owned.rows).toEqual([{ strangers: 0 }]);
    await client.query(
      `drop owned by ${(await weak.query('select quote_ident(session_user) as me')).rows[0].me} cascade`,
    );
  });

  it('installs into schemas of any name, side by side, with the same catalog', async () => {
    const schemas = ['first_schema', 'Second "Schema"'];
    for (const name of schemas) await migrateUp(client, { schema: name });
    const [first, second] = await Promise.all(schemas.map((name) => catalogOf(client, name)));
    expect(second).toEqual(first);
    for (const name of schemas) expect((await migrateVerify(client, { schema: name })).failures).toEqual([]);
  });
});

describe('migrate down', () => {
  it('takes everything back, and up again gives the identical catalog', async () => {
    await migrateUp(client, { schema });
    const before = await catalogOf(client, schema);
    expect((await migrateDown(client, { schema, steps: names.length })).changes).toEqual([...names].reverse());
    expect(await objectsIn(client, schema)).toEqual([]);
    await migrateUp(client, { schema });
    expect(await catalogOf(client, schema)).toEqual(before);
  });

  it('takes back each change alone and applies it again with the identical catalog', async () => {
    await migrateUp(client, { schema });
    const before = await catalogOf(client, schema);
    for (let stays = names.length - 2; stays >= 0; stays -= 1) {
      const to = names[stays] ?? '';
      expect((await migrateDown(client, { schema, to })).changes.at(-1)).toBe(names[stays + 1]);
      expect((await migrateVerify(client, { schema })).failures, `down to ${to}`).toEqual([]);
      await migrateUp(client, { schema });
      expect(await catalogOf(client, schema), `down to ${to} and up`).toEqual(before);
    }
  });

  it('prints in a dry run and changes nothing', async () => {
    await migrateUp(client, { schema });
    const before = await catalogOf(client, schema);
    const { sql, changes } = await migrateDown(client, { schema, steps: 2, dryRun: true });
    expect(changes).toEqual([...names].reverse().slice(0, 2));
    expect(sql).toContain('drop ');
    expect(await catalogOf(client, schema)).toEqual(before);
  });

  it('refuses with an open gate in the way, changes nothing, and writes the refusal down', async () => {
    await migrateUp(client, { schema, to: '002_control' });
    await client.query(
      "update dot_config set value = 'true', reason = 'test' where key = 'iu_core.routes_master_enabled'",
    );
    const before = await catalogOf(client, schema);
    await expect(migrateDown(client, { schema })).rejects.toMatchObject({
      code: 'IU810',
      message: expect.stringContaining('iu_core.routes_master_enabled'),
    });
    expect(await catalogOf(client, schema)).toEqual(before);
    const log = await client.query("select change, error_code from iu_migration_log where action = 'rollback'");
    expect(log.rows).toEqual([{ change: '002_control', error_code: 'IU810' }]);
  });

  it('keeps the registry while another change is installed', async () => {
    await migrateUp(client, { schema, to: '002_control' });
    await client.query('begin; set local role iu_owner');
    const registry = loadChanges()[0]?.rollback.text ?? '';
    await expect(client.query(registry)).rejects.toMatchObject({ code: 'IU811' });
    await client.query('rollback');
  });
});

describe('the migration log', () => {
  it.each([
    ['update', "update iu_migration_log set done_by = 'me'"],
    ['delete', 'delete from iu_migration_log'],
    ['truncate', 'truncate iu_migration_log'],
  ])('refuses %s even from a superuser, triggers switched off or not', async (_, sql) => {
    await migrateUp(client, { schema, to: '001_registry' });
    await expect(client.query(sql)).rejects.toMatchObject({ code: 'IU819' });
    await client.query('set session_replication_role = replica');
    await expect(client.query(sql)).rejects.toMatchObject({ code: 'IU819' });
  });
});

describe('uninstall', () => {
  const event = "select fn_iu_emit('iu', 'unit_created', 'information_unit', 'x', '{}', 'a/b', 'tester')";

  it('leaves an empty schema and no right behind', async () => {
    await migrateUp(client, { schema });
    const result = await uninstall(client, { schema, keepRoles: true });
    expect(result.changes).toEqual([...names].reverse());
    expect(await objectsIn(client, schema)).toEqual([]);
    const left = await client.query(
      "select (select count(*)::int from pg_default_acl) as defaults, (select count(*)::int from pg_namespace where nspacl::text ~ 'iu_') as schemas",
    );
    expect(left.rows).toEqual([{ defaults: 0, schemas: 0 }]);
    await migrateUp(client, { schema });
    expect((await migrateVerify(client, { schema })).ok).toBe(true);
  });

  it('drops a schema that it created', async () => {
    await migrateUp(client, { schema: 'made_here' });
    await uninstall(client, { schema: 'made_here', keepRoles: true });
    expect((await client.query("select 1 from pg_namespace where nspname = 'made_here'")).rows).toEqual([]);
  });

  it('is not refused by the evidence of the backup that it demands, or of going without one; by any other it is', async () => {
    await migrateUp(client, { schema });
    for (const kind of ['backup', 'backup_waived'])
      await client.query('select fn_iu_evidence_record($1, true)', [kind]);
    expect((await uninstall(client, { schema, dryRun: true })).inTheWay).toEqual([]);
    await client.query("select fn_iu_evidence_record('drift', true)");
    const { inTheWay } = await uninstall(client, { schema, dryRun: true });
    expect(inTheWay).toMatchObject([{ change: '010_going_live', code: 'IU811', needsDiscard: true }]);
    expect(inTheWay[0]?.message).toContain('1 rows of evidence');
  });

  it('is refused by rows as a whole, and with the rows named takes them along', async () => {
    await migrateUp(client, { schema });
    const before = await catalogOf(client, schema);
    await client.query(event);
    await expect(uninstall(client, { schema, keepRoles: true })).rejects.toMatchObject({
      code: 'IU811',
      hint: expect.stringContaining('iu uninstall --discard-data --yes'),
    });
    expect(await catalogOf(client, schema)).toEqual(before);
    const preview = await uninstall(client, { schema, dryRun: true });
    expect(preview.rows).toContainEqual({ table: 'event_outbox', rows: '1' });
    expect(await catalogOf(client, schema)).toEqual(before);
    await uninstall(client, { schema, keepRoles: true, discardData: true });
    expect(await objectsIn(client, schema)).toEqual([]);
  });

  it('takes along what the guards of later changes hold in tables of earlier ones, when rows may go', async () => {
    await migrateUp(client, { schema });
    await useInstallation(db);
    const counts = await client.query(
      'select (select count(*)::int from iu_route_approval) as approvals, (select count(*)::int from iu_route_delivery) as waiting',
    );
    expect(counts.rows).toEqual([{ approvals: 1, waiting: 1 }]);
    await expect(uninstall(client, { schema, keepRoles: true })).rejects.toMatchObject({ code: 'IU811' });
    await uninstall(client, { schema, keepRoles: true, discardData: true });
    expect(await objectsIn(client, schema)).toEqual([]);
  });

  it('is refused by an open gate even when rows may go', async () => {
    await migrateUp(client, { schema });
    await client.query(event);
    await client.query(
      "update dot_config set value = 'true', reason = 'test' where key = 'iu_core.routes_master_enabled'",
    );
    const before = await catalogOf(client, schema);
    const refused = uninstall(client, { schema, keepRoles: true, discardData: true });
    await expect(refused).rejects.toMatchObject({ code: 'IU810' });
    expect(await catalogOf(client, schema)).toEqual(before);
    expect((await client.query('select count(*)::int as events from event_outbox')).rows).toEqual([{ events: 1 }]);
  });
});
