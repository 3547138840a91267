// Each of the eight gates passes on a good installation and has a way to fail.
import { chmodSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { writeBackupRecord } from '../../src/install/backup-record.js';
import { hashOfFile } from '../../src/install/file-hash.js';
import { type GateName, gateNames, type PrecheckWishes, runPrecheck } from '../../src/install/precheck/index.js';
import { readPlaceFacts } from '../../src/store/precheck.js';
import { copyOfSql } from '../support/catalog.js';
import { runIu } from '../support/cli.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

let db: TestDatabase;
let folder: string;
let wishes: PrecheckWishes;
const now = new Date();

/** A backup as `iu backup` leaves it, without the tools of a server version that may not be here. */
async function leaveBackup(backupFolder: string, takenAt: Date): Promise<string> {
  const place = await readPlaceFacts(db.pool, db.schema);
  const file = join(backupFolder, 'one.dump');
  writeFileSync(file, 'a backup');
  await writeBackupRecord(backupFolder, {
    file: 'one.dump',
    database: place.database,
    systemIdentifier: place.system_identifier,
    databaseOid: place.database_oid,
    takenAt: takenAt.toISOString(),
    bytes: 8,
    sha256: await hashOfFile(file),
    tocEntries: 3,
    tool: 'pg_dump (PostgreSQL) 17.2',
  });
  return file;
}

beforeAll(async () => {
  db = await createTestDatabase();
  folder = mkdtempSync(join(tmpdir(), 'iu-precheck-'));
  await leaveBackup(folder, now);
  await db.pool.query("select fn_iu_deployment_claim('production', 'test')");
  wishes = {
    database: {
      pool: db.pool,
      url: db.url,
      schema: db.schema,
      serverVersionNumber: db.major * 10_000,
      close: async () => {},
    },
    expected: { deployment: 'production' },
    backupFolder: folder,
    evidenceFolder: join(folder, 'evidence'),
    now,
  };
});

afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await db.drop();
});

const undo: string[] = [];
afterEach(async () => {
  for (const sql of undo.splice(0)) await db.pool.query(sql);
});

/** Runs with one thing changed; the gate must fail, be the last asked, and say what to do. */
async function failing(gate: GateName, change: Partial<PrecheckWishes> = {}): Promise<string> {
  // the gates before it passed in the first test; drift reads the whole catalog, which takes its second
  const only = gateNames.filter((name) => name !== 'drift' || gate === 'drift');
  const report = await runPrecheck({ ...wishes, only, ...change });
  const last = report.gates.at(-1);
  expect(last).toMatchObject({ gate, passed: false, action: expect.stringMatching(/./) });
  expect(report.passed).toBe(false);
  expect(report.notAsked).toEqual(expect.arrayContaining(gateNames.slice(gateNames.indexOf(gate) + 1)));
  return last?.evidence ?? '';
}

it('passes all eight gates on a good installation, each with evidence', async () => {
  const report = await runPrecheck(wishes);
  expect(report.gates.filter((gate) => !gate.passed)).toEqual([]);
  expect(report.gates.map(({ gate }) => gate)).toEqual([...gateNames]);
  expect(report.gates.every(({ evidence }) => evidence.length > 10)).toBe(true);
  expect(report.passed).toBe(true);
});

it('gate 1 fails for another host, for a role that may not install, and for a schema open to PUBLIC', async () => {
  expect(await failing('host_and_role', { expected: { host: '192.0.2.1:5432' } })).toContain(
    '192.0.2.1:5432 was expected',
  );
  await db.pool.query(`grant create on schema ${db.schema} to public`);
  undo.push(`revoke create on schema ${db.schema} from public`);
  expect(await failing('host_and_role')).toContain('PUBLIC may create');
});

it('gate 1 fails when the log belongs to a role that logs in', async () => {
  await db.loginUrl();
  const { rows } = await db.pool.query(
    "select rolname from pg_roles where rolname like 'iu_login%' and rolcanlogin order by oid desc",
  );
  const login = rows[0].rolname;
  await db.pool.query(
    `grant usage, create on schema ${db.schema} to ${login}; alter table event_outbox owner to ${login}`,
  );
  undo.push(`alter table event_outbox owner to iu_owner; revoke all on schema ${db.schema} from ${login}`);
  expect(await failing('host_and_role')).toContain('logs in and could drop its guards');
});

it('gate 2 fails when nobody says what is meant, for another database, and for a claim of another cluster', async () => {
  expect(await failing('target', { expected: {} })).toContain('nobody said what is expected');
  expect(await failing('target', { expected: { database: 'another' } })).toContain('database another was expected');
  expect(await failing('target', { expected: { deployment: 'staging' } })).toContain('deployment staging was expected');
  expect(await failing('target', { expected: { cluster: '1' } })).toContain('cluster 1 was expected');
  const { rows } = await db.pool.query('select system_identifier::text as id from pg_control_system()');
  const expected = { database: db.name, cluster: rows[0].id };
  expect((await runPrecheck({ ...wishes, expected })).gates[1]).toMatchObject({ passed: true });
});

it('gate 3 fails without a backup, with an old one, and with one whose bytes have changed', async () => {
  expect(await failing('backup', { backupFolder: join(folder, 'none') })).toContain('no backup of database');
  expect(await failing('backup', { now: new Date(now.getTime() + 90_000_000) })).toContain('at most 86400 s count');
  const file = join(folder, 'one.dump');
  writeFileSync(file, 'a backuq');
  expect(await failing('backup')).toContain('does not hash to what was written');
  writeFileSync(file, 'a back');
  expect(await failing('backup')).toContain('the file has 6 bytes, 8 were written');
  rmSync(file);
  expect(await failing('backup')).toContain('the file is gone');
  await leaveBackup(folder, now);
});

it('gate 4 fails when an installed object was changed', async () => {
  await db.pool.query('alter table iu_gate_log alter column reason set default $$x$$');
  undo.push('alter table iu_gate_log alter column reason drop default');
  expect(await failing('drift')).toContain('iu_gate_log.reason');
});

it('gate 5 fails when a rollback or a function that disables is missing in the package', async () => {
  const sqlFolder = copyOfSql();
  try {
    rmSync(join(sqlFolder, 'changes', '006_worker', 'rollback.sql'));
    const torn = await runPrecheck({ ...wishes, all: true, only: ['drift', 'package'], sqlFolder });
    expect(torn.gates.map(({ passed }) => passed)).toEqual([false, false]);
    expect(torn.gates[1]).toMatchObject({
      gate: 'package',
      passed: false,
      evidence: expect.stringContaining('006_worker/rollback.sql'),
    });
    cpSync(
      new URL('../../sql/changes/006_worker/rollback.sql', import.meta.url),
      join(sqlFolder, 'changes', '006_worker', 'rollback.sql'),
    );
    writeFileSync(join(sqlFolder, 'manifest.json'), '{"objects": []}');
    expect(await failing('package', { sqlFolder })).toContain('fn_iu_ladder_disable');
  } finally {
    rmSync(sqlFolder, { recursive: true });
  }
});

it('gate 6 fails when a gate has no well-formed row', async () => {
  await db.pool.query("update dot_config set value = 'perhaps' where key = 'iu_core.delivery_enabled'");
  undo.push("update dot_config set value = 'false' where key = 'iu_core.delivery_enabled'");
  expect(await failing('disable_boundary')).toContain('iu_core.delivery_enabled');
});

it('gate 7 fails for a unique index that makes events vanish, and for a route that is live by force', async () => {
  await db.pool.query('create unique index vanish_idx on event_outbox (event_domain, event_type, event_subject_ref)');
  undo.push('drop index if exists vanish_idx');
  expect(await failing('delivery_safety')).toContain('vanish_idx');
  await db.pool.query('drop index vanish_idx');
  const code = 'iu.version_applied.workflow';
  await db.pool.query(`set session_replication_role = replica; alter table iu_outbound_route disable trigger trg_iu_route_guard;
    alter table iu_outbound_route drop constraint iu_outbound_route_safe_chk;
    update iu_outbound_route set enabled = true, dry_run = false where route_code = '${code}'; set session_replication_role = origin`);
  const only: GateName[] = ['delivery_safety', 'evidence_folder'];
  const report = await runPrecheck({ ...wishes, all: true, only });
  expect(report.gates.find(({ gate }) => gate === 'delivery_safety')).toMatchObject({
    passed: false,
    evidence: expect.stringContaining(code),
  });
  expect(report.gates.map(({ gate }) => gate)).toEqual(only);
  await db.pool.query(`update iu_outbound_route set enabled = false, dry_run = true where route_code = '${code}'`);
});

it('gate 8 fails when the folder cannot be made', async () => {
  const file = join(folder, 'a file');
  writeFileSync(file, '');
  chmodSync(file, 0o400);
  const report = await runPrecheck({ ...wishes, only: ['evidence_folder'], evidenceFolder: join(file, 'below') });
  expect(report.gates[0]).toMatchObject({
    gate: 'evidence_folder',
    passed: false,
    evidence: expect.stringContaining('ENOTDIR'),
  });
});

it('ends with exit code 3 on the command line and says in JSON what was not asked', async () => {
  const run = await runIu(['precheck', '--json', '--backups', folder, '--evidence', folder], {
    url: db.url,
    schema: db.schema,
  });
  expect(run.exitCode).toBe(3);
  expect(JSON.parse(run.stdout)).toMatchObject({
    passed: false,
    gates: [{ passed: true }, { gate: 'target', passed: false }],
  });
});
