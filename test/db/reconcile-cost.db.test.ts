import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestDatabase } from '../support/database.js';
import { addRoute, createRaceDatabase, emit, pass, worker } from '../support/race.js';

let db: TestDatabase;
beforeAll(async () => {
  db = await createRaceDatabase();
});
afterAll(() => db.drop());

describe('the certificate', () => {
  it('reads the history of routes once a pass, however many events and routes there are, with no statistics', async () => {
    const routes = 20;
    for (let at = 0; at < routes; at += 1)
      await addRoute(db.pool, `r${at}`, { event_type: at % 2 === 0 ? 'changed' : 'noted' });
    const passes = 30;
    for (let at = 0; at < passes; at += 1) {
      for (const type of ['changed', 'noted']) await emit(db.pool, `s${at}`, {}, type);
      await pass(db.pool);
    }
    const client = await db.connect();
    await client.query('begin isolation level read committed');
    const { rows: found } = await client.query('select fn_iu_route_worker_reconcile($1, true)::text as r', [worker]);
    expect(JSON.parse(found[0].r)).toMatchObject({ checked: 2 * passes, lost: 0 });
    const { rows } = await client.query(
      `select coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) as read, (select count(*) from iu_route_history) as history,
         (select count(distinct run_id) from iu_route_attempt) as runs
         from pg_stat_xact_user_tables where relname = 'iu_route_history'`,
    );
    await client.query('rollback');
    const { read, history, runs } = rows[0];
    // the row count above reads the history once more
    expect(Number(read)).toBeLessThanOrEqual((Number(runs) + 1) * Number(history));
    expect(Number(read)).toBeGreaterThan(0);
  });
});
