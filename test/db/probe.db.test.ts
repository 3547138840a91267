import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runProbe } from '../../src/install/probe.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { countOf, emitEvents, openGates, startWorker } from '../support/worker.js';

let db: TestDatabase;

beforeEach(async () => {
  db = await createTestDatabase();
});

afterEach(() => db.drop());

const failed = (report: Awaited<ReturnType<typeof runProbe>>) => report.checks.filter((check) => !check.passed);
const gateRows = async () =>
  (await db.pool.query("select string_agg(key || value || xmin, ',' order by key) as rows from dot_config")).rows[0]
    .rows;

/** Every table of the schema, searched for the marker in any column. */
async function tablesWithMarker(marker: string): Promise<string[]> {
  const tables = await db.pool.query(
    "select c.oid::regclass::text as name from pg_class c where c.relkind in ('r', 'p') and c.relnamespace = $1::regnamespace",
    [db.schema],
  );
  const found: string[] = [];
  for (const { name } of tables.rows) {
    if ((await countOf(db, `${name} t where t::text like '%${marker}%'`)) > 0) found.push(name);
  }
  return found;
}

describe('probe', () => {
  it('passes its eight scenarios right after the installation, with closed gates, and leaves no row', async () => {
    const gates = await gateRows();
    const report = await runProbe(db);
    expect(failed(report)).toEqual([]);
    expect(report.passed).toBe(true);
    expect(new Set(report.checks.map((check) => check.scenario))).toEqual(
      new Set(['setup', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H']),
    );
    const inside = Object.fromEntries(report.rows.map((row) => [row.table, row.inside]));
    expect(inside).toMatchObject({
      event_outbox: 7,
      iu_outbound_route: 3,
      iu_route_dead_letter: 3,
      iu_route_attempt: 10,
    });
    expect(report.rows.every((row) => row.before === 0 && row.after === 0)).toBe(true);
    expect(await tablesWithMarker(report.marker)).toEqual([]);
    expect(await gateRows()).toBe(gates);
  });

  it('runs on a busy database: nobody waits for it, nothing of others changes, no event is lost', async () => {
    await openGates(db);
    const worker = startWorker(db, { workerNames: ['iu_outbound_default'] });
    let writing = true;
    let written = 0;
    const writers = Array.from({ length: 4 }, async (_, writer) => {
      while (writing) {
        await emitEvents(db, 1, `busy-${writer}-${written}`);
        written += 1;
      }
    });
    // Waiting for a page to be added to a table (extend) is over before anybody could see it, and no lock of the probe's.
    const waits = new Set<string>();
    const monitor = (async () => {
      while (writing) {
        const { rows } = await db.pool.query(
          `select a.wait_event || ': ' || left(a.query, 80) as wait from pg_stat_activity a
            where a.datname = current_database() and a.wait_event_type = 'Lock' and a.wait_event <> 'extend'
              and exists (select from pg_stat_activity p where p.datname = current_database()
                             and p.application_name = 'iu-core probe' and p.pid = any (pg_blocking_pids(a.pid)))`,
        );
        for (const row of rows) waits.add(row.wait);
      }
    })();
    const gates = await gateRows();
    const reports = [...(await Promise.all([runProbe(db), runProbe(db)])), await runProbe(db)];
    writing = false;
    await Promise.all([...writers, monitor]);
    await worker.stop();
    for (const report of reports) {
      expect(failed(report)).toEqual([]);
      expect(report.passed).toBe(true);
      expect(await tablesWithMarker(report.marker)).toEqual([]);
    }
    expect(new Set(reports.map((report) => report.marker)).size).toBe(3);
    expect([...waits]).toEqual([]);
    expect(written).toBeGreaterThan(20);
    expect(await gateRows()).toBe(gates);
    const once = await startWorker(db, { once: true, workerNames: ['iu_outbound_default'] }).done;
    expect(once.unfinished).toEqual([]);
    expect(await countOf(db, 'iu_route_attempt')).toBe(written);
    expect(await countOf(db, 'v_iu_event_accounting where not balanced')).toBe(0);
  });

  it('runs where one worker reads every domain, and where routes of others match every event', async () => {
    await openGates(db);
    await db.pool.query("delete from iu_route_worker_cursor where worker_name = 'iu_outbound_default'");
    await db.pool.query("select fn_iu_route_worker_register('all', '*', 'beginning')");
    await db.pool.query(
      `select fn_iu_route_add('{"route_code": "everything", "target_kind": "workflow", "target_ref": "x"}')`,
    );
    await db.pool.query(
      `select fn_iu_route_add('{"route_code": "off", "target_kind": "workflow", "target_ref": "x"}')`,
    );
    await db.pool.query("select fn_iu_route_set_enabled('everything', true, 'test')");
    await emitEvents(db, 3);
    expect(failed(await runProbe(db))).toEqual([]);
    expect(await countOf(db, 'iu_route_attempt')).toBe(0);
  });

  it('runs while recording is switched off, and suppresses nothing', async () => {
    await db.pool.query("update dot_config set value = 'false' where key = 'iu_core.emission_enabled'");
    expect(failed(await runProbe(db))).toEqual([]);
    expect(await countOf(db, 'iu_suppressed_event')).toBe(0);
  });

  it('does not wait behind somebody who holds what it needs, and leaves nothing then either', async () => {
    const holder = await db.connect();
    await holder.query('begin');
    await holder.query('lock table iu_outbound_route in access exclusive mode');
    await expect(runProbe(db)).rejects.toMatchObject({ code: '55P03' });
    await holder.query('rollback');
    expect((await runProbe(db)).passed).toBe(true);
  });

  it('says which expectation fails when the seam does not fail closed', async () => {
    await db.pool.query(`create or replace function fn_iu_route_deliver(p_route_code text, p_event_ref uuid, p_payload jsonb)
      returns void language sql as 'select null::void'`);
    const report = await runProbe(db);
    expect(report.passed).toBe(false);
    expect(failed(report).map((check) => `${check.scenario} ${check.got}`)).toEqual(['E delivered']);
  });
});
