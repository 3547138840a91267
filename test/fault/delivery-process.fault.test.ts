// Rows 3 to 6, 14 and 21 of the fault matrix: a runner process that is stopped, paused, broken, without connections, or with a wrong clock.
import { expect } from 'vitest';
import { openTargetOf } from '../../src/deliver/targets.js';
import { openDeliverySession } from '../../src/store/delivery-session.js';
import { deployment } from '../support/delivery-queue.js';
import { faultRows } from '../support/fault-rows.js';
import { type FaultRun, withFaultRun } from '../support/fault-run.js';
import { waitFor } from '../support/wait.js';
import { surroundings } from '../support/webhook.js';

const { row } = faultRows([
  'lease expired',
  'late result refused',
  'released',
  'stopped cleanly',
  'ended at once',
  'target defect',
  'clock skew',
  'connection refused',
]);

/** A batch is waiting and the sink answers after so long. */
async function prepareBatch(run: FaultRun, afterMilliseconds: number, events = 150): Promise<void> {
  run.sink.behave({ kind: 'answer', status: 200, afterMilliseconds });
  const writers = run.startWriters({ most: events, longestPauseMilliseconds: 1 });
  await waitFor(() => writers.committed >= events, { timeoutSeconds: 40 });
}

const received = (run: FaultRun, count: number) =>
  waitFor(() => run.sink.requests.length >= count, { what: `the sink has ${count} requests`, timeoutSeconds: 40 });

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  row(`row 3: ${signal} in the middle of a batch ends with code 0, nothing unknown, the rest released`, (one) =>
    withFaultRun(one, async (run) => {
      await prepareBatch(run, 40);
      const process = run.startCommand();
      await received(run, one.random.between(20, 120));
      const from = performance.now();
      process.signal(signal);
      const { code, state } = await process.ended;
      expect(performance.now() - from).toBeLessThan(10_000);
      expect(code).toBe(0);
      expect(await run.count('iu_route_lease')).toBe(0);
      expect(await run.count("iu_route_attempt where status = 'unknown'")).toBe(0);
      expect(state?.unknown).toBe(0);
      one.visited('stopped cleanly');
      one.visited('released', state?.released ?? 0);
      run.startWorker();
      run.startRunner();
      await run.expectHealed({ crashes: 0 });
    }),
  );

  row(`row 4: a second ${signal} ends the process at once, as safe as a kill`, (one) =>
    withFaultRun(one, async (run) => {
      await prepareBatch(run, 0, 60);
      run.sink.behave({ kind: 'never' });
      const process = run.startCommand();
      await received(run, one.random.between(1, 15));
      process.signal(signal);
      // The first one is obeyed: what is not begun is given back while the sends in flight go on.
      await waitFor(
        async () => (await run.count('iu_route_delivery where lease_token is not null')) <= run.sink.requests.length,
      );
      expect(process.child.exitCode).toBeNull();
      const from = performance.now();
      process.signal(signal);
      const ended = await process.ended;
      expect(performance.now() - from).toBeLessThan(2000);
      expect(ended.signal ?? ended.code).not.toBe(0);
      one.visited('ended at once');
      run.sink.behave({ kind: 'answer', status: 200 });
      await run.endLeases();
      run.startWorker();
      run.startRunner();
      await run.expectHealed({ crashes: 1, slots: 64 });
    }),
  );
}

row('row 5: a runner that was stopped for longer than its lease is refused when it comes back', (one) =>
  withFaultRun(one, async (run) => {
    run.sink.behave({ kind: 'answer', status: 200, afterMilliseconds: 150 });
    run.startWriters();
    run.startWorker();
    const process = run.startProcess({ leaseSeconds: 8 });
    await received(run, one.random.between(5, 60));
    process.signal('SIGSTOP');
    run.startRunner();
    const expired = "iu_route_attempt where failure_code = 'lease_expired'";
    await waitFor(
      async () =>
        (await run.count(expired)) > 0 && (await run.count("iu_route_lease where runner_id like 'fault%'")) === 0,
      {
        timeoutSeconds: 40,
        what: 'the lease of the stopped process is over',
      },
    );
    process.signal('SIGCONT');
    await waitFor(() => process.said.some((line) => line.includes('were refused')), { timeoutSeconds: 20 });
    process.signal('SIGTERM');
    const { code, state } = await process.ended;
    expect(code).toBe(0);
    one.visited('late result refused', state?.refused ?? 0);
    await run.expectHealed({ crashes: 1 });
  }),
);

row('row 6: an exception that nobody catches ends the process, and another one takes over', (one) =>
  withFaultRun(one, async (run) => {
    run.startWriters();
    run.startWorker();
    const process = run.startProcess({
      leaseSeconds: 5,
      throwAt: 'before_send',
      pause: { at: 'before_send', visit: one.random.between(1, 40) },
    });
    expect((await process.ended).code).toBe(1);
    await run.takeOver();
  }),
);

row('row 6: a target that throws makes its own attempt unknown and touches no other event', (one) =>
  withFaultRun(one, async (run) => {
    run.startWriters();
    run.startWorker();
    const broken = one.random.between(1, 40);
    let sends = 0;
    run.startRunner(
      {},
      {
        openTarget: async (route) => {
          const target = await openTargetOf(route, surroundings({ deployment }));
          return {
            check: () => target.check(),
            close: () => target.close(),
            send: async (delivery, milliseconds) => {
              sends += 1;
              if (sends === broken) throw new TypeError('undefined is not a function');
              return target.send(delivery, milliseconds);
            },
          };
        },
      },
    );
    const ledger = await run.expectHealed({ crashes: 0 });
    expect(ledger.unknown).toBe(1);
    one.visited('target defect', await run.count("iu_route_attempt where failure_code = 'target_defect'"));
  }),
);

row('row 14: no connections left: backs off, finishes what it holds, and no result is lost', (one) =>
  withFaultRun(one, async (run) => {
    const login = await run.db.loginUrl('iu_worker');
    const name = decodeURIComponent(new URL(login).username);
    const connects: number[] = [];
    run.startWriters({ most: 200 });
    run.startWorker();
    const running = run.startRunner(
      { leaseSeconds: 60 },
      {
        connect: () => {
          connects.push(performance.now());
          return openDeliverySession({ url: login, schema: run.db.schema, purpose: 'fault pool' });
        },
      },
    );
    await received(run, one.random.between(1, 60));
    for (let turn = 0; turn < 3; turn += 1) {
      const limit = turn === 1 ? 0 : one.random.between(0, 2);
      await run.query(`alter role ${name} connection limit ${limit}`);
      await run.query('select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = $1', [name]);
      const before = connects.length;
      // With a connection left a runner that has settled everything needs no other one, and tries no more.
      const tries = limit === 0 ? 3 : 1;
      await waitFor(() => connects.length >= before + tries, {
        timeoutSeconds: 40,
        what: `${tries} tries to connect with limit ${limit}`,
      });
    }
    await run.query(`alter role ${name} connection limit -1`);
    // The connections that the limit let through may be the ones that the others wait for.
    one.visited('connection refused', running.said.filter((line) => line.includes('trying again')).length);
    await run.expectHealed({ crashes: 0 });
    expectNoBusyLoop(connects);
  }),
);

/** Three connections a runner, five attempts a second each at most. */
function expectNoBusyLoop(connects: readonly number[]): void {
  const most = Math.max(...connects.map((from) => connects.filter((at) => at >= from && at < from + 1000).length));
  expect(most).toBeLessThanOrEqual(15);
}

for (const days of [-1, 1]) {
  row(
    `row 21: a machine whose clock is ${days > 0 ? 'a day ahead' : 'a day behind'} sends nothing and says why`,
    (one) =>
      withFaultRun(one, async (run) => {
        run.startWriters({ most: 60 });
        run.startWorker();
        const process = run.startProcess({ wallClockOffsetSeconds: days * 86_400 });
        await waitFor(() => process.said.some((line) => line.includes('the clock of this machine')), {
          timeoutSeconds: 30,
        });
        await waitFor(() => run.writers.committed >= 60, { timeoutSeconds: 30 });
        expect(run.sink.connections).toBe(0);
        await process.kill();
        one.visited('clock skew');
        run.startRunner();
        await run.expectHealed({ crashes: 0 });
      }),
  );
}
