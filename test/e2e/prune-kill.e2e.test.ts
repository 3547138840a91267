import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { oneRow } from '../support/dead-letters.js';
import { addRoute, certificate, domain, drain, prepareRace } from '../support/race.js';
import { waitFor } from '../support/wait.js';

const program = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const events = 450;
const folder = join(mkdtempSync(join(tmpdir(), 'iu-prune-kill-')), 'archive');
const running = new Set<ChildProcess>();
let db: TestDatabase;
let url: string;

/** Starts `iu` as a process of its own, as somebody who may prune and nothing else. */
function start(words: readonly string[]): { process: ChildProcess; output: Promise<string> } {
  const env = { PATH: process.env.PATH, IU_DATABASE_URL: url, IU_SCHEMA: db.schema };
  const child = spawn(process.execPath, [program, ...words], { env, stdio: ['ignore', 'pipe', 'ignore'] });
  running.add(child);
  let text = '';
  child.stdout.on('data', (part: Buffer) => {
    text += part.toString('utf8');
  });
  return { process: child, output: once(child, 'close').then(() => text) };
}

beforeAll(async () => {
  db = await createTestDatabase();
  url = await db.loginUrl('iu_core_pruner');
  await prepareRace(db.pool);
  await addRoute(db.pool, 'r.dry');
  await db.pool.query(
    "select count(*) from generate_series(1, $1) n, fn_iu_emit($2, 'changed', 'thing', 's' || n, '{}') e",
    [events, domain],
  );
  await drain(db.pool);
});
afterAll(async () => {
  for (const child of running) child.kill('SIGKILL');
  await db.drop();
});

it('a prune whose process is killed again and again is finished by another, and its files hold each row once', async () => {
  const taken = async () => Number((await oneRow(db, 'select coalesce(sum(events), 0) as n from iu_prune_batch')).n);
  let { process: pruner } = start([
    'prune',
    '--older-than',
    '0',
    '--reason',
    'monthly',
    '--archive',
    folder,
    '--batch',
    '9',
  ]);
  for (let kill = 1; kill <= 2; kill += 1) {
    await waitFor(async () => (await taken()) >= kill * 120, { timeoutSeconds: 60, intervalMilliseconds: 3 });
    pruner.kill('SIGKILL');
    await once(pruner, 'close');
    pruner = start(['prune', 'resume', '1', '--batch', '9']).process;
  }
  await once(pruner, 'close');
  expect(await oneRow(db, 'select state, events::integer from iu_prune_run')).toEqual({
    state: 'done',
    events: events - 1,
  });
  const check = JSON.parse(await start(['prune', 'check', '1', '--json']).output);
  expect(check).toMatchObject({ ok: true });
  const named = await db.pool.query<{ file: string }>('select archive_file as file from iu_prune_batch order by 1');
  const files = named.rows.map(({ file }) => file);
  // A process killed between its file and its commit leaves the file; the step is done again in another, and the check says so.
  expect(readdirSync(folder).sort()).toEqual([...files, ...check.unnamed].sort());
  const lines = files.flatMap((name) =>
    gunzipSync(readFileSync(join(folder, name)))
      .toString()
      .trim()
      .split('\n'),
  );
  expect(new Set(lines).size).toBe(lines.length);
  const seqs = lines
    .map((line) => JSON.parse(line))
    .flatMap(({ table, row }) => (table === 'event_outbox' ? [row.seq] : []));
  expect(seqs.length).toBe(events - 1);
  expect(lines.filter((line) => line.startsWith('{"table" : "iu_route_attempt"'))).toHaveLength(events - 1);
  expect(await certificate(db.pool)).toMatchObject({ lost: 0, stranded: 0 });
});
