// A log that went back behind what a process saw committed: found by whoever was outside, red until a person acknowledges it.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type GapSession, LastKnown } from '../../src/route/last-known.js';
import { type DeliverySession, openDeliverySession } from '../../src/store/delivery-session.js';
import type { GapReport } from '../../src/store/gaps.js';
import { openWorkerSession } from '../../src/store/worker-session.js';
import { runIu } from '../support/cli.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import {
  claim,
  deployment,
  liveRoute,
  prepareDelivery,
  type RunningRunner,
  settle,
  startRunner,
} from '../support/delivery-queue.js';
import { drain, emit } from '../support/race.js';
import { waitFor } from '../support/wait.js';
import { makeHealthy, startWorker } from '../support/worker.js';

let db: TestDatabase;
let running: RunningRunner | undefined;
beforeEach(async () => {
  db = await createTestDatabase();
  await prepareDelivery(db);
  await liveRoute(db, 'r');
});
afterEach(async () => {
  await running?.stop();
  running = undefined;
  await db.drop();
});

const one = async (sql: string, values: unknown[] = []) => (await db.pool.query(sql, values)).rows[0];
const gaps = async () => (await db.pool.query('select * from v_iu_log_gap order by gap_id')).rows;
const report = async (process: string, seqs: unknown[], ids: unknown[], routes: unknown[], numbers: unknown[]) =>
  JSON.parse(
    (await one('select fn_iu_gap_report($1, $2, $3, $4, $5)::text as r', [process, seqs, ids, routes, numbers])).r,
  );
const event = async (seq: string) => (await one('select id from event_outbox where seq = $1', [seq])).id as string;
const health = async () =>
  JSON.parse((await one("select fn_iu_route_worker_health('race_worker')::text as h")).h) as {
    healthy: boolean;
    reasons: { code: string; message: string; action: string }[];
  };
const stranger = '00000000-0000-4000-8000-000000000001';
/** Takes rows of the audit or the log away, as a loss does. */
const lose = async (table: string, condition: string) => {
  await db.pool.query(`alter table ${table} disable trigger user`);
  await db.pool.query(`delete from ${table} where ${condition}`);
  await db.pool.query(`alter table ${table} enable trigger user`);
};

const missing = (count: number): GapReport => ({ missing: count, highest_seq: '1' });
/** A connection that answers with these in turn, and how much was asked each time. */
function answering(answers: (GapReport | Error | null)[]): { session: GapSession; asked: number[] } {
  const asked: number[] = [];
  const reportGap: GapSession['reportGap'] = async (_process, seen) => {
    asked.push(seen.length);
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer ?? null;
  };
  return { session: { reportGap }, asked };
}

describe('what a process saw committed', () => {
  it('is no gap while it is there, also when it was swept or pruned', async () => {
    const seq = await emit(db.pool, 'a');
    await drain(db.pool);
    const [row] = await claim(db);
    const id = await event(seq);
    await db.pool.query('update iu_route_lease set lease_until = clock_timestamp()');
    await claim(db);
    expect(await report('test', [seq], [id], [row?.route_id], [row?.attempt_no])).toMatchObject({ missing: 0 });
    expect(await report('test', [seq], [id], [null], [null])).toEqual({ missing: 0, highest_seq: seq });
    await db.pool.query(`insert into iu_pruned_event values (current_date, 'race', 'changed', 0, true, 3, 4710, 4712)`);
    expect(await report('test', ['4711'], [stranger], [row?.route_id], [2])).toMatchObject({ missing: 0 });
    expect(await gaps()).toEqual([]);
  });

  it('is a gap when the event, another of its number, or the attempt under this name is gone', async () => {
    const seq = await emit(db.pool, 'a');
    await drain(db.pool);
    const claimed = await claim(db);
    await settle(db, claimed, 'sent');
    const id = await event(seq);
    const route = claimed[0]?.route_id;
    expect(
      await report(
        'test',
        [seq, seq, seq, '99'],
        [id, id, stranger, stranger],
        [route, route, null, null],
        [2, 3, null, null],
      ),
    ).toEqual({ missing: 3, highest_seq: seq });
    // Somebody else has sent it under the number since.
    expect(await report('another', [seq], [id], [route], [2])).toMatchObject({ missing: 1 });
    expect(await gaps()).toMatchObject([
      { event_seq: seq, event_id: id, has_event: true, route_code: 'r', attempt_no: 3, process_id: 'test' },
      { event_seq: seq, event_id: stranger, has_event: false, route_code: null },
      { event_seq: '99', has_event: false, highest_seq: seq },
      { event_seq: seq, has_event: true, attempt_no: 2, process_id: 'another' },
    ]);
  });

  it('turns health red with its way out until an operator acknowledges it, and a later one does again', async () => {
    await makeHealthy(db);
    expect((await health()).reasons).toEqual([]);
    await report('one', ['7', '9'], [stranger, stranger], [null, null], [null, null]);
    const red = await health();
    expect(red).toMatchObject({ healthy: false, reasons: [{ code: 'committed_work_missing' }] });
    expect(red.reasons[0]?.message).toMatch(
      /2 things .* 2 events \(numbers 7 to 9\); this is timeline 1, claimed on timeline 1$/,
    );
    expect(red.reasons[0]?.action).toContain('iu gap acknowledge 2 --reason TEXT');
    const environment = { IU_DATABASE_URL: db.url, IU_SCHEMA: db.schema };
    const iu = (...words: string[]) => runIu(words, { environment });
    expect((await iu('gap', 'list', '--open')).stdout).toContain(stranger);
    expect((await iu('gap', 'acknowledge', '2')).exitCode).toBe(64);
    expect((await iu('gap', 'acknowledge', '2', '--reason', ' ')).stderr).toContain('IU366');
    expect((await iu('gap', 'acknowledge', '3', '--reason', 'no')).stderr).toContain('IU365');
    expect((await iu('gap', 'acknowledge', '1', '--reason', 'the first')).stdout).toContain('1 were found later');
    expect((await health()).healthy).toBe(false);
    await report('two', ['11'], [stranger], [null], [null]);
    expect((await iu('gap', 'acknowledge', '2', '--reason', 'asked the shop')).exitCode).toBe(0);
    expect((await health()).reasons[0]?.message).toMatch(/^the log went back: 1 things/);
    expect((await iu('gap', 'acknowledge', '3', '--reason', 'asked the shop')).exitCode).toBe(0);
    expect((await iu('gap', 'acknowledge', '3', '--reason', 'again')).stderr).toContain('IU365');
    expect((await health()).reasons).toEqual([]);
    expect((await iu('gap', 'list', '--open')).stdout).toContain('No gap');
    expect((await gaps()).map(({ reason, acknowledged_by }) => [reason, acknowledged_by !== null])).toEqual([
      ['the first', true],
      ['asked the shop', true],
      ['asked the shop', true],
    ]);
    for (const table of ['iu_log_gap', 'iu_log_gap_acknowledgement'])
      await expect(db.pool.query(`delete from ${table}`)).rejects.toMatchObject({ code: 'IU310' });
  });
});

describe('a promotion that nobody lived through', () => {
  const environment = () => ({ IU_DATABASE_URL: db.url, IU_SCHEMA: db.schema, IU_DEPLOYMENT: deployment });
  const iu = (...words: string[]) => runIu(words, { environment: environment() });
  const something = /what only the former primary had may be missing.*docs\/how-to\/failover\.md/;
  const found = async () =>
    JSON.parse((await iu('doctor', '--json')).stdout).findings.find(
      ({ code }: { code: string }) => code === 'promoted_since_claim',
    );
  /** As the promoted standby has it: the claim is of the timeline before. */
  const promote = () =>
    db.pool.query(`insert into iu_deployment (name, system_identifier, database_oid, log_oid, timeline, claimed_by, reason)
      select name, system_identifier, database_oid, log_oid, timeline - 1, claimed_by, reason from iu_deployment order by claim_id desc limit 1`);

  it('is held, and hold, doctor and claim say that something may be missing and where it says how to look', async () => {
    expect((await iu('deployment', 'claim', deployment, '--reason', 'again')).stdout).not.toMatch(something);
    await promote();
    expect((await iu('deployment', 'show')).stdout).toMatch(something);
    running = startRunner(db);
    await waitFor(() => running?.said.some((line) => something.test(line)) === true);
    expect((await iu('doctor')).stdout).toMatch(something);
    expect(await found(), 'the hold says it').toBeUndefined();
    const claimed = await iu('deployment', 'claim', deployment, '--reason', 'b was promoted');
    expect(claimed.stdout).toContain('timeline 0 when it was claimed last, 1 now');
    expect(claimed.stdout).toMatch(something);
    expect((await iu('deployment', 'claim', deployment, '--reason', 'again')).stdout).not.toMatch(something);
  });

  it('is named by the doctor until the next claim where sending goes on by itself, and turns nothing red', async () => {
    await db.pool.query("insert into dot_config (key, value, reason) values ('iu_core.ha', 'true', 'test')");
    expect(await found()).toBeUndefined();
    await promote();
    expect(await found()).toMatchObject({
      severity: 'yellow',
      message: expect.stringMatching(something),
      evidence: { timeline: 1, claimedTimeline: 0 },
      action: expect.stringContaining(`iu deployment claim ${deployment} --reason`),
    });
    expect((await iu('deployment', 'show')).stdout).toContain('yes');
    await iu('deployment', 'claim', deployment, '--reason', 'a planned switchover');
    expect(await found()).toBeUndefined();
  });
});

describe('a process that was outside', () => {
  /** Connections that break when told, for a runner or a worker. */
  const breakable = <Session extends object>(open: () => Promise<Session>) => {
    let isBroken = false;
    const connect = async () => {
      const session = await open();
      return new Proxy(session, {
        get: (target, name) => {
          const value = Reflect.get(target, name);
          if (typeof value !== 'function' || name === 'close') return value;
          return async (...given: unknown[]) => {
            if (isBroken) throw new Error('Connection terminated unexpectedly');
            return value.apply(target, given);
          };
        },
      });
    };
    return { connect, break: (value: boolean) => (isBroken = value) };
  };

  it('finds after a new connection that an outcome it wrote is gone, and goes on', async () => {
    const settings = { url: db.url, schema: db.schema, purpose: 'test runner' };
    const line = breakable<DeliverySession>(() => openDeliverySession(settings));
    running = startRunner(db, undefined, {}, { connect: line.connect });
    const { said, received, runner } = running;
    const seq = await emit(db.pool, 'a');
    await drain(db.pool);
    await waitFor(() => runner.state.sent === 1);
    line.break(true);
    await waitFor(() => said.some((text) => text.startsWith('claim: no connection')));
    await lose('iu_route_attempt', "status = 'sent'");
    line.break(false);
    await waitFor(async () => (await gaps()).length > 0);
    expect(await gaps()).toMatchObject([{ event_seq: seq, has_event: true, route_code: 'r', attempt_no: 2 }]);
    expect(said.filter((text) => text.startsWith('committed work is missing'))).toHaveLength(1);
    await emit(db.pool, 'b');
    await drain(db.pool);
    await waitFor(() => received.length === 2);
  });

  it('finds at the settle that its claim is gone, and takes a swept lease for none', async () => {
    let answer = () => {};
    running = startRunner(
      db,
      () => new Promise((resolve) => (answer = () => resolve({ status: 'sent', detail: '200' }))),
    );
    const { runner } = running;
    for (const isLost of [false, true]) {
      const before = runner.state.refused;
      const seq = await emit(db.pool, 'a');
      await drain(db.pool);
      await waitFor(() => runner.state.sending === 1);
      if (isLost) {
        await db.pool.query(
          'with l as (delete from iu_route_lease) update iu_route_delivery set lease_token = null, attempt_no = 1, due_at = $1',
          ['infinity'],
        );
      } else {
        await db.pool.query("update iu_route_lease set lease_until = clock_timestamp() - interval '1 second'");
        await db.pool.query('select fn_iu_delivery_sweep()');
        await db.pool.query("update iu_route_delivery set due_at = 'infinity'");
      }
      answer();
      await waitFor(() => runner.state.refused === before + 1);
      await runner.wake();
      await waitFor(async () => (await gaps()).length === (isLost ? 1 : 0));
      if (isLost) expect(await gaps()).toMatchObject([{ event_seq: seq, has_event: true, attempt_no: 2 }]);
    }
  });

  it('may be a worker that only decides', async () => {
    const settings = { url: db.url, schema: db.schema, purpose: 'test worker' };
    const line = breakable(() => openWorkerSession(settings));
    const worker = startWorker(db, {}, { connect: line.connect });
    const seq = await emit(db.pool, 'a');
    await waitFor(async () => (await one('select count(*)::int as n from iu_route_attempt')).n === 1);
    const connects = worker.worker.totals.connects;
    line.break(true);
    await waitFor(() => worker.worker.totals.connects > connects);
    await lose('event_outbox', `seq = ${seq}`);
    line.break(false);
    await waitFor(async () => (await gaps()).length === 1);
    expect(await gaps()).toMatchObject([{ event_seq: seq, has_event: false, attempt_no: null }]);
    await worker.stop();
  });

  it('keeps what it knows while nobody can say, and says what is gone once', async () => {
    const said: string[] = [];
    const known = new LastKnown('one', (_level, message) => said.push(message));
    const { session, asked } = answering([null, new Error('gone'), missing(0), missing(2)]);
    await known.check(session);
    known.noteEvent('5', stranger);
    const delivery = { routeId: '1', attemptNo: 2, event: { seq: '4', id: stranger } };
    await known.settled(session, [{ delivery, outcome: { status: 'sent' } }], 0);
    await known.check(session);
    await known.check(session).catch(() => undefined);
    for (let look = 0; look < 3; look += 1) await known.check(session);
    expect(asked).toEqual([2, 2, 2, 2]);
    expect(said).toHaveLength(1);
  });

  it('is asked by the event noted last too: numbers are not given in the order of commits', async () => {
    const known = new LastKnown('one', () => {});
    const asked: string[][] = [];
    const session = {
      reportGap: async (_process: string, seen: readonly { eventSeq: string }[]) => {
        asked.push(seen.map(({ eventSeq }) => eventSeq));
        return { missing: 0, highest_seq: '101' };
      },
    };
    known.noteEvent('101', stranger);
    known.noteEvent('100', stranger);
    await known.check(session);
    known.noteEvent('102', stranger);
    await known.check(session);
    expect(asked).toEqual([['101', '100'], ['102']]);
  });

  it('is asked for refused outcomes until somebody answers, and once then', async () => {
    const known = new LastKnown('one', () => {});
    const { session, asked } = answering([new Error('gone'), null, missing(1)]);
    const settle = () =>
      known.settled(
        session,
        ['7', '8'].map((seq) => ({
          delivery: { routeId: '1', attemptNo: 2, event: { seq, id: stranger } },
          outcome: { status: 'sent' },
        })),
        1,
      );
    await expect(settle()).rejects.toThrow('gone');
    await known.check(session);
    await known.check(session);
    await known.check(session);
    expect(asked).toEqual([2, 2, 2]);
  });
});
