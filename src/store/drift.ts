import type { ClientBase } from 'pg';
import type { Survey } from '../contract/adoption/survey.js';
import { isoTime, type Queryable } from './listing.js';
import { countRows } from './migration.js';

/** An object of the schema as it is. */
export interface LiveObject {
  readonly kind: string;
  readonly identity: string;
  readonly fingerprint: string;
}

/** Everything that lies in the schema, with what decides how it behaves. Rights are judged elsewhere. */
export async function readLiveObjects(database: Queryable): Promise<LiveObject[]> {
  const text =
    "select kind, identity, fingerprint from fn_iu_catalog_fingerprint() where kind not in ('grant', 'partition')";
  return (await database.query<LiveObject>(text)).rows;
}

/** Counts, gates and routes as they are. Large tables are counted too: a survey is made now and then. */
export async function readSurvey(client: ClientBase, schema: string, tables: readonly string[]): Promise<Survey> {
  const rows = Object.fromEntries(await countRows(client, schema, tables));
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
