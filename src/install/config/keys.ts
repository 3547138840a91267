import { z } from 'zod';

/** Levels of the log, the quietest first. */
export const logLevels = ['silent', 'error', 'warn', 'info', 'debug'] as const;

/** Every value that can be configured, and what it may be. Messages never repeat the value: it may hold a password. */
export const configSchema = z.strictObject({
  databaseUrl: z
    .string()
    .refine(
      (url) => /^postgres(ql)?:\/\//.test(url) && isUrl(url),
      'must be an address postgres://user@host:port/database',
    )
    .optional(),
  schema: z
    .string()
    .min(1, 'must not be empty')
    .refine((name) => Buffer.byteLength(name) <= 63, 'must be 63 bytes at most')
    .refine(
      (name) => !name.startsWith('pg_') && name !== 'information_schema',
      'must not be a schema of PostgreSQL itself',
    )
    .refine((name) => !name.includes('\0'), 'must not contain a zero byte'),
  dataFolder: z.string().min(1, 'must not be empty'),
  deployment: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'must be letters, digits, dot, dash or underscore, 63 at most')
    .optional(),
  deliveryAllow: z
    .string()
    .regex(/^[^\s,]+(,[^\s,]+)*$/, 'must be hosts, addresses or networks, separated by commas without spaces')
    .optional(),
  logLevel: z.enum(logLevels, `must be one of ${logLevels.join(', ')}`),
});

export type ConfigValues = z.infer<typeof configSchema>;
export type ConfigKey = keyof ConfigValues;

/** The keys in the order in which they are shown. */
export const configKeys = [
  'databaseUrl',
  'schema',
  'dataFolder',
  'deployment',
  'deliveryAllow',
  'logLevel',
] as const satisfies ConfigKey[];

/** The environment variable of each key. */
export const environmentNames: Readonly<Record<ConfigKey, string>> = {
  databaseUrl: 'IU_DATABASE_URL',
  schema: 'IU_SCHEMA',
  dataFolder: 'IU_DATA_FOLDER',
  deployment: 'IU_DEPLOYMENT',
  deliveryAllow: 'IU_DELIVERY_ALLOW',
  logLevel: 'IU_LOG_LEVEL',
};

/** The flag of each key. */
export const flagNames: Readonly<Record<ConfigKey, string>> = {
  databaseUrl: '--database-url',
  schema: '--schema',
  dataFolder: '--data-folder',
  deployment: '--deployment',
  deliveryAllow: '--delivery-allow',
  logLevel: '--log-level',
};

function isUrl(text: string): boolean {
  // pg takes an address without a host, `postgres://user@/db?host=/var/run/postgresql`; URL wants one.
  return URL.canParse(text) || URL.canParse(text.replace('@/', '@local/'));
}
