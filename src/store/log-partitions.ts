import type pg from 'pg';
import { IuError, iuErrorFromPg } from '../contract/errors/index.js';
import { errorCode, isRefusal } from './failure.js';
import { callForResult, type Queryable } from './listing.js';
import { type RetryBudget, withRetry, withTransaction } from './transaction.js';

/** One partition of the log. Numbers as text: they do not fit into a JavaScript number. */
export interface LogPartition {
  readonly name: string;
  /** Null for the first one, which was the whole log. */
  readonly from_seq: string | null;
  readonly to_seq: string;
  /** Estimated. */
  readonly rows: string;
  readonly bytes: string;
  readonly made_at: string;
}

/** In which form the log is, what a change would do, and what is in the way. */
export interface LogPlan {
  readonly form: 'plain' | 'unfinished' | 'partitioned';
  readonly partition_events: string;
  readonly last_seq: string;
  readonly end_seq: string | null;
  readonly numbers_left: string | null;
  readonly wanted: string;
  readonly rows: string;
  readonly bytes: string;
  readonly check_seconds: number;
  readonly refusals: readonly string[];
  readonly faults: readonly string[];
  readonly partitions: readonly LogPartition[];
}

/** A step of the way to a partitioned log. */
export interface LogStep {
  readonly step: 'bound' | 'checked' | 'partitioned';
  readonly end_seq: string;
  /** How long the last step held writers. */
  readonly milliseconds?: number;
}

/** The way back. */
export interface LogBack {
  readonly form: 'plain';
  readonly moved: number;
  readonly milliseconds: number;
}

/** What a look after the partitions did. */
export interface LogTended {
  readonly form: LogPlan['form'];
  readonly made: number;
  readonly dropped: readonly string[];
  /** Empty partitions that stayed: somebody was using them, there was no time, or something else was in the way; the next look tries again. */
  readonly busy: readonly string[];
  /** Why, where it was neither a lock nor time. */
  readonly reasons: readonly string[];
  readonly partitions: number;
  readonly numbers_left: string | null;
}

export function planLog(database: Queryable): Promise<LogPlan> {
  return callForResult(database, 'select fn_iu_log_partition_plan()::text', []);
}

const usualBudget: RetryBudget = { attempts: 10, firstDelayMilliseconds: 50 };

/** Each try waits for its lock for a moment only, so that writers never queue up behind it for long. */
async function patiently<Result>(
  pool: pg.Pool,
  budget: RetryBudget,
  text: string,
  values: readonly unknown[],
): Promise<Result> {
  try {
    return await withRetry(
      () => withTransaction(pool, (client) => callForResult<Result>(client, text, values)),
      budget,
    );
  } catch (error) {
    if (['55P03', '40P01'].includes(errorCode(error) ?? '')) throw new IuError('IU874');
    throw error;
  }
}

/** The bound of the first partition outlives a step that failed, and would refuse events one day: whoever reads the error hears of it. */
async function withBoundNamed(pool: pg.Pool, error: unknown): Promise<unknown> {
  if (!isRefusal(error) || !(error instanceof Error)) return error;
  const own = iuErrorFromPg(error);
  // a lock is waited for again, and IU875 says it itself
  if (own?.code === 'IU874' || own?.code === 'IU875' || (await planLog(pool)).form !== 'unfinished') return error;
  const stays = 'the bound of the first partition stays until `iu log partition back`';
  return own === undefined
    ? new IuError('IU877', { message: `The change of the log stopped (${error.message}); ${stays}.` })
    : new IuError(own.code, { message: own.message, hint: `${own.hint ?? ''}; ${stays}` });
}

/**
 * Goes from a plain log, or from where an earlier try ended, to a partitioned one; `onStep` hears of each step when it is committed.
 * Partitions ahead are made at the end; where the log is in use just then, the next pass makes them.
 */
export async function partitionLog(
  pool: pg.Pool,
  reason: string,
  onStep: (step: LogStep) => void = () => {},
  budget: RetryBudget = usualBudget,
): Promise<LogStep> {
  for (;;) {
    const step = await patiently<LogStep>(pool, budget, 'select fn_iu_log_partition_step($1)::text', [reason]).catch(
      async (error: unknown) => {
        throw await withBoundNamed(pool, error);
      },
    );
    onStep(step);
    if (step.step !== 'partitioned') continue;
    await tendLog(pool, budget).catch((error: unknown) => {
      if (!(error instanceof IuError && error.code === 'IU874')) throw error;
    });
    return step;
  }
}

/** Makes the log one table again. */
export function unpartitionLog(
  pool: pg.Pool,
  wishes: { readonly reason: string; readonly mostRows?: number | undefined },
  budget: RetryBudget = usualBudget,
): Promise<LogBack> {
  const values = [wishes.reason, wishes.mostRows ?? 100_000];
  return patiently(pool, budget, 'select fn_iu_log_partition_back($1, $2)::text', values);
}

/** Makes the partitions that should be there and drops those that a prune left empty, a few in each transaction. */
export async function tendLog(pool: pg.Pool, budget: RetryBudget = usualBudget): Promise<LogTended> {
  let made = 0;
  const dropped: string[] = [];
  for (;;) {
    const tended = await patiently<LogTended>(pool, budget, 'select fn_iu_log_partition_tend()::text', []);
    made += tended.made;
    dropped.push(...tended.dropped);
    if (tended.dropped.length === 0 || tended.busy.length === 0) return { ...tended, made, dropped };
  }
}
