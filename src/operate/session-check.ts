/** What the check needs of a connection. */
export interface CheckedConnection {
  query(text: string): Promise<{ readonly rows: readonly { readonly pid: number }[] }>;
}

const ownPid = 'select pg_backend_pid() as pid';

/**
 * Whether a pooler in transaction mode hands the sessions of the server round.
 *
 * While one connection holds a transaction open, the other asks again who serves it: with a session of its own it is the one of before,
 * behind such a pooler it is another, or the two were served by the same one.
 */
export async function isSessionShared(first: CheckedConnection, second: CheckedConnection): Promise<boolean> {
  const pidOf = async (connection: CheckedConnection) => (await connection.query(ownPid)).rows[0]?.pid;
  const before = await pidOf(first);
  await second.query('begin');
  try {
    const held = await pidOf(second);
    return held === before || (await pidOf(first)) !== before;
  } finally {
    await second.query('rollback');
  }
}
