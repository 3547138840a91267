import type { DoctorFacts, OpenTransaction, ReplicationSlot, TableState } from './doctor-facts.js';
import type { DoctorLimits } from './doctor-limits.js';
import type { Finding } from './finding.js';

/** A name as a statement has it. */
const asWritten = (name: string): string =>
  /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;

/** What is wrong with the server, the connection and the role. */
export function serverFindings(facts: DoctorFacts, limits: DoctorLimits): Finding[] {
  return [
    ...nodeFindings(facts),
    ...durabilityFindings(facts),
    ...connectionFindings(facts, limits),
    ...roleFindings(facts),
    ...ageFindings(facts, limits),
    ...facts.openTransactions.flatMap((one) => transactionFinding(one, limits)),
    ...facts.preparedTransactions
      .filter((one) => one.ageSeconds >= limits.preparedRedSeconds)
      .map(
        ({ name, owner, ageSeconds }): Finding => ({
          code: 'prepared_transaction',
          severity: 'red',
          message: `the prepared transaction '${name}' waits for its end: its events stay undecided, and nothing newer than it can be vacuumed`,
          evidence: { name, owner, ageSeconds },
          action: `psql: COMMIT PREPARED '${name}' or ROLLBACK PREPARED '${name}', as its coordinator says`,
        }),
      ),
    ...facts.slots.flatMap((slot) => slotFinding(slot, limits)),
    ...facts.tables.flatMap((table) => tableFindings(table, limits)),
  ];
}

function nodeFindings({ server }: DoctorFacts): Finding[] {
  if (server.inRecovery) {
    return [
      {
        code: 'replica',
        severity: 'red',
        message: 'this is a standby: nothing can be decided, delivered or recorded here',
        evidence: { inRecovery: true },
        action:
          'connect to the primary: IU_DATABASE_URL takes one host, a name that leads to the primary (docs/how-to/failover.md)',
      },
    ];
  }
  if (!server.readOnly) return [];
  return [
    {
      code: 'read_only',
      severity: 'red',
      message: 'transactions of this login are read-only: nothing can be decided, delivered or recorded',
      evidence: { readOnly: true },
      action: 'psql: ALTER ROLE … or ALTER DATABASE … RESET default_transaction_read_only',
    },
  ];
}

function durabilityFindings({ server }: DoctorFacts): Finding[] {
  const found: Finding[] = [];
  if (server.synchronousCommit === 'off') {
    found.push({
      code: 'synchronous_commit_off',
      severity: 'yellow',
      message:
        'synchronous_commit is off: a crash of the server can take back events that an application was told are committed',
      evidence: { synchronousCommit: server.synchronousCommit },
      action:
        'psql: ALTER SYSTEM, ALTER DATABASE or ALTER ROLE … SET synchronous_commit = on, wherever it was switched off',
    });
  }
  if (!server.fsync) {
    found.push({
      code: 'fsync_off',
      severity: 'red',
      message: 'fsync is off: a crash of the machine can destroy the database',
      evidence: { fsync: false },
      action: 'postgresql.conf: fsync = on, and reload',
    });
  }
  if (!server.autovacuum) {
    found.push({
      code: 'autovacuum_off',
      severity: 'red',
      message: 'autovacuum is off: the queue bloats and statistics go stale until every statement is slow',
      evidence: { autovacuum: false },
      action: 'postgresql.conf: autovacuum = on and track_counts = on, and reload',
    });
  }
  return found;
}

function connectionFindings(
  { server, clockSkewMilliseconds, sessionShared }: DoctorFacts,
  limits: DoctorLimits,
): Finding[] {
  const found: Finding[] = [];
  const skew = Math.abs(clockSkewMilliseconds);
  if (skew >= limits.clockSkewYellowMilliseconds) {
    found.push({
      code: 'clock_skew',
      severity: skew >= limits.clockSkewRedMilliseconds ? 'red' : 'yellow',
      message: `the clocks of this host and of the server differ by ${Math.round(skew / 1000)} s: receivers refuse signatures of a wrong time`,
      evidence: { serverMinusHostMilliseconds: clockSkewMilliseconds },
      action: 'synchronise both clocks: timedatectl set-ntp true (chrony or systemd-timesyncd)',
    });
  }
  if (sessionShared) {
    found.push({
      code: 'pooler_transaction_mode',
      severity: 'red',
      message:
        'a pooler in transaction mode stands in between: settings of a session such as search_path get lost or meet others',
      evidence: { sessionShared: true },
      action: 'point IU_DATABASE_URL at the server itself, or at a pool with pool_mode = session',
    });
  }
  const share = server.connections / server.mostConnections;
  if (share >= limits.connectionsYellowShare) {
    found.push({
      code: 'connections_scarce',
      severity: share >= limits.connectionsRedShare ? 'red' : 'yellow',
      message: `${server.connections} of ${server.mostConnections} connections are in use: a worker may soon get none`,
      evidence: { connections: server.connections, mostConnections: server.mostConnections },
      action:
        'psql: select application_name, count(*) from pg_stat_activity group by 1 order by 2 desc; then a pooler or max_connections',
    });
  }
  return found;
}

function roleFindings({ role }: DoctorFacts): Finding[] {
  const found: Finding[] = [];
  if (!role.isSuperuser && role.memberOf.length === 0) {
    found.push({
      code: 'role_without_rights',
      severity: 'red',
      message: `the login ${role.name} has none of the group roles of IU Core`,
      evidence: { role: role.name },
      action: `psql: GRANT iu_worker TO ${asWritten(role.name)} for a worker; iu_operator, iu_reader, iu_emitter or iu_approver for others`,
    });
  }
  if (role.missing.length > 0) {
    found.push({
      code: 'rights_missing',
      severity: 'red',
      message: `rights are missing that the group roles of ${role.name} should have: ${role.missing.slice(0, 5).join(', ')}`,
      evidence: { role: role.name, missing: role.missing.join(', ') },
      action: 'iu migrate verify names every difference; iu migrate up sets rights right again',
    });
  }
  if (!role.seesAllSessions) {
    found.push({
      code: 'role_sees_little',
      severity: 'note',
      message: `the login ${role.name} does not see the sessions of others: who holds a transaction open is shown by pid and age only`,
      evidence: { role: role.name },
      action: `psql: GRANT pg_read_all_stats TO ${asWritten(role.name)}, where that is allowed`,
    });
  }
  return found;
}

function ageFindings({ server }: DoctorFacts, limits: DoctorLimits): Finding[] {
  const age = Math.max(server.transactionAge, server.multixactAge);
  if (age < limits.transactionAgeYellow) return [];
  return [
    {
      code: 'wraparound_near',
      severity: age >= limits.transactionAgeRed ? 'red' : 'yellow',
      message: `the oldest unfrozen transaction id is ${age} behind; at about 2,100,000,000 the server stops writing`,
      evidence: { transactionAge: server.transactionAge, multixactAge: server.multixactAge },
      action:
        'end what holds the horizon (open and prepared transactions, slots), then psql: VACUUM FREEZE, table by table',
    },
  ];
}

function transactionFinding(one: OpenTransaction, limits: DoctorLimits): Finding[] {
  const age = one.ageSeconds;
  if (age === null || age < limits.openTransactionYellowSeconds) return [];
  const consequence = one.hasWritten
    ? 'its events stay undecided until it ends, and dead rows stay'
    : 'dead rows stay until it ends, and the queue gets slow';
  return [
    {
      code: 'transaction_open',
      severity: age >= limits.openTransactionRedSeconds ? 'red' : 'yellow',
      message: `a transaction of ${one.user ?? '?'} (${one.application || 'no application name'}, pid ${one.pid}) is open for ${age} s: ${consequence}`,
      evidence: {
        pid: one.pid,
        user: one.user,
        application: one.application,
        state: one.state,
        ageSeconds: age,
        statementAgeSeconds: one.statementAgeSeconds,
        hasWritten: one.hasWritten,
      },
      action: `ask its owner; psql: SELECT pg_terminate_backend(${one.pid}) ends it. For the future: idle_in_transaction_session_timeout`,
    },
  ];
}

function slotFinding(slot: ReplicationSlot, limits: DoctorLimits): Finding[] {
  const held = slot.heldMegabytes ?? 0;
  const horizon = slot.horizonAge ?? 0;
  const isLost = slot.walStatus === 'lost' || slot.walStatus === 'unreserved';
  const isRed = isLost || held >= limits.slotHeldRedMegabytes || horizon >= limits.slotHorizonRedAge;
  if (!isRed && slot.active) return [];
  return [
    {
      code: 'slot_holds',
      severity: isRed ? 'red' : 'yellow',
      message: `the replication slot ${slot.name} ${slot.active ? 'is far behind' : 'is used by nobody'} and holds ${held} MB of WAL: the disk fills, and dead rows stay`,
      evidence: {
        name: slot.name,
        kind: slot.kind,
        active: slot.active,
        walStatus: slot.walStatus,
        heldMegabytes: slot.heldMegabytes,
        horizonAge: slot.horizonAge,
      },
      action: `start its consumer, or, when nobody needs it, psql: SELECT pg_drop_replication_slot('${slot.name}')`,
    },
  ];
}

function tableFindings(table: TableState, limits: DoctorLimits): Finding[] {
  const found: Finding[] = [];
  const { name, liveRows, deadRows, changedRows } = table;
  if (deadRows >= limits.deadRowsLeast && deadRows >= limits.deadRowsShare * (liveRows + deadRows)) {
    found.push({
      code: 'table_bloated',
      severity: 'yellow',
      message: `${name} has ${deadRows} dead rows beside ${liveRows}`,
      evidence: { table: name, liveRows, deadRows },
      action: `find what holds the horizon (transaction_open, prepared_transaction, slot_holds), then psql: VACUUM (ANALYZE) ${name}`,
    });
  }
  const stale = changedRows >= limits.changedRowsShare * liveRows || table.neverAnalyzed;
  if (changedRows >= limits.changedRowsLeast && stale) {
    found.push({
      code: 'statistics_stale',
      severity: 'yellow',
      message: `${changedRows} rows of ${name} changed since it was analysed: the planner guesses`,
      evidence: { table: name, liveRows, changedRows, neverAnalyzed: table.neverAnalyzed },
      action: `psql: ANALYZE ${name}`,
    });
  }
  if (table.autovacuumOff) {
    found.push({
      code: 'autovacuum_off_table',
      severity: 'yellow',
      message: `autovacuum is switched off for ${name}`,
      evidence: { table: name },
      action: `psql: ALTER TABLE ${name} RESET (autovacuum_enabled)`,
    });
  }
  return found;
}
