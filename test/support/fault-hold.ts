import type pg from 'pg';
import type { FaultRun } from './fault-run.js';
import { waitFor } from './wait.js';

/** A place in the database at which the connections of one purpose wait: where they wrote a certain row. */
export interface DatabaseHold {
  /** Until a backend waits there. Gives its pid. */
  reached(): Promise<number>;
  /** Lets it go on, or ends its backend so that it rolls back. */
  release(how: 'commits' | 'rolls back'): Promise<void>;
}

/** Transactions of the purpose wait in their commit, after everything they wrote. */
export function holdCommit(run: FaultRun, table: string, when: string, purpose: string): Promise<DatabaseHold> {
  return hold(run, table, when, purpose, 'deferrable initially deferred');
}

/** Transactions of the purpose wait in the statement that writes the row. */
export function holdStatement(run: FaultRun, table: string, when: string, purpose: string): Promise<DatabaseHold> {
  return hold(run, table, when, purpose, 'not deferrable');
}

/** Any number: the hold of a database is its own, as advisory locks are. */
const key = 4711;

async function hold(
  run: FaultRun,
  table: string,
  when: string,
  purpose: string,
  moment: string,
): Promise<DatabaseHold> {
  await run.query(`create function fault_hold() returns trigger language plpgsql as $$ begin
      if current_setting('application_name') = 'iu-core ${purpose}' then perform pg_advisory_xact_lock_shared(${key}); end if;
      return null; end $$`);
  await run.query(
    `create constraint trigger fault_hold after insert on ${table} ${moment} for each row when (${when}) execute function fault_hold()`,
  );
  const holder: pg.Client = await run.db.connect();
  await holder.query('select pg_advisory_lock($1)', [key]);
  const waiting = `select l.pid from pg_locks l where l.locktype = 'advisory' and l.objid = ${key} and not l.granted
     and l.database = (select oid from pg_database where datname = current_database())`;
  const reached = async () => {
    const rows = await waitFor(
      async () => {
        const found = (await holder.query(waiting)).rows;
        return found.length > 0 ? found : undefined;
      },
      { timeoutSeconds: 40, what: `a runner waits where it wrote ${table}` },
    );
    return Number(rows[0].pid);
  };
  const release = async (how: 'commits' | 'rolls back') => {
    // Before the lock is free: who comes after must not be held.
    await holder.query(
      `create or replace function fault_hold() returns trigger language plpgsql as $$ begin return null; end $$`,
    );
    if (how === 'rolls back') {
      for (const { pid } of (await holder.query(waiting)).rows)
        await holder.query('select pg_terminate_backend($1, 5000)', [pid]);
    }
    await holder.query('select pg_advisory_unlock($1)', [key]);
  };
  return { reached, release };
}
