import { resolve } from 'node:path';
import { IuError } from '../../contract/errors/index.js';
import { embeddedMajor } from '../embedded/index.js';
import { type ConfigFile, readConfigFile } from './file.js';
import { type ConfigKey, type ConfigValues, configKeys, configSchema, environmentNames, flagNames } from './keys.js';
import { urlFromPgEnvironment } from './pg-environment.js';

export { type ConfigKey, type ConfigValues, configKeys, environmentNames, flagNames, logLevels } from './keys.js';

/** Where a value comes from: the kind, and the flag, variable or file. */
export interface ConfigSource {
  readonly kind: 'flag' | 'environment' | 'file' | 'default';
  readonly name: string;
}

/** Settled configuration: checked values, and the source of each. */
export interface Config extends ConfigValues {
  readonly sources: Readonly<Record<ConfigKey, ConfigSource>>;
  /** The configuration file that was read, if any. */
  readonly file: string | undefined;
}

/** What was said on the command line, by key, and `config` for the file. */
export type ConfigFlags = Readonly<Partial<Record<ConfigKey | 'config', string | undefined>>>;

export interface ConfigSurroundings {
  readonly flags?: ConfigFlags;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
}

interface Found {
  readonly value: unknown;
  readonly source: ConfigSource;
}

/**
 * Settles the configuration: flags first, then the environment, then one file (`--config`, IU_CONFIG, or
 * `iu.config.json` in the current folder), then defaults. An empty variable counts as not set.
 *
 * Throws IU010 for a value that is not valid, IU011 for an unknown key, IU012 for a file that cannot be read.
 */
export function resolveConfig(surroundings: ConfigSurroundings = {}): Config {
  const { flags = {}, env = process.env, cwd = process.cwd() } = surroundings;
  const namedFile = flags.config ?? (env.IU_CONFIG || undefined);
  const file = readConfigFile(resolve(cwd, namedFile ?? 'iu.config.json'), namedFile !== undefined);
  const found = Object.fromEntries(configKeys.map((key) => [key, find(key, flags, env, file)])) as Record<
    ConfigKey,
    Found
  >;
  const parsed = configSchema.safeParse(Object.fromEntries(configKeys.map((key) => [key, found[key].value])));
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => {
      const key = configKeys.find((known) => known === issue.path[0]);
      return key === undefined ? issue.message : `${key} (${describeSource(found[key].source)}) ${issue.message}`;
    });
    throw new IuError('IU010', { message: `The configuration is not valid: ${problems.join('; ')}.` });
  }
  const sources = Object.fromEntries(configKeys.map((key) => [key, found[key].source])) as Record<
    ConfigKey,
    ConfigSource
  >;
  return { ...parsed.data, dataFolder: resolve(cwd, parsed.data.dataFolder), sources, file: file?.path };
}

const defaults: Readonly<Record<ConfigKey, string | undefined>> = {
  databaseUrl: undefined,
  schema: 'public',
  dataFolder: `.iu/postgres-${embeddedMajor}`,
  deployment: undefined,
  deliveryAllow: undefined,
  logLevel: 'info',
};

function find(
  key: ConfigKey,
  flags: ConfigFlags,
  env: Readonly<Record<string, string | undefined>>,
  file: ConfigFile | undefined,
): Found {
  if (flags[key] !== undefined) return { value: flags[key], source: { kind: 'flag', name: flagNames[key] } };
  const variable = environmentNames[key];
  if (env[variable]) return { value: env[variable], source: { kind: 'environment', name: variable } };
  const fromPg = key === 'databaseUrl' ? urlFromPgEnvironment(env) : undefined;
  if (fromPg) return { value: fromPg.url, source: { kind: 'environment', name: fromPg.names.join(', ') } };
  const inFile = file?.values[key];
  if (file !== undefined && inFile !== undefined) return { value: inFile, source: { kind: 'file', name: file.path } };
  return { value: defaults[key], source: { kind: 'default', name: 'default' } };
}

function describeSource(source: ConfigSource): string {
  return source.kind === 'default' ? 'default' : `${source.kind} ${source.name}`;
}

/** One line of `iu config show`. */
export interface ConfigLine {
  readonly key: ConfigKey;
  /** For a person; secrets hidden. */
  readonly value: string | null;
  readonly source: string;
}

/** The configuration for a person: each value with its source, secrets hidden. */
export function describeConfig(config: Config): ConfigLine[] {
  return configKeys.map((key) => {
    const value = config[key];
    const shown = key === 'databaseUrl' && value !== undefined ? hideSecrets(value) : value;
    return { key, value: shown ?? null, source: describeSource(config.sources[key]) };
  });
}

/** The address without what must not be seen: the password, as part of it or as a parameter. */
export function hideSecrets(url: string): string {
  const withHost = URL.canParse(url) ? url : url.replace('@/', '@local/');
  if (!URL.canParse(withHost)) return '***';
  const parsed = new URL(withHost);
  if (parsed.password !== '') parsed.password = '***';
  for (const name of [...parsed.searchParams.keys()]) {
    if (/pass|secret|token|key/i.test(name)) parsed.searchParams.set(name, '***');
  }
  return parsed.href;
}
