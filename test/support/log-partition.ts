import type pg from 'pg';
import { createTestDatabase, type TestDatabase } from './database.js';
import { prepareDelivery } from './delivery-queue.js';

/** True when the whole run is on a partitioned log (IU_TEST_PARTITIONED=1): tests of the change itself need a plain one. */
export const startsPartitioned = process.env.IU_TEST_PARTITIONED === '1';

/** A plain log whose partitions would have 100 numbers, 200 of them ahead, with open gates and a claimed deployment. */
export async function createSmallLog(): Promise<TestDatabase> {
  const db = await createTestDatabase();
  await prepareDelivery(db);
  await db.pool.query(`insert into dot_config (key, value, reason)
    values ('iu_core.log_partition_events', '100', 'test'), ('iu_core.log_partitions_ahead', '2', 'test')`);
  return db;
}

/** Emits so many events in one statement. */
export async function emitMany(database: pg.Pool | pg.ClientBase, count: number): Promise<void> {
  await database.query(
    `insert into event_outbox (event_domain, event_type, event_subject_table, event_subject_ref, source_system)
     select 'race', 'changed', 'thing', (n % 7)::text, 'test' from generate_series(1, $1::integer) n`,
    [count],
  );
}

/** Names of the partitions that are there, in order. */
export async function partitionNames(db: TestDatabase): Promise<string[]> {
  const { rows } = await db.pool.query(
    'select partition_name as name from iu_log_partition where gone_at is null order by to_seq',
  );
  return rows.map(({ name }) => name);
}

/** The code of the error that a statement ends with, in a transaction that is rolled back. */
export async function refusal(db: TestDatabase, ...statements: string[]): Promise<string | undefined> {
  const client = await db.pool.connect();
  try {
    await client.query('begin');
    for (const statement of statements) await client.query(statement);
    return undefined;
  } catch (error) {
    return (error as { code?: string }).code;
  } finally {
    await client.query('rollback');
    client.release();
  }
}
