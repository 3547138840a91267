// Row 13 of the fault matrix: connections to PostgreSQL that the network forgot. Nobody is told, nothing is answered. And claims that
// committed although their answer never came: nothing of them was sent, so nothing of them may count as unknown or wait for a lease.
import { expect } from 'vitest';
import { openDeliverySession } from '../../src/store/delivery-session.js';
import { holdStatement } from '../support/fault-hold.js';
import { faultRows } from '../support/fault-rows.js';
import { type FaultRun, withFaultRun } from '../support/fault-run.js';
import { type HoldingProxy, startHoldingProxy } from '../support/holding-proxy.js';
import { waitFor } from '../support/wait.js';

const { row } = faultRows([
  'reconnected',
  'half-open found',
  'locks of a forgotten connection given up',
  'claim without an answer',
  'given back unsent',
]);

/** A call on a dead connection is given up after 30 s; some room for a busy machine. */
const foundSeconds = 45;

async function withProxy(run: FaultRun, work: (proxy: HoldingProxy, through: string) => Promise<void>): Promise<void> {
  const proxy = await startHoldingProxy();
  const address = new URL(run.db.url);
  proxy.forwardTo(Number(address.port), address.hostname);
  address.hostname = '127.0.0.1';
  address.port = String(proxy.port);
  try {
    await work(proxy, address.href);
  } finally {
    await run.stop();
    await proxy.close();
  }
}

row(
  'row 13: half-open connections in the middle of a batch are found and replaced',
  (one) =>
    withFaultRun(one, (run) =>
      withProxy(run, async (proxy, url) => {
        run.startWriters();
        run.startWorker();
        const connect = () => openDeliverySession({ url, schema: run.db.schema, purpose: 'fault forgotten' });
        const running = run.startRunner({}, { connect });
        await waitFor(() => run.sink.requests.length >= one.random.between(1, 60), { timeoutSeconds: 40 });
        const from = performance.now();
        proxy.forget();
        await waitFor(() => running.said.some((line) => line.includes('trying again')), {
          timeoutSeconds: foundSeconds,
        });
        expect((performance.now() - from) / 1000).toBeLessThan(foundSeconds);
        one.visited('half-open found');
        await run.expectHealed({ crashes: 1 });
      }),
    ),
  { isConcurrent: true },
);

for (const [what, table] of [
  ['a claim', 'iu_route_lease'],
  ['a settle', 'iu_route_attempt'],
] as const) {
  row(
    `row 13: a connection that was forgotten inside ${what} keeps its locks from nobody for long`,
    (one) =>
      withFaultRun(one, (run) =>
        withProxy(run, async (proxy, url) => {
          run.startWriters();
          run.startWorker();
          const purpose = 'fault forgotten';
          const hold = await holdStatement(
            run,
            table,
            table === 'iu_route_attempt' ? "new.status = 'sent'" : 'true',
            purpose,
          );
          run.startRunner(
            { leaseSeconds: 60 },
            { connect: () => openDeliverySession({ url, schema: run.db.schema, purpose }) },
          );
          await hold.reached();
          // The statement ends, and its answer comes nowhere: the transaction stays open with all its locks.
          proxy.forget();
          await hold.release('commits');
          const open = `pg_stat_activity where application_name = 'iu-core ${purpose}' and state = 'idle in transaction'
          and datname = current_database() and state_change < clock_timestamp() - interval '1 second'`;
          await waitFor(async () => (await run.count(open)) > 0, {
            timeoutSeconds: 20,
            what: 'a transaction was left open',
          });
          await waitFor(async () => (await run.count(open)) === 0, {
            timeoutSeconds: foundSeconds,
            what: 'the server ends it',
          });
          one.visited('locks of a forgotten connection given up');
          await run.endLeases();
          await run.expectHealed({ crashes: 1 });
        }),
      ),
    { isConcurrent: true },
  );
}

row('a claim that committed and was never answered is given back at once, and nothing of it counts as unknown', (one) =>
  withFaultRun(one, (run) =>
    withProxy(run, async (proxy, url) => {
      let left = 3;
      const spared = one.random.between(0, 3);
      let claims = 0;
      proxy.judgeClaims(async () => {
        claims += 1;
        if (left === 0 || claims <= spared) return false;
        // taken before it is asked: below zero every claim would be cut
        left -= 1;
        if ((await run.count('iu_route_lease where unsettled = cardinality(event_seqs)')) === 0) {
          left += 1;
          return false;
        }
        one.visited('claim without an answer');
        return true;
      });
      run.startWriters();
      run.startWorker();
      const connect = () => openDeliverySession({ url, schema: run.db.schema, purpose: 'fault unanswered' });
      // A lease that outlasts the minute in which a run must heal: waiting for its end would fail.
      const running = run.startRunner({ leaseSeconds: 300 }, { connect });
      const ledger = await run.expectHealed({ crashes: 0 });
      expect(left).toBe(0);
      one.visited('given back unsent', running.said.filter((line) => line.includes('is given back')).length);
      expect({ unknown: ledger.unknown, duplicates: ledger.duplicates }).toEqual({ unknown: 0, duplicates: 0 });
    }),
  ),
);
