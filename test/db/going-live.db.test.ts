// From dry-run to live and back: evidence, readiness, a request, a second person, limits, changes.
import type pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { claim, settle } from '../support/delivery-queue.js';
import { ask, codeOf, failing, prepareGoingLive, readyRoute, recordEvidence } from '../support/going-live.js';
import { addRoute, drain, emit, replayMany } from '../support/race.js';

let db: TestDatabase;
let ann: pg.Client;
let bob: pg.Client;
const code = 'crm';

beforeEach(async () => {
  db = await createTestDatabase();
  await prepareGoingLive(db);
  ann = await db.as('iu_operator');
  bob = await db.as('iu_approver');
});

afterEach(() => db.drop());

const loginOf = async (client: pg.Client): Promise<string> =>
  (await client.query('select session_user::text as name')).rows[0].name;
const request = (values: unknown[] = [null, null, 1, 50], by = ann) =>
  ask(by, 'fn_iu_route_request_live($1, $2, $3, $4, $5, $6)', [code, 'go', ...values]);
const approve = (id: unknown, values: unknown[] = [null, null, null, null], by = bob) =>
  ask(by, 'fn_iu_route_approve($1, $2, $3, $4, $5, $6)', [id, 'looked at it', ...values]);
const goLive = (by = ann) => ask(by, "fn_iu_route_go_live($1, 'go')", [code]);
const readiness = () => ask(ann, 'fn_iu_route_readiness($1)', [code]);
const stateOf = async (id: unknown) =>
  (await db.pool.query('select state from v_iu_route_approval where approval_id = $1', [id])).rows[0].state;

/** Takes the route live by two people; gives the approval. */
async function live(limits: unknown[] = [null, null, 1, 50]): Promise<string> {
  const { approval_id } = await request(limits);
  await approve(approval_id);
  await goLive();
  return String(approval_id);
}

/** The decision about a new event of this subject. */
async function decisionOf(subject: string): Promise<string> {
  const seq = await emit(db.pool, subject);
  await drain(db.pool);
  const { rows } = await db.pool.query(
    "select concat_ws('/', status, reason) as outcome from iu_route_attempt where event_seq = $1 and attempt_no = 1",
    [seq],
  );
  return rows.map((row) => row.outcome).join(', ');
}

describe('readiness', () => {
  it('fails closed: a route that was just added fails every item that needs something to have happened', async () => {
    await addRoute(db.pool, code);
    expect(failing(await readiness())).toEqual(['substrate', 'backup', 'drift', 'worker', 'observation', 'test_send']);
    await drain(db.pool);
    expect(failing(await readiness())).toEqual(['substrate', 'backup', 'drift', 'observation', 'test_send']);
  });

  it('of several routes looks at our objects once, and says of each what it says of it alone', async () => {
    await readyRoute(db, code);
    await addRoute(db.pool, 'erp');
    const client = await db.pool.connect();
    await client.query("begin; set local track_functions = 'all'");
    await client.query("select fn_iu_routes_readiness(array['crm', 'erp', 'crm'])");
    const text = "select calls::text from pg_stat_xact_user_functions where funcname = 'fn_iu_catalog_digest'";
    expect((await client.query(text)).rows).toEqual([{ calls: '1' }]);
    await client.query('rollback');
    client.release();
    const documents = (await ask(ann, "fn_iu_routes_readiness(array['erp', 'crm'])")) as unknown as Record<
      string,
      unknown
    >[];
    expect(documents.map(({ route_code, ready }) => [route_code, ready])).toEqual([
      ['erp', false],
      ['crm', true],
    ]);
    expect(documents.map(failing)[0]).toEqual(failing(await ask(ann, "fn_iu_route_readiness('erp')")));
    expect(await codeOf(ann.query("select fn_iu_routes_readiness(array['crm', 'none'])"))).toBe('IU337');
  });

  it('passes with fresh evidence, and each item names what it goes by', async () => {
    await readyRoute(db, code);
    const document = await readiness();
    expect(document).toMatchObject({ route_code: code, version: 1, ready: true });
    expect(document.items).toHaveLength(8);
    for (const item of document.items as { evidence: string; action: string | null }[]) {
      expect(item.evidence).not.toBe('');
      expect(item.action).toBeNull();
    }
  });

  it.each([
    ['a failed check', "select fn_iu_evidence_record('drift', false)", ['drift']],
    ['an object that changed since', 'alter table iu_route_flow add column extra integer', ['substrate', 'drift']],
    ['a closed gate', "select fn_iu_gate_set('route_worker_enabled', false, 'test')", ['worker']],
    [
      'an open dead letter',
      `insert into iu_route_dead_letter (event_seq, event_ref, route_id, route_code, attempt_no, idempotency_key, event_snapshot,
         failure_code, failure_signature) select 1, gen_random_uuid(), route_id, route_code, 1, 'k', '{}', 'X', 'x' from iu_outbound_route
        where route_code = 'crm'`,
      ['dead_letters'],
    ],
    [
      'a longer time of observation',
      "update dot_config set value = '60' where key = 'iu_core.readiness_observed_seconds'",
      ['observation'],
    ],
    [
      'more observations',
      "update dot_config set value = '4' where key = 'iu_core.readiness_min_attempts'",
      ['observation'],
    ],
    [
      'a change of the route',
      `select fn_iu_route_change('crm', '{"filter": "$.a > 1"}', 'test')`,
      ['observation', 'test_send'],
    ],
  ])('stops with %s', async (_, sql, expected) => {
    await readyRoute(db, code);
    await db.pool.query(sql);
    expect(failing(await readiness())).toEqual(expected);
  });

  it('counts evidence only while it is fresh, and a backup as long as its setting says', async () => {
    await readyRoute(db, code);
    await db.pool.query('alter table iu_evidence disable trigger user');
    await db.pool.query("update iu_evidence set recorded_at = recorded_at - interval '2 hours'");
    expect(failing(await readiness())).toEqual(['substrate', 'drift']);
    await db.pool.query("update iu_evidence set recorded_at = recorded_at - interval '30 hours'");
    expect(failing(await readiness())).toEqual(['substrate', 'backup', 'drift', 'test_send']);
    await db.pool.query(
      "insert into dot_config (key, value) values ('iu_core.readiness_backup_max_seconds', '172800')",
    );
    expect(failing(await readiness())).toEqual(['substrate', 'drift', 'test_send']);
    await db.pool.query("update iu_evidence set recorded_at = recorded_at + interval '40 hours'");
    expect(failing(await readiness())).toEqual(['substrate', 'backup', 'drift', 'test_send']);
  });

  it('does not count the evidence that came with a copy of the database', async () => {
    await readyRoute(db, code);
    await db.pool.query('alter table iu_evidence disable trigger user');
    await db.pool.query("update iu_evidence set installation = 'another'");
    expect(failing(await readiness())).toEqual(['substrate', 'backup', 'drift', 'test_send']);
  });

  it('asks for no backup in a demo installation, and says so', async () => {
    await readyRoute(db, code);
    await db.pool.query("select fn_iu_evidence_record('backup', false)");
    expect(failing(await readiness())).toEqual(['backup']);
    await db.pool.query("insert into dot_config (key, value) values ('iu_core.installation', 'demo')");
    const document = await readiness();
    expect(document.ready).toBe(true);
    expect(JSON.stringify(document.items)).toContain('not asked for: iu_core.installation is demo');
  });

  it('takes a recorded rehearsal where no gate was closed and opened', async () => {
    await readyRoute(db, code);
    await db.pool.query('alter table iu_gate_log disable trigger user');
    await db.pool.query('delete from iu_gate_log');
    await db.pool.query('alter table iu_gate_log enable always trigger trg_iu_gate_log_append_only');
    expect(failing(await readiness())).toEqual(['disable_path']);
    await db.pool.query("select fn_iu_evidence_record('disable_rehearsal', true)");
    expect((await readiness()).ready).toBe(true);
  });

  it('fails an item whose look raises, and goes on to the next', async () => {
    await readyRoute(db, code);
    await db.pool.query('alter table iu_gate_log rename to gone');
    const items = (await readiness()).items as { item: string; passed: boolean; evidence: string }[];
    expect(items.find(({ item }) => item === 'disable_path')).toMatchObject({
      passed: false,
      evidence: 'cannot be judged (SQLSTATE 42P01)',
    });
    expect(items).toHaveLength(8);
  });

  it('counts organic decisions only: no replay, and none of another version', async () => {
    await addRoute(db.pool, code);
    await emit(db.pool, 'one');
    await drain(db.pool);
    for (let at = 0; at < 5; at += 1) await replayMany(db.pool, '{"status": ["dry_run"]}', 10);
    expect(failing(await readiness())).toContain('observation');
    for (let at = 0; at < 2; at += 1) await emit(db.pool, `more-${at}`);
    await drain(db.pool);
    expect(failing(await readiness())).not.toContain('observation');
    await ask(ann, `fn_iu_route_change($1, '{"event_type": "changed"}', 'narrower')`, [code]);
    expect(failing(await readiness())).toContain('observation');
  });
});

describe('evidence', () => {
  it.each([
    [['approval', true, '{}', null], 'IU433'],
    [['Backup', true, '{}', null], 'IU433'],
    [['backup', null, '{}', null], 'IU433'],
    [['backup', true, '[]', null], 'IU433'],
    [['backup', true, '{"a": {"password": "S"}}', null], 'IU433'],
    [['test_send', true, '{}', null], 'IU433'],
    [['test_send', true, '{}', 'nobody'], 'IU337'],
    [['fire_drill', true, '{"who": "all"}', null], 'done'],
  ])('is recorded with a kind, an outcome and a harmless detail: %j gives %s', async (values, expected) => {
    const call = ann.query('select fn_iu_evidence_record($1, $2, $3, $4)', values);
    expect(await codeOf(call)).toBe(expected);
  });

  it('names the login that recorded it, and stays', async () => {
    expect(await ask(ann, "fn_iu_evidence_record('backup', true)")).toMatchObject({ recorded_by: await loginOf(ann) });
    expect(await codeOf(db.pool.query('delete from iu_evidence'))).toBe('IU310');
    expect(await codeOf(db.pool.query("update iu_evidence set recorded_by = 'bob'"))).toBe('IU310');
    expect(await codeOf(db.pool.query('truncate iu_evidence'))).toBe('IU310');
  });
});

describe('a request', () => {
  it('is refused while the route is not ready, and the refusal names the items', async () => {
    await addRoute(db.pool, code);
    await expect(request()).rejects.toMatchObject({ code: 'IU420', message: expect.stringContaining('test_send') });
  });

  it('keeps the evidence, who asked, and limits; it ends in 30 days unless said', async () => {
    await readyRoute(db, code);
    const made = await request([1000, null, 0.1, 5]);
    expect(made).toMatchObject({
      route_version: 1,
      requested_by: await loginOf(ann),
      max_events: '1000',
      canary_share: '0.1',
      failure_budget: 5,
      approved_by: null,
      target_sha256: null,
    });
    const { rows } = await db.pool.query(
      `select evidence ->> 'ready' as ready, expires_at - requested_at between interval '29 days 23 hours' and interval '30 days' as thirty
         from iu_route_approval`,
    );
    expect(rows).toEqual([{ ready: 'true', thirty: true }]);
    expect(await stateOf(made.approval_id)).toBe('requested');
  });

  it('is refused for a second one at once, for a kind that never goes live, and for limits out of bounds', async () => {
    await readyRoute(db, code);
    expect(await codeOf(request([null, '2020-01-01', 1, 50]))).toBe('IU422');
    expect(await codeOf(request([null, '2099-01-01', 1, 50]))).toBe('IU422');
    expect(await codeOf(request([0, null, 1, 50]))).toBe('IU422');
    expect(await codeOf(request([null, null, 1.5, 50]))).toBe('IU422');
    expect(await codeOf(request([null, null, 'NaN', 50]))).toBe('IU422');
    expect(await codeOf(request([null, null, 1, 0]))).toBe('IU422');
    expect(await codeOf(ask(ann, "fn_iu_route_request_live($1, '  ')", [code]))).toBe('IU423');
    await request();
    expect(await codeOf(request())).toBe('IU421');
    await readyRoute(db, 'dry', { target_kind: 'workflow' });
    expect(await codeOf(ask(ann, "fn_iu_route_request_live('dry', 'x')"))).toBe('IU411');
    expect(await codeOf(ask(ann, "fn_iu_route_request_live('nobody', 'x')"))).toBe('IU337');
  });

  it('for a target in the database needs the registered target, and pins what it is', async () => {
    await db.pool.query('create table received (delivery_id text primary key, event_id uuid, event jsonb)');
    await readyRoute(db, code, { target_kind: 'table', target_ref: 'received' });
    expect(await codeOf(request())).toBe('IU437');
    await db.pool.query("select fn_iu_target_register('table', 'received', $1, 'test')", [`${db.schema}.received`]);
    await recordEvidence(db, code);
    const made = await request();
    expect(made.target_sha256).toMatch(/^[0-9a-f]{64}$/);
    await db.pool.query('alter table received add column more text');
    expect(await codeOf(approve(made.approval_id))).toBe('IU437');
  });

  it('of two made at once only one stands', async () => {
    await readyRoute(db, code);
    const eve = await db.as('iu_operator');
    const outcomes = await Promise.all([codeOf(request()), codeOf(request(undefined, eve))]);
    expect(outcomes.sort()).toEqual(['IU421', 'done']);
  });
});

describe('an approval', () => {
  it('needs the role, another login than the requester, and a note', async () => {
    await readyRoute(db, code);
    const both = await db.as('iu_operator', 'iu_approver');
    const { approval_id } = await request(undefined, both);
    expect(await codeOf(approve(approval_id, undefined, both))).toBe('IU427');
    await both.query('set role iu_approver');
    expect(await codeOf(approve(approval_id, undefined, both))).toBe('IU427');
    expect(await codeOf(approve(approval_id, undefined, ann))).toBe('42501');
    expect(await codeOf(ask(bob, "fn_iu_route_approve($1, '')", [approval_id]))).toBe('IU423');
    expect(await codeOf(approve('999999'))).toBe('IU424');
    expect(await approve(approval_id)).toMatchObject({ approved_by: await loginOf(bob) });
    expect(await stateOf(approval_id)).toBe('approved');
    expect(await codeOf(approve(approval_id))).toBe('IU425');
  });

  it('is refused to a superuser who asked for it himself', async () => {
    await readyRoute(db, code);
    const { approval_id } = await ask(db.pool, "fn_iu_route_request_live($1, 'go')", [code]);
    expect(await codeOf(ask(db.pool, "fn_iu_route_approve($1, 'me')", [approval_id]))).toBe('IU427');
  });

  it('may be narrower than the request in each limit, and in none wider', async () => {
    await readyRoute(db, code);
    const { approval_id } = await request([100, null, 0.5, 10]);
    expect(await codeOf(approve(approval_id, [101, null, null, null]))).toBe('IU428');
    expect(await codeOf(approve(approval_id, [null, '2099-01-01', null, null]))).toBe('IU428');
    expect(await codeOf(approve(approval_id, [null, null, 0.6, null]))).toBe('IU428');
    expect(await codeOf(approve(approval_id, [null, null, null, 11]))).toBe('IU428');
    expect(await codeOf(approve(approval_id, [0, null, null, null]))).toBe('IU422');
    const soon = new Date(Date.now() + 3_600_000).toISOString();
    expect(await approve(approval_id, [5, soon, 0.25, 2])).toMatchObject({
      max_events: '5',
      canary_share: '0.25',
      failure_budget: 2,
    });
  });

  it('is refused when the request expired, was rejected, or the route has changed', async () => {
    await readyRoute(db, code);
    const first = await request();
    expect(await ask(bob, "fn_iu_route_reject($1, 'not now')", [first.approval_id])).toMatchObject({
      was: 'requested',
    });
    expect(await stateOf(first.approval_id)).toBe('rejected');
    expect(await codeOf(approve(first.approval_id))).toBe('IU425');
    expect(await codeOf(ask(bob, "fn_iu_route_reject($1, 'again')", [first.approval_id]))).toBe('IU425');

    const second = await request([null, new Date(Date.now() + 400).toISOString(), 1, 50]);
    await db.pool.query('select pg_sleep(0.5)');
    expect(await stateOf(second.approval_id)).toBe('expired');
    expect(await codeOf(approve(second.approval_id))).toBe('IU425');

    const third = await request();
    await ask(ann, `fn_iu_route_change($1, '{"rate_per_second": 9}', 'slower')`, [code]);
    expect(await stateOf(third.approval_id)).toBe('void');
    expect(await codeOf(approve(third.approval_id))).toBe('IU426');
  });
});

describe('going live', () => {
  it('takes an approved route live, decides queued from then on, and back to dry-run', async () => {
    await readyRoute(db, code);
    expect(await codeOf(goLive())).toBe('IU429');
    const { approval_id } = await request();
    expect(await codeOf(goLive())).toBe('IU429');
    await approve(approval_id);
    expect(await decisionOf('before')).toBe('dry_run');
    expect(await goLive()).toMatchObject({ approval_id, held_by: [] });
    expect(await stateOf(approval_id)).toBe('in_use');
    expect(await decisionOf('live')).toBe('queued');
    expect(await codeOf(goLive())).toBe('IU431');
    expect(await codeOf(ask(bob, "fn_iu_route_reject($1, 'no')", [approval_id]))).toBe('IU431');

    expect(await ask(bob, "fn_iu_route_back_to_dry_run($1, 'enough')", [code])).toMatchObject({
      was_live: true,
      approval_id,
      deliveries_waiting: 1,
    });
    expect(await stateOf(approval_id)).toBe('revoked');
    expect(await decisionOf('after')).toBe('dry_run');
    expect(await codeOf(goLive())).toBe('IU429');
    expect(await ask(ann, "fn_iu_route_back_to_dry_run($1, 'again')", [code])).toMatchObject({ was_live: false });
  });

  it('is refused for a disabled route and for one that is not ready any more, and names what holds the deliveries', async () => {
    await readyRoute(db, code);
    const { approval_id } = await request();
    await approve(approval_id);
    await ask(ann, "fn_iu_route_set_enabled($1, false, 'test')", [code]);
    expect(await codeOf(goLive())).toBe('IU430');
    await ask(ann, "fn_iu_route_set_enabled($1, true, 'test')", [code]);
    await db.pool.query("select fn_iu_evidence_record('drift', false)");
    await expect(goLive()).rejects.toMatchObject({ code: 'IU420', message: expect.stringContaining('drift') });
    await db.pool.query("select fn_iu_evidence_record('drift', true)");
    await ask(ann, "fn_iu_gate_set('delivery_enabled', false, 'test')");
    await ask(ann, "fn_iu_route_set_paused($1, true, 'test')", [code]);
    expect(await goLive()).toMatchObject({ held_by: ['delivery_gate_closed', 'route_paused'] });
  });

  it('does not survive its approval when the route is disabled meanwhile: enabled it is in dry-run', async () => {
    await readyRoute(db, code);
    await live([null, new Date(Date.now() + 1500).toISOString(), 1, 50]);
    const enable = (on: boolean) => ask(ann, "fn_iu_route_set_enabled($1, $2, 'test')", [code, on]);
    expect(await enable(false)).toMatchObject({ dry_run: false });
    expect(await enable(true)).toMatchObject({ enabled: true, dry_run: false });
    await enable(false);
    await db.pool.query('select pg_sleep(1.6)');
    expect(await enable(true)).toMatchObject({ enabled: true, dry_run: true });
  });

  it('is voided by a change of the route: back in dry-run, and the answer says so', async () => {
    await readyRoute(db, code);
    const id = await live();
    expect(await decisionOf('one')).toBe('queued');
    const changed = await ask(ann, `fn_iu_route_change($1, '{"target_ref": "https://other.test/"}', 'moved')`, [code]);
    expect(changed).toMatchObject({
      version_before: 1,
      version: 2,
      was_live: true,
      approval_voided: id,
      deliveries_waiting: 1,
    });
    expect(await decisionOf('two')).toBe('dry_run');
    expect(await codeOf(goLive())).toBe('IU429');
    const { rows } = await db.pool.query(
      "select route ->> 'note' as note from iu_route_history where route_code = 'crm' order by history_id desc limit 1",
    );
    expect(rows[0].note).toBe('moved');
  });

  it('by wider limits takes a new request, and revokes the old approval', async () => {
    await readyRoute(db, code);
    const first = await live([5, null, 1, 50]);
    const second = await live([500, null, 1, 50]);
    expect([await stateOf(first), await stateOf(second)]).toEqual(['revoked', 'in_use']);
    expect(await decisionOf('still live')).toBe('queued');
  });

  it('begins a failure budget of its own: what failed under another approval does not spend it', async () => {
    await readyRoute(db, code);
    await live([null, null, 1, 2]);
    for (const subject of ['one', 'two']) await decisionOf(subject);
    await settle(db, await claim(db), 'failed');
    await ask(ann, "fn_iu_route_back_to_dry_run($1, 'mended')", [code]);
    const second = await live([null, null, 1, 2]);
    await decisionOf('three');
    await settle(db, await claim(db), 'failed');
    expect(await stateOf(second)).toBe('in_use');
  });

  it('with a canary delivers a share of the subjects, each always the same way', async () => {
    await readyRoute(db, code);
    await live([null, null, 0.5, 50]);
    const outcomes: Record<string, number> = {};
    for (let at = 0; at < 40; at += 1) {
      const first = await decisionOf(`subject-${at}`);
      expect(await decisionOf(`subject-${at}`)).toBe(first);
      outcomes[first] = (outcomes[first] ?? 0) + 1;
    }
    expect(Object.keys(outcomes).sort()).toEqual(['dry_run/outside_canary', 'queued']);

    // Those outside are decided again once the share is wider.
    const waiting = async () => Number((await db.pool.query('select count(*) as n from iu_route_delivery')).rows[0].n);
    expect(await waiting()).toBe(outcomes.queued === undefined ? 0 : 2 * outcomes.queued);
    await live([null, null, 1, 50]);
    await replayMany(db.pool, '{"status": ["dry_run"], "reason": "outside_canary"}', 100);
    expect(await waiting()).toBe(80);
  });

  it('keeps each step of an approval with the login that took it', async () => {
    await readyRoute(db, code);
    await live();
    await ask(ann, "fn_iu_route_back_to_dry_run($1, 'enough')", [code]);
    const { rows } = await db.pool.query(
      "select detail ->> 'step' as step, recorded_by as by from iu_evidence where kind = 'approval' order by evidence_id",
    );
    const [operator, approver] = [await loginOf(ann), await loginOf(bob)];
    expect(rows).toEqual([
      { step: 'requested', by: operator },
      { step: 'approved', by: approver },
      { step: 'live', by: operator },
      { step: 'revoked', by: operator },
    ]);
  });

  it('and every other step wait for each other when taken at once, and nobody deadlocks', async () => {
    await readyRoute(db, code);
    const changing = await db.as('iu_operator');
    for (let round = 0; round < 10; round += 1) {
      await recordEvidence(db, code);
      for (let at = 0; at < 3; at += 1) await emit(db.pool, `round-${round}-${at}`);
      await drain(db.pool);
      const { approval_id } = await request();
      if (round % 2 === 0) await approve(approval_id);
      const change = JSON.stringify({ rate_per_second: round + 1 });
      const codes = await Promise.all([
        codeOf(round % 2 === 0 ? goLive() : approve(approval_id)),
        codeOf(ask(changing, "fn_iu_route_change($1, $2, 'at once')", [code, change])),
        codeOf(db.pool.query("select fn_iu_delivery_claim('test', 10, 60, 'test-installation', false)")),
        codeOf(ask(db.pool, "fn_iu_route_back_to_dry_run($1, 'at once')", [code])),
      ]);
      expect(['done', 'IU420', 'IU425', 'IU426', 'IU429']).toContain(codes[0]);
      expect(codes.slice(1)).toEqual(['done', 'done', 'done']);
      expect(['void', 'revoked']).toContain(await stateOf(approval_id));
      expect(await decisionOf(`after-${round}`)).toBe('dry_run');
    }
  });
});
