import type { ClientBase } from 'pg';
import { prunedOthers, type Survey } from '../contract/adoption/survey.js';
import type { FnIuCatalogFingerprintRow } from './catalog.generated.js';
import { isoTime, type Queryable } from './listing.js';
import { countRows } from './migration.js';
import type { Columns } from './rows.js';

/** An object of the schema as it is. */
export type LiveObject = Columns<FnIuCatalogFingerprintRow, 'kind' | 'identity' | 'fingerprint'>;

/** Everything that lies in the schema, with what decides how it behaves. Rights are judged elsewhere. */
export async function readLiveObjects(database: Queryable): Promise<LiveObject[]> {
  const text =
    "select kind, identity, fingerprint from fn_iu_catalog_fingerprint() where kind not in ('grant', 'partition')";
  return (await database.query<LiveObject>(text)).rows;
}

/** What prunes have taken out, from what they wrote down; nothing where no prune is installed. */
async function prunedRows(client: ClientBase): Promise<ReadonlyMap<string, string>> {
  const { rows } = await client.query("select to_regclass('iu_pruned_event') is not null as there");
  if (!rows[0].there) return new Map();
  const text = `select 'event_outbox' as name, coalesce(sum(events), 0)::text as rows from iu_pruned_event
    union all select 'iu_route_attempt', coalesce(sum(attempts), 0)::text from iu_pruned_attempt
    union all select $1, coalesce(sum(others), 0)::text from iu_prune_run`;
  return new Map((await client.query(text, [prunedOthers])).rows.map((row) => [row.name, row.rows]));
}

/**
 * Counts, gates and routes as they are, what was pruned included; in one snapshot, because a prune may be running. Large tables are counted
 * too: a survey is made now and then.
 */
export async function readSurvey(client: ClientBase, schema: string, tables: readonly string[]): Promise<Survey> {
  await client.query('begin isolation level repeatable read read only');
  try {
    return await surveyOf(client, schema, tables);
  } finally {
    await client.query('rollback');
  }
}

async function surveyOf(client: ClientBase, schema: string, tables: readonly string[]): Promise<Survey> {
  // a table that this role may not read is none of its survey
  const readable = await client.query(
    "select name from unnest($1::text[]) name where has_table_privilege(to_regclass(quote_ident(name)), 'select')",
    [tables],
  );
  const counts = await countRows(
    client,
    schema,
    readable.rows.map(({ name }) => name),
  );
  for (const [name, pruned] of await prunedRows(client)) {
    const counted = counts.get(name) ?? (name === prunedOthers ? '0' : undefined);
    if (counted !== undefined) counts.set(name, String(BigInt(counted) + BigInt(pruned)));
  }
  const rows = Object.fromEntries(counts);
  const named = async (text: string): Promise<Record<string, string>> =>
    Object.fromEntries((await client.query(text)).rows.map((row) => [row.name, row.value]));
  const gates = await named(
    `select key as name, coalesce(value, 'null') as value from dot_config
      where key like 'iu\\_core.%' and key not like '%deployment' order by key`,
  );
  // more routes than this would not fit into one piece of evidence; beyond it one hash stands for all
  const many = (await client.query('select count(*) > 500 as many from iu_outbound_route')).rows[0].many;
  const state = `concat_ws(' ', 'version', version, case when removed_at is not null then 'removed' when not enabled then 'disabled'
    when dry_run then 'dry-run' else 'live' end)`;
  const routes = await named(
    many
      ? `select 'all routes' as name, encode(sha256(convert_to(string_agg(route_code || ' ' || ${state}, ',' order by route_code), 'UTF8')), 'hex') as value from iu_outbound_route`
      : `select route_code as name, ${state} as value from iu_outbound_route order by route_code`,
  );
  return { rows, gates, routes };
}

/** A survey with when and by whom it was recorded. */
export interface RecordedSurvey {
  readonly evidenceId: string;
  readonly recordedAt: string;
  readonly recordedBy: string;
  readonly survey: Survey;
}

/** The newest survey of this database; undefined where none was recorded. */
export async function readLastSurvey(database: Queryable): Promise<RecordedSurvey | undefined> {
  const text = `select evidence_id::text as id, recorded_at::text as at, recorded_by::text as by, detail::text as detail
    from iu_evidence where kind = 'survey' order by evidence_id desc limit 1`;
  const row = (await database.query(text)).rows[0];
  if (row === undefined) return undefined;
  return { evidenceId: row.id, recordedAt: isoTime(row.at), recordedBy: row.by, survey: JSON.parse(row.detail) };
}
