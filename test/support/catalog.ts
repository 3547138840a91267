import { cpSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClientBase } from 'pg';
import pg from 'pg';
import { sqlRoot } from '../../src/install/migrate/index.js';

/** A row of fn_iu_catalog_fingerprint(). */
export interface Fingerprint {
  readonly kind: string;
  readonly identity: string;
  readonly fingerprint: string;
}

/** The whole catalog of an installation, comparable with toEqual. */
export async function catalogOf(client: ClientBase, schema: string): Promise<Fingerprint[]> {
  return (await client.query<Fingerprint>(`select * from ${pg.escapeIdentifier(schema)}.fn_iu_catalog_fingerprint()`))
    .rows;
}

/** Names of everything that lies in a schema; empty when the schema is empty or missing. */
export async function objectsIn(client: ClientBase, schema: string): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select c.relname::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1
     union all select p.proname from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname = $1
     union all select t.typname from pg_type t join pg_namespace n on n.oid = t.typnamespace where n.nspname = $1
     order by 1`,
    [schema],
  );
  return rows.map((row) => row.name);
}

/** Sessions hold nothing and nobody waits: what a test of locks leaves behind. */
export async function advisoryLocks(client: ClientBase): Promise<number> {
  const sql = `select count(*)::int as count from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`;
  return (await client.query(sql)).rows[0].count;
}

/** A copy of sql/ that a test may edit. */
export function copyOfSql(): string {
  const folder = mkdtempSync(join(tmpdir(), 'iu-core-sql-'));
  cpSync(sqlRoot, folder, { recursive: true });
  return folder;
}
