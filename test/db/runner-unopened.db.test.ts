import { describe, expect, it } from 'vitest';
import { IuError } from '../../src/contract/errors/index.js';
import type { Target } from '../../src/deliver/target.js';
import { type Clock, systemClock } from '../../src/route/clock.js';
import { runIu } from '../support/cli.js';
import type { TestDatabase } from '../support/database.js';
import { type Answer, liveRoute, sent } from '../support/delivery-queue.js';
import { takeLive } from '../support/race.js';
import { useRunners } from '../support/runners.js';
import { waitFor } from '../support/wait.js';
import { countOf } from '../support/worker.js';

let db: TestDatabase;
const { start, queue, settled } = useRunners((made) => {
  db = made;
});
const identity = (host: string) => ({ host, pid: 1, version: 'test' });
const noSecret = () => new IuError('IU451', { message: 'env:CRM_SECRET: the variable is not set or empty' });
const flow = async () =>
  (
    await db.pool.query(
      `select breaker, failures_in_row, failing_since from iu_route_flow join iu_outbound_route using (route_id) where route_code = 'r'`,
    )
  ).rows[0];
const untouched = { breaker: 'closed', failures_in_row: 0, failing_since: null };
const reasons = async () =>
  JSON.parse((await db.pool.query("select fn_iu_delivery_health() ->> 'reasons' as found")).rows[0].found);

/** A runner without the secret, until somebody gives it; and how often it tried. */
function blindRunner(host = 'blind', clock: Clock = systemClock) {
  const state = { isBlind: true, tries: 0 };
  const target: Target = { send: async () => sent, check: async () => [], close: async () => {} };
  const openTarget = async () => {
    state.tries += 1;
    if (state.isBlind) throw noSecret();
    return target;
  };
  return Object.assign(state, start(undefined, { identity: identity(host) }, { openTarget, clock }));
}

/** A clock that a test can set forward. */
function clockAhead(): Clock & { ahead: number } {
  const clock = { ...systemClock, ahead: 0, nowMilliseconds: () => systemClock.nowMilliseconds() + clock.ahead };
  clock.sleep = (milliseconds, stop) => systemClock.sleep(Math.min(milliseconds, 50), stop);
  return clock;
}

describe('a runner that cannot open the target of a route', () => {
  it('gives back what it claimed unsent and leaves the route to those that can', async () => {
    await liveRoute(db, 'r', { ordering: 'subject' });
    await queue(50);
    const blind = blindRunner();
    await waitFor(() => blind.said.some((line) => line.startsWith('target cannot be opened here')));
    await waitFor(async () => (await countOf(db, 'iu_route_delivery where lease_token is null')) === 50);
    expect(await flow()).toEqual(untouched);
    start();
    await waitFor(async () => (await settled('sent')) === 50);
    await queue(50);
    await waitFor(async () => (await settled('sent')) === 100);
    expect(await settled('failed')).toBe(0);
    expect(await countOf(db, 'iu_route_attempt where attempt_no > 2')).toBe(0);
    expect(blind.tries).toBe(1);
    expect(blind.runner.state).toMatchObject({ sent: 0, failed: 0, unopened: ['r'] });
    expect(await flow()).toEqual(untouched);
  });

  it('does the same when the secret goes away while it sends', async () => {
    await liveRoute(db, 'r');
    await queue(40);
    let isReadable = true;
    const answer: Answer = () => {
      if (isReadable) return sent;
      const failureDetail = 'IU452: file:/etc/secret: the file cannot be opened (ENOENT)';
      return { status: 'failed', failureCode: 'secret_unreadable', failureDetail, notTried: true };
    };
    const running = start(answer, { slots: 4 });
    await waitFor(async () => (await settled('sent')) === 40);
    isReadable = false;
    await queue(20);
    await waitFor(() => running.runner.state.unopened.length === 1);
    await waitFor(async () => (await countOf(db, 'iu_route_delivery where lease_token is null')) === 20);
    expect(await settled('failed')).toBe(0);
    expect(await flow()).toEqual(untouched);
    start();
    await waitFor(async () => (await settled('sent')) === 60);
  });

  it('lets a half-open breaker be tried by others', async () => {
    await liveRoute(db, 'r');
    await queue(1);
    await db.pool.query("update iu_route_flow set breaker = 'open', breaker_seconds = 30, breaker_until = now()");
    const blind = blindRunner();
    await waitFor(() => blind.runner.state.released === 1);
    expect(await flow()).toMatchObject({ breaker: 'half_open' });
    start();
    await waitFor(async () => (await settled('sent')) === 1);
    expect(await flow()).toEqual(untouched);
  });

  it('tries again when a minute has passed, not before', async () => {
    await liveRoute(db, 'r');
    await queue(1);
    const clock = clockAhead();
    const blind = blindRunner('blind', clock);
    await waitFor(() => blind.runner.state.unopened.length === 1);
    clock.ahead = 50_000;
    const beats = () => countOf(db, "iu_route_worker_heartbeat where detail like '%; cannot open: r'");
    await waitFor(async () => (await beats()) === 1);
    expect(blind.tries).toBe(1);
    clock.ahead = 61_000;
    await waitFor(() => blind.tries === 2);
    expect(blind.said.filter((line) => line.startsWith('target cannot be opened here'))).toHaveLength(1);
    blind.isBlind = false;
    clock.ahead = 122_000;
    await waitFor(async () => (await settled('sent')) === 1);
    expect(blind.runner.state.unopened).toEqual([]);
  });

  it('tries again at once when the route changed', async () => {
    await liveRoute(db, 'r');
    await queue(1);
    const clock = clockAhead();
    const blind = blindRunner('blind', clock);
    await waitFor(() => blind.runner.state.unopened.length === 1);
    blind.isBlind = false;
    await db.pool.query("update iu_outbound_route set target_ref = 'https://example.org/b' where route_code = 'r'");
    await takeLive(db.pool, 'r');
    clock.ahead = 10_000;
    await waitFor(async () => (await settled('sent')) === 1);
    expect(blind.tries).toBe(2);
  });

  it('is named in its heartbeat and by the doctor, and health is red when no runner can open it', async () => {
    await liveRoute(db, 'r');
    await queue(1);
    const blind = blindRunner('host-a');
    await waitFor(async () => (await reasons()).length === 1);
    expect(await reasons()).toMatchObject([
      {
        code: 'target_not_opened',
        message:
          'no runner can open the target, nothing is sent to it: r (IU451: env:CRM_SECRET: the variable is not set or empty, on host-a)',
      },
    ]);
    await waitFor(() => blind.runner.state.released === 1);
    const listed = await runIu(['delivery', 'list', '--state', 'held', '--json'], { url: db.url, schema: db.schema });
    expect(JSON.parse(listed.stdout).items).toMatchObject([{ routeCode: 'r', stateReason: 'target_not_opened' }]);
    start(undefined, { identity: identity('host-b') });
    await waitFor(async () => (await reasons()).length === 0);
    await waitFor(async () => (await settled('sent')) === 1);
    const { rows } = await db.pool.query('select route_code, by_all, runners from fn_iu_delivery_unopened()');
    expect(rows).toEqual([{ route_code: 'r', by_all: false, runners: 1 }]);
    await blind.stop();
    await db.pool.query(
      "update iu_route_worker_heartbeat set last_beat_at = now() - interval '5 min' where host = 'host-a'",
    );
    expect((await db.pool.query('select from fn_iu_delivery_unopened()')).rowCount).toBe(0);
  });

  it('is named too when it is started by a timer and has ended, and another one that ended counts as able', async () => {
    await liveRoute(db, 'r');
    await queue(1);
    const openTarget = async () => {
      throw noSecret();
    };
    const blind = start(undefined, { identity: identity('host-a'), once: true }, { openTarget });
    expect(await blind.done).toMatchObject({ sent: 0, released: 1, unopened: ['r'] });
    expect(await reasons()).toMatchObject([{ code: 'target_not_opened' }]);
    const able = start(undefined, { identity: identity('host-b'), once: true });
    expect(await able.done).toMatchObject({ sent: 1, unopened: [] });
    expect(await reasons()).toEqual([]);
  });
});
