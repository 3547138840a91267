// Row 22 of the fault matrix: an older backup is restored. And copies (P14): gates open, routes live, deliveries waiting, and a runner that says the right name. A copy sends nothing until it is claimed.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type pg from 'pg';
import { expect, inject } from 'vitest';
import { openDeliverySession } from '../../src/store/delivery-session.js';
import { connectClient } from '../../src/store/session.js';
import { withDatabase } from '../support/cluster.js';
import { adminUrl, type TestDatabase } from '../support/database.js';
import { deployment } from '../support/delivery-queue.js';
import { faultRows, type RowRun } from '../support/fault-rows.js';
import { type FaultRun, withFaultRun } from '../support/fault-run.js';
import { databaseAt } from '../support/fault-server.js';
import { faultDomain } from '../support/fault-writers.js';
import { waitFor } from '../support/wait.js';

const { row } = faultRows(['copy held', 'copy claimed', 'sent again under the same id']);
const { major, schema } = inject('iuCluster');
const tools = `/usr/lib/postgresql/${major}/bin`;
const run = promisify(execFile);

/** Half of a batch is sent, half waits, some of it leased by a runner that is gone. */
async function prepareOriginal(original: FaultRun, one: RowRun): Promise<void> {
  original.startWriters({ most: 60 });
  const worker = original.startWorker();
  const process = original.startProcess({ pause: { at: 'before_settle', visit: one.random.between(2, 4) } });
  await process.paused();
  await process.kill();
  await original.writers.finish();
  await waitFor(
    async () =>
      (await original.count(
        `event_outbox e where event_domain = '${faultDomain}' and not exists (select from iu_route_attempt a where a.event_seq = e.seq)`,
      )) === 0,
    { timeoutSeconds: 40 },
  );
  await worker.stop();
  expect(await original.count('iu_route_delivery')).toBeGreaterThan(0);
}

/** The copy is held whatever name its runner says, also for what its leases leave behind; claimed, it sends with the ids of the original. */
async function expectHeldUntilClaimed(original: FaultRun, one: RowRun, copy: TestDatabase): Promise<void> {
  const onCopy = (name: string | null) =>
    original.startRunner(
      { deployment: name },
      { connect: () => openDeliverySession({ url: copy.url, schema, purpose: 'fault copy' }) },
    );
  await copy.pool.query('update iu_route_lease set lease_until = clock_timestamp()');
  const before = original.sink.requests.length;
  const staging = onCopy('staging');
  const sameName = onCopy(deployment);
  const noName = onCopy(null);
  await waitFor(
    () =>
      staging.runner.state.hold === 'deployment_differs' &&
      sameName.runner.state.hold === 'cluster_changed' &&
      noName.runner.state.hold === 'deployment_not_named',
    {
      timeoutSeconds: 30,
      what: 'all three are held',
    },
  );
  // Every lease is settled and had its turn: what would be sent is due.
  await waitFor(
    async () => (await copy.pool.query('select count(*)::integer as n from iu_route_lease')).rows[0].n === 0,
    { timeoutSeconds: 30 },
  );
  await waitFor(
    async () =>
      (await copy.pool.query('select min(due_at) < clock_timestamp() as due from iu_route_delivery')).rows[0].due ===
      true,
  );
  expect(original.sink.requests.length).toBe(before);
  one.visited('copy held');

  const waiting = (await copy.pool.query('select count(*)::integer as n from iu_route_delivery')).rows[0].n;
  await copy.pool.query("select fn_iu_deployment_claim('staging', 'this is staging now')");
  await waitFor(() => staging.runner.state.sent === waiting, { timeoutSeconds: 60, what: 'the claimed copy sends' });
  expect(sameName.runner.state.sent + noName.runner.state.sent).toBe(0);
  one.visited('copy claimed');
  for (const running of [staging, sameName, noName]) await running.stop();
  // The original is the original still, and a receiver that dedupes by id has everything once.
  await original.endLeases();
  original.startRunner();
  await original.stopAfterHealing();
  const ids = original.sink.requests.map((request) => request.headers['webhook-id']);
  expect(new Set(ids).size).toBe(2 * original.writers.committed);
}

/** As it is now; the original is without connections for a moment. */
async function cloneOriginal(original: FaultRun, admin: pg.Client, name: string): Promise<void> {
  await waitFor(async () => {
    await admin.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [original.db.name]);
    return admin.query(`create database ${name} template ${original.db.name}`).then(
      () => true,
      () => false,
    );
  });
}

row(
  'row 22: an older backup is restored: what was sent after it is sent again under the same ids, and the books say what may come twice',
  (one) =>
    withFaultRun(one, async (original) => {
      await prepareOriginal(original, one);
      const name = `${original.db.name}_copy`;
      const admin = await connectClient({ url: adminUrl(), purpose: 'fault operator' });
      await cloneOriginal(original, admin, name);
      // After the backup everything of it is sent, and more is emitted, decided and sent.
      const changes = original.writers.committed;
      original.startWriters({ most: 20, seed: one.seed + 1 });
      original.startWorker();
      await original.endLeases();
      original.startRunner();
      await original.stopAfterHealing();
      const ids = () => original.sink.requests.map((request) => String(request.headers['webhook-id']));
      const known = new Set(ids());
      expect(known.size).toBe(2 * (changes + original.writers.committed));
      const copy = databaseAt(withDatabase(adminUrl(), name), name, schema, major);
      try {
        await copy.pool.query(`select fn_iu_route_worker_rebase('${faultDomain}_worker', 'restored')`);
        const { rows } = await copy.pool.query("select fn_iu_deployment_claim($1, 'restored')::text as told", [
          deployment,
        ]);
        const { waiting } = JSON.parse(rows[0].told);
        expect(waiting).toBeGreaterThan(0);
        const listed = await copy.pool.query('select delivery_id from v_iu_delivery');
        expect(listed.rows.length).toBe(waiting);
        expect(listed.rows.every((row) => known.has(row.delivery_id))).toBe(true);
        await copy.pool.query('update iu_route_lease set lease_until = clock_timestamp()');
        await copy.pool.query('update iu_route_delivery set due_at = clock_timestamp()');
        const before = ids().length;
        const restored = original.startRunner(
          {},
          { connect: () => openDeliverySession({ url: copy.url, schema, purpose: 'fault restored' }) },
        );
        await waitFor(async () => (await copy.pool.query('select from iu_route_delivery')).rowCount === 0, {
          timeoutSeconds: 60,
          what: 'the restored one has sent all',
        });
        await restored.stop();
        // Nothing but what was listed, and a receiver that dedupes by id has everything once.
        expect(new Set(ids().slice(before))).toEqual(new Set(listed.rows.map((row) => row.delivery_id)));
        expect(new Set(ids())).toEqual(known);
        one.visited('sent again under the same id', ids().length - before);
      } finally {
        await original.stop();
        await copy.drop();
        await admin.query(`drop database ${name} with (force)`);
        await admin.end();
      }
    }),
  { runs: 1, most: 10 },
);

row('a clone beside the original in the same cluster is held until it is claimed', (one) =>
  withFaultRun(one, async (original) => {
    await prepareOriginal(original, one);
    const name = `${original.db.name}_copy`;
    const admin = await connectClient({ url: adminUrl(), purpose: 'fault operator' });
    await cloneOriginal(original, admin, name);
    const copy = databaseAt(withDatabase(adminUrl(), name), name, schema, major);
    try {
      await expectHeldUntilClaimed(original, one, copy);
    } finally {
      await original.stop();
      await copy.drop();
      await admin.query(`drop database ${name} with (force)`);
      await admin.end();
    }
  }),
);

const noTools = !existsSync(join(tools, 'pg_dump')) && `no client tools of PostgreSQL ${major} in ${tools}`;
row(
  'a dump that is restored beside the original is held until it is claimed',
  (one) =>
    withFaultRun(one, async (original) => {
      await prepareOriginal(original, one);
      const name = `${original.db.name}_copy`;
      const file = join(tmpdir(), `${name}.dump`);
      const admin = await connectClient({ url: adminUrl(), purpose: 'fault operator' });
      await run(join(tools, 'pg_dump'), ['--format=custom', `--file=${file}`, `--dbname=${original.db.url}`]);
      await admin.query(`create database ${name} template template0`);
      const url = withDatabase(adminUrl(), name);
      // The schema public is there in an empty database.
      const again = schema === 'public' ? ['--clean', '--if-exists'] : [];
      await run(join(tools, 'pg_restore'), ['--exit-on-error', ...again, `--dbname=${url}`, file]);
      const copy = databaseAt(url, name, schema, major);
      try {
        await expectHeldUntilClaimed(original, one, copy);
      } finally {
        await original.stop();
        await copy.drop();
        await admin.query(`drop database ${name} with (force)`);
        await admin.end();
        await rm(file, { force: true });
      }
    }),
  { skip: noTools, atOnce: 2 },
);
