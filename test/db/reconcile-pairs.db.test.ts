import { afterAll, beforeAll, expect, it } from 'vitest';
import type { TestDatabase } from '../support/database.js';
import { addRoute, createRaceDatabase, emit, pass, worker } from '../support/race.js';

let db: TestDatabase;
beforeAll(async () => {
  db = await createRaceDatabase();
});
afterAll(() => db.drop());

interface PlanNode {
  readonly 'Rows Removed by Join Filter'?: number;
  readonly 'Actual Loops'?: number;
  readonly Plans?: readonly PlanNode[];
}

/** Pairs of rows that the joins of a plan looked at and threw away. */
function pairsRefused(node: PlanNode): number {
  const own = (node['Rows Removed by Join Filter'] ?? 0) * (node['Actual Loops'] ?? 1);
  return (node.Plans ?? []).reduce((sum, below) => sum + pairsRefused(below), own);
}

it('the certificate pairs events with the routes of their pass and with nothing else, with no statistics', async () => {
  const routes = 5;
  for (let at = 0; at < routes; at += 1) await addRoute(db.pool, `r${at}`);
  const passes = 150;
  for (let at = 0; at < passes; at += 1) {
    await emit(db.pool, `s${at}`);
    await pass(db.pool);
  }
  const client = await db.connect();
  const plans: string[] = [];
  client.on('notice', ({ message }) => {
    if (message?.includes('plan:') && message.includes('missing_pair')) plans.push(message);
  });
  await client.query(`load 'auto_explain'`);
  for (const setting of [
    `client_min_messages = log`,
    `auto_explain.log_min_duration = 0`,
    `auto_explain.log_nested_statements = on`,
    `auto_explain.log_analyze = on`,
    `auto_explain.log_format = 'json'`,
  ])
    await client.query(`set ${setting}`);
  const { rows } = await client.query('select fn_iu_route_worker_reconcile($1, true)::text as r', [worker]);
  expect(JSON.parse(rows[0].r)).toMatchObject({ checked: passes, lost: 0 });
  expect(plans).toHaveLength(1);
  const { Plan: plan } = JSON.parse(plans[0]?.slice(plans[0].indexOf('{')) ?? '{}') as { Plan: PlanNode };
  // each pass with each route that the history knows, and once with the history; all with all is 150 x 150, several times
  const { rows: counted } = await client.query('select count(distinct route_id)::int as routes from iu_route_history');
  expect(pairsRefused(plan)).toBeLessThanOrEqual(passes * (counted[0].routes + 1));
});
