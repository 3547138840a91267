// Rows 7, 8, 15 to 17, 19 and 20 of the fault matrix: the server crashes, loses a backend, its disk is full, its clock jumps. Writers and
// runners live through it.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { openDeliverySession } from '../../src/store/delivery-session.js';
import { holdCommit } from '../support/fault-hold.js';
import { victim } from '../support/fault-process.js';
import { faultRows } from '../support/fault-rows.js';
import { type FaultRun, withFaultRun } from '../support/fault-run.js';
import { type FaultServer, startFaultServer } from '../support/fault-server.js';
import { startHoldingProxy } from '../support/holding-proxy.js';
import { makeServerFolder } from '../support/server-folder.js';
import { waitFor } from '../support/wait.js';

const { row } = faultRows([
  'reconnected',
  'server crashed',
  'backend killed',
  'crashed in a sweep',
  'writers came back',
  'crashed before the answer of a claim',
]);
/** One after the other: a crash takes all databases of the server. */
const alone = { runs: 2, atOnce: 1 };

let server: FaultServer;
beforeAll(async () => {
  server = await startFaultServer();
});
afterAll(() => server?.stop());

const onServer = { database: () => server.database() };
const received = (run: FaultRun, count: number) =>
  waitFor(() => run.sink.requests.length >= count, { what: `the sink has ${count} requests`, timeoutSeconds: 40 });

/** A runner in this process whose connects are counted: three connections, five attempts a second each at most. */
function startCounted(run: FaultRun) {
  const connects: number[] = [];
  const running = run.startRunner(
    { leaseSeconds: 60 },
    {
      connect: () => {
        connects.push(performance.now());
        return openDeliverySession({ url: run.db.url, schema: run.db.schema, purpose: 'fault runner' });
      },
    },
  );
  const mostASecond = () =>
    Math.max(...connects.map((from) => connects.filter((at) => at >= from && at < from + 1000).length));
  return { running, mostASecond };
}

row(
  'row 7: the server stops like a power cut in the middle of a batch and starts again',
  (one) =>
    withFaultRun(
      one,
      async (run) => {
        run.sink.behave({ kind: 'answer', status: 200, afterMilliseconds: one.random.between(0, 20) });
        const writers = run.startWriters({ most: 400 });
        run.startWorker();
        const { mostASecond } = startCounted(run);
        await received(run, one.random.between(1, 100));
        await server.crash();
        one.visited('server crashed');
        await run.expectHealed({ crashes: 1 });
        one.visited('writers came back', writers.reconnects);
        expect(mostASecond()).toBeLessThanOrEqual(15);
      },
      onServer,
    ),
  alone,
);

row(
  'row 7: the server crashes after a claim committed and before it was answered: nothing of it becomes unknown',
  (one) =>
    withFaultRun(
      one,
      async (run) => {
        const address = new URL(run.db.url);
        const proxy = await startHoldingProxy();
        proxy.forwardTo(Number(address.port), address.hostname);
        address.host = `127.0.0.1:${proxy.port}`;
        let crashing: Promise<void> | undefined;
        proxy.judgeClaims(async () => {
          if (crashing === undefined && (await run.count('iu_route_lease')) > 0) {
            crashing = server.crash();
            one.visited('crashed before the answer of a claim');
            return true;
          }
          return false;
        });
        try {
          run.startWriters();
          run.startWorker();
          run.startRunner(
            { leaseSeconds: 300 },
            {
              connect: () => openDeliverySession({ url: address.href, schema: run.db.schema, purpose: 'fault runner' }),
            },
          );
          await waitFor(() => crashing !== undefined, { timeoutSeconds: 40 });
          await crashing;
          const ledger = await run.expectHealed({ crashes: 0 });
          expect({ unknown: ledger.unknown, duplicates: ledger.duplicates }).toEqual({ unknown: 0, duplicates: 0 });
        } finally {
          await run.stop();
          await proxy.close();
        }
      },
      onServer,
    ),
  { ...alone, runs: 1, most: 20 },
);

row(
  'row 8: kill -9 of one backend, which makes the server restart all',
  (one) =>
    withFaultRun(
      one,
      async (run) => {
        run.startWriters({ most: 400 });
        run.startWorker();
        const { running } = startCounted(run);
        await received(run, one.random.between(1, 100));
        const purpose = ['fault runner', 'fault writer 0', 'test worker'][one.number % 3];
        const [backend] = await run.query(
          'select pid from pg_stat_activity where application_name = $1 and datname = current_database() order by state limit 1',
          [`iu-core ${purpose}`],
        );
        process.kill(Number(backend?.pid), 'SIGKILL');
        one.visited('backend killed');
        await waitFor(() => running.said.some((line) => line.includes('trying again')), { timeoutSeconds: 30 });
        await server.answers();
        await run.expectHealed({ crashes: 1 });
      },
      onServer,
    ),
  alone,
);

row(
  'row 19: the server stops while a runner settles the lease of a dead one',
  (one) =>
    withFaultRun(
      one,
      async (run) => {
        run.startWriters();
        run.startWorker();
        const first = run.startProcess({ pause: { at: 'before_settle', visit: one.random.between(1, 3) } });
        await first.paused();
        await first.kill();
        const hold = await holdCommit(run, 'iu_route_attempt', "new.failure_code = 'lease_expired'", victim);
        await run.endLeases();
        const second = run.startProcess();
        await hold.reached();
        await server.crash();
        one.visited('crashed in a sweep');
        // the second one is alive, and its connections were lost in the middle of the recovery of the first
        await run.query('drop trigger fault_hold on iu_route_attempt');
        await waitFor(() => second.said.some((line) => line.includes('trying again')), { timeoutSeconds: 30 });
        await run.expectHealed({ crashes: 1 });
      },
      onServer,
    ),
  alone,
);

const fakeTime = ['x86_64', 'aarch64']
  .map((machine) => `/usr/lib/${machine}-linux-gnu/faketime/libfaketime.so.1`)
  .find((path) => existsSync(path));
const canMount = process.platform === 'linux' && process.getuid?.() === 0;

/** Starts a server whose clock a file moves. */
async function startWithClock(folder: string): Promise<{ server: FaultServer; clock(offset: string): Promise<void> }> {
  const file = join(folder, 'clock');
  await writeFile(file, '+0\n');
  await chmod(file, 0o644);
  const settings = {
    LD_PRELOAD: fakeTime,
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: '1',
    DONT_FAKE_MONOTONIC: '1',
  };
  Object.assign(process.env, settings);
  try {
    const started = await startFaultServer({ folder });
    return { server: started, clock: (offset) => writeFile(file, `${offset}\n`) };
  } finally {
    for (const name of Object.keys(settings)) delete process.env[name];
  }
}

row(
  'row 20: the clock of the server jumps by an hour in the middle of a batch and comes back',
  async (one) => {
    const folder = await makeServerFolder();
    const clocked = await startWithClock(folder);
    try {
      // Back and then right again; forward for good, and this machine's clock with it. A clock that comes back from an hour ahead
      // leaves retries an hour ahead: delay, which is what a wrong clock may cost.
      for (const offset of [-3600, 3600]) {
        await clocked.clock('+0');
        await withFaultRun(
          one,
          async (run) => {
            let wall = 0;
            run.startWriters({ most: 200 });
            run.startWorker();
            run.startRunner({ wallClockSeconds: () => Date.now() / 1000 + wall });
            await received(run, one.random.between(1, 100));
            const serverTime = async () =>
              Number((await run.query('select extract(epoch from clock_timestamp()) as t'))[0]?.t);
            const before = await serverTime();
            await clocked.clock(offset > 0 ? `+${offset}` : `${offset}`);
            expect(Math.abs((await serverTime()) - before - offset)).toBeLessThan(60);
            one.visited(offset < 0 ? 'clock back' : 'clock forward');
            if (offset > 0) wall = offset;
            else {
              // what had started goes on by the runner's own clock
              await waitFor(async () => (await run.count('iu_route_lease')) === 0, { timeoutSeconds: 40 });
              await clocked.clock('+0');
            }
            await run.expectHealed({ crashes: 1 });
          },
          { database: () => clocked.server.database() },
        );
      }
    } finally {
      await clocked.server.stop();
      await rm(folder, { recursive: true, force: true });
    }
  },
  { runs: 1, most: 5, atOnce: 1, secondsPerRun: 200, skip: fakeTime === undefined && 'libfaketime is not installed' },
);

/** The write-ahead log on a small disk of its own: the data may grow when it cannot. */
async function walOnSmallDisk(dataFolder: string): Promise<void> {
  const wal = join(dataFolder, 'server', 'data', 'pg_wal');
  const aside = `${wal}.aside`;
  await rename(wal, aside);
  await mkdir(wal);
  const { uid, gid } = await stat(aside);
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=96m,mode=700,uid=${uid},gid=${gid}`, 'tmpfs', wal]);
  execFileSync('cp', ['-a', `${aside}/.`, wal]);
  await rm(aside, { recursive: true });
}

row(
  'row 16: the disk of the write-ahead log is full, so that the server panics and recovers: nothing is lost, duplicates come of the crash only',
  async (one) => {
    const folder = await makeServerFolder();
    const wal = join(folder, 'data', 'server', 'data', 'pg_wal');
    try {
      const small = await startFaultServer({
        folder,
        settings: { max_wal_size: '48MB', min_wal_size: '32MB', wal_keep_size: '0', checkpoint_timeout: '1h' },
        prepareData: walOnSmallDisk,
      });
      const panics = async () =>
        (await readFile(join(folder, 'data', 'postgres.log'), 'utf8')).match(/PANIC: .*No space left/g)?.length ?? 0;
      try {
        await withFaultRun(
          one,
          async (run) => {
            const writers = run.startWriters({ most: 1200, writers: 4 });
            run.startWorker();
            const { mostASecond } = startCounted(run);
            await received(run, one.random.between(20, 120));
            execFileSync('sh', ['-c', `dd if=/dev/zero of=${wal}/ballast bs=1M 2>/dev/null || true`]);
            const refused = await waitFor(
              async () => {
                const code = await run
                  .query(
                    'create table fault_fill as select repeat(md5(n::text), 60) as t from generate_series(1, 20000) n',
                  )
                  .then(
                    () => run.query('drop table fault_fill').then(() => undefined),
                    (error: { code?: string }) => error.code ?? 'connection lost',
                  );
                return (await panics()) > 0 ? (code ?? 'another session') : undefined;
              },
              { timeoutSeconds: 60, what: 'the server panics' },
            );
            one.visited(`panicked, the session saw ${refused}`);
            await rm(join(wal, 'ballast'));
            await small.startAgain();
            await run.query('drop table if exists fault_fill');
            await run.expectHealed({ crashes: await panics() });
            one.visited('writers came back', writers.reconnects);
            expect(mostASecond()).toBeLessThanOrEqual(15);
          },
          { database: () => small.database() },
        );
      } finally {
        await small.stop();
      }
    } finally {
      execFileSync('sh', ['-c', `umount -l ${wal} 2>/dev/null || true`]);
      await rm(folder, { recursive: true, force: true });
    }
  },
  { runs: 1, most: 5, atOnce: 1, secondsPerRun: 200, skip: !canMount && 'only root on Linux can mount a small disk' },
);

row(
  'row 15: the disk of the server is full for a while: emission fails loudly, delivery waits, nothing is lost',
  async (one) => {
    const folder = await makeServerFolder();
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=260m,mode=711', 'tmpfs', folder]);
    const ballast = join(folder, 'ballast');
    try {
      const small = await startFaultServer({
        folder,
        settings: { max_wal_size: '48MB', min_wal_size: '32MB', wal_keep_size: '0' },
      });
      try {
        await withFaultRun(
          one,
          async (run) => {
            const writers = run.startWriters({ most: 1200, writers: 4 });
            run.startWorker();
            run.startRunner();
            await received(run, 50);
            execFileSync('sh', ['-c', `dd if=/dev/zero of=${ballast} bs=1M 2>/dev/null; sync ${ballast} || true`]);
            // Pages that are written anew need room that is not there.
            const grow = () =>
              run
                .query(
                  'create table if not exists fault_fill (t text); insert into fault_fill select repeat(md5(n::text), 60) from generate_series(1, 20000) n',
                )
                .then(
                  () => '',
                  (error: { code?: string }) => error.code ?? 'connection lost',
                );
            const code = await waitFor(async () => (await grow()) || undefined, {
              timeoutSeconds: 60,
              what: 'the disk is full',
            });
            one.visited(`disk full ${code}`);
            await waitFor(
              async () => {
                await grow();
                return writers.reconnects > 0;
              },
              { timeoutSeconds: 10 },
            ).catch(() => {});
            one.visited('emission refused', writers.reconnects);
            await rm(ballast);
            await small.answers();
            await run.query('drop table if exists fault_fill');
            await run.expectHealed({ crashes: 1 });
          },
          { database: () => small.database() },
        );
      } finally {
        await small.stop();
      }
    } finally {
      execFileSync('umount', ['-l', folder]);
      await rm(folder, { recursive: true, force: true });
    }
  },
  { runs: 1, most: 3, atOnce: 1, secondsPerRun: 200, skip: !canMount && 'only root on Linux can mount a small disk' },
);
