import type pg from 'pg';
import { isRefusal } from './failure.js';

/** A call took longer than its deadline on this side: nobody knows whether it committed, and the connection is gone. */
class DeadlineError extends Error {
  readonly code = 'ETIMEDOUT';

  constructor(milliseconds: number) {
    super(`no answer within ${milliseconds} ms`);
    this.name = 'DeadlineError';
  }
}

/**
 * Somebody cancelled the wait for a synchronous standby: the transaction is committed here and perhaps nowhere else. Taken as no
 * answer: nothing is sent on such a claim, and what is repeated is refused by its fence.
 */
class UnconfirmedCommitError extends Error {
  readonly code = 'unconfirmed_commit';

  constructor() {
    super(
      'committed on the primary only: the wait for a synchronous standby was cancelled; a failover now would lose it',
    );
    this.name = 'UnconfirmedCommitError';
  }
}

const failedCommits = new WeakSet<object>();

/** True when nobody knows whether the transaction committed: no answer, an unconfirmed one, or an error of the commit itself. */
export function isInDoubt(error: unknown): boolean {
  return !isRefusal(error) || failedCommits.has(error as object);
}

/** Between two statements of one transaction there is nothing but a round trip. */
const idleInTransactionMilliseconds = 10_000;

/**
 * READ COMMITTED whatever the database's default is; the server gives up on its own before this side does. It also ends a transaction
 * whose next statement does not come: when the network forgot the connection, or this process stands still, its locks would keep
 * everybody from the route until the server's TCP keepalive notices, which is two hours by default.
 */
export async function oneTransaction(
  client: pg.Client,
  query: pg.QueryConfig | pg.QueryArrayConfig,
  timeoutSeconds?: number,
): Promise<pg.QueryResult> {
  // One message, so that no transaction is ever open without its limits.
  const statement =
    timeoutSeconds === undefined ? '' : `; set local statement_timeout = ${Math.ceil(timeoutSeconds * 1000)}`;
  await client.query(
    `begin isolation level read committed; set local idle_in_transaction_session_timeout = ${idleInTransactionMilliseconds}${statement}`,
  );
  try {
    const result = await client.query(query);
    await commit(client);
    return result;
  } catch (error) {
    await client.query('rollback').catch(() => {});
    throw error;
  }
}

/** The warning comes beside a success. Known by the place in the server that gives it: its text is translated, its code is that of all warnings. */
async function commit(client: pg.Client): Promise<void> {
  let isUnconfirmed = false;
  const notice = (message: { routine?: string | undefined }) => {
    if (message.routine === 'SyncRepWaitForLSN') isUnconfirmed = true;
  };
  client.on('notice', notice);
  try {
    await client.query('commit');
  } catch (error) {
    if (typeof error === 'object' && error !== null) failedCommits.add(error);
    throw error;
  } finally {
    client.off('notice', notice);
  }
  if (isUnconfirmed) throw new UnconfirmedCommitError();
}

/** Runs `work` on a client; when it takes longer, the connection is cut and nobody knows whether it committed. */
export async function withinDeadline<Result>(
  client: pg.Client,
  milliseconds: number,
  work: () => Promise<Result>,
): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new DeadlineError(milliseconds));
      cutConnection(client);
    }, milliseconds);
  });
  try {
    return await Promise.race([work(), deadline]);
  } finally {
    clearTimeout(timer);
  }
}

/** A dead peer answers no Terminate message either: close politely, and cut the socket after a second. */
export async function closeClient(client: pg.Client): Promise<void> {
  const timer = setTimeout(() => cutConnection(client), 1000);
  await client.end().catch(() => {});
  clearTimeout(timer);
}

/** Ends the socket of a client without a word to the server. */
export function cutConnection(client: pg.Client): void {
  const stream = (client as unknown as { connection?: { stream?: { destroy(): void } } }).connection?.stream;
  stream?.destroy();
}
