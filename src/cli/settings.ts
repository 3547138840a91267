import { type Config, resolveConfig } from '../install/config/index.js';
import { startEmbedded } from '../install/embedded/index.js';
import type { GlobalOptions } from './global-options.js';

/** A database to connect to. `release` lets go of it; an embedded server that was started for this command stops. */
export interface Connection {
  readonly url: string;
  readonly schema: string;
  release(): Promise<void>;
}

/** The configuration as flags, environment and file give it together. */
export function configFor(options: GlobalOptions, environment: Readonly<Record<string, string | undefined>>): Config {
  const { databaseUrl, schema, config, dataFolder, deployment, deliveryAllow, logLevel } = options;
  return resolveConfig({
    flags: { databaseUrl, schema, config, dataFolder, deployment, deliveryAllow, logLevel },
    env: environment,
  });
}

/** The configured server, or the embedded one: attached to when it runs, started when not. */
export async function connectionFor(config: Config, note: (text: string) => void): Promise<Connection> {
  const { databaseUrl, schema, dataFolder } = config;
  if (databaseUrl !== undefined) return { url: databaseUrl, schema, release: async () => {} };
  const embedded = await startEmbedded({ dataFolder, log: note });
  return { url: embedded.url, schema, release: () => embedded.stop() };
}
