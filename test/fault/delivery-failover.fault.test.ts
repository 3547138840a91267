// Rows 9 to 12 of the fault matrix: the primary is lost and a standby promoted, with writers and runners live; commits that wait for a
// standby that is gone, and an operator who cancels that. And copies (P14): a byte copy that was promoted sends nothing before it is claimed.
import { expect, inject } from 'vitest';
import { openDeliverySession } from '../../src/store/delivery-session.js';
import { connectClient } from '../../src/store/session.js';
import { deployment } from '../support/delivery-queue.js';
import { faultRows, type RowRun } from '../support/fault-rows.js';
import { type FaultRun, withFaultRun } from '../support/fault-run.js';
import { databaseAt } from '../support/fault-server.js';
import { type ReplicatedPair, startReplicatedPair, waitForReplication } from '../support/replicated-pair.js';
import { waitFor } from '../support/wait.js';

const { row } = faultRows([
  'promoted',
  'read-only refused',
  'timeline held',
  'commit waited',
  'reconnected',
  'gap reported',
  'wait cancelled',
]);
const name = 'fault_pair';
const { schema, major } = inject('iuCluster');
// Two servers a run.
const serial = { runs: 1, most: 50, atOnce: 1, secondsPerRun: 120 };

/** A run on a pair of servers, through the address that an operator moves. */
async function onPair(
  one: RowRun,
  isSynchronous: boolean,
  body: (run: FaultRun, pair: ReplicatedPair) => Promise<void>,
): Promise<void> {
  const pair = await startReplicatedPair({
    isSynchronous,
    prepare: async (server) => {
      const db = await server.database();
      await db.pool.end();
      const admin = await connectClient({ url: server.embedded.url, purpose: 'fault set-up' });
      await admin.query(`alter database ${db.name} rename to ${name}`);
      await admin.end();
    },
  });
  try {
    await withFaultRun(one, (run) => body(run, pair), {
      database: async () => databaseAt(pair.url(name), name, schema, major),
    });
  } finally {
    await pair.stop();
  }
}

const received = (run: FaultRun, count: number) =>
  waitFor(() => run.sink.requests.length >= count, { what: `the sink has ${count} requests`, timeoutSeconds: 40 });

/** A runner that dies as processes do, and one in this process. */
function startRunners(run: FaultRun) {
  run.startProcess({ leaseSeconds: 60 });
  return run.startRunner(
    { leaseSeconds: 60 },
    {
      connect: () =>
        openDeliverySession({
          url: run.db.url,
          schema: run.db.schema,
          purpose: 'fault runner',
          connectTimeoutSeconds: 3,
        }),
    },
  );
}

/** Every change that a writer was told is committed is there. */
async function expectAcknowledged(run: FaultRun): Promise<void> {
  const rows = await run.query('select id, n from fault_subject');
  const counted = new Map(rows.map((subject) => [Number(subject.id), Number(subject.n)]));
  const lost = [...run.writers.acknowledged].filter(([id, n]) => (counted.get(id) ?? 0) < n);
  expect(lost).toEqual([]);
}

for (const isHa of [true, false]) {
  row(
    `row 9: failover to the synchronous standby ${isHa ? 'with iu_core.ha goes on by itself' : 'without iu_core.ha holds every send until the deployment is claimed'}`,
    (one) =>
      onPair(one, true, async (run, pair) => {
        if (isHa)
          await run.query("insert into dot_config (key, value, reason) values ('iu_core.ha', 'true', 'fault run')");
        run.startWriters({ most: 600 });
        run.startWorker();
        const running = startRunners(run);
        await received(run, one.random.between(20, 120));
        await pair.primary.lose();
        // First to the node that is not promoted yet, as a careless operator or a stale DNS entry does.
        pair.proxy.forwardTo(pair.standby.port);
        await waitFor(() => running.said.some((line) => line.includes('trying again')), { timeoutSeconds: 40 });
        const second = await connectClient({ url: pair.urlOf(pair.standby, 'postgres'), purpose: 'fault operator' });
        expect((await second.query('select pg_is_in_recovery() as r')).rows[0].r).toBe(true);
        const admin = await connectClient({ url: pair.urlOf(pair.standby, name), schema, purpose: 'fault operator' });
        const refused = await admin
          .query('select * from fn_iu_delivery_claim($1, 10, 60, $2)', ['fault operator', deployment])
          .then(
            () => 'none',
            (error: { code?: string }) => error.code,
          );
        expect(['IU302', '25006']).toContain(refused);
        one.visited('read-only refused');
        const held = run.sink.requests.length;
        await second.query('select pg_promote(true, 60)');
        one.visited('promoted');
        if (!isHa) {
          await waitFor(() => running.runner.state.hold === 'timeline_changed', {
            timeoutSeconds: 60,
            what: 'the runner is held',
          });
          one.visited('timeline held');
          const after = run.sink.requests.length;
          await run.query('select fn_iu_gate_drain(5000)');
          expect(run.sink.requests.length).toBe(after);
          // Nothing was begun between the loss and now but what was already claimed and confirmed.
          expect(after - held).toBeLessThanOrEqual(2 * 8 * 8);
          await admin.query('select fn_iu_deployment_claim($1, $2)', [deployment, 'the promoted one is the real one']);
        }
        await admin.end();
        await second.end();
        await run.writers.stop();
        await run.endLeases();
        await run.expectHealed({ crashes: 2 });
        await expectAcknowledged(run);
      }),
    serial,
  );
}

row(
  'row 11: the standby is lost and commits wait for it: nothing is sent on a claim that nobody confirmed',
  (one) =>
    onPair(one, true, async (run, pair) => {
      run.startWriters({ most: 300 });
      run.startWorker();
      const running = startRunners(run);
      await received(run, one.random.between(5, 60));
      await pair.standby.lose();
      const watch = await connectClient({ url: pair.urlOf(pair.primary, 'postgres'), purpose: 'fault operator' });
      const waiting = "select count(*)::integer as n from pg_stat_activity where wait_event = 'SyncRep'";
      await waitFor(async () => (await watch.query(waiting)).rows[0].n >= 1, {
        timeoutSeconds: 30,
        what: 'commits wait for the standby',
      });
      one.visited('commit waited');
      // What was confirmed and in flight ends; then silence, although the runner is alive.
      await waitFor(() => running.runner.state.sending === 0, { timeoutSeconds: 20 });
      const before = run.sink.requests.length;
      if (one.number === 0) {
        await waitFor(() => running.said.some((line) => line.includes('trying again')), {
          timeoutSeconds: 50,
          what: 'the call is given up',
        });
      } else {
        for (let look = 0; look < 10; look += 1) await watch.query('select pg_sleep(0.2)');
      }
      // the other process may have had sends in flight of its own
      expect(run.sink.requests.length - before).toBeLessThanOrEqual(8 * 8);
      await pair.startAgain(pair.standby);
      await waitForReplication(pair.urlOf(pair.primary, 'postgres'), 'sync');
      await watch.end();
      await run.writers.stop();
      await run.endLeases();
      await run.expectHealed({ crashes: 2 });
      await expectAcknowledged(run);
    }),
  serial,
);

row(
  'row 10: failover to a standby that was behind: what is gone is reported, and what is there goes on by the books',
  (one) =>
    onPair(one, false, async (run, pair) => {
      await run.query("insert into dot_config (key, value, reason) values ('iu_core.ha', 'true', 'fault run')");
      const writers = run.startWriters({ most: 100_000 });
      run.startWorker();
      const running = run.startRunner();
      await received(run, one.random.between(10, 60));
      // The sender of the primary stands still, so from here on nothing reaches the standby.
      const [sender] = await run.query('select pid from pg_stat_replication');
      process.kill(Number(sender?.pid), 'SIGSTOP');
      const written = writers.committed;
      await received(run, run.sink.requests.length + one.random.between(60, 120));
      await waitFor(() => writers.committed > written + 20, {
        timeoutSeconds: 40,
        what: 'writers are told of commits',
      });
      await pair.primary.lose();
      const told = new Map(writers.acknowledged);
      const second = await connectClient({ url: pair.urlOf(pair.standby, 'postgres'), purpose: 'fault operator' });
      await second.query('select pg_promote(true, 60)');
      await second.end();
      // Before the writers go on: they would soon have counted as far again.
      const promoted = databaseAt(pair.urlOf(pair.standby, name), name, schema, major);
      const subjects = await promoted.pool.query('select id, n from fault_subject');
      await promoted.pool.end();
      const counted = new Map(subjects.rows.map((subject) => [Number(subject.id), Number(subject.n)]));
      expect([...told].some(([id, n]) => (counted.get(id) ?? 0) < n)).toBe(true);
      pair.proxy.forwardTo(pair.standby.port);
      await waitFor(() => running.said.some((line) => line.startsWith('committed work is missing')), {
        timeoutSeconds: 40,
        what: 'the gap is reported',
      });
      one.visited('gap reported');
      const gap = async () => {
        const [found] = await run.query(
          `select r from jsonb_array_elements(fn_iu_route_worker_health('race_worker') -> 'reasons') r
            where r ->> 'code' = 'committed_work_missing'`,
        );
        return found === undefined ? undefined : JSON.stringify(found.r);
      };
      expect(await gap()).toMatch(/the log went back: .*this is timeline 2, claimed on timeline 1/);
      const missing = await run.query('select * from v_iu_log_gap where acknowledged_at is null');
      expect(missing.length).toBeGreaterThan(0);
      for (const row of missing) {
        const [there] = await run.query('select count(*)::int as n from event_outbox where id = $1', [row.event_id]);
        expect(Number(there?.n)).toBe(row.has_event ? 1 : 0);
      }
      const before = writers.committed;
      await waitFor(() => writers.committed > before + 20, { timeoutSeconds: 40, what: 'writers go on' });
      await writers.stop();
      await run.endLeases();
      // Nothing turns it green but a person who says what was done.
      expect(await gap()).toBeDefined();
      await run.query('select fn_iu_gap_acknowledge((select max(gap_id) from iu_log_gap), $1)', ['producers told']);
      expect(await gap()).toBeUndefined();
      const ledger = await run.stopAfterHealing();
      // Received and not there any more: what was lost. Everything else balances.
      expect(ledger.unrecorded).toBeGreaterThan(0);
      expect(ledger).toMatchObject({
        undecided: 0,
        doubleDecisions: 0,
        unsent: 0,
        doubleSent: 0,
        brokenNumbers: 0,
        phantomSent: 0,
      });
      expect(ledger).toMatchObject({ deadLetters: 0, waiting: 0, leases: 0, changedBodies: 0 });
    }),
  serial,
);

row(
  'row 12: an operator cancels the wait for a standby that is gone: said, and nothing is sent on what only the primary has',
  (one) =>
    onPair(one, true, async (run, pair) => {
      run.startWriters({ most: 600 });
      run.startWorker();
      // A runner that has sent everything commits nothing, and then nothing of it waits for the standby.
      await waitFor(async () => (await run.count('iu_route_delivery')) >= 500, { timeoutSeconds: 40 });
      const reasons: string[] = [];
      const running = run.startRunner(
        { leaseSeconds: 300 },
        {
          connect: () => openDeliverySession({ url: run.db.url, schema, purpose: 'fault runner' }),
          log: (_level, _message, fields) => reasons.push(String(fields?.reason)),
        },
      );
      await received(run, one.random.between(5, 60));
      await pair.standby.lose();
      const watch = await connectClient({ url: pair.urlOf(pair.primary, 'postgres'), purpose: 'fault operator' });
      // A settle may wait for a lane that the worker's pass has, and the pass for the standby.
      const waiting =
        "from pg_stat_activity where wait_event = 'SyncRep' and application_name in ('iu-core fault runner', 'iu-core test worker')";
      const stuck =
        "from pg_stat_activity where wait_event in ('SyncRep', 'transactionid') and application_name = 'iu-core fault runner'";
      await waitFor(
        async () => running.runner.state.sending === 0 && ((await watch.query(`select ${stuck}`)).rowCount ?? 0) > 0,
        {
          timeoutSeconds: 30,
          what: 'the runner waits',
        },
      );
      const before = run.sink.requests.length;
      await waitFor(
        async () => {
          await watch.query(`select pg_cancel_backend(pid) ${waiting}`);
          return reasons.some((reason) => reason.includes('committed on the primary only'));
        },
        { timeoutSeconds: 30, what: 'the cancelled wait is said' },
      );
      one.visited('wait cancelled');
      expect(run.sink.requests.length).toBe(before);
      await pair.startAgain(pair.standby);
      await waitForReplication(pair.urlOf(pair.primary, 'postgres'), 'sync');
      await watch.end();
      await run.writers.stop();
      const ledger = await run.expectHealed({ crashes: 0 });
      expect(ledger).toMatchObject({ unknown: 0, duplicates: 0 });
      await expectAcknowledged(run);
    }),
  serial,
);

row(
  'a byte copy of the installation that is promoted beside it sends nothing with the same name until it is claimed',
  (one) =>
    onPair(one, false, async (run, pair) => {
      run.startWriters({ most: 60 });
      run.startWorker();
      // The original is running and delivers; the copy has its gates, its routes and what was waiting.
      await run.query("select fn_iu_gate_set('delivery_enabled', false, 'fault run')");
      await waitFor(
        async () => run.writers.committed >= 60 && (await run.count('iu_route_delivery')) === 2 * run.writers.committed,
        {
          timeoutSeconds: 40,
        },
      );
      await run.query("select fn_iu_gate_set('delivery_enabled', true, 'fault run')");
      const all = 2 * run.writers.committed;
      const [at] = await run.query('select pg_current_wal_lsn()::text as lsn');
      const copy = databaseAt(pair.urlOf(pair.standby, name), name, schema, major);
      try {
        await waitFor(
          async () =>
            (await copy.pool.query('select pg_last_wal_replay_lsn() >= $1::pg_lsn as r', [at?.lsn])).rows[0].r,
        );
        await copy.pool.query('select pg_promote(true, 60)');
        expect((await copy.pool.query('select fn_iu_delivery_hold($1) as h', [deployment])).rows[0].h).toBe(
          'timeline_changed',
        );
        const onCopy = run.startRunner(
          {},
          { connect: () => openDeliverySession({ url: copy.url, schema, purpose: 'fault copy' }) },
        );
        await waitFor(() => onCopy.runner.state.hold === 'timeline_changed', { timeoutSeconds: 30 });
        one.visited('timeline held');
        expect(run.sink.connections).toBe(0);
        // The original, with the same name, sends all of it.
        run.startRunner();
        await waitFor(async () => (await run.count('iu_route_delivery')) === 0, {
          timeoutSeconds: 60,
          what: 'the original has sent all',
        });
        expect(run.sink.requests.length).toBe(all);
        expect(onCopy.runner.state.sent).toBe(0);
        // Claimed, it is another installation, and what it sends has the ids that a receiver knows.
        await copy.pool.query('select fn_iu_deployment_claim($1, $2)', [deployment, 'the original is switched off']);
        await waitFor(async () => onCopy.runner.state.sent === all, { timeoutSeconds: 60, what: 'the copy sends' });
        expect(new Set(run.sink.requests.map((request) => request.headers['webhook-id'])).size).toBe(all);
      } finally {
        await run.stop();
        await copy.drop();
      }
    }),
  serial,
);
