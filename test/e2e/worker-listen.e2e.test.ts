import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { waitFor } from '../support/wait.js';
import { emitEvents, makeHealthy } from '../support/worker.js';

const program = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
let db: TestDatabase;

beforeAll(async () => {
  db = await createTestDatabase();
  await makeHealthy(db);
});
afterAll(() => db.drop());

it('a worker that listens shows what it does while it works, and ends when it is told to', async () => {
  const env = { PATH: process.env.PATH, IU_DATABASE_URL: db.url, IU_SCHEMA: db.schema, IU_LOG_LEVEL: 'info' };
  const worker = spawn(process.execPath, [program, 'worker', '--listen', '0'], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  try {
    let said = '';
    worker.stderr.on('data', (part: Buffer) => {
      said += part.toString();
    });
    const port = await waitFor(() => /"port":(\d+).*"listening"/.exec(said)?.[1]);
    const get = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).text();
    await emitEvents(db, 7);
    const seen = await waitFor(async () => {
      const text = await get('/metrics');
      return /iu_process_routing_total\{kind="events_seen"\} 7\n/.test(text) ? text : undefined;
    });
    expect(seen).toContain('iu_gate_open{gate="iu_core.route_worker_enabled"} 1\n');
    expect(seen).toContain('iu_delivery_held{reason="delivery_gate_closed"} 1\n');
    expect(JSON.parse(await get('/healthz'))).toEqual({ healthy: true, reasons: [] });
  } finally {
    worker.kill('SIGTERM');
  }
  expect(await once(worker, 'close')).toEqual([0, null]);
});
