import { afterAll, beforeAll, expect, it } from 'vitest';
import type { TestDatabase } from '../support/database.js';
import { pairsRefused, watchPlans } from '../support/plan-work.js';
import { addRoute, createRaceDatabase, emit, pass, worker } from '../support/race.js';

let db: TestDatabase;
beforeAll(async () => {
  db = await createRaceDatabase();
});
afterAll(() => db.drop());

it('the certificate pairs events with the routes of their pass and with nothing else, with no statistics', async () => {
  const routes = 5;
  for (let at = 0; at < routes; at += 1) await addRoute(db.pool, `r${at}`);
  const passes = 150;
  for (let at = 0; at < passes; at += 1) {
    await emit(db.pool, `s${at}`);
    await pass(db.pool);
  }
  const client = await db.connect();
  const ran = await watchPlans(client);
  const { rows } = await client.query('select fn_iu_route_worker_reconcile($1, true)::text as r', [worker]);
  expect(JSON.parse(rows[0].r)).toMatchObject({ checked: passes, lost: 0 });
  const plans = ran.filter(
    ({ text }) => text.includes('missing_pair') && !text.includes('fn_iu_route_worker_reconcile'),
  );
  expect(plans).toHaveLength(1);
  // each pass with each route that the history knows, and once with the history; all with all is 150 x 150, several times
  const { rows: counted } = await client.query('select count(distinct route_id)::int as routes from iu_route_history');
  expect(plans.reduce((sum, { plan }) => sum + pairsRefused(plan), 0)).toBeLessThanOrEqual(
    passes * (counted[0].routes + 1),
  );
});
