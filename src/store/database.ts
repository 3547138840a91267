import pg from 'pg';
import { checkServerFacts, type DoorRules, readServerFacts } from './door.js';
import { connectionErrorFrom } from './failure.js';
import { clientConfig, prepareSession, SessionClient, type SessionSettings } from './session.js';

/** What `openDatabase` needs to know. Only `url` must be given. */
export interface DatabaseSettings extends SessionSettings, Partial<Omit<DoorRules, 'schema'>> {
  /** Most connections at once; 10 when not said. */
  readonly maxConnections?: number | undefined;
  /** Told when a connection is lost while nobody uses it; the pool replaces it. Gets a code, never a message. */
  readonly onConnectionLost?: ((code: string) => void) | undefined;
}

/** A checked door to one schema of one database. */
export interface Database {
  readonly pool: pg.Pool;
  readonly url: string;
  readonly schema: string;
  readonly serverVersionNumber: number;
  close(): Promise<void>;
}

/**
 * Opens a pool, checks server, role and schema, and gives back the door.
 *
 * Throws IuError IU001 to IU009 when IU Core could not work there; no connection stays open then.
 */
export async function openDatabase(settings: DatabaseSettings): Promise<Database> {
  const schema = settings.schema ?? 'public';
  const pool = createPool(settings);
  try {
    const facts = await readServerFacts(pool, schema);
    checkServerFacts(facts, {
      schema,
      expect: settings.expect ?? 'installed',
      anyRoleOf: settings.anyRoleOf ?? [],
      readOnlyAllowed: settings.readOnlyAllowed ?? false,
    });
    return {
      pool,
      url: settings.url,
      schema,
      serverVersionNumber: facts.serverVersionNumber,
      close: () => closeOnce(pool),
    };
  } catch (error) {
    await closeOnce(pool);
    throw connectionErrorFrom(error, settings.url) ?? error;
  }
}

/** The pool alone, unchecked: for callers that know what is there, such as tests. */
export function createPool(settings: DatabaseSettings): pg.Pool {
  const pool = new pg.Pool({
    ...clientConfig(settings),
    Client: SessionClient,
    max: settings.maxConnections ?? 10,
    idleTimeoutMillis: 30_000,
    // The type says void; pg-pool waits for a returned promise and hands out the connection only afterwards.
    onConnect: (client) => prepareSession(client, settings),
  });
  pool.on('error', (error) => settings.onConnectionLost?.(connectionErrorFrom(error)?.code ?? 'IU001'));
  // pg-pool watches idle connections only; one that dies while handed out must not end the process either.
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}

async function closeOnce(pool: pg.Pool): Promise<void> {
  if (!pool.ending) await pool.end();
}
