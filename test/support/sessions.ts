import type pg from 'pg';
import { waitFor } from './wait.js';

type Row = Record<string, unknown>;

/** A statement that was sent and may be waiting for a lock. */
export interface Step {
  /** Resolves when the server says that this statement waits for a lock; fails when it ended instead. */
  blocked(): Promise<void>;
  /** Its rows, or its error. */
  readonly done: Promise<Row[]>;
  /** Its error code, or 'none' when it succeeded. */
  readonly code: Promise<string>;
}

/** One connection whose statements a test places between those of others. */
export interface Session {
  readonly name: string;
  readonly pid: number;
  readonly client: pg.Client;
  /** Runs a statement that must not block for long, and gives its rows. */
  run(sql: string, parameters?: unknown[]): Promise<Row[]>;
  /** The first column of the first row, as the text parsers give it. */
  value(sql: string, parameters?: unknown[]): Promise<unknown>;
  /** Sends a statement without waiting for it. */
  start(sql: string, parameters?: unknown[]): Step;
}

interface Connects {
  connect(): Promise<pg.Client>;
  readonly pool: pg.Pool;
}

/**
 * Opens sessions for an interleaving that is written out step by step. Nothing sleeps: a step that has to wait is seen
 * to wait in pg_stat_activity before the next one goes.
 */
export async function openSessions<Name extends string>(
  db: Connects,
  ...names: Name[]
): Promise<Record<Name, Session>> {
  const opened = await Promise.all(names.map(async (name) => [name, await openSession(db, name)] as const));
  return Object.fromEntries(opened) as Record<Name, Session>;
}

async function openSession(db: Connects, name: string): Promise<Session> {
  const client = await db.connect();
  const pid = Number((await client.query('select pg_backend_pid() as pid')).rows[0].pid);
  const run = async (sql: string, parameters: unknown[] = []) => (await client.query(sql, parameters)).rows as Row[];
  return {
    name,
    pid,
    client,
    run,
    value: async (sql, parameters) => Object.values((await run(sql, parameters))[0] ?? {})[0],
    start: (sql, parameters) => startStep(db.pool, pid, name, run(sql, parameters)),
  };
}

function startStep(observer: pg.Pool, pid: number, name: string, done: Promise<Row[]>): Step {
  let ended = false;
  const code = done.then(
    () => 'none',
    (error: { code?: string }) => error.code ?? 'unknown',
  );
  void code.then(() => {
    ended = true;
  });
  const isBlocked = async () => {
    if (ended) throw new Error(`${name} was to wait for a lock, but its statement ended with ${await code}`);
    const found = await observer.query(
      `select 1 from pg_stat_activity where pid = $1 and state = 'active' and wait_event_type = 'Lock'`,
      [pid],
    );
    return found.rows.length > 0;
  };
  return {
    done,
    code,
    blocked: async () => {
      await waitFor(isBlocked, { what: `${name} waits for a lock` });
    },
  };
}
