import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { oneRow, refuseAll } from '../support/dead-letters.js';
import { liveRoute, prepareDelivery } from '../support/delivery-queue.js';
import { certificate, domain, drain } from '../support/race.js';
import { waitFor } from '../support/wait.js';

const program = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const letters = 1200;
let db: TestDatabase;
const running = new Set<ChildProcess>();

/** Starts `iu` as a process of its own. */
function start(words: readonly string[]): { process: ChildProcess; output: Promise<string> } {
  const env = { PATH: process.env.PATH, IU_DATABASE_URL: db.url, IU_SCHEMA: db.schema };
  const child = spawn(process.execPath, [program, ...words], { env, stdio: ['ignore', 'pipe', 'ignore'] });
  running.add(child);
  let text = '';
  child.stdout.on('data', (part: Buffer) => {
    text += part.toString('utf8');
  });
  return { process: child, output: once(child, 'close').then(() => text) };
}

const replayed = async () =>
  Number((await oneRow(db, "select count(*) as n from iu_route_attempt where attempt_no > 2 and status = 'queued'")).n);

beforeAll(async () => {
  db = await createTestDatabase();
  await prepareDelivery(db);
  await liveRoute(db, 'r.live', {}, { failure_budget: 10_000 });
  await db.pool.query(
    "select count(*) from generate_series(1, $1) n, fn_iu_emit($2, 'changed', 'thing', 's' || n, '{}') e",
    [letters, domain],
  );
  await drain(db.pool);
  expect(await refuseAll(db)).toBe(letters);
});
afterAll(async () => {
  for (const child of running) child.kill('SIGKILL');
  await db.drop();
});

it('a replay whose process is killed again and again is finished by others, and no pair is replayed twice', async () => {
  const options = ['--batch', '17', '--json'];
  const words = ['dead-letter', 'replay', '--all', '--note', 'cause mended', '--rate', '300', '--yes'];
  let { process: worker } = start([...words, ...options]);
  for (let kill = 1; kill <= 4; kill += 1) {
    await waitFor(async () => (await replayed()) >= kill * 150, { timeoutSeconds: 60, intervalMilliseconds: 5 });
    // Another process works on it at the same time, so that a kill meets every moment of a step.
    const { run_id: runId } = await oneRow(db, 'select run_id from iu_replay_run');
    const next = start(['replay', 'resume', runId, ...options]);
    worker.kill('SIGKILL');
    await once(worker, 'close');
    worker = next.process;
  }
  const { run_id: runId } = await oneRow(db, "select run_id from iu_replay_run where state = 'running'");
  const last = start(['replay', 'resume', runId, ...options]);
  const said = JSON.parse(await last.output);
  expect(said).toMatchObject({ state: 'done', pairs: letters, replayed: letters, unchanged: 0 });
  const twice = `select count(*)::int as n from (select from iu_route_attempt where attempt_no > 2 group by event_seq having count(*) > 1) d`;
  expect(await oneRow(db, twice)).toEqual({ n: 0 });
  expect(await replayed()).toBe(letters);
  const open = 'select count(*)::int as n from iu_route_dead_letter where resolved_at is null';
  expect(await oneRow(db, open)).toEqual({ n: 0 });
  expect(await oneRow(db, 'select count(*)::int as n from iu_route_delivery')).toEqual({ n: letters });
  expect((await certificate(db.pool)).lost).toBe(0);
  expect(await oneRow(db, 'select count(*)::int as n from iu_replay_run')).toEqual({ n: 1 });
});
