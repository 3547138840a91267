// Rows 1, 2 and 19 of the fault matrix: kill -9 of a runner at each point of a send, writers live.

import { holdCommit } from '../support/fault-hold.js';
import type { PausePoint } from '../support/fault-process.js';
import { victim } from '../support/fault-process.js';
import { faultRows } from '../support/fault-rows.js';
import { withFaultRun } from '../support/fault-run.js';
import { startHoldingProxy } from '../support/holding-proxy.js';
import { testAuthorityFile } from '../support/sink.js';
import { waitFor } from '../support/wait.js';

const { row } = faultRows([
  'lease expired',
  'received twice, one id',
  'claim rolled back',
  'settle kept',
  'settle lost',
]);

const points: [string, PausePoint, number][] = [
  ['row 2: kill -9 after the claim, before anything is sent', 'after_claim', 3],
  ['row 2: kill -9 before a send', 'before_send', 40],
  ['row 1: kill -9 between the answer 200 and its record', 'after_answer', 40],
  ['row 1: kill -9 before results are written', 'before_settle', 6],
  ['row 2: kill -9 after results are written', 'after_settle', 6],
];
for (const [name, at, most] of points) {
  row(name, (one) =>
    withFaultRun(one, async (run) => {
      run.startWriters();
      run.startWorker();
      const process = run.startProcess({ leaseSeconds: 5, pause: { at, visit: one.random.between(1, most) } });
      await process.paused();
      await process.kill();
      await run.takeOver();
    }),
  );
}

row('row 1: kill -9 while the sink has the request and has not answered', (one) =>
  withFaultRun(one, async (run) => {
    const answered = one.random.between(0, 60);
    run.sink.behave(() => (run.sink.requests.length > answered ? { kind: 'never' } : { kind: 'answer', status: 200 }));
    run.startWriters();
    run.startWorker();
    const process = run.startProcess({ leaseSeconds: 5 });
    await waitFor(() => run.sink.requests.length > answered, { what: 'the sink has a request', timeoutSeconds: 40 });
    await process.kill();
    run.sink.behave({ kind: 'answer', status: 200 });
    await run.takeOver();
  }),
);

row('row 2: kill -9 during connect, in the TLS handshake', async (one) => {
  const proxy = await startHoldingProxy();
  try {
    await withFaultRun(
      one,
      async (run) => {
        proxy.forwardTo(run.sink.port);
        proxy.hold();
        run.startWriters();
        run.startWorker();
        const process = run.startProcess({ leaseSeconds: 5 });
        await waitFor(() => proxy.held > 0, { what: 'a connection waits for its handshake', timeoutSeconds: 40 });
        await process.kill();
        proxy.pass();
        await run.takeOver();
      },
      {
        tls: { certificate: 'valid' },
        origin: () => `https://127.0.0.1:${proxy.port}`,
        config: { ca_file: testAuthorityFile },
      },
    );
  } finally {
    await proxy.close();
  }
});

for (const how of ['commits', 'rolls back'] as const) {
  row(`row 2: kill -9 while the claim commits, which ${how}`, (one) =>
    withFaultRun(one, async (run) => {
      run.startWriters();
      run.startWorker();
      const hold = await holdCommit(run, 'iu_route_lease', 'true', victim);
      const process = run.startProcess({ leaseSeconds: 5 });
      await hold.reached();
      await process.kill();
      await hold.release(how);
      if (how === 'rolls back' && (await run.count('iu_route_lease')) === 0) one.visited('claim rolled back');
      await run.takeOver();
    }),
  );

  row(`row 1: kill -9 while results are written, which ${how}`, (one) =>
    withFaultRun(one, async (run) => {
      run.startWriters();
      run.startWorker();
      const hold = await holdCommit(run, 'iu_route_attempt', "new.status = 'sent'", victim);
      const process = run.startProcess({ leaseSeconds: 5 });
      await hold.reached();
      await process.kill();
      const received = run.sink.requests.length;
      await hold.release(how);
      const written = await waitFor(async () => {
        const busy = await run.count(
          `pg_stat_activity where application_name = 'iu-core ${victim}' and state <> 'idle' and datname = current_database()`,
        );
        return busy === 0 ? { sent: await run.count("iu_route_attempt where status = 'sent'") } : undefined;
      });
      if (how === 'commits' && written.sent > 0) one.visited('settle kept');
      if (how === 'rolls back' && written.sent === 0 && received > 0) one.visited('settle lost');
      await run.takeOver();
    }),
  );

  row(`row 19: kill -9 of the runner that settles an expired lease, which ${how}`, (one) =>
    withFaultRun(one, async (run) => {
      run.startWriters();
      run.startWorker();
      const first = run.startProcess({ pause: { at: 'before_settle', visit: one.random.between(1, 3) } });
      await first.paused();
      await first.kill();
      const hold = await holdCommit(run, 'iu_route_attempt', "new.failure_code = 'lease_expired'", victim);
      await run.endLeases();
      const second = run.startProcess({ leaseSeconds: 5 });
      await hold.reached();
      await second.kill();
      await hold.release(how);
      await run.endLeases();
      run.startRunner();
      await run.expectHealed({ crashes: 2 });
    }),
  );
}
