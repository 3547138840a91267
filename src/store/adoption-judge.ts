import { type ClientBase, escapeIdentifier } from 'pg';
import type { AdoptionStatements } from './adoption-sql.js';

/** Gates that stand open. */
export function openGatesText(schema: string): string {
  return `select key from ${escapeIdentifier(schema)}.dot_config where value = 'true' and key in ('iu_core.routes_master_enabled',
    'iu_core.route_worker_enabled', 'iu_core.delivery_enabled', 'iu_core.structure_ops_enabled', 'iu_core.autocut_enabled') order by key`;
}

/** Rows of a table; dedupe keys that stand for a unique rule do not count where that comes back. $1 what such keys begin with. */
export function countRecordsText(schema: string, table: string): string {
  const kept =
    table === 'iu_event_dedupe'
      ? 'not exists (select from unnest($1::text[]) prefix where starts_with(dedupe_key, prefix))'
      : '$1::text[] is not null';
  return `select count(*)::text as rows from ${escapeIdentifier(schema)}.${escapeIdentifier(table)} where ${kept}`;
}

/** Groups of rows that the unique rule of a way back would refuse; undefined where none comes back. */
export function countDoublesText(schema: string, back: AdoptionStatements['back']): string | undefined {
  const rule = back.flat().find(({ formerRule }) => formerRule !== undefined)?.formerRule;
  if (rule === undefined) return undefined;
  const columns = rule.columns.map(escapeIdentifier);
  const where = [...columns.map((column) => `${column} is not null`), `(${rule.predicate ?? 'true'})`].join(' and ');
  return `select count(*)::text as rows from (
    select from ${escapeIdentifier(schema)}.event_outbox where ${where} group by ${columns.join(', ')} having count(*) > 1) d`;
}

/** Which of these tables iu_owner owns now. */
export async function tablesOfOwner(
  client: ClientBase,
  schema: string,
  tables: ReadonlySet<string>,
): Promise<string[]> {
  const text = `select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = $1 and c.relname = any ($2) and pg_get_userbyid(c.relowner) = 'iu_owner' order by 1`;
  return (await client.query(text, [schema, [...tables]])).rows.map(({ name }) => name);
}

/** One table, and no bound of a change to partitions stands on it. */
export async function logIsPlain(client: ClientBase, schema: string): Promise<boolean> {
  const text = `select form = 'plain' as plain from ${escapeIdentifier(schema)}.fn_iu_log_partition_state()`;
  return (await client.query(text)).rows[0].plain;
}
