import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  loadChanges,
  type ManifestObject,
  migrateUp,
  migrateVerify,
  readManifest,
} from '../../src/install/migrate/index.js';
import { catalogOf } from '../support/catalog.js';
import { createEmptyDatabase, type TestDatabase } from '../support/database.js';

let db: TestDatabase;
let client: pg.Client;

/** Installed and not cloned: verify calls the cursors of a clone those of another cluster, and is right. */
async function createInstalledDatabase(): Promise<TestDatabase> {
  const installed = await createEmptyDatabase();
  await migrateUp(await installed.connect(), { schema: installed.schema });
  return installed;
}

beforeAll(async () => {
  db = await createInstalledDatabase();
  client = await db.connect();
});

afterAll(() => db.drop());

/** `table.part` of an identity, quoted. */
function parts(identity: string): { relation: string; part: string } {
  const [relation = '', part = ''] = identity.split('.');
  return { relation: pg.escapeIdentifier(relation), part: pg.escapeIdentifier(part) };
}

/** Gives a function another body, everything else as it was. */
const otherBody = (signature: string) => `do $damage$ declare v_old text; v_source text; begin
  select pg_get_functiondef(oid), prosrc into v_old, v_source from pg_proc where oid = ${pg.escapeLiteral(signature)}::regprocedure;
  execute replace(v_old, v_source, v_source || E'\\n'); end $damage$`;

const otherView = (name: string) => `do $damage$ begin
  execute 'create or replace view ${name} as select * from (' || rtrim(pg_get_viewdef(${pg.escapeLiteral(name)}::regclass), ';') || ') q where false';
end $damage$`;

/** How an object of each kind is damaged: one way each, two or more where it can go in different ways. `gone` is a name that is free. */
const damages: Record<string, readonly ((object: ManifestObject, gone: string) => string)[]> = {
  table: [
    ({ identity }, gone) => `alter table ${identity} rename to ${gone}`,
    ({ identity }) => `alter table ${identity} enable row level security`,
  ],
  column: [
    ({ identity }, gone) => `alter table ${parts(identity).relation} rename column ${parts(identity).part} to ${gone}`,
    ({ identity }) =>
      `update pg_attribute set attnotnull = not attnotnull where attrelid = '${parts(identity).relation}'::regclass and attname = '${identity.split('.')[1]}'`,
  ],
  constraint: [
    ({ identity }, gone) =>
      `alter table ${parts(identity).relation} rename constraint ${parts(identity).part} to ${gone}`,
    ({ identity }) =>
      `update pg_constraint set convalidated = false where conrelid = '${parts(identity).relation}'::regclass and conname = '${identity.split('.')[1]}'`,
  ],
  index: [
    ({ identity }, gone) => `alter index ${identity} rename to ${gone}`,
    ({ identity }) => `update pg_index set indisvalid = false where indexrelid = '${identity}'::regclass`,
  ],
  trigger: [
    ({ identity }) => `alter table ${parts(identity).relation} disable trigger ${parts(identity).part}`,
    ({ identity }) => `drop trigger ${parts(identity).part} on ${parts(identity).relation}`,
  ],
  view: [
    ({ identity }) => otherView(identity),
    ({ identity }) => `alter view ${identity} set (security_barrier = true)`,
  ],
  sequence: [
    ({ identity }) => `alter sequence ${identity} cache 7`,
    ({ identity }) => `alter sequence ${identity} increment 3`,
  ],
  type: [({ identity }, gone) => `alter type ${identity} rename to ${gone}`],
  function: [
    ({ identity }) => otherBody(identity),
    ({ identity }) => `alter routine ${identity} set search_path = pg_catalog`,
    ({ identity }) => `alter routine ${identity} owner to postgres`,
  ],
};

/** What stands in no other definition: an object of another kind is not damaged with it. */
const standingAlone = new Set(['view', 'sequence', 'function']);

/** The function that finds the damage; it can find nothing but its own. */
const judge = 'fn_iu_catalog_fingerprint()';

/** Every kind of object of every change with every way to damage it; the judge apart. */
function batches(): { objects: ManifestObject[]; way: number }[] {
  const together = new Map<string, ManifestObject[]>();
  for (const object of readManifest()) {
    const key = [object.change, object.kind, ...(object.identity === judge ? [judge] : [])].join(' ');
    together.set(key, [...(together.get(key) ?? []), object]);
  }
  return [...together.values()].flatMap((objects) =>
    (damages[objects[0]?.kind ?? ''] ?? []).map((_, way) => ({ objects, way })),
  );
}

describe('verify', () => {
  it('names every object of the manifest when it is damaged, in each way it can be', { timeout: 600_000 }, async () => {
    const blocks = new Map(
      loadChanges().map((change) => [change.name, change.verify.text.split('-- >>> generated: objects')[1] ?? '']),
    );
    let damaged = 0;
    await client.query(`begin; set local search_path = ${pg.escapeIdentifier(db.schema)}, pg_temp`);
    for (const { objects, way } of batches()) {
      const { kind, change, identity } = objects[0] as ManifestObject;
      await client.query('savepoint whole');
      for (const [at, object] of objects.entries())
        await client.query(damages[kind]?.[way]?.(object, `gone_${at}`) ?? '');
      damaged += objects.length;
      const said = await client.query(blocks.get(change) ?? '').then(
        () => 'nothing',
        (error: { code?: string; detail?: string }) => `${error.code}\n${error.detail}`,
      );
      const [code, ...lines] = said.split('\n');
      const named = lines.map((line) => line.replace(/ (is missing|was changed)$/, ''));
      const expected = objects.map((object) => `${object.kind} ${object.identity}`).sort();
      const seen =
        standingAlone.has(kind) && identity !== judge ? named : named.filter((name) => expected.includes(name));
      expect({ code, named: seen.sort() }, `${change}, ${kind}, way ${way}`).toEqual({
        code: 'IU830',
        named: expected,
      });
      await client.query('rollback to savepoint whole');
    }
    await client.query('rollback');
    expect(damaged).toBeGreaterThan(readManifest().length);
  });

  it('knows a way to damage every kind of object there is', async () => {
    const kinds = new Set((await catalogOf(client, db.schema)).map((row) => row.kind));
    kinds.delete('grant');
    expect([...kinds].filter((kind) => damages[kind] === undefined)).toEqual([]);
  });

  it('knows every object that an installation has', async () => {
    const known = readManifest().map(({ kind, identity, fingerprint }) => ({ kind, identity, fingerprint }));
    const found = (await catalogOf(client, db.schema)).filter((row) => row.kind !== 'grant');
    const order = (row: { kind: string; identity: string }) => `${row.kind} ${row.identity}`;
    const sorted = (rows: typeof found) => [...rows].sort((a, b) => (order(a) < order(b) ? -1 : 1));
    expect(sorted(found)).toEqual(sorted(known));
  });

  it('finds nothing in a schema whose name stands in texts of ours', async () => {
    const other = await createEmptyDatabase();
    const session = await other.connect();
    await session.query('create schema iu');
    await migrateUp(session, { schema: 'iu' });
    expect((await migrateVerify(session, { schema: 'iu' })).failures).toEqual([]);
    await other.drop();
  });

  it('writes every rule as it is written again by a restore, so a restored copy is no damage', async () => {
    const { rows } = await client.query<{ place: string; name: string; rule: string }>(
      `select conrelid::regclass::text as place, conname as name, pg_get_constraintdef(oid) as rule from pg_constraint
        where connamespace = $1::regnamespace and contype = 'c' and conrelid <> 0`,
      [pg.escapeIdentifier(db.schema)],
    );
    expect(rows.length).toBeGreaterThan(50);
    await client.query(`begin; set local search_path = ${pg.escapeIdentifier(db.schema)}, pg_temp`);
    const again: string[] = [];
    for (const { place, rule } of rows) {
      await client.query(`alter table ${place} add constraint written_again ${rule}`);
      const read = `select pg_get_constraintdef(oid) as rule from pg_constraint where conname = 'written_again'`;
      again.push((await client.query(read)).rows[0].rule);
      await client.query(`alter table ${place} drop constraint written_again`);
    }
    await client.query('rollback');
    const differs = rows.filter(({ rule }, at) => rule !== again[at]);
    expect(differs.map(({ place, name }) => `${place}.${name}`)).toEqual([]);
  });

  it('names every grant that is lost', { timeout: 300_000 }, async () => {
    const { rows } = await client.query<{ revoke: string; says: string }>(
      `select format('revoke %s on %s %s from %s', a.privilege_type, g.kind, g.name, a.grantee::regrole) as revoke,
              format('%s lost %s on %s %s', a.grantee::regrole, lower(a.privilege_type), g.kind, g.name) as says
         from (select 'table' as kind, c.relname::text as name, c.relowner as owner, c.relacl as acl
                 from pg_class c where relnamespace = $1::regnamespace and relkind in ('r', 'p', 'v', 'S')
               union all
               select case p.prokind when 'p' then 'procedure' else 'function' end, p.oid::regprocedure::text, p.proowner, p.proacl
                 from pg_proc p where pronamespace = $1::regnamespace) g,
              aclexplode(g.acl) a
        where a.grantee <> g.owner`,
      [pg.escapeIdentifier(db.schema)],
    );
    expect(rows.length).toBeGreaterThan(10);
    expect((await migrateVerify(client, { schema: db.schema })).failures).toEqual([]);
    for (const row of rows) await client.query(row.revoke);
    const { failures } = await migrateVerify(client, { schema: db.schema });
    expect(failures.map((failure) => `${failure.subject} ${failure.code}`)).toEqual(['grants IU831']);
    expect([...(failures[0]?.objects ?? [])].sort()).toEqual(rows.map((row) => row.says).sort());
    await migrateUp(client, { schema: db.schema });
    expect((await migrateVerify(client, { schema: db.schema })).failures).toEqual([]);
  });

  it('names a right that nobody granted, and migrate up takes it back', async () => {
    await client.query(
      'grant execute on function fn_iu_catalog_fingerprint() to public; grant insert on iu_migration to iu_worker',
    );
    const { failures } = await migrateVerify(client, { schema: db.schema });
    expect(failures.flatMap((failure) => failure.objects)).toEqual([
      'public has execute on function fn_iu_catalog_fingerprint(), which nobody granted',
      'iu_worker has insert on table iu_migration, which nobody granted',
    ]);
    await migrateUp(client, { schema: db.schema });
    expect((await migrateVerify(client, { schema: db.schema })).failures).toEqual([]);
  });

  it('reports the damage of several changes at once, not only the first', async () => {
    const other = await createInstalledDatabase();
    const session = await other.connect();
    await session.query(
      'alter table iu_migration_log disable trigger trg_iu_migration_log_guard; drop function fn_iu_gate_set(text, boolean, text, integer)',
    );
    const { failures } = await migrateVerify(session, { schema: other.schema });
    expect(failures.map((failure) => failure.subject)).toEqual(expect.arrayContaining(['001_registry', '002_control']));
    await other.drop();
  });

  it('says so when the function that judges everything else is gone', async () => {
    const other = await createInstalledDatabase();
    const session = await other.connect();
    await session.query('drop function fn_iu_catalog_fingerprint()');
    const { failures } = await migrateVerify(session, { schema: other.schema });
    expect(failures[0]).toMatchObject({ subject: '001_registry', code: 'IU830' });
    await other.drop();
  });
});
