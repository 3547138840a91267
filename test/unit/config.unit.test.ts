import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConfigSurroundings, describeConfig, hideSecrets, resolveConfig } from '../../src/install/config/index.js';
import { placeOf } from '../../src/store/failure.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'iu-config-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

function resolveIn(surroundings: ConfigSurroundings) {
  return resolveConfig({ env: {}, cwd: folder, ...surroundings });
}

function failure(surroundings: ConfigSurroundings) {
  try {
    resolveIn(surroundings);
  } catch (error) {
    return error as { code: string; message: string };
  }
  throw new Error('No failure');
}

describe('the configuration', () => {
  it('has defaults and says so', () => {
    const config = resolveIn({});
    expect(config).toMatchObject({ databaseUrl: undefined, schema: 'public', logLevel: 'info', file: undefined });
    expect(config.dataFolder).toBe(join(folder, '.iu/postgres-17'));
    expect(new Set(describeConfig(config).map((line) => line.source))).toEqual(new Set(['default']));
  });

  it('takes a flag before the environment before the file before the default', () => {
    const config = file('order.json', { schema: 'of_file', deployment: 'of_file', logLevel: 'warn' });
    const settled = resolveIn({
      flags: { config, schema: 'of_flag' },
      env: { IU_SCHEMA: 'of_environment', IU_DEPLOYMENT: 'of_environment' },
    });
    expect(settled).toMatchObject({ schema: 'of_flag', deployment: 'of_environment', logLevel: 'warn', file: config });
    expect(describeConfig(settled)).toEqual([
      { key: 'databaseUrl', value: null, source: 'default' },
      { key: 'schema', value: 'of_flag', source: 'flag --schema' },
      { key: 'dataFolder', value: join(folder, '.iu/postgres-17'), source: 'default' },
      { key: 'deployment', value: 'of_environment', source: 'environment IU_DEPLOYMENT' },
      { key: 'deliveryAllow', value: null, source: 'default' },
      { key: 'logLevel', value: 'warn', source: `file ${config}` },
    ]);
  });

  it('counts an empty variable as not set', () => {
    expect(resolveIn({ env: { IU_SCHEMA: '', IU_CONFIG: '', IU_DATABASE_URL: '' } }).schema).toBe('public');
  });

  it('finds its file by variable and in the current folder', () => {
    const named = file('named.json', { schema: 'by_variable' });
    expect(resolveIn({ env: { IU_CONFIG: named } }).schema).toBe('by_variable');
    const usual = file('iu.config.json', { schema: 'by_place', dataFolder: 'data' });
    expect(resolveIn({})).toMatchObject({ schema: 'by_place', file: usual, dataFolder: join(folder, 'data') });
    rmSync(usual);
  });

  it('takes a data folder from where the file lies', () => {
    const config = file('folder.json', { dataFolder: 'data' });
    expect(resolveIn({ cwd: tmpdir(), flags: { config } }).dataFolder).toBe(join(folder, 'data'));
  });

  it('takes the usual PG* variables as the address of a server', () => {
    const env = {
      PGHOST: 'db.example',
      PGUSER: 'me',
      PGPASSWORD: 'p@ss/word',
      PGDATABASE: 'corpus',
      PGSSLMODE: 'require',
    };
    const config = resolveIn({ env });
    expect(config.databaseUrl).toBe('postgres://me:p%40ss%2Fword@db.example:5432/corpus?sslmode=require');
    expect(config.sources.databaseUrl.name).toBe('PGHOST, PGDATABASE, PGUSER, PGPASSWORD, PGSSLMODE');
    const socket = resolveIn({ env: { PGHOST: '/var/run/postgresql', PGUSER: 'me' } });
    expect(socket.databaseUrl).toBe('postgres://me@localhost:5432/me?host=%2Fvar%2Frun%2Fpostgresql');
  });

  it('does not take PGUSER or PGPASSWORD alone for a server', () => {
    expect(resolveIn({ env: { PGUSER: 'me', PGPASSWORD: 'secret' } }).databaseUrl).toBeUndefined();
  });

  it('prefers IU_DATABASE_URL to PG* variables', () => {
    const env = { IU_DATABASE_URL: 'postgres://a@b/c', PGHOST: 'elsewhere' };
    expect(resolveIn({ env }).databaseUrl).toBe('postgres://a@b/c');
  });

  it('names an unknown key of the file, and the known ones', () => {
    const error = failure({ flags: { config: file('unknown.json', { databaseURL: 'postgres://a:topsecret@b/c' }) } });
    expect(error.code).toBe('IU011');
    expect(error.message).toContain('databaseURL');
    expect(error.message).not.toContain('topsecret');
  });

  it.each([
    ['a file that is missing', 'missing.json', undefined],
    ['a file that is no JSON', 'broken.json', '{"databaseUrl": "postgres://a:topsecret@b/c"'],
    ['a file that is a list', 'list.json', '[1]'],
  ])('refuses %s, without showing its content', (_name, name, content) => {
    const config = content === undefined ? join(folder, name) : file(name, content);
    const error = failure({ flags: { config } });
    expect(error.code).toBe('IU012');
    expect(error.message).toContain(config);
    expect(error.message).not.toContain('topsecret');
  });

  it.each([
    [
      'an address of another database system',
      { databaseUrl: 'mysql://a:topsecret@b/c' },
      'databaseUrl (flag --database-url)',
    ],
    [
      'an address that cannot be read',
      { databaseUrl: 'postgres://a:topsecret@:x:y' },
      'databaseUrl (flag --database-url)',
    ],
    ['a schema of PostgreSQL itself', { schema: 'pg_catalog' }, 'schema (flag --schema)'],
    ['a schema name that is too long', { schema: 'x'.repeat(64) }, '63 bytes'],
    ['an unknown log level', { logLevel: 'loud' }, 'silent, error, warn, info, debug'],
    ['a deployment with a blank', { deployment: 'my prod' }, 'deployment (flag --deployment)'],
  ])('refuses %s and says where it comes from', (_name, flags, said) => {
    const error = failure({ flags });
    expect(error.code).toBe('IU010');
    expect(error.message).toContain(said);
    expect(error.message).not.toContain('topsecret');
  });
});

describe('an address for a person to see', () => {
  it.each([
    ['postgres://me:topsecret@db:5433/corpus', 'postgres://me:***@db:5433/corpus'],
    [
      'postgres://me@db/corpus?password=topsecret&sslmode=require',
      'postgres://me@db/corpus?password=***&sslmode=require',
    ],
    ['postgres://me:topsecret@/corpus?host=/run/pg', 'postgres://me:***@local/corpus?host=/run/pg'],
    ['no address with topsecret', '***'],
  ])('hides what is secret in it (%#)', (url, shown) => {
    expect(hideSecrets(url)).toBe(shown);
  });

  it('is host, port and database in an error', () => {
    expect(placeOf('postgres://me:topsecret@db/corpus')).toBe('db:5432/corpus');
    expect(placeOf('postgres://me:topsecret@db/corpus?host=/run/pg')).toBe('/run/pg:5432/corpus');
    expect(placeOf('topsecret')).toBe('the configured address');
  });
});
