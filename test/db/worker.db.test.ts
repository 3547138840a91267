import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openBell, openWorkerSession } from '../../src/store/worker-session.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startDeafProxy } from '../support/deaf-proxy.js';
import { waitFor } from '../support/wait.js';
import { closeGates, countOf, emitEvents, openGates, type RunningWorker, startWorker } from '../support/worker.js';

let db: TestDatabase;
const running: RunningWorker[] = [];

/** Started workers are stopped after each test, also after one that failed. */
function start(...args: Parameters<typeof startWorker> extends [unknown, ...infer Rest] ? Rest : never): RunningWorker {
  const worker = startWorker(db, ...args);
  running.push(worker);
  return worker;
}

beforeEach(async () => {
  db = await createTestDatabase();
});

afterEach(async () => {
  for (const worker of running.splice(0)) await worker.stop().catch(() => {});
  await db.drop();
});

const decided = () => countOf(db, 'iu_route_attempt where attempt_no = 1');

describe('route worker on a database', () => {
  it('decides what is there in a one-time run and ends', async () => {
    await openGates(db);
    await emitEvents(db, 25);
    const summary = await start({ once: true }).done;
    expect(summary).toMatchObject({ seen: 25, attemptsWritten: 25, lost: 0, unfinished: [] });
    expect(await decided()).toBe(25);
    expect(
      await countOf(db, 'iu_route_worker_cursor where reconciled_at is not null and lost_pairs = 0'),
    ).toBeGreaterThan(0);
  });

  it('ends a one-time run with the reason when a gate is closed, and decides nothing', async () => {
    await emitEvents(db, 3);
    const summary = await start({ once: true, workerNames: ['iu_outbound_default'] }).done;
    expect(summary.unfinished).toEqual([{ workerName: 'iu_outbound_default', status: 'master_gate_closed' }]);
    expect(await decided()).toBe(0);
  });

  it('waits while the gates are closed, says so once, and goes on when they open', async () => {
    await emitEvents(db, 3);
    const worker = start({ workerNames: ['iu_outbound_default'] });
    await waitFor(() => worker.said.includes('waiting: the master gate is closed'));
    await waitFor(async () => (await countOf(db, "iu_route_worker_heartbeat where state = 'waiting'")) === 1);
    await openGates(db);
    await waitFor(async () => (await decided()) === 3);
    await closeGates(db);
    await waitFor(() => worker.said.filter((line) => line.startsWith('waiting')).length === 2);
    await emitEvents(db, 2, 'held');
    expect(await decided()).toBe(3);
    await openGates(db);
    await waitFor(async () => (await decided()) === 5);
    expect(worker.said.filter((line) => line === 'waiting: the master gate is closed')).toHaveLength(2);
  });

  it('decides each event once when two processes serve one cursor', async () => {
    await openGates(db);
    start({ workerNames: ['iu_outbound_default'] });
    start({ workerNames: ['iu_outbound_default'] });
    await emitEvents(db, 60);
    await waitFor(async () => (await decided()) === 60);
    expect(await countOf(db, 'iu_route_attempt')).toBe(60);
  });

  it('stops gracefully: the running pass commits, the heartbeat says stopped', async () => {
    await openGates(db);
    await emitEvents(db, 200);
    let passes = 0;
    const worker = start(
      { batch: { first: 10, smallest: 10, largest: 10 } },
      {
        onPass: (result) => {
          if ((result.seen ?? 0) > 0) passes += 1;
          if (passes === 3) worker.worker.stop();
        },
      },
    );
    const summary = await worker.done;
    expect(summary.seen).toBe(30);
    expect(await decided()).toBe(30);
    expect(await countOf(db, "iu_route_worker_heartbeat where state = 'stopped'")).toBe(1);
  });

  it('reconnects after its connection was terminated and loses nothing', async () => {
    await openGates(db);
    const worker = start({ workerNames: ['iu_outbound_default'] });
    await emitEvents(db, 5);
    await waitFor(async () => (await decided()) === 5);
    await db.pool.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'iu-core test worker' and datname = current_database()",
    );
    await emitEvents(db, 5, 'after');
    await waitFor(async () => (await decided()) === 10);
    const summary = await worker.stop();
    expect(summary.connects).toBe(2);
    expect(worker.said.filter((line) => line.startsWith('no connection'))).toHaveLength(1);
  });

  it('wakes up by the bell long before its next poll', async () => {
    await openGates(db);
    await db.pool.query('select fn_iu_wakeup_enable(true)');
    const worker = start({ workerNames: ['iu_outbound_default'], wakeUp: true });
    await waitFor(() => worker.said.includes('wake-up: listening'));
    const rung = await waitFor(async () => {
      const before = await decided();
      await emitEvents(db, 1, `bell-${before}`);
      const at = performance.now();
      await waitFor(async () => (await decided()) === before + 1, { intervalMilliseconds: 2 });
      return before > 3 && { milliseconds: performance.now() - at };
    });
    expect(rung.milliseconds).toBeLessThan(900);
    await waitFor(async () => (await countOf(db, "iu_route_worker_heartbeat where detail like 'listening%'")) === 1);
  });

  it('falls back to polling behind something that passes no notifications, and says so', async () => {
    await openGates(db);
    const proxy = await startDeafProxy(db.url);
    const settings = { url: proxy.url, schema: db.schema, purpose: 'test bell' };
    const worker = start(
      { workerNames: ['iu_outbound_default'] },
      { openBell: (onRing, onLost) => openBell(settings, onRing, onLost, 200) },
    );
    await emitEvents(db, 2);
    await waitFor(async () => (await decided()) === 2);
    await waitFor(
      async () =>
        (await countOf(db, "iu_route_worker_heartbeat where detail like 'polling: the bell is not heard%'")) === 1,
    );
    expect(worker.said.some((line) => line.startsWith('wake-up: polling'))).toBe(true);
    await waitFor(
      async () => (await countOf(db, "pg_stat_activity where application_name = 'iu-core test bell'")) === 0,
    );
    await proxy.close();
  });

  it('rings for a bell that is rung by hand, and tells when the listening connection is lost', async () => {
    const heard: string[] = [];
    const settings = { url: db.url, schema: db.schema, purpose: 'test bell' };
    const bell = await openBell(
      settings,
      () => heard.push('ring'),
      () => heard.push('lost'),
    );
    await db.pool.query("select pg_notify('iu_event_outbox', '')");
    await waitFor(() => heard.includes('ring'));
    await db.pool.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'iu-core test bell' and datname = current_database()",
    );
    await waitFor(() => heard.includes('lost'));
    await bell?.close();
  });

  it('refuses to decide in another cluster until the cursor is rebased', async () => {
    await openGates(db);
    await emitEvents(db, 4);
    await db.pool.query("update iu_route_worker_cursor set system_identifier = 'another'");
    const once = await start({ once: true, workerNames: ['iu_outbound_default'] }).done;
    expect(once.unfinished).toEqual([{ workerName: 'iu_outbound_default', status: 'cluster_changed' }]);
    const worker = start({ workerNames: ['iu_outbound_default'] });
    await waitFor(() => worker.said.some((line) => line.startsWith('waiting: this is another cluster')));
    expect(await decided()).toBe(0);
    await db.pool.query("select fn_iu_route_worker_rebase('iu_outbound_default', 'test')");
    await emitEvents(db, 1, 'after');
    await waitFor(async () => (await decided()) === 5);
  });

  it('waits for an unregistered cursor instead of ending', async () => {
    await openGates(db);
    const worker = start({ workerNames: ['later'] });
    await waitFor(() => worker.said.includes('waiting: no cursor of this name is registered'));
    await db.pool.query(
      "insert into event_type_registry (event_domain, event_type, event_stream, delivery_lane) values ('later', 'one', 'update', 'immediate')",
    );
    await db.pool.query("select fn_iu_route_worker_register('later', 'later', 'beginning')");
    await db.pool.query("select fn_iu_emit('later', 'one', 't', '1')");
    await waitFor(async () => (await decided()) === 1);
  });

  it('asks for less when a pass runs into a lock, and goes on when the lock is gone', async () => {
    await openGates(db);
    await emitEvents(db, 5);
    const holder = await db.connect();
    await holder.query('begin');
    await holder.query('lock table iu_route_attempt in access exclusive mode');
    const worker = start({ workerNames: ['iu_outbound_default'], passDeadlineMilliseconds: 400 });
    await waitFor(() => worker.said.includes('pass cancelled, the next one asks for less'));
    await holder.query('rollback');
    await waitFor(async () => (await decided()) === 5);
    expect((await worker.stop()).connects).toBe(1);
  });

  it('works where the database defaults to another isolation level', async () => {
    await openGates(db);
    await db.pool.query(`alter database ${db.name} set default_transaction_isolation = 'serializable'`);
    await emitEvents(db, 3);
    expect((await start({ once: true }).done).seen).toBe(3);
  });

  it('runs as a login that has the worker role only', async () => {
    await openGates(db);
    await emitEvents(db, 3);
    const url = await db.loginUrl('iu_worker');
    const summary = await start(
      { once: true },
      { connect: () => openWorkerSession({ url, schema: db.schema, purpose: 'test worker' }) },
    ).done;
    expect(summary.seen).toBe(3);
  });
});
