import { type ClientBase, escapeIdentifier, escapeLiteral } from 'pg';

/** A row of iu_migration. */
export interface AppliedChange {
  readonly change: string;
  readonly deploySha256: string;
  readonly rollbackSha256: string;
  readonly verifySha256: string;
  readonly toolVersion: string;
  readonly appliedBy: string;
  readonly appliedAt: string;
  readonly durationMilliseconds: number;
}

/** Hashes that go into the registry with a change. */
export interface ChangeHashes {
  readonly name: string;
  readonly deploy: { readonly sha256: string };
  readonly rollback: { readonly sha256: string };
  readonly verify: { readonly sha256: string };
}

const elapsed = '(extract(epoch from clock_timestamp() - transaction_timestamp()) * 1000)::integer';

/** True when the registry of changes exists in the schema. */
export async function registryExists(client: ClientBase, schema: string): Promise<boolean> {
  const sql = 'select to_regclass($1) is not null as found';
  return (await client.query(sql, [`${escapeIdentifier(schema)}.iu_migration`])).rows[0].found;
}

/** What is applied, in order; nothing when there is no registry. */
export async function readAppliedChanges(client: ClientBase, schema: string): Promise<AppliedChange[]> {
  if (!(await registryExists(client, schema))) return [];
  const columns = `change, deploy_sha256 as "deploySha256", rollback_sha256 as "rollbackSha256", verify_sha256 as "verifySha256", tool_version as "toolVersion", applied_by as "appliedBy", applied_at::text as "appliedAt", duration_milliseconds as "durationMilliseconds"`;
  const sql = `select ${columns} from ${escapeIdentifier(schema)}.iu_migration order by change collate "C"`;
  return (await client.query<AppliedChange>(sql)).rows;
}

/** The statement that registers a change; its duration is measured by the server, so that a dry run prints the same text. */
export function registerChangeSql(change: ChangeHashes, toolVersion: string): string {
  const hashes = [change.deploy.sha256, change.rollback.sha256, change.verify.sha256].map(escapeLiteral).join(', ');
  return `insert into iu_migration (change, deploy_sha256, rollback_sha256, verify_sha256, tool_version, duration_milliseconds) values (${escapeLiteral(change.name)}, ${hashes}, ${escapeLiteral(toolVersion)}, ${elapsed})`;
}

/** The statement that takes a change out of the registry. */
export function forgetChangeSql(change: string): string {
  return `delete from iu_migration where change = ${escapeLiteral(change)}`;
}

/** The statement that writes a successful event into the log. */
export function logDoneSql(change: string, action: 'deploy' | 'rollback', toolVersion: string): string {
  return `insert into iu_migration_log (change, action, outcome, tool_version, duration_milliseconds) values (${escapeLiteral(change)}, '${action}', 'done', ${escapeLiteral(toolVersion)}, ${elapsed})`;
}

/** The statement that writes a failure into the log. */
export function logFailedSql(failure: {
  readonly change: string;
  readonly action: 'deploy' | 'rollback';
  readonly code: string;
  readonly place: string;
  readonly toolVersion: string;
  readonly milliseconds: number;
}): string {
  const values = [failure.change, failure.action, 'failed', failure.code, failure.place, failure.toolVersion];
  return `insert into iu_migration_log (change, action, outcome, error_code, error_place, tool_version, duration_milliseconds) values (${values.map(escapeLiteral).join(', ')}, ${Math.round(failure.milliseconds)})`;
}

/** The statements that begin a transaction of the installer. */
export function beginSql(schema: string, options: { asOwner: boolean; statementTimeout: string }): string[] {
  return [
    'begin',
    ...(options.asOwner ? ['set local role iu_owner'] : []),
    `set local search_path = ${escapeIdentifier(schema)}, pg_temp`,
    // 300 ms: behind a waiting ALTER TABLE every later reader waits too, so the wait must be short and is repeated
    `set local lock_timeout = '300ms'`,
    `set local statement_timeout = '${options.statementTimeout}'`,
  ];
}

/** The statement that sets a transaction-local setting of our own. */
export function setLocalSql(name: string, value: string): string {
  return `select set_config(${escapeLiteral(name)}, ${escapeLiteral(value)}, true)`;
}

/** Takes the installer's session lock if it is free. */
export async function tryInstallLock(client: ClientBase, key: string): Promise<boolean> {
  return (await client.query('select pg_try_advisory_lock(hashtextextended($1, 0)) as locked', [key])).rows[0].locked;
}

/** Gives the installer's session lock back. */
export async function releaseInstallLock(client: ClientBase, key: string): Promise<void> {
  await client.query('select pg_advisory_unlock(hashtextextended($1, 0))', [key]);
}

/** Backend that holds the installer's lock, or undefined. */
export async function installLockHolder(client: ClientBase, key: string): Promise<number | undefined> {
  const sql = `select pid from pg_locks where locktype = 'advisory' and granted and objsubid = 1 and database = (select oid from pg_database where datname = current_database()) and ((classid::bigint << 32) | objid::bigint) = hashtextextended($1, 0)`;
  return (await client.query(sql, [key])).rows[0]?.pid;
}

/** Rows of each table, in one statement; used before anything is discarded. */
export async function countRows(
  client: ClientBase,
  schema: string,
  tables: readonly string[],
): Promise<Map<string, string>> {
  const counts = new Map<string, string>();
  for (const table of tables) {
    const name = `${escapeIdentifier(schema)}.${escapeIdentifier(table)}`;
    const found = await client.query('select to_regclass($1) is not null as found', [name]);
    if (!found.rows[0].found) continue;
    counts.set(table, (await client.query(`select count(*)::text as rows from ${name}`)).rows[0].rows);
  }
  return counts;
}

/** Partitions of the log have a guard of their own. */
const openPartitions = `do $$ declare v_name regclass; begin
  for v_name in select relid from pg_partition_tree('event_outbox') where isleaf loop
    execute format('alter table %s disable trigger user', v_name);
  end loop; end $$`;

/** The statements that empty tables whose triggers refuse it; they are dropped in the same transaction. */
export function discardSql(tables: readonly string[]): string[] {
  const names = tables.map((table) => escapeIdentifier(table));
  return [
    ...(tables.includes('event_outbox') ? [openPartitions] : []),
    ...names.map((name) => `alter table ${name} disable trigger user`),
    ...(names.length > 0 ? [`truncate ${names.join(', ')}`] : []),
    setLocalSql('iu_core.discard', 'yes'),
  ];
}

/** Drops a role; false with the reason when something still needs it. */
export async function dropRole(client: ClientBase, role: string): Promise<{ dropped: boolean; reason?: string }> {
  try {
    await client.query(`drop role if exists ${escapeIdentifier(role)}`);
    return { dropped: true };
  } catch (error) {
    return { dropped: false, reason: error instanceof Error ? error.message : String(error) };
  }
}
