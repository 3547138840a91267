import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { doctorCodes } from '../../src/contract/operate/doctor.js';
import { type DoctorLimits, doctorLimits } from '../../src/contract/operate/doctor-limits.js';
import type { Finding } from '../../src/contract/operate/finding.js';
import { examine } from '../../src/operate/doctor.js';
import { isSessionShared } from '../../src/operate/session-check.js';
import { createPool } from '../../src/store/database.js';
import { forgeApproval } from '../support/approval.js';
import { runIu } from '../support/cli.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { waitFor } from '../support/wait.js';
import { emitEvents, makeHealthy, passAll } from '../support/worker.js';

let db: TestDatabase;
const fired = new Set<string>();
// The server of the tests is not durable on purpose.
const ofTheTestServer = new Set(['fsync_off', 'synchronous_commit_off', 'slot_holds']);
const zero: DoctorLimits = { ...doctorLimits, openTransactionYellowSeconds: 0, preparedRedSeconds: 0 };

/** One that is as good as running for as long as this file takes. */
async function aWorkerBeats(): Promise<void> {
  await db.pool.query("select fn_iu_route_worker_heartbeat('host1:4711:x', '{}', 'host1', 4711, '0.1.0', 'running')");
  await db.pool.query("update iu_route_worker_heartbeat set last_beat_at = clock_timestamp() + interval '1 hour'");
}

beforeAll(async () => {
  db = await createTestDatabase();
  await makeHealthy(db);
  await aWorkerBeats();
  await sql("select fn_iu_health_watch_beat('test@here', 'here', 60, true, '{}')");
});
afterAll(() => db.drop());

const sql = (text: string, values: unknown[] = []) => db.pool.query(text, values);

async function find(limits?: DoctorLimits, more: { deployment?: string; now?: () => number } = {}): Promise<Finding[]> {
  const report = await examine(db, { deployment: more.deployment, limits, now: more.now });
  expect(report.well).toBe(report.findings.every((one) => one.severity !== 'red'));
  for (const one of report.findings) {
    fired.add(one.code);
    expect(one.message.length, one.code).toBeGreaterThan(20);
    expect(one.action.length, one.code).toBeGreaterThan(20);
  }
  return [...report.findings];
}

const codesOf = (findings: readonly Finding[]) =>
  findings.map((one) => one.code).filter((code) => !ofTheTestServer.has(code));
const theOne = (findings: readonly Finding[], code: string) => {
  const found = findings.find((one) => one.code === code);
  if (found === undefined) throw new Error(`${code} is not among ${findings.map((one) => one.code).join(', ')}`);
  return found;
};

/** Fires with the code after `break_`, and not before it nor after `mend`. */
async function fires(
  code: string,
  break_: () => Promise<unknown>,
  mend: () => Promise<unknown>,
  limits?: DoctorLimits,
): Promise<Finding> {
  expect((await find()).map((one) => one.code)).not.toContain(code);
  await break_();
  try {
    return theOne(await find(limits), code);
  } finally {
    await mend();
    expect((await find()).map((one) => one.code)).not.toContain(code);
  }
}

describe('the doctor', () => {
  it('finds nothing where nothing is wrong, but that this server is not durable', async () => {
    const findings = await find();
    expect(codesOf(findings)).toEqual([]);
    expect(theOne(findings, 'fsync_off').severity).toBe('red');
    expect(theOne(findings, 'synchronous_commit_off').evidence).toEqual({ synchronousCommit: 'off' });
    await sql(`alter database ${db.name} set synchronous_commit = on`);
    const pool = createPool({ url: db.url, schema: db.schema });
    try {
      const { findings: durable } = await examine({ pool, schema: db.schema }, { deployment: undefined });
      expect(durable.map((one) => one.code)).not.toContain('synchronous_commit_off');
    } finally {
      await pool.end();
    }
  });

  it('names an open transaction by pid, application, age and age of its statement, and tells a writer from a reader', async () => {
    const holder = await db.connect();
    const pid = (await holder.query('select pg_backend_pid() as pid')).rows[0].pid;
    const reading = async () => {
      await holder.query('begin isolation level repeatable read');
      await holder.query("set local application_name = 'nightly export'");
      await holder.query('select 1');
    };
    const reader = await fires('transaction_open', reading, () => holder.query('rollback'), zero);
    expect(reader.evidence).toMatchObject({
      pid,
      application: 'nightly export',
      hasWritten: false,
      statementAgeSeconds: 0,
    });
    const writer = await fires(
      'transaction_open',
      async () => {
        await holder.query('begin');
        await holder.query("select fn_iu_emit('iu', 'version_applied', 't', 'held')");
      },
      () => holder.query('rollback'),
      { ...zero, openTransactionRedSeconds: 0 },
    );
    expect(writer).toMatchObject({ severity: 'red', evidence: { pid, hasWritten: true } });
    expect(writer.action).toContain(`pg_terminate_backend(${pid})`);
  });

  it('names a prepared transaction', async () => {
    const client = await db.connect();
    const finding = await fires(
      'prepared_transaction',
      async () => {
        await client.query('begin');
        await client.query("select fn_iu_emit('iu', 'version_applied', 't', 'prepared')");
        await client.query(`prepare transaction '${db.name}'`);
      },
      () => client.query(`rollback prepared '${db.name}'`),
      zero,
    );
    expect(finding.evidence).toMatchObject({ name: db.name });
  });

  it('names a replication slot that nobody uses', async () => {
    const name = `${db.name}_slot`;
    const finding = await fires(
      'slot_holds',
      () => sql('select pg_create_physical_replication_slot($1, true)', [name]),
      () => sql('select pg_drop_replication_slot($1)', [name]),
    );
    expect(finding).toMatchObject({ severity: 'yellow', evidence: { name, active: false, kind: 'physical' } });
  });

  it('sees by itself that sessions are handed round, as a pooler in transaction mode does', async () => {
    const one = await db.connect();
    const two = await db.connect();
    expect(await isSessionShared(one, two)).toBe(false);
    // The last server connection that became free serves next; a transaction keeps the one it has.
    const free = [one, two];
    const pooled = () => {
      let held: typeof one | undefined;
      return {
        query: async (text: string) => {
          const server = held ?? free.pop();
          if (server === undefined) throw new Error('no server connection is free');
          held = text === 'begin' || (held !== undefined && text !== 'rollback') ? server : undefined;
          const result = await server.query(text);
          if (held === undefined) free.push(server);
          return result;
        },
      };
    };
    expect(await isSessionShared(pooled(), pooled())).toBe(true);
  });

  it('says what a login lacks: a group role, a right that was taken away, sight of other sessions', async () => {
    const stranger = createPool({ url: await db.loginUrl(), schema: db.schema, maxConnections: 2 });
    const reader = createPool({ url: await db.loginUrl('iu_reader'), schema: db.schema, maxConnections: 2 });
    try {
      const findings = (await examine({ pool: stranger, schema: db.schema }, { deployment: undefined })).findings;
      expect(theOne(findings, 'role_without_rights').severity).toBe('red');
      // one finding for all parts that one right is missing for
      expect(theOne(findings, 'cannot_look').evidence).toMatchObject({
        parts: expect.stringMatching(/, /),
        sqlState: expect.stringMatching(/^42/),
      });
      await sql('revoke execute on function fn_iu_blockers from iu_reader');
      const lacking = (await examine({ pool: reader, schema: db.schema }, { deployment: undefined })).findings;
      expect(theOne(lacking, 'rights_missing').evidence).toMatchObject({ missing: 'iu_reader: fn_iu_blockers' });
      expect(theOne(lacking, 'role_sees_little').severity).toBe('note');
      await sql('grant execute on function fn_iu_blockers to iu_reader');
      const whole = (await examine({ pool: reader, schema: db.schema }, { deployment: undefined })).findings;
      expect(codesOf(whole)).toEqual(['role_sees_little']);
      for (const one of [...findings, ...lacking]) fired.add(one.code);
    } finally {
      await stranger.end();
      await reader.end();
    }
  });

  it('says that a login can only read', async () => {
    const url = await db.loginUrl('iu_worker');
    await sql(`alter role ${new URL(url).username} set default_transaction_read_only = on`);
    const run = await runIu(['doctor', '--severity', 'red', '--json'], { url, schema: db.schema });
    expect(run.exitCode).toBe(2);
    const { findings } = JSON.parse(run.stdout);
    expect(findings.map((one: Finding) => one.code)).toContain('read_only');
    for (const one of findings) expect(one.severity).toBe('red');
    fired.add('read_only');
  });

  it('measures the clocks against each other', async () => {
    const late = await find(undefined, { now: () => Date.now() - 40_000 });
    expect(theOne(late, 'clock_skew').severity).toBe('red');
    expect(Number(theOne(late, 'clock_skew').evidence.serverMinusHostMilliseconds)).toBeGreaterThan(30_000);
    const early = await find(undefined, { now: () => Date.now() + 10_000 });
    expect(theOne(early, 'clock_skew').severity).toBe('yellow');
  });

  it('finds dead rows, stale statistics and a table that autovacuum leaves out', async () => {
    const low = { ...doctorLimits, deadRowsLeast: 1, deadRowsShare: 0.01, changedRowsLeast: 1, changedRowsShare: 0.01 };
    await sql('alter table dot_config set (autovacuum_enabled = off)');
    const client = await db.connect();
    await client.query("update dot_config set description = description || ' ' where key like 'iu_core.%'");
    await client.query('select pg_stat_force_next_flush()');
    await waitFor(async () =>
      (await find(low)).some((one) => one.code === 'table_bloated' && one.evidence.table === 'dot_config'),
    );
    const findings = await find(low);
    expect(findings.some((one) => one.code === 'statistics_stale' && one.evidence.table === 'dot_config')).toBe(true);
    expect(theOne(findings, 'autovacuum_off_table').evidence).toEqual({ table: 'dot_config' });
    await sql('alter table dot_config reset (autovacuum_enabled)');
  });

  it('counts connections and ages of transaction ids', async () => {
    const low = { ...doctorLimits, connectionsYellowShare: 0, transactionAgeYellow: 1, connectionsRedShare: 2 };
    const findings = await find(low);
    expect(theOne(findings, 'connections_scarce')).toMatchObject({ severity: 'yellow' });
    expect(theOne(findings, 'wraparound_near')).toMatchObject({ severity: 'yellow' });
    expect(theOne(await find({ ...low, transactionAgeRed: 1 }), 'wraparound_near').severity).toBe('red');
  });

  it('tells who closed a gate and why, beside what health says of it', async () => {
    const close = () => sql("select fn_iu_gate_set('iu_core.route_worker_enabled', false, 'receiver is moved')");
    const finding = await fires('gate_closed', close, () =>
      sql("select fn_iu_gate_set('iu_core.route_worker_enabled', true, 'test')"),
    );
    expect(finding.message).toContain('receiver is moved');
    expect(finding.evidence).toMatchObject({ gate: 'iu_core.route_worker_enabled', changedBy: expect.any(String) });
  });

  it('misses the worker that is gone, and names it', async () => {
    const finding = await fires(
      'worker_missing',
      async () => {
        await sql("update iu_route_worker_cursor set last_run_at = clock_timestamp() - interval '1 hour'");
        await sql("update iu_route_worker_heartbeat set last_beat_at = clock_timestamp() - interval '50 minutes'");
      },
      async () => {
        await passAll(db);
        await aWorkerBeats();
      },
    );
    expect(finding.evidence).toMatchObject({ lastHost: 'host1', secondsSinceBeat: 3000 });
  });

  it('says how far a cursor is behind', async () => {
    const finding = await fires(
      'cursor_behind',
      () => emitEvents(db, 3),
      () => passAll(db),
      { ...doctorLimits, cursorWaiting: 2 },
    );
    expect(finding.evidence).toMatchObject({ worker: 'iu_outbound_default', waiting: 3 });
  });

  it('watches live routes: breaker, an approval that ends or has ended, the name of the deployment', async () => {
    await sql(
      `select fn_iu_route_add('{"route_code": "shop", "event_domain": "iu", "target_kind": "webhook", "target_ref": "https://shop.example/"}')`,
    );
    await sql("select fn_iu_route_set_enabled('shop', true, 'test')");
    const approval = await forgeApproval(db.pool, 'shop');
    await sql('update iu_outbound_route set dry_run = false, approval_id = $1 where route_code = $2', [
      approval,
      'shop',
    ]);
    await sql("select fn_iu_deployment_claim('production', 'test')");
    await sql("select fn_iu_gate_set('iu_core.delivery_enabled', true, 'test')");
    const well = await find(undefined, { deployment: 'production' });
    expect(codesOf(well)).toEqual([]);
    expect(theOne(await find(undefined, { deployment: 'staging' }), 'deployment_wrong').severity).toBe('red');
    await sql("insert into dot_config (key, value, reason) values ('iu_core.ha', 'true', 'test')");
    await sql(`insert into iu_deployment (name, system_identifier, database_oid, log_oid, timeline, claimed_by, reason)
      select name, system_identifier, database_oid, log_oid, timeline - 1, claimed_by, reason from iu_deployment`);
    const promoted = theOne(await find(undefined, { deployment: 'production' }), 'promoted_since_claim');
    expect(promoted).toMatchObject({ severity: 'yellow', evidence: { timeline: 1, claimedTimeline: 0 } });
    await sql("select fn_iu_deployment_claim('production', 'test')");
    expect(codesOf(await find(undefined, { deployment: 'production' }))).toEqual([]);
    await sql(
      "update iu_route_flow set breaker = 'open', breaker_until = clock_timestamp() + interval '1 minute', failures_in_row = 10",
    );
    expect(theOne(await find(), 'breaker_open').evidence).toMatchObject({ route: 'shop', failuresInRow: 10 });
    const beat = (host: string, unopened: string) =>
      sql(
        `select fn_iu_route_worker_heartbeat($1 || ':delivery', '{}', $1, 1, '0.1.0', 'running', null,
           (select jsonb_build_object(route_id, 'IU451: env:X') from iu_outbound_route where route_code = $2))`,
        [host, unopened],
      );
    await beat('host-a', 'shop');
    expect(theOne(await find(), 'target_not_opened')).toMatchObject({ severity: 'red' });
    await sql("select fn_iu_route_worker_heartbeat('b:delivery', '{}', 'b', 1, '0.1.0', 'running', null, '{}')");
    expect(theOne(await find(), 'runner_cannot_open')).toMatchObject({
      severity: 'yellow',
      message: expect.stringContaining('IU451: env:X, on host-a'),
      evidence: { route: 'shop', runners: 1 },
    });
    const guarded = async (set: string) => {
      await sql('alter table iu_route_approval disable trigger user');
      await sql(`update iu_route_approval set ${set}`);
      await sql('alter table iu_route_approval enable trigger user');
      await sql('alter table iu_route_approval enable always trigger trg_iu_route_approval_guard');
    };
    await guarded("expires_at = clock_timestamp() + interval '1 hour'");
    expect(theOne(await find(), 'approval_ending').evidence).toMatchObject({ route: 'shop', state: 'valid' });
    await guarded("expires_at = clock_timestamp() + interval '30 days', max_events = 100, events_used = 95");
    expect(theOne(await find(), 'approval_ending').evidence).toMatchObject({ usedShare: 0.95 });
    await guarded("expires_at = clock_timestamp() - interval '1 second'");
    expect(theOne(await find(), 'approval_ended')).toMatchObject({ severity: 'red', evidence: { state: 'spent' } });
  });

  it('misses the watchdog that never looked, and the one that stopped looking', async () => {
    await sql("update iu_health_watch set looked_at = clock_timestamp() - interval '4 minutes'");
    expect(theOne(await find(), 'watchdog_silent').evidence).toMatchObject({ watcher: 'test@here', everySeconds: 60 });
    await sql("select fn_iu_health_watch_forget('test@here')");
    expect(theOne(await find(), 'watchdog_missing').severity).toBe('note');
  });

  it('finds a setting that does not do what is written', async () => {
    const write = () =>
      sql(
        "insert into dot_config (key, value, reason) values ('iu_core.health_max_silence_seconds', 'perhaps', 'test')",
      );
    const finding = await fires('setting_ignored', write, () =>
      sql("delete from dot_config where key = 'iu_core.health_max_silence_seconds'"),
    );
    expect(finding.message).toContain('120 counts');
  });

  it('has fired every code by now, but those that only another server shows', () => {
    expect(doctorCodes.filter((code) => !fired.has(code))).toEqual([
      'autovacuum_off',
      'pooler_transaction_mode',
      'replica',
    ]);
  });
});
