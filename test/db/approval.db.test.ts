// P6: no INSERT, UPDATE, COPY or MERGE by any role makes a route send. Only an owner of the tables who forges an approval row with the
// guards off is outside of the promise, and verify names what such a forger leaves behind.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { migrateDown, migrateVerify } from '../../src/install/migrate/index.js';
import { verifyLive } from '../../src/install/verify-live.js';
import { type ForgedApproval, forgeApproval } from '../support/approval.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { codeOf, prepareGoingLive } from '../support/going-live.js';
import { grantedRoles } from '../support/grants.js';
import { addRoute, drain, emit } from '../support/race.js';

const flag = (approval: string, more = '') =>
  `update iu_outbound_route set enabled = true, dry_run = false, approval_id = ${approval}${more} where route_code = 'victim'`;
const requestRow = (columns: string, values: string) =>
  `insert into iu_route_approval (route_id, route_version, ${columns})
   select route_id, version, ${values} from iu_outbound_route where route_code = 'victim'`;
const newest = '(select max(approval_id) from iu_route_approval)';
const merge = `merge into iu_outbound_route r using (values ('victim')) v (code) on r.route_code = v.code
  when matched then update set dry_run = false, approval_id = ${newest}`;
const insertLive = (approval: string) =>
  `insert into iu_outbound_route (route_code, target_kind, target_ref, enabled, dry_run, approval_id)
   values ('mine', 'webhook', 'https://sink.test/', true, false, ${approval})`;
const columns = 'route_code, event_domain, target_kind, target_ref, enabled, dry_run, approval_id';
const copy = `copy iu_outbound_route (${columns}) from program 'echo mine,race,webhook,https://sink.test/,true,false,1' with (format csv)`;
const replica = 'set session_replication_role = replica';
const unguarded = 'alter table iu_outbound_route disable trigger all';

describe.each(grantedRoles)('a login with the rights of %s', (role) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await createTestDatabase();
    await addRoute(db.pool, 'victim');
    await forgeApproval(db.pool, 'victim');
  });
  afterAll(() => db.drop());

  it.each([
    ['the flag by update', flag('1')],
    ['the flag by insert', insertLive('1')],
    ['the flag by merge', merge],
    ['the flag by copy', `copy iu_outbound_route (${columns}) from stdin`],
    ['an approval', requestRow('requested_by, approved_by, approved_at', `'x', 'y', now()`)],
    ['an approval by copy', 'copy iu_route_approval (route_id, route_version, requested_by) from stdin'],
    ['limits of an approval', 'update iu_route_approval set max_events = null'],
    ['evidence', `insert into iu_evidence (kind, passed, installation, recorded_by) values ('backup', true, 'x', 'y')`],
    [
      'a delivery',
      `insert into iu_route_delivery (event_seq, event_ref, route_id, attempt_no, delivery_key) values (1, gen_random_uuid(), 1, 1, 'k')`,
    ],
    ['a replica', replica],
    ['the guards', unguarded],
  ])('cannot write %s', async (_, sql) => {
    const client = await db.as(role);
    expect(await codeOf(client.query(sql))).toBe('42501');
  });
});

describe('a superuser', () => {
  let db: TestDatabase;
  beforeEach(async () => {
    db = await createTestDatabase();
    await prepareGoingLive(db);
    await addRoute(db.pool, 'victim');
    await addRoute(db.pool, 'other', { event_domain: 'elsewhere' });
  });
  afterEach(() => db.drop());

  /** Runs the statements one by one, each committed; gives the code of the first that is refused. */
  async function forge(statements: readonly string[]): Promise<string> {
    const client = await db.connect();
    for (const sql of statements) {
      const code = await codeOf(client.query(sql));
      if (code !== 'done') return code;
    }
    return 'done';
  }

  /** What a pass decides for a new event, and how many of its deliveries a claim gives, one forged into the queue included. */
  async function afterwards(code = 'victim'): Promise<{ outcome: string; state: string; claimed: number }> {
    const seq = await emit(db.pool, 'x');
    await drain(db.pool);
    const { rows } = await db.pool.query(
      `select concat_ws('/', a.status, a.reason) as outcome, fn_iu_route_approval_state(r.route_id, r.version, r.approval_id) as state
         from iu_outbound_route r join iu_route_attempt a on a.route_id = r.route_id and a.event_seq = $1 where r.route_code = $2`,
      [seq, code],
    );
    await db.pool.query(
      `insert into iu_route_delivery (event_seq, event_ref, route_id, attempt_no, delivery_key)
       select o.seq, o.id, r.route_id, 1, r.route_code || ':' || o.id from event_outbox o, iu_outbound_route r
        where o.seq = $1 and r.route_code = $2 on conflict do nothing`,
      [seq, code],
    );
    const claimed = await db.pool.query(
      "select event_seq from fn_iu_delivery_claim('test', 100, 60, 'test-installation', false) where lease_token is not null",
    );
    return { outcome: rows[0].outcome, state: rows[0].state, claimed: claimed.rows.length };
  }

  const victim = (row: ForgedApproval = {}) => forgeApproval(db.pool, 'victim', row);

  it.each<[string, () => Promise<unknown>, string[], string]>([
    ['flags a route without an approval', async () => {}, [flag('null')], 'IU410'],
    ['with an approval that does not exist', async () => {}, [flag('999999')], 'IU410'],
    ['with the approval of another route', () => forgeApproval(db.pool, 'other'), [flag(newest)], 'IU410'],
    ['with a revoked one', () => victim({ revoked_at: '2026-01-01', revoked_by: 'bob' }), [flag(newest)], 'IU410'],
    ['with an expired one', () => victim({ expires_at: '2026-01-01' }), [flag(newest)], 'IU410'],
    ['with one that is used up', () => victim({ max_events: 1, events_used: 1 }), [flag(newest)], 'IU410'],
    ['with one of an older version', () => victim({ route_version: 7 }), [flag(newest)], 'IU410'],
    [
      'and says that the version is another',
      () => victim({ route_version: 7 }),
      [flag(newest, ', version = 7')],
      'IU410',
    ],
    [
      'and changes the route in the same update',
      () => victim(),
      [flag(newest, ", target_ref = 'https://evil.test/'")],
      'done',
    ],
    ['by insert', async () => {}, [insertLive('null')], 'IU410'],
    ['by insert with the approval of another route', () => victim(), [insertLive(newest)], 'IU410'],
    ['by copy', () => victim(), [copy], 'IU410'],
    ['by merge', () => forgeApproval(db.pool, 'other'), [merge], 'IU410'],
    ['with the triggers of a replica', () => forgeApproval(db.pool, 'other'), [replica, flag(newest)], 'IU410'],
    ['with an own request', async () => {}, [requestRow('requested_by', 'session_user'), flag(newest)], 'IU410'],
    ['and asks in another name', async () => {}, [requestRow('requested_by', `'ann'`)], 'IU435'],
    [
      'and approves in another name',
      async () => {},
      [requestRow('requested_by, approved_by, approved_at', `session_user, 'bob', now()`)],
      'IU435',
    ],
    [
      'and approves as a replica',
      async () => {},
      [replica, requestRow('requested_by, approved_by, approved_at', `'ann', 'bob', now()`)],
      'IU435',
    ],
    [
      'and approves an own request',
      async () => {},
      [
        requestRow('requested_by', 'session_user'),
        'update iu_route_approval set approved_by = session_user, approved_at = now()',
      ],
      'IU435',
    ],
    [
      'and takes a revocation back',
      () => victim({ revoked_at: '2026-01-01', revoked_by: 'bob' }),
      ['update iu_route_approval set revoked_at = null'],
      'IU435',
    ],
    [
      'and moves an approval to another route',
      () => forgeApproval(db.pool, 'other'),
      [`update iu_route_approval set route_id = (select route_id from iu_outbound_route where route_code = 'victim')`],
      'IU435',
    ],
    [
      'and gives an approval more time',
      () => victim({ expires_at: '2026-01-01' }),
      ['update iu_route_approval set expires_at = null'],
      'IU435',
    ],
    ['and deletes approvals', () => victim(), ['delete from iu_route_approval'], 'IU310'],
  ])('%s: refused or back in dry-run, and nothing is sent', async (_, prepare, statements, expected) => {
    await prepare();
    expect(await forge(statements)).toBe(expected);
    expect(await afterwards()).toMatchObject({ outcome: 'dry_run', claimed: 0 });
  });

  it.each<[string, () => Promise<unknown>, string[]]>([
    ['the approval of another route', () => forgeApproval(db.pool, 'other'), [unguarded, flag(newest)]],
    ['an approval that does not exist', async () => {}, [unguarded, flag('999999')]],
    ['a revoked approval', () => victim({ revoked_at: '2026-01-01', revoked_by: 'bob' }), [unguarded, flag(newest)]],
    ['a request that nobody approved', () => victim({ approved_by: null }), [unguarded, flag(newest)]],
    ['the approval of another version', () => victim(), [unguarded, flag(newest, ', version = 2')]],
    [
      'no approval, the constraint gone',
      async () => {},
      [unguarded, 'alter table iu_outbound_route drop constraint iu_outbound_route_safe_chk', flag('null')],
    ],
    [
      'its own approval, the constraint gone',
      async () => {
        await db.pool.query('alter table iu_route_approval drop constraint iu_route_approval_two_people_chk');
        await victim({ requested_by: 'eve', approved_by: 'eve' });
      },
      [unguarded, flag(newest)],
    ],
  ])('gets nothing sent with all guards of routes off and %s', async (_, prepare, statements) => {
    await prepare();
    expect(await forge(statements)).toBe('done');
    expect(await afterwards()).toEqual({ outcome: 'dry_run/not_approved', state: 'missing', claimed: 0 });
    expect((await failedChecks()).join()).toContain('victim is flagged live without');
  });

  it.each<[string, ForgedApproval]>([
    ['has expired', { expires_at: '2026-01-01' }],
    ['is used up', { max_events: 3, events_used: 3 }],
  ])('with guards off and an approval that %s makes events queue, and the claim holds them', async (_, row) => {
    await victim(row);
    expect(await forge([unguarded, flag(newest)])).toBe('done');
    expect(await afterwards()).toEqual({ outcome: 'queued', state: 'spent', claimed: 0 });
  });

  /** Evidence of the failed checks of both verify commands. */
  async function failedChecks(): Promise<string[]> {
    const live = await verifyLive({ url: db.url, schema: db.schema });
    const client = await db.connect();
    const { failures } = await migrateVerify(client, { schema: db.schema });
    return [
      ...live.checks.filter((check) => !check.passed).map((check) => `${check.id} ${check.evidence}`),
      ...failures.map((failure) => `${failure.subject} ${failure.message}`),
    ];
  }

  it('who forges an approval row with its guards off is outside of the promise, and both verify commands name the row', async () => {
    expect(await failedChecks()).toEqual([]);
    const id = await forgeApproval(db.pool, 'victim', {}, false);
    expect(await forge([flag(id)])).toBe('done');
    expect(await afterwards()).toMatchObject({ outcome: 'queued', state: 'valid', claimed: 1 });
    const named = await failedChecks();
    const sentence = `approval ${id} of victim was not made by fn_iu_route_approve`;
    expect(named.find((line) => line.startsWith('P6 '))).toContain(sentence);
    expect(named.find((line) => line.startsWith('010_going_live '))).toContain(sentence);
  });

  it('who leaves a guard of approvals off is named too', async () => {
    await db.pool.query('alter table iu_route_approval disable trigger trg_iu_route_approval_guard');
    const named = (await failedChecks()).join('\n');
    expect(named).toContain('P9');
    expect(named).toContain('trigger trg_iu_route_approval_guard on iu_route_approval is missing or not in its mode');
  });

  it('cannot take the change back while there are approvals or evidence', async () => {
    const client = await db.connect();
    const down = () => migrateDown(client, { schema: db.schema, steps: 1 });
    // what was installed later goes first
    for (let change = ''; change !== '011_dead_letter_tools'; )
      [change = '011_dead_letter_tools'] = (await down()).changes;
    await db.pool.query("select fn_iu_evidence_record('disable_rehearsal', true)");
    await expect(down()).rejects.toMatchObject({
      code: 'IU811',
      message: expect.stringContaining('1 rows of evidence'),
    });
    await db.pool.query('alter table iu_evidence disable trigger user');
    await db.pool.query('delete from iu_evidence');
    await forgeApproval(db.pool, 'victim', {}, false);
    await expect(down()).rejects.toMatchObject({
      code: 'IU811',
      message: expect.stringContaining('1 requests and approvals'),
    });
  });
});
