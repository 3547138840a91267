// A queue is short when its statistics are made and a session plans, and long a minute later. What a claim and its settlement look at has to
// follow what they take, whatever waits.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { claim, liveRoute, prepareDelivery, settle } from '../support/delivery-queue.js';
import { rowsLookedAt, watchPlans } from '../support/plan-work.js';
import { drain, emit } from '../support/race.js';

const waiting = 3000;
const taken = 400;

let db: TestDatabase;
beforeEach(async () => {
  db = await createTestDatabase();
  await prepareDelivery(db);
});
afterEach(() => db.drop());

describe.each(['none', 'subject'])('a claim of a route with the ordering %s, and its settlement', (ordering) => {
  it.each([
    ['there are no statistics', 0, false],
    ['the queue was empty when they were made', 0, true],
    ['20 waited when they were made', 20, true],
    ['20 waited when the session planned, without statistics', 20, false],
  ])('look at what they take, when %s', async (_, before, analyzed) => {
    // so that the second claim takes those that the approval has counted
    await liveRoute(db, 'r', { ordering }, { max_events: before + taken + 10 });
    for (let at = 0; at < before; at += 1) await emit(db.pool, `s${at}`);
    await drain(db.pool);
    if (analyzed) await db.pool.query('analyze');
    const client = await db.connect();
    const session = { pool: client };
    // from the sixth time on a session keeps its plans
    for (let at = 0; at < 8; at += 1) await claim(session, { limit: 1 });
    await db.pool.query(
      `select fn_iu_emit('race', 'changed', 'thing', 'later' || n, '{}') from generate_series(1, ${waiting}) n`,
    );
    await drain(db.pool);
    const plans = await watchPlans(client);
    const rows = await claim(session, { limit: taken });
    expect(rows).toHaveLength(taken);
    await settle(session, rows.slice(0, taken / 2), 'sent');
    await settle(session, rows.slice(taken / 2), 'released');
    // the released ones, which are counted, and the ten that may be counted yet
    expect((await claim(session, { limit: taken })).length).toBeGreaterThanOrEqual(taken / 2);
    expect(plans.length).toBeGreaterThan(10);
    // 60 for each taken where a settlement pairs its lanes with themselves; 800 and 6,000 where one looked at all that wait
    const heavy = plans.filter(({ plan }) => rowsLookedAt(plan) > 100 * taken);
    expect(heavy.map(({ text, plan }) => [rowsLookedAt(plan), text.trim().slice(0, 200)])).toEqual([]);
  });
});
