import type { Queryable } from './listing.js';
import { quoteIdentifier } from './session.js';

/** What the precheck has to know of the server and of the database, whatever is installed there. */
export interface PlaceFacts {
  readonly version: number;
  readonly host: string;
  readonly database: string;
  readonly role: string;
  readonly login: string;
  readonly in_recovery: boolean;
  readonly read_only: boolean;
  readonly system_identifier: string;
  readonly database_oid: string;
  readonly encoding: string;
  readonly log_exists: boolean;
  readonly log_owner: string | null;
  readonly log_owner_logs_in: boolean;
  readonly installed: boolean;
  /** Unique indexes of the log that hold neither its number nor its id: they refuse or swallow later events. */
  readonly swallowing_indexes: readonly string[];
}

const placeText = `select current_setting('server_version_num')::int as version,
  coalesce(host(inet_server_addr()) || ':' || inet_server_port(), 'socket ' || current_setting('port')) as host,
  current_database()::text as database, current_user::text as role, session_user::text as login,
  pg_is_in_recovery() as in_recovery, current_setting('transaction_read_only') = 'on' as read_only,
  (select system_identifier::text from pg_control_system()) as system_identifier,
  (select oid::text from pg_database where datname = current_database()) as database_oid,
  current_setting('server_encoding') as encoding, log.oid is not null as log_exists, pg_get_userbyid(log.relowner)::text as log_owner,
  coalesce((select rolcanlogin from pg_roles where oid = log.relowner), false) as log_owner_logs_in,
  to_regclass($1 || '.iu_migration') is not null as installed,
  array(select i.indexrelid::regclass::text from pg_index i
         where i.indrelid = log.oid and i.indisunique
           and not exists (select from pg_attribute a where a.attrelid = log.oid and a.attname in ('seq', 'id')
                              and a.attnum = any (i.indkey))
         order by 1) as swallowing_indexes
  from (values (1)) as one left join pg_class log on log.oid = to_regclass($1 || '.event_outbox')`;

/** Facts of the place; `schema` quoted as an identifier. Reads only. */
export async function readPlaceFacts(database: Queryable, quotedSchema: string): Promise<PlaceFacts> {
  return (await database.query<PlaceFacts>(placeText, [quotedSchema])).rows[0] as PlaceFacts;
}

/** What stands between an event and a target, and what turns it off. */
export interface SafetyFacts {
  /** Gates that have exactly one well-formed row. */
  readonly gates: Readonly<Record<string, boolean>>;
  readonly gates_malformed: readonly string[];
  /** Routes that could send although nobody approved them. */
  readonly live_without_approval: readonly string[];
  readonly live_routes: number;
  readonly may_disable: boolean;
  readonly capture_triggers: number;
  readonly delivery_waiting: string;
}

const safetyText = `select
  (select jsonb_object_agg(g.key, fn_iu_gate_open(g.key)) from unnest($1::text[]) g(key)) as gates,
  array(select g.key from unnest($1::text[]) g(key)
         where (select count(*) from dot_config d where d.key = g.key and d.value in ('true', 'false')) <> 1 order by 1) as gates_malformed,
  array(select route_code from iu_outbound_route r
         where r.enabled and not r.dry_run and r.removed_at is null
           and fn_iu_route_approval_state(r.route_id, r.version, r.approval_id) <> 'valid' order by 1) as live_without_approval,
  (select count(*)::int from iu_outbound_route r where r.enabled and not r.dry_run and r.removed_at is null) as live_routes,
  has_function_privilege('fn_iu_ladder_disable(integer, text)', 'execute') as may_disable,
  (select count(*)::int from pg_trigger t where t.tgname in ('trg_iu_out_version', 'trg_iu_sql_in_iu_sql_link')
      and t.tgrelid in ('unit_version'::regclass, 'iu_sql_link'::regclass)) as capture_triggers,
  (select count(*)::text from iu_route_delivery) as delivery_waiting`;

/** Gates that the ladder closes. */
const ladderGates = [
  'iu_core.routes_master_enabled',
  'iu_core.route_worker_enabled',
  'iu_core.delivery_enabled',
] as const;

/** Gates, live routes and the way to disable, in an installed database. Reads only. */
export async function readSafetyFacts(database: Queryable): Promise<SafetyFacts> {
  const row = (await database.query(safetyText, [ladderGates])).rows[0];
  return { ...row, gates: typeof row.gates === 'string' ? JSON.parse(row.gates) : row.gates };
}

/** The name of this installation and the cluster it was claimed for. */
export interface ClaimFacts {
  readonly name: string | null;
  readonly claimed_for: string | null;
}

export async function readClaim(database: Queryable): Promise<ClaimFacts> {
  const text = `select (select value from dot_config where key = 'iu_core.deployment') as name,
    (select system_identifier from iu_deployment order by claim_id desc limit 1) as claimed_for`;
  return (await database.query<ClaimFacts>(text)).rows[0] as ClaimFacts;
}

/** Tables whose rows cannot be made again, the most telling first. */
const keptTables = [
  'event_outbox',
  'information_unit',
  'iu_route_attempt',
  'iu_source_pin',
  'iu_structure_operation',
  'iu_evidence',
] as const;

/** The first table that holds rows which cannot be made again; null where none does. */
export async function readKeptRows(database: Queryable, schema: string): Promise<string | null> {
  for (const table of keptTables) {
    const name = `${quoteIdentifier(schema)}.${table}`;
    const there = (await database.query('select to_regclass($1) is not null as there', [name])).rows[0].there;
    if (!there) continue;
    const allowed = (await database.query("select has_table_privilege($1, 'select') as allowed", [name])).rows[0]
      .allowed;
    // what cannot be looked at may hold rows
    if (!allowed || (await database.query(`select exists (select from ${name}) as found`)).rows[0].found) return table;
  }
  return null;
}
