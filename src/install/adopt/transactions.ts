import type { ClientBase } from 'pg';
import { IuError } from '../../contract/errors/index.js';
import type { AdoptionStatement } from '../../store/adoption-sql.js';
import { errorCode } from '../../store/failure.js';
import { quoteIdentifier } from '../../store/session.js';
import { failureError, type OnProgress, type OnStatement, type Step, sendTransaction } from '../migrate/run.js';

/** Where an adoption works and how it tells. */
export interface AdoptRun {
  readonly client: ClientBase;
  readonly schema: string;
  readonly onProgress?: OnProgress | undefined;
  readonly onStatement?: OnStatement | undefined;
  readonly retrySeconds: number;
  /** False where IU Core itself made every table: such a repair is no adoption, and `migrate down` takes it back. */
  readonly journalled: boolean;
}

function roleSwitches(statements: readonly AdoptionStatement[]): Step[] {
  let owner = false;
  return statements.flatMap(({ sql, asSession = false }) => {
    const change = asSession === owner ? [{ text: asSession ? 'reset role' : 'set local role iu_owner' }] : [];
    owner = !asSession;
    return [...change, { text: sql }];
  });
}

/** One transaction with short lock waits, again while a lock is not given; `after` is written in the same transaction. */
export async function runTogether(
  run: AdoptRun,
  subject: string,
  statements: readonly AdoptionStatement[],
  after: readonly string[] = [],
): Promise<void> {
  const steps: Step[] = [
    'begin',
    `set local search_path = ${quoteIdentifier(run.schema)}, pg_temp`,
    "set local lock_timeout = '300ms'",
    "set local statement_timeout = '30min'",
  ].map((text) => ({ text }));
  const written = [...roleSwitches([...statements, ...after.map((sql) => ({ sql }))]), { text: 'commit' }];
  const failure = await sendTransaction(run.client, subject, [...steps, ...written], settings(run));
  if (failure !== undefined) throw failureError(subject, failure);
}

function settings(run: AdoptRun) {
  return {
    retrySeconds: run.retrySeconds,
    ...(run.onProgress === undefined ? {} : { onProgress: run.onProgress }),
    ...(run.onStatement === undefined ? {} : { onStatement: run.onStatement }),
  };
}

/**
 * One statement outside a transaction, as iu_owner unless it says otherwise. Such a statement waits for older transactions without blocking anybody, so it has no
 * short lock timeout; what it was about to take is given up after a minute and named.
 */
export async function runAlone(run: AdoptRun, subject: string, { sql, asSession }: AdoptionStatement): Promise<void> {
  const { client } = run;
  if (asSession !== true) await client.query('set role iu_owner');
  await client.query("set lock_timeout = '60s'");
  try {
    await run.onStatement?.({ text: sql });
    await client.query(sql);
  } catch (error) {
    const code = errorCode(error) ?? '08006';
    const message = error instanceof Error ? error.message : String(error);
    if (code === '23505') {
      throw new IuError('IU843', {
        message: `${subject}: rows are there that the former unique index refuses: ${message}`,
        hint: 'remove the doubles first, or keep the adoption',
      });
    }
    throw new IuError(code === '55P03' ? 'IU812' : 'IU808', { message: `${subject} failed: ${message} (${code})` });
  } finally {
    await client.query('reset lock_timeout').catch(() => undefined);
    await client.query('reset role').catch(() => undefined);
  }
}

/** Lists of statements as transactions; one that stands alone is sent alone. */
export async function runLists(
  run: AdoptRun,
  subject: string,
  lists: readonly (readonly AdoptionStatement[])[],
): Promise<void> {
  for (const list of lists) {
    const [only] = list;
    if (list.length === 1 && only?.alone === true) await runAlone(run, subject, only);
    else if (list.length > 0) await runTogether(run, subject, list);
  }
}
