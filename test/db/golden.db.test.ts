import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { closeGates, countOf, emitEvents, openGates, pass } from '../support/worker.js';

// Appendix A of the earlier system: what its probes measured, as far as this system does not knowingly differ.
let db: TestDatabase;

beforeEach(async () => {
  db = await createTestDatabase();
  await db.pool.query("select fn_iu_route_set_enabled('iu.version_applied.workflow', true, 'golden values')");
  await openGates(db);
});

afterEach(() => db.drop());

const sql = (text: string, values: unknown[] = []) => db.pool.query(text, values);
const attempts = async () =>
  Object.fromEntries(
    (await sql('select status, count(*)::int as n from iu_route_attempt group by status')).rows.map((row) => [
      row.status,
      row.n,
    ]),
  );
const replay = async () => {
  const result = await sql(
    'select fn_iu_route_dead_letter_replay(min(dead_letter_id))::text as r from iu_route_dead_letter where resolved_at is null',
  );
  return JSON.parse(result.rows[0].r);
};

/** A route whose filter raises: a live route would only queue here, so this is how a decision fails. */
async function addFailingRoute(): Promise<void> {
  await sql(`select fn_iu_route_add('{"route_code": "failing", "event_type": "version_enacted", "filter": "strict $.absent",
                                      "target_kind": "workflow", "target_ref": "x"}')`);
  await sql("select fn_iu_route_set_enabled('failing', true, 'golden values')");
}

describe('golden values of the earlier system', () => {
  it('B: three events, one dry-run route: ran, 3 seen, 3 attempts, cursor at the third event', async () => {
    await emitEvents(db, 3);
    expect(await pass(db)).toMatchObject({ status: 'ran', seen: 3, attempts_written: 3, skipped: 0, dead_lettered: 0 });
    const rows = (await sql('select route_kind, status, route_code from iu_route_attempt')).rows;
    expect(rows).toEqual(
      Array.from({ length: 3 }, () => ({
        route_kind: 'outbound',
        status: 'dry_run',
        route_code: 'iu.version_applied.workflow',
      })),
    );
    const last = (await sql('select id from event_outbox order by seq desc limit 1')).rows[0].id;
    const cursor = await sql(
      "select last_event_id from iu_route_worker_cursor where worker_name = 'iu_outbound_default'",
    );
    expect(cursor.rows[0].last_event_id).toBe(last);
  });

  it('C and D: the next pass sees nothing; after a reset of the cursor it sees 3 and writes nothing', async () => {
    await emitEvents(db, 3);
    await pass(db);
    expect(await pass(db)).toMatchObject({ status: 'ran', seen: 0 });
    await sql("select fn_iu_route_worker_rewind('iu_outbound_default', 'golden values')");
    expect(await pass(db)).toMatchObject({ status: 'ran', seen: 3, attempts_written: 0 });
    expect(await attempts()).toEqual({ dry_run: 3 });
  });

  it('E, F and G: three failures are three dead letters; one replay is dry_run, resolved, attempt 2; dry_run 4, failed 3', async () => {
    await emitEvents(db, 3);
    await pass(db);
    await addFailingRoute();
    for (const subject of ['a', 'b', 'c'])
      await sql("select fn_iu_emit('iu', 'version_enacted', 'information_unit', $1)", [subject]);
    expect(await pass(db)).toMatchObject({ status: 'ran', seen: 3, dead_lettered: 3 });
    expect(await attempts()).toEqual({ dry_run: 3, failed: 3 });
    expect(await countOf(db, 'v_iu_route_dead_letter_open')).toBe(3);
    expect(await countOf(db, 'iu_route_attempt where delivered')).toBe(0);
    await sql("update iu_outbound_route set filter = null where route_code = 'failing'");
    expect(await replay()).toMatchObject({ status: 'replayed', decision: 'dry_run', resolved: true, attempt_no: 2 });
    expect(await countOf(db, 'iu_route_dead_letter where resolved_at is not null')).toBe(1);
    expect(await countOf(db, 'v_iu_route_dead_letter_open')).toBe(2);
    expect(await attempts()).toEqual({ dry_run: 4, failed: 3 });
    expect(
      (await sql("select backlog::int from v_iu_event_backlog where worker_name = 'iu_outbound_default'")).rows[0]
        .backlog,
    ).toBe(0);
  });

  it('H: each gate alone and both', async () => {
    await emitEvents(db, 1);
    await sql("update dot_config set value = 'false' where key = 'iu_core.route_worker_enabled'");
    expect(await pass(db)).toMatchObject({ status: 'worker_gate_closed' });
    await closeGates(db);
    expect(await pass(db)).toMatchObject({ status: 'master_gate_closed' });
    expect(await countOf(db, 'iu_route_attempt')).toBe(0);
  });

  it('an empty stream: ran, nothing seen, cursor null', async () => {
    expect(await pass(db)).toMatchObject({
      status: 'ran',
      seen: 0,
      attempts_written: 0,
      skipped: 0,
      cursor_event_id: null,
      cursor_created_at: null,
    });
  });

  it('inbound: an enabled dry-run route writes one pending attempt for a new SQL link, a disabled one nothing', async () => {
    const created = await sql(`select fn_iu_create('GOLDEN-1', 'the text', 'golden')::text as unit`);
    const unit = JSON.parse(created.rows[0].unit);
    const link = () =>
      sql(
        `insert into iu_sql_link (unit_id, object_kind, object_schema, object_name, link_role, idempotency_key) values ($1, 'table', 'public', $2, 'reference', $2)`,
        [unit.unit_id, `object_${Math.random()}`],
      );
    await link();
    expect(await countOf(db, "iu_route_attempt where route_kind = 'inbound'")).toBe(0);
    await sql("select fn_iu_route_set_enabled('iu_sql.iu_sql_link.insert', true, 'golden values')");
    await link();
    const rows = (
      await sql(
        "select status, attempt_no, payload_snapshot ->> 'table' as source from iu_route_attempt where route_kind = 'inbound'",
      )
    ).rows;
    expect(rows).toEqual([{ status: 'dry_run', attempt_no: 1, source: 'iu_sql_link' }]);
  });

  it('18 reparents in one document are 18 events and 18 attempts, and nothing waits', async () => {
    await sql("select fn_iu_route_set_enabled('iu.structure_op_applied.workflow', true, 'golden values')");
    // Twice the same unit: the earlier system kept one event a type and subject, and lost the second.
    for (let at = 1; at <= 18; at += 1)
      await sql("select fn_iu_emit('iu', 'structure_op_applied', 'information_unit', $1)", [`unit-${at % 9}`]);
    expect(await pass(db)).toMatchObject({ seen: 18, attempts_written: 18 });
    const health = JSON.parse((await sql('select fn_iu_route_worker_health()::text as h')).rows[0].h);
    expect(health).toMatchObject({
      events_seen_total: 18,
      attempts_written_total: 18,
      outbound_attempts_in_audit: 18,
      backlog_iu_events: 0,
    });
  });
});
