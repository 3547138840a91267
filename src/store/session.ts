import pg from 'pg';
import pgpass from 'pgpass';
import { cutConnection } from './call.js';
import { textParsers } from './parsers.js';

/** How a session presents itself to the server and what it may cost there. */
export interface SessionSettings {
  /** Address of the database, `postgres://...`. */
  readonly url: string;
  /** Schema of IU Core; `public` when not said. */
  readonly schema?: string | undefined;
  /** What follows `iu-core` in application_name, for example `worker iu_outbound_default`. */
  readonly purpose?: string | undefined;
  readonly connectTimeoutSeconds?: number | undefined;
  /** Cancels a statement on the server; never when not said, whatever the role or database says. */
  readonly statementTimeoutSeconds?: number | undefined;
  /** Gives up a statement on this side: the server or the way to it may not answer at all. None when not said; the connection is gone then. */
  readonly answerTimeoutSeconds?: number | undefined;
  readonly lockTimeoutSeconds?: number | undefined;
  readonly idleInTransactionTimeoutSeconds?: number | undefined;
}

/** An SQL identifier, quoted. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** `search_path` of every session: the schema, and the temporary schema last, so that no temporary object shadows ours. */
export function searchPath(schema: string): string {
  return `${quoteIdentifier(schema)}, pg_temp`;
}

/** A first statement of a session, given up like the login itself: what is between can go silent at any moment. */
export function answeredWithin(seconds: number | undefined, text: string, values: unknown[]): pg.QueryConfig {
  const config = { text, values, query_timeout: Math.ceil((seconds ?? 10) * 1000) };
  return config;
}

/** Options for `pg.Client` and `pg.Pool`. Keepalive after 10 s finds a half-open connection within a minute. */
export function clientConfig(settings: SessionSettings): pg.ClientConfig {
  return {
    connectionString: settings.url,
    application_name: `iu-core ${settings.purpose ?? ''}`.trim().slice(0, 63),
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    connectionTimeoutMillis: Math.ceil((settings.connectTimeoutSeconds ?? 10) * 1000),
    types: textParsers,
    ...(settings.answerTimeoutSeconds === undefined ? {} : { query_timeout: settings.answerTimeoutSeconds * 1000 }),
  };
}

/**
 * The one kind of connection that IU Core opens.
 *
 * Asks the password file itself where no password is given: pg does it too, and says on stderr of every command that it will not for ever.
 * And closes the socket of a login that fails on this side, as for want of a password: pg leaves it open, and the server waits a minute for the rest.
 */
export class SessionClient extends pg.Client {
  constructor(config?: pg.ClientConfig) {
    super(config);
    // pg takes a function here, but an address without a password would override one in its configuration
    const login = this as { password: unknown };
    login.password ??= () => new Promise((resolve) => pgpass(this, resolve));
  }

  override connect(): Promise<pg.Client>;
  override connect(done: ((error: Error) => void) | ((error: null, client: pg.Client) => void)): void;
  override connect(done?: (error: never, client: never) => void): Promise<pg.Client> | undefined {
    const connected = super.connect().catch((error: unknown) => {
      cutConnection(this);
      throw error;
    });
    if (done === undefined) return connected;
    connected.then((client) => done(null as never, client as never), done as (error: unknown) => void);
    return undefined;
  }
}

/** What a role, database or server may have set for its application, and what our statements and texts are written for. */
const settled: readonly (readonly [string, string])[] = [
  // timestamps and intervals travel as text
  ['timezone', 'UTC'],
  ['datestyle', 'ISO, YMD'],
  ['intervalstyle', 'postgres'],
  // a pass sees what is committed meanwhile; it refuses anything else
  ['default_transaction_isolation', 'read committed'],
  // definitions and numbers of the catalog are compared by their text, and statements are written for these
  ['standard_conforming_strings', 'on'],
  ['quote_all_identifiers', 'off'],
  ['extra_float_digits', '1'],
  ['array_nulls', 'on'],
  // compiling a plan took seconds of what takes milliseconds to run: no statement of ours reads so much that it pays
  ['jit', 'off'],
];

/**
 * Settles the session before its first use.
 *
 * By `set_config` and not as start-up parameters, which session poolers refuse. Without a limit that the caller says a statement has none: one
 * of the role is for its application, and would end the same index or pass again and again.
 */
export async function prepareSession(client: pg.ClientBase, settings: SessionSettings): Promise<void> {
  const milliseconds = (seconds: number | undefined) => String(Math.ceil((seconds ?? 0) * 1000));
  const values: (readonly [string, string])[] = [
    ['search_path', searchPath(settings.schema ?? 'public')],
    ...settled,
    ['statement_timeout', milliseconds(settings.statementTimeoutSeconds)],
  ];
  const { lockTimeoutSeconds, idleInTransactionTimeoutSeconds } = settings;
  if (lockTimeoutSeconds !== undefined) values.push(['lock_timeout', milliseconds(lockTimeoutSeconds)]);
  if (idleInTransactionTimeoutSeconds !== undefined) {
    values.push(['idle_in_transaction_session_timeout', milliseconds(idleInTransactionTimeoutSeconds)]);
  }
  // only what differs: behind a pooler in transaction mode what is set here stays in a session that the application gets next
  const text = `select set_config(s.name, s.value, false) from unnest($1::text[], $2::text[]) as s (name, value)
    where current_setting(s.name) is distinct from s.value`;
  const named = [values.map(([name]) => name), values.map(([, value]) => value)];
  await client.query(answeredWithin(settings.connectTimeoutSeconds, text, named));
}

/** One connection outside a pool, settled the same way. The caller ends it. */
export async function connectClient(settings: SessionSettings): Promise<pg.Client> {
  const client = new SessionClient(clientConfig(settings));
  // Without a listener a connection lost while idle would end the process; the next query reports it.
  client.on('error', () => {});
  try {
    await client.connect();
    await prepareSession(client, settings);
  } catch (error) {
    await client.end().catch(() => {});
    throw error;
  }
  return client;
}
