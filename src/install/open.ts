import { type Database, type DatabaseSettings, openDatabase } from '../store/database.js';
import type { Config } from './config/index.js';
import { type EmbeddedServer, startEmbedded } from './embedded/index.js';

/** A database that is open, and the embedded server it lives on, when it does. */
export interface Opened {
  readonly database: Database;
  /** Address with password; for further connections of this process, never for a message. */
  readonly url: string;
  readonly embedded: EmbeddedServer | undefined;
  /** Closes the pool, then stops the embedded server if this process is in charge of it. */
  close(): Promise<void>;
}

/** What is asked of the database beyond the configuration. */
export interface OpenOptions extends Omit<DatabaseSettings, 'url' | 'schema'> {
  readonly log?: ((message: string) => void) | undefined;
}

/** Opens the configured server; without one the embedded server, which is started when it does not run. */
export async function openConfigured(config: Config, options: OpenOptions = {}): Promise<Opened> {
  const { log, ...settings } = options;
  const embedded =
    config.databaseUrl === undefined ? await startEmbedded({ dataFolder: config.dataFolder, log }) : undefined;
  const url = config.databaseUrl ?? embedded?.url ?? '';
  try {
    const database = await openDatabase({ ...settings, url, schema: config.schema });
    const close = async () => {
      await database.close();
      await embedded?.stop();
    };
    return { database, url, embedded, close };
  } catch (error) {
    await embedded?.stop();
    throw error;
  }
}
