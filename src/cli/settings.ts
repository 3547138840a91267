import type { GlobalOptions, LogLevel } from './global-options.js';

export interface Connection {
  readonly url: string;
  readonly schema: string;
  release(): Promise<void>;
}

export async function connectionFor(
  options: GlobalOptions,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Connection> {
  return {
    url: options.databaseUrl ?? environment.IU_DATABASE_URL ?? '',
    schema: options.schema ?? 'public',
    release: async () => {},
  };
}

export function logLevelFor(
  options: GlobalOptions,
  environment: Readonly<Record<string, string | undefined>>,
): LogLevel {
  return options.logLevel ?? (environment.IU_LOG_LEVEL as LogLevel | undefined) ?? 'info';
}
