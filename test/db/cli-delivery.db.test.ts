import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { holdSentence } from '../../src/cli/hold.js';
import { pastTheGuards } from '../support/approval.js';
import { runIu } from '../support/cli.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { attemptsOf, oneRow, refuseAll } from '../support/dead-letters.js';
import { claim, deployment, liveRoute, prepareDelivery, settle } from '../support/delivery-queue.js';
import { drain, emit } from '../support/race.js';

let db: TestDatabase;
beforeEach(async () => {
  db = await createTestDatabase();
  await prepareDelivery(db);
});
afterEach(() => db.drop());

const iu = (...words: string[]) => runIu(words, { url: db.url, schema: db.schema });
async function json(...words: string[]) {
  const { exitCode, stdout, stderr } = await iu(...words, '--json');
  expect({ exitCode, stderr }, words.join(' ')).toEqual({ exitCode: 0, stderr: '' });
  return JSON.parse(stdout);
}
const reasons = async (...words: string[]) =>
  (await json('delivery', 'list', ...words)).items.map(
    (row: { routeCode: string; eventSubjectRef: string; state: string; stateReason: string | null }) =>
      `${row.routeCode} ${row.eventSubjectRef} ${row.state} ${row.stateReason ?? '-'}`,
  );

describe('iu delivery', () => {
  it('lists what waits in pages, and says of each why it is not sent', async () => {
    await liveRoute(db, 'r.free');
    await liveRoute(db, 'r.subject', { ordering: 'subject', on_dead_letter: 'hold' });
    await emit(db.pool, 'a');
    await drain(db.pool);
    await refuseAll(db);
    for (const subject of ['a', 'b', 'b']) await emit(db.pool, subject);
    await drain(db.pool);
    expect(await reasons()).toEqual([
      'r.free a due -',
      'r.subject a held subject_held',
      'r.free b due -',
      'r.subject b due -',
      'r.free b due -',
      'r.subject b waiting behind_earlier_event',
    ]);
    expect(await reasons('--state', 'held')).toEqual(['r.subject a held subject_held']);
    const first = await json('delivery', 'list', '--limit', '4');
    const second = await json('delivery', 'list', '--limit', '4', '--after', first.next);
    expect([first.items.length, second.items.length, second.next]).toEqual([4, 2, null]);
    expect(await reasons('--subject-ref', 'b', '--route', 'r.free')).toHaveLength(2);
    expect(await reasons('--older-than', '1h')).toEqual([]);
    expect((await iu('delivery', 'list', '--after', '7')).exitCode).toBe(64);
    await settle(db, await claim(db, { limit: 1 }), 'failed');
    expect(await reasons('--state', 'waiting', '--route', 'r.free')).toEqual(['r.free a waiting due_later']);
    expect((await iu('delivery', 'list', '--state', 'held')).stdout).toContain('subject_held');
  });

  it('names what holds a route: gate, deployment, pause, breaker, approval, dry-run', async () => {
    const id = await liveRoute(db, 'r');
    await emit(db.pool, 'a');
    await drain(db.pool);
    const hold = async (...words: string[]) => (await json('delivery', 'show', '1', 'r', ...words)).stateReason;
    expect(await hold()).toBe(null);
    expect(await hold('--deployment', 'staging')).toBe('deployment_differs');
    await iu('gate', 'close', 'delivery_enabled', '--reason', 'test');
    expect(await hold()).toBe('delivery_gate_closed');
    await iu('gate', 'open', 'delivery_enabled', '--reason', 'test');
    expect((await iu('route', 'pause', 'r')).exitCode).toBe(64);
    const paused = await iu('route', 'pause', 'r', '--reason', 'maintenance');
    expect(paused.stdout).toBe('Route r is paused; 1 deliveries wait.\n');
    expect(await hold()).toBe('route_paused');
    expect((await iu('delivery', 'show', '1', 'r')).stdout).toContain(
      'the route is paused: iu route resume r --reason TEXT',
    );
    expect(await claim(db)).toEqual([]);
    expect(await json('route', 'resume', 'r', '--reason', 'done')).toEqual({
      routeCode: 'r',
      paused: false,
      waiting: 1,
    });
    await db.pool.query(
      "update iu_route_flow set breaker = 'open', breaker_until = now() + interval '1 hour' where route_id = $1",
      [id],
    );
    expect(await hold()).toBe('breaker_open');
    await iu('route', 'resume', 'r', '--reason', 'try at once');
    await pastTheGuards(db.pool, 'update iu_route_approval set expires_at = now()');
    expect(await hold()).toBe('approval_expired');
    await db.pool.query('update iu_outbound_route set dry_run = true where route_id = $1', [id]);
    expect(await hold()).toBe('route_dry_run');
    await db.pool.query('update iu_outbound_route set enabled = false where route_id = $1', [id]);
    expect(await hold()).toBe('route_disabled');
    expect((await iu('gate', 'log')).stdout).toContain('maintenance');
  });

  it('lists as held all that waits for a held route, also what is due later or behind an earlier event', async () => {
    await liveRoute(db, 'r', { ordering: 'subject', retry_policy: { delays_seconds: [1000], jitter_share: 0 } });
    for (const subject of ['a', 'b', 'b', 'c']) await emit(db.pool, subject);
    await drain(db.pool);
    const [failed] = await claim(db, { limit: 1 });
    await settle(db, failed === undefined ? [] : [failed], 'failed');
    const open = ['r a waiting due_later', 'r b due -', 'r b waiting behind_earlier_event', 'r c due -'];
    expect(await reasons()).toEqual(open);
    await db.pool.query("update iu_route_flow set breaker = 'open', breaker_until = now() + interval '30 s'");
    expect(await reasons('--state', 'held')).toEqual(['r b held breaker_open', 'r c held breaker_open']);
    await iu('route', 'pause', 'r', '--reason', 'maintenance');
    expect(await reasons('--state', 'held')).toEqual(['a', 'b', 'b', 'c'].map((one) => `r ${one} held route_paused`));
    expect(await reasons('--state', 'waiting')).toEqual([]);
    expect(await json('delivery', 'show', '1', 'r')).toMatchObject({ state: 'held', stateReason: 'route_paused' });
    await iu('route', 'resume', 'r', '--reason', 'done');
    expect(await claim(db)).toHaveLength(2);
    await db.pool.query("select fn_iu_gate_set('delivery_enabled', false, 'test')");
    // What is being sent is not held.
    expect(await reasons('--state', 'held')).toEqual(['a', 'b'].map((one) => `r ${one} held delivery_gate_closed`));
  });

  it('cancels everything that waits for a route after a preview, and nothing that is being sent or came later', async () => {
    await liveRoute(db, 'r', { ordering: 'subject' });
    await liveRoute(db, 'other');
    for (const subject of ['a', 'a', 'b', 'c']) await emit(db.pool, subject);
    await drain(db.pool);
    // The heads of all subjects are being sent; behind that of one there is another.
    const held = await claim(db);
    await settle(
      db,
      held.filter((row) => row.event_subject_ref === 'c'),
      'released',
    );
    const many = ['delivery', 'cancel', '--route', 'r', '--reason', 'too late'];
    expect(await json(...many, '--older-than', '1h')).toMatchObject({ remaining: 0, goOn: null });
    const counted = await json(...many);
    expect(counted.cancelled).toBe(0);
    expect((await iu(...many)).stdout).toMatch(
      /^Would cancel \d deliveries to r\.\nNothing was changed\.\nTo do it: .*--until-event \d+ --yes\n$/,
    );
    await emit(db.pool, 'd');
    await drain(db.pool);
    expect(counted.remaining).toBe(2);
    expect(await json(...many, '--until-event', counted.untilEventSeq, '--yes')).toEqual({
      routeCode: 'r',
      cancelled: 2,
    });
    const { rows } = await db.pool.query(
      "select status, failure_detail from iu_route_attempt where route_code = 'r' and status = 'cancelled'",
    );
    expect(rows).toHaveLength(2);
    expect(rows[0].failure_detail).toContain('too late');
    const left = held.filter((row) => row.event_subject_ref !== 'c');
    expect(await settle(db, left, 'sent')).toMatchObject({ settled: left.length });
    expect((await claim(db)).map((row) => row.event_subject_ref).sort()).toContain('d');
    expect(
      (await oneRow(db, "select count(*)::int as n from iu_route_lane where route_id = 1 and lane_key not like '%:d'"))
        .n,
    ).toBe(0);
    expect((await iu('delivery', 'cancel', '--reason', 'x')).exitCode).toBe(64);
    expect((await iu(...many.map((word) => (word === 'r' ? 'nowhere' : word)))).stderr).toContain('IU337');
  });

  it('says how many it could not cancel because somebody has them locked', async () => {
    await liveRoute(db, 'r');
    const seq = await emit(db.pool, 'a');
    await emit(db.pool, 'b');
    await drain(db.pool);
    const holding = await db.connect();
    await holding.query('begin');
    await holding.query('select from iu_route_delivery where event_seq = $1 for update', [seq]);
    const refused = await iu('delivery', 'cancel', '--route', 'r', '--reason', 'too late', '--yes');
    expect(refused.exitCode).toBe(3);
    expect(refused.stderr).toContain('1 deliveries to r are cancelled; 1 are not');
    await holding.query('rollback');
    expect((await iu('delivery', 'cancel', seq, 'r', '--reason', 'x', '--yes')).stderr).toContain('IU031');
    expect((await iu('delivery', 'cancel', seq, 'r', '--reason', 'x', '--older-than', '1h')).exitCode).toBe(64);
  });

  it('says a sentence for every reason that the database gives', async () => {
    const { rows } = await db.pool.query(
      `select distinct m[1] as reason from pg_proc, regexp_matches(prosrc, '(?:then|return|:=|when) ''([a-z]+_[a-z_]+)''', 'g') m
        where proname in ('fn_iu_delivery_hold', 'fn_iu_delivery_holds') and m[1] not like 'iu_%'`,
    );
    expect(rows.length).toBeGreaterThan(12);
    for (const { reason } of rows) expect(holdSentence(reason, 'r'), reason).not.toBe(reason);
  });

  it('cancels one for good with a reason, not one that is being sent, and shows leases', async () => {
    await liveRoute(db, 'r');
    const seq = await emit(db.pool, 'a');
    await emit(db.pool, 'b');
    await drain(db.pool);
    expect((await iu('delivery', 'cancel', seq, 'r')).exitCode).toBe(64);
    const cancelled = await iu('delivery', 'cancel', seq, 'r', '--reason', 'sent by hand');
    expect(cancelled.stdout).toMatch(/^Delivery of event [0-9a-f-]{36} to r is cancelled \(attempt 2\)\.\n$/);
    expect(await attemptsOf(db, seq)).toEqual(['1 queued -', '2 cancelled by_person']);
    expect((await iu('delivery', 'cancel', seq, 'r', '--reason', 'x')).stderr).toContain('IU354');
    expect((await iu('delivery', 'show', seq, 'r')).stderr).toContain('IU354');
    expect((await iu('delivery', 'leases')).stdout).toBe('Nothing is being sent.\n');
    await claim(db, { runner: 'runner-1' });
    expect(await reasons('--state', 'leased')).toEqual(['r b leased -']);
    const { items } = await json('delivery', 'leases', '--runner', 'runner-1');
    expect(items).toMatchObject([{ routeCode: 'r', deliveries: 1, unsettled: 1, expired: false }]);
    const inFlight = await iu('delivery', 'cancel', String(Number(seq) + 1), 'r', '--reason', 'x');
    expect(inFlight).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('IU355') });
  });

  it('may be read by a reader, who sees no payload, and changed by an operator only', async () => {
    await liveRoute(db, 'r');
    const seq = await emit(db.pool, 'a', { note: 'canary-payload' });
    await drain(db.pool);
    const place = { url: await db.loginUrl('iu_reader'), schema: db.schema };
    const listed = await runIu(['delivery', 'list', '--json'], place);
    expect(JSON.parse(listed.stdout).items).toHaveLength(1);
    expect(listed.stdout).not.toContain('canary-payload');
    const refused = await runIu(['delivery', 'cancel', seq, 'r', '--reason', 'x'], place);
    expect(refused.stderr).toContain('IU004');
  });
});

describe('iu deployment and iu target', () => {
  it('claims a name and says whether a runner under IU_DEPLOYMENT may send', async () => {
    expect(await json('deployment', 'show', '--deployment', deployment)).toMatchObject({
      name: deployment,
      hold: null,
    });
    expect((await iu('deployment', 'show')).stdout).toContain('the runner has no IU_DEPLOYMENT');
    expect((await iu('deployment', 'claim', 'b ad', '--reason', 'x')).stderr).toContain('IU350');
    const claimed = await iu('deployment', 'claim', 'blue', '--reason', 'moved');
    expect(claimed.stdout).toBe(
      `This database is blue, it was ${deployment}. A runner sends from here with IU_DEPLOYMENT=blue.\n`,
    );
    expect(await json('deployment', 'show', '--deployment', deployment, '--limit', '1')).toMatchObject({
      hold: 'deployment_differs',
      items: [{ name: 'blue', reason: 'moved' }],
      next: expect.any(String),
    });
  });

  it('registers targets, shows who uses them, and takes one off the list only when no live route needs it', async () => {
    await db.pool.query('create table public.inbox (delivery_id text primary key, event_id uuid, event jsonb)');
    const words = ['target', 'register', 'table', 'inbox', 'public.inbox'];
    expect((await iu(...words, '--reason', 'orders')).stdout).toBe('Target inbox is table public.inbox.\n');
    expect((await iu('target', 'register', 'table', 'none', 'public.none', '--reason', 'x')).stderr).toContain('IU357');
    expect((await iu('target', 'register', 'file', 'none', 'x', '--reason', 'x')).exitCode).toBe(64);
    await liveRoute(db, 'r.table', { target_kind: 'table', target_ref: 'inbox' });
    expect(await json('target', 'list', '--kind', 'table')).toMatchObject({
      items: [{ targetRef: 'inbox', identity: 'public.inbox', routes: ['r.table'], sha256: expect.any(String) }],
    });
    const off = ['target', 'unregister', 'table', 'inbox', '--reason', 'shop is gone'];
    expect(await iu(...off)).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('IU386') });
    await db.pool.query("update iu_outbound_route set dry_run = true where route_code = 'r.table'");
    expect((await iu(...off)).stdout).toBe('Target inbox (public.inbox) is unregistered.\n');
    expect((await iu(...off)).stderr).toContain('IU385');
    expect((await oneRow(db, "select reason from iu_gate_log where config_key = 'target table inbox'")).reason).toBe(
      'shop is gone',
    );
    expect((await iu('target', 'list')).stdout).toBe('No target is registered.\n');
  });
});
