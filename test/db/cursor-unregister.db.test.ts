import { afterEach, beforeEach, expect, it } from 'vitest';
import { runIu } from '../support/cli.js';
import type { TestDatabase } from '../support/database.js';
import { createRaceDatabase, drain, pass } from '../support/race.js';
import { waitFor } from '../support/wait.js';

let db: TestDatabase;
beforeEach(async () => {
  db = await createRaceDatabase();
});
afterEach(() => db.drop());

const unregister = (worker: string) =>
  runIu(['cursor', 'unregister', worker, '--reason', 'mistyped'], { url: db.url, schema: db.schema });

it('takes a cursor away only at a window boundary of the worker of every domain, and says who decides its domain then', async () => {
  const register = (worker: string, domain: string) =>
    db.pool.query("select fn_iu_route_worker_register($1, $2, 'beginning')", [worker, domain]);
  await register('lone_worker', 'lone');
  expect((await unregister('lone_worker')).stdout).toContain('Nobody decides events of lone now');
  await register('rest', '*');
  await db.pool.query("select fn_iu_route_worker_transfer('shpo', 'rest', 'shpo_worker', 'own worker')");
  await db.pool.query("select fn_iu_event_type_add('other', 'changed')");
  for (let at = 0; at < 3; at += 1) {
    await db.pool.query("select fn_iu_emit('other', 'changed', 'thing', $1, '{}')", [String(at)]);
  }
  await pass(db.pool, 1, 'rest');
  const refused = await unregister('shpo_worker');
  expect(refused.stderr).toContain('IU309');
  expect(refused.stderr).toContain('a window of rest is open');
  // The server says an error before it lets go of the locks.
  await waitFor(async () => (await pass(db.pool, 1, 'rest')).status === 'ran', { what: 'the cursor is free' });
  await drain(db.pool, 1000, 'rest');
  expect((await unregister('shpo_worker')).stdout).toContain('Its events are decided by rest.');
});
