import type pg from 'pg';

/** A call took longer than its deadline on this side: nobody knows whether it committed, and the connection is gone. */
export class DeadlineError extends Error {
  readonly code = 'ETIMEDOUT';

  constructor(milliseconds: number) {
    super(`no answer within ${milliseconds} ms`);
    this.name = 'DeadlineError';
  }
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
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch(() => {});
    throw error;
  }
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
      destroy(client);
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
  const timer = setTimeout(() => destroy(client), 1000);
  await client.end().catch(() => {});
  clearTimeout(timer);
}

function destroy(client: pg.Client): void {
  const stream = (client as unknown as { connection?: { stream?: { destroy(): void } } }).connection?.stream;
  stream?.destroy();
}
