import type { TestDatabase } from './database.js';
import { claim, settle } from './delivery-queue.js';

/** Sends everything that is due and lets the target refuse it for good: each becomes a dead letter. Gives how many. */
export async function refuseAll(db: TestDatabase, code = 'http_400'): Promise<number> {
  let letters = 0;
  for (;;) {
    const rows = await claim(db, { limit: 1000 });
    if (rows.length === 0) return letters;
    letters += (await settle(db, rows, 'failed', { code, permanent: true })).dead_lettered;
  }
}

/** The one row that a query gives. */
export async function oneRow(db: TestDatabase, sql: string, values: unknown[] = []) {
  return (await db.pool.query(sql, values)).rows[0];
}

/** A document that a function returns. */
export async function callFor(db: TestDatabase, sql: string, values: unknown[] = []) {
  return JSON.parse(Object.values((await db.pool.query(sql, values)).rows[0])[0] as string);
}

/** The attempts of an event on all routes, in order: number, status, reason. */
export async function attemptsOf(db: TestDatabase, seq: string): Promise<string[]> {
  const sql = 'select attempt_no, status, reason from iu_route_attempt where event_seq = $1 order by attempt_id';
  return (await db.pool.query(sql, [seq])).rows.map((row) => `${row.attempt_no} ${row.status} ${row.reason ?? '-'}`);
}
