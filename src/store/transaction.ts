import type pg from 'pg';
import { errorCode } from './failure.js';

/**
 * Runs `work` in one READ COMMITTED transaction (a pass refuses any other level) and commits, or rolls back and throws
 * what `work` threw. A connection whose rollback fails is thrown away.
 */
export async function withTransaction<Result>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect();
  let broken = false;
  try {
    await client.query('begin isolation level read committed');
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch(() => {
      broken = true;
    });
    throw error;
  } finally {
    client.release(broken);
  }
}

/** Serialization failure, deadlock, lock not available: the transaction did nothing and may be run again. */
const repeatable: ReadonlySet<string> = new Set(['40001', '40P01', '55P03']);

/** How often and how soon to try again. */
export interface RetryBudget {
  readonly attempts?: number;
  readonly firstDelayMilliseconds?: number;
}

/** Runs `work` again, with doubling delay and full jitter, when the server asked for it. `work` must be a whole transaction. */
export async function withRetry<Result>(work: () => Promise<Result>, budget: RetryBudget = {}): Promise<Result> {
  const attempts = budget.attempts ?? 5;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= attempts || !repeatable.has(errorCode(error) ?? '')) throw error;
      const longestMilliseconds = (budget.firstDelayMilliseconds ?? 20) * 2 ** (attempt - 1);
      await new Promise((resolve) => setTimeout(resolve, Math.random() * longestMilliseconds));
    }
  }
}
