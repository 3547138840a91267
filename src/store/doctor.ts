import type pg from 'pg';
import type {
  ApprovalFact,
  CursorState,
  DoctorFacts,
  FlowState,
  GateState,
  HealthReasonFact,
  OpenTransaction,
  PreparedTransaction,
  ProcessState,
  ReplicationSlot,
  RoleState,
  ServerState,
  SettingState,
  TableState,
  UnopenedFact,
  WatchdogState,
} from '../contract/operate/doctor-facts.js';
import { readServerFacts, requireInstalled } from './door.js';
import { errorCode } from './failure.js';
import { listGates } from './gates.js';
import { healthReasons, registeredWorkers } from './health.js';
import { deploymentStanding } from './targets.js';

/** What is asked of `readDoctorFacts` beyond the database. */
export interface DoctorQuestion {
  readonly schema: string;
  /** IU_DEPLOYMENT of this process; null = none. */
  readonly deployment: string | null;
  /** Clock of this host in milliseconds since 1970. */
  readonly now: () => number;
}

/** Facts besides the one that needs connections of its own. */
export type ReadFacts = Omit<DoctorFacts, 'sessionShared'>;

/** Reads every part by itself: one that this role may not see, or that is not installed yet, hides no other. */
export async function readDoctorFacts(client: pg.ClientBase, question: DoctorQuestion): Promise<ReadFacts> {
  const blind: { part: string; sqlState: string }[] = [];
  const part = async <Value>(name: string, read: () => Promise<Value>, otherwise: Value): Promise<Value> => {
    try {
      return await read();
    } catch (error) {
      const sqlState = errorCode(error) ?? '';
      // Only what the server refuses: a lost connection is the failure of everything.
      if (!/^[0-9A-Z]{5}$/.test(sqlState) || sqlState.startsWith('08') || sqlState.startsWith('57')) throw error;
      blind.push({ part: name, sqlState });
      return otherwise;
    }
  };
  const server = await readServer(client);
  const role = await readRole(client, question.schema);
  const clockSkewMilliseconds = await readClockSkew(client, question.now);
  const openTransactions = await part('open transactions', () => readOpenTransactions(client, role), []);
  const preparedTransactions = await part('prepared transactions', () => readPrepared(client), []);
  const slots = await part('replication slots', () => readSlots(client), []);
  const tables = await part('tables', () => readTables(client, question.schema), []);
  const gates = await part('gates', () => readGates(client), []);
  const settings = await part('settings', () => readSettings(client), []);
  const healthReasons = server.inRecovery ? [] : await part('health', () => readHealth(client), []);
  const cursors = await part('cursors', () => readCursors(client), []);
  const processes = await part('workers', () => readProcesses(client), []);
  const flows = await part('routes', () => readFlows(client), []);
  const unopened = await part('targets', () => readUnopened(client), []);
  const approvals = await part('approvals', () => readApprovals(client), []);
  const delivery = await part('deployment', () => readDelivery(client, question.deployment, server), {
    hold: null,
    ownName: question.deployment,
    liveRoutes: 0,
    promoted: null,
  });
  const watchdogs = await part('watchdogs', () => readWatchdogs(client), []);
  return {
    ...{ server, role, clockSkewMilliseconds, openTransactions, preparedTransactions, slots, tables, gates, settings },
    ...{ healthReasons, cursors, processes, flows, unopened, approvals, delivery, watchdogs, blind },
  };
}

async function readSettings(client: pg.ClientBase): Promise<SettingState[]> {
  const text = `select key, value from dot_config where key like 'iu\\_core.%' order by key`;
  return (await client.query(text)).rows;
}

async function readServer(client: pg.ClientBase): Promise<ServerState> {
  const { rows } = await client.query(
    `select pg_is_in_recovery() as "inRecovery", current_setting('transaction_read_only') = 'on' as "readOnly",
       current_setting('synchronous_commit') as "synchronousCommit", current_setting('fsync') = 'on' as fsync,
       current_setting('autovacuum') = 'on' and current_setting('track_counts') = 'on' as autovacuum,
       (select count(*)::integer from pg_stat_activity where backend_type = 'client backend') as connections,
       current_setting('max_connections')::integer - current_setting('superuser_reserved_connections')::integer as "mostConnections",
       age(datfrozenxid) as "transactionAge", mxid_age(datminmxid) as "multixactAge"
     from pg_database where datname = current_database()`,
  );
  return { ...rows[0], hasPgCron: await hasPgCron(client) };
}

/** A setting that only `pg_read_all_settings` may see: that it is refused says that it is there. */
async function hasPgCron(client: pg.ClientBase): Promise<boolean> {
  try {
    return (await client.query("select current_setting('cron.database_name', true) is not null as there")).rows[0]
      .there;
  } catch (error) {
    if (errorCode(error) === '42501') return true;
    throw error;
  }
}

/** What a login of a group role has to be able to run; the whole list is in sql/roles/grants.sql. */
const neededFunctions: Readonly<Record<string, readonly string[]>> = {
  iu_worker: [
    'fn_iu_route_worker_run',
    'fn_iu_route_worker_heartbeat',
    'fn_iu_delivery_claim',
    'fn_iu_delivery_settle',
  ],
  iu_operator: ['fn_iu_gate_set', 'fn_iu_ladder_disable', 'fn_iu_route_dead_letter_replay', 'fn_iu_evidence_record'],
  iu_approver: ['fn_iu_route_approve', 'fn_iu_route_back_to_dry_run'],
  iu_emitter: ['fn_iu_emit'],
  iu_reader: ['fn_iu_route_worker_health', 'fn_iu_blockers'],
};

async function readRole(client: pg.ClientBase, schema: string): Promise<RoleState> {
  const facts = await readServerFacts(client, schema);
  requireInstalled(facts, schema);
  const pairs = Object.entries(neededFunctions)
    .filter(([role]) => facts.memberOf.includes(role))
    .flatMap(([role, names]) => names.map((name) => [role, name] as const));
  const { rows } = await client.query(
    `select pg_has_role('pg_read_all_stats', 'usage') as sees,
       (select coalesce(array_agg(format('%s: %s', w.role, w.name) order by w.role, w.name), '{}')
          from unnest($1::text[], $2::text[]) as w (role, name)
         where not exists (select from pg_proc p join pg_namespace n on n.oid = p.pronamespace
                            where n.nspname = $3 and p.proname = w.name and has_function_privilege(current_user, p.oid, 'execute'))) as missing`,
    [pairs.map(([role]) => role), pairs.map(([, name]) => name), schema],
  );
  return {
    name: facts.roleName,
    memberOf: facts.memberOf,
    isSuperuser: facts.isSuperuser,
    seesAllSessions: facts.isSuperuser || rows[0].sees,
    missing: rows[0].missing,
  };
}

/** Of three readings the one with the shortest way: its error is half of that. */
async function readClockSkew(client: pg.ClientBase, now: () => number): Promise<number> {
  let best = { way: Number.POSITIVE_INFINITY, skew: 0 };
  for (let reading = 0; reading < 3; reading += 1) {
    const from = performance.now();
    const { rows } = await client.query(
      'select round(extract(epoch from clock_timestamp()) * 1000 - $1::numeric)::bigint as skew',
      [Math.round(now())],
    );
    const way = performance.now() - from;
    if (way < best.way) best = { way, skew: Number(rows[0].skew) - Math.round(way / 2) };
  }
  return best.skew;
}

async function readOpenTransactions(client: pg.ClientBase, role: RoleState): Promise<OpenTransaction[]> {
  const text = role.seesAllSessions
    ? `select pid, usename::text as "user", application_name as application, state,
         extract(epoch from clock_timestamp() - xact_start)::integer as "ageSeconds",
         extract(epoch from clock_timestamp() - query_start)::integer as "statementAgeSeconds", backend_xid is not null as "hasWritten"
       from pg_stat_activity
       where datname = current_database() and pid <> pg_backend_pid() and xact_start is not null
         and backend_type in ('client backend', 'walsender') and (backend_xid is not null or backend_xmin is not null)
       order by xact_start`
    : `select pid, name as "user", application_name as application, state, age_seconds as "ageSeconds",
         null::integer as "statementAgeSeconds", true as "hasWritten" from fn_iu_blockers(0) where kind = 'session'`;
  return (await client.query(text)).rows;
}

async function readPrepared(client: pg.ClientBase): Promise<PreparedTransaction[]> {
  const { rows } = await client.query(
    `select gid as name, owner::text, extract(epoch from clock_timestamp() - prepared)::integer as "ageSeconds"
       from pg_prepared_xacts where database = current_database() order by prepared`,
  );
  return rows;
}

async function readSlots(client: pg.ClientBase): Promise<ReplicationSlot[]> {
  const { rows } = await client.query(
    `select slot_name::text as name, slot_type as kind, active, wal_status as "walStatus",
       (case when not pg_is_in_recovery() then pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) end / 1048576)::integer as "heldMegabytes",
       greatest(age(xmin), age(catalog_xmin)) as "horizonAge"
     from pg_replication_slots where not temporary order by slot_name`,
  );
  return rows;
}

async function readTables(client: pg.ClientBase, schema: string): Promise<TableState[]> {
  const { rows } = await client.query(
    `select s.relname::text as name, s.n_live_tup::float8 as "liveRows", s.n_dead_tup::float8 as "deadRows",
       s.n_mod_since_analyze::float8 as "changedRows", coalesce(s.last_analyze, s.last_autoanalyze) is null as "neverAnalyzed",
       coalesce((select bool_or(o ~* '^autovacuum_enabled=(off|false|no|0)$') from unnest(c.reloptions) as o), false) as "autovacuumOff"
     from pg_stat_user_tables s join pg_class c on c.oid = s.relid
     where s.schemaname = $1 and c.relowner = (select relowner from pg_class where oid = 'event_outbox'::regclass) order by s.relname`,
    [schema],
  );
  return rows;
}

async function readGates(client: pg.ClientBase): Promise<GateState[]> {
  return (await listGates(client)).map((gate) => ({
    key: gate.key,
    open: gate.open,
    changedBy: gate.changed_by,
    changedAt: gate.updated_at,
    reason: gate.reason,
    openUntil: gate.open_until,
  }));
}

async function readHealth(client: pg.ClientBase): Promise<HealthReasonFact[]> {
  return healthReasons(client, await registeredWorkers(client));
}

async function readCursors(client: pg.ClientBase): Promise<CursorState[]> {
  const { rows } = await client.query(
    `select b.worker_name as worker, b.event_domain as domain, b.backlog::float8 as waiting,
       extract(epoch from clock_timestamp() - b.oldest_created_at)::integer as "oldestSeconds",
       extract(epoch from clock_timestamp() - c.last_run_at)::integer as "secondsSinceRun",
       fn_iu_setting_number('iu_core.health_max_silence_seconds', 120, 1, 86400)::integer as "allowedSilenceSeconds"
     from v_iu_event_backlog b join iu_route_worker_cursor c using (worker_name) order by b.worker_name`,
  );
  return rows;
}

async function readProcesses(client: pg.ClientBase): Promise<ProcessState[]> {
  const { rows } = await client.query(
    `select process_id as "processId", host, state, extract(epoch from clock_timestamp() - last_beat_at)::integer as "secondsSinceBeat"
       from iu_route_worker_heartbeat order by last_beat_at desc limit 20`,
  );
  return rows.filter((row: ProcessState, index) => index === 0 || row.state !== 'stopped');
}

async function readFlows(client: pg.ClientBase): Promise<FlowState[]> {
  const { rows } = await client.query(
    `select r.route_code as route, not r.dry_run as "isLive", f.breaker, f.failures_in_row as "failuresInRow",
       f.last_failure_code as "lastFailureCode"
     from iu_route_flow f join iu_outbound_route r using (route_id)
     where r.removed_at is null and r.enabled order by r.route_code`,
  );
  return rows;
}

async function readUnopened(client: pg.ClientBase): Promise<UnopenedFact[]> {
  const { rows } = await client.query(
    'select route_code as route, by_all as "byAll", runners, reason from fn_iu_delivery_unopened() order by route_code',
  );
  return rows;
}

async function readApprovals(client: pg.ClientBase): Promise<ApprovalFact[]> {
  const { rows } = await client.query(
    `select r.route_code as route, r.approval_id::text as "approvalId",
       case when a.approval_id is null then 'missing' when a.state = 'in_use' then 'valid' else a.state end as state,
       extract(epoch from a.expires_at - clock_timestamp())::integer as "endsInSeconds",
       (a.events_used::numeric / nullif(a.max_events, 0))::float8 as "usedShare"
     from iu_outbound_route r left join v_iu_route_approval a on a.approval_id = r.approval_id
     where r.removed_at is null and r.enabled and not r.dry_run order by r.route_code`,
  );
  return rows;
}

async function readDelivery(
  client: pg.ClientBase,
  deployment: string | null,
  { inRecovery }: ServerState,
): Promise<DoctorFacts['delivery']> {
  const { hold } = await deploymentStanding(client, deployment);
  const { rows } = await client.query(
    'select count(*)::integer as live from iu_outbound_route where removed_at is null and enabled and not dry_run',
  );
  return {
    hold,
    ownName: deployment,
    liveRoutes: rows[0].live,
    promoted: inRecovery ? null : await readPromotion(client),
  };
}

/** Not of a standby, which has no timeline of its own yet. */
async function readPromotion(client: pg.ClientBase): Promise<DoctorFacts['delivery']['promoted']> {
  const { rows } = await client.query(
    `select i.timeline, d.timeline as "claimedTimeline", d.name as "claimedName"
       from (select * from iu_deployment order by claim_id desc limit 1) d cross join fn_iu_cluster_identity() i
      where (d.system_identifier, d.database_oid) = (i.system_identifier, i.database_oid) and d.timeline <> i.timeline`,
  );
  return rows[0] ?? null;
}

async function readWatchdogs(client: pg.ClientBase): Promise<WatchdogState[]> {
  const { rows } = await client.query(
    `select watcher, extract(epoch from clock_timestamp() - looked_at)::integer as "secondsSinceLook",
       every_seconds as "everySeconds" from iu_health_watch order by watcher`,
  );
  return rows;
}
