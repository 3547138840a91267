import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { verifyLive } from '../../src/install/verify-live.js';
import { forgeApproval } from '../support/approval.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { countOf, emitEvents, makeHealthy, openGates, passAll } from '../support/worker.js';

let db: TestDatabase;

beforeEach(async () => {
  db = await createTestDatabase();
});

afterEach(() => db.drop());

const failed = async () => (await verifyLive(db)).checks.filter((check) => !check.passed).map((check) => check.id);
const sql = (text: string) => db.pool.query(text);

describe('verify of a live database', () => {
  it('passes all checks right after the installation, with nine W checks and evidence for each', async () => {
    const report = await verifyLive(db);
    expect(report.checks.filter((check) => !check.passed)).toEqual([]);
    expect(report.checks.filter((check) => check.id.startsWith('W')).map((check) => check.id)).toEqual(
      Array.from({ length: 9 }, (_, index) => `W${index + 1}`),
    );
    for (const check of report.checks) expect(check.evidence, check.id).not.toBe('');
  });

  it('passes on a database that works, and writes nothing', async () => {
    await makeHealthy(db);
    await emitEvents(db, 10);
    await passAll(db);
    // In sessions that cannot write, a check that wrote would fail. (A comparison of transaction ids would see other databases.)
    await sql(`alter database ${db.name} set default_transaction_read_only = on`);
    expect(await failed()).toEqual([]);
    expect(await countOf(db, 'iu_route_attempt')).toBe(10);
  });

  it.each([
    ['W1', 'alter table iu_event_dedupe rename to iu_event_dedupe_gone'],
    ['W2', 'alter function fn_iu_emit_event rename to fn_iu_emit_event_gone'],
    ['W3', 'alter view v_iu_route_attempt_summary rename to v_gone'],
    ['W4', "update dot_config set value = 'yes' where key = 'iu_core.route_worker_enabled'"],
    ['W5', "update iu_route_worker_cursor set system_identifier = 'another'"],
    ['W5', "delete from iu_route_worker_cursor where worker_name = 'iu_outbound_default'"],
    ['W7', "delete from dot_config where key = 'iu_core.routes_master_enabled'"],
    ['P2', 'alter sequence event_outbox_seq_seq cache 10'],
    ['P3', 'drop index event_outbox_tx_idx'],
    ['P9', 'alter table iu_route_attempt disable trigger trg_iu_route_attempt_append_only'],
    ['P9', 'alter table event_outbox enable trigger trg_event_outbox_type_validate'],
    ['P15', 'grant execute on function fn_iu_route_worker_run to public'],
    ['P15', 'alter function fn_iu_route_worker_run reset search_path'],
  ])('fails %s after: %s', async (id, damage) => {
    await sql(damage);
    expect(await failed()).toContain(id);
  });

  it('fails W6 when the seam delivers', async () => {
    await sql(`create or replace function fn_iu_route_deliver(p_route_code text, p_event_ref uuid, p_payload jsonb) returns void
               language sql as 'select null::void'`);
    expect(await failed()).toContain('W6');
  });

  it('fails P1 when an event was passed over', async () => {
    await openGates(db);
    await emitEvents(db, 1);
    await sql(`update iu_route_worker_cursor set done_snapshot = pg_current_snapshot(), done_floor_seq = 1`);
    expect(await failed()).toContain('P1');
  });

  it('fails P6 for a live route whose approval is gone', async () => {
    await sql(`select fn_iu_route_add('{"route_code": "live", "target_kind": "table", "target_ref": "x"}')`);
    const approval = await forgeApproval(db.pool, 'live');
    await sql(
      `update iu_outbound_route set enabled = true, dry_run = false, approval_id = ${approval} where route_code = 'live'`,
    );
    expect(await failed()).toEqual([]);
    await sql("update iu_route_approval set revoked_at = now(), revoked_by = 'one'");
    expect(await failed()).toContain('P6');
  });

  it('fails P6 for an approval that was put in past the functions', async () => {
    await sql(`select fn_iu_route_add('{"route_code": "forged", "target_kind": "table", "target_ref": "x"}')`);
    await forgeApproval(db.pool, 'forged', {}, false);
    expect(await failed()).toContain('P6');
  });
});
