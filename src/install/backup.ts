import { spawn } from 'node:child_process';
import { access, chmod, constants, rename, rm, stat } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { IuError } from '../contract/errors/index.js';
import { errorCode } from '../store/failure.js';
import { hashOfFile } from './file-hash.js';
import { makeFolder } from './make-folder.js';

/** A backup that was written and could be read back. */
export interface Backup {
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Entries in its table of contents. */
  readonly tocEntries: number;
  /** What pg_dump calls itself, such as `pg_dump (PostgreSQL) 17.2`. */
  readonly tool: string;
}

/** What to back up and where to. */
export interface BackupWishes {
  readonly url: string;
  readonly serverVersionNumber: number;
  /** A folder; it is made when it is not there. */
  readonly folder: string;
  /** Time that the name of the file carries. */
  readonly now: Date;
  /** Folder of the client tools; looked for when not said. */
  readonly toolFolder?: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Encoding of the database: a dump is in that one, whatever the login sets for its sessions. */
  readonly encoding?: string | undefined;
  /** False for a database that has no log yet; otherwise a backup without its rows is none. */
  readonly expectLog?: boolean;
}

const toolNames = ['pg_dump', 'pg_restore'] as const;

interface Tools {
  readonly folder: string;
  readonly version: string;
}

/** Where Debian, Red Hat and Homebrew put the tools of a major version. PATH comes first. */
function toolFolders(major: number, environment: BackupWishes['environment']): string[] {
  return [
    ...(environment.PATH ?? '').split(delimiter).filter((folder) => folder !== ''),
    `/usr/lib/postgresql/${major}/bin`,
    `/usr/pgsql-${major}/bin`,
    `/opt/homebrew/opt/postgresql@${major}/bin`,
    `/usr/local/opt/postgresql@${major}/bin`,
  ];
}

/**
 * Finds pg_dump and pg_restore of the server's major version, by what they say themselves.
 *
 * Another major is not taken: an older one cannot read the server, a newer one writes what an older server cannot restore.
 */
async function findClientTools(
  major: number,
  wishes: Pick<BackupWishes, 'toolFolder' | 'environment'>,
): Promise<Tools> {
  const folders = wishes.toolFolder === undefined ? toolFolders(major, wishes.environment) : [wishes.toolFolder];
  const found: string[] = [];
  for (const folder of new Set(folders)) {
    const versions = await Promise.all(toolNames.map((name) => versionOf(join(folder, name))));
    const [dump, restore] = versions;
    if (dump === undefined || restore === undefined) continue;
    if (majorOf(dump) === major && majorOf(restore) === major) return { folder, version: dump };
    found.push(`${majorOf(dump)} in ${folder}`);
  }
  const others = found.length === 0 ? '' : ` (found: ${found.join(', ')})`;
  throw new IuError('IU440', {
    message: `${toolNames.join(' and ')} of PostgreSQL ${major} are not installed here${others}.`,
    hint: `Install the client tools of PostgreSQL ${major} (Debian: postgresql-client-${major}), or name their folder with --tools FOLDER.`,
    major,
  });
}

async function versionOf(path: string): Promise<string | undefined> {
  try {
    await access(path, constants.X_OK);
  } catch {
    return undefined;
  }
  const { code, output } = await run(path, ['--version'], {}).catch(() => ({ code: 1, output: '' }));
  return code === 0 ? output.trim() : undefined;
}

function majorOf(version: string): number {
  return Number(/\(PostgreSQL\) (\d+)/.exec(version)?.[1] ?? 0);
}

/** Writes a backup with pg_dump, reads its table of contents back and hashes it. The file is readable by its owner only. */
export async function makeBackup(wishes: BackupWishes): Promise<Backup> {
  const major = Math.floor(wishes.serverVersionNumber / 10_000);
  const tools = await findClientTools(major, wishes);
  const folder = resolve(wishes.folder);
  await makeFolder(folder, 0o700);
  const { arguments: connection, environment, database } = connectionOf(wishes.url, wishes.environment);
  const stamp = wishes.now.toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const file = join(folder, `${database.replaceAll(/[^A-Za-z0-9_-]/g, '_')}-${stamp}.dump`);
  const unfinished = `${file}.unfinished`;
  try {
    const encoding = wishes.encoding === undefined ? [] : ['--encoding', wishes.encoding];
    const words = ['-Fc', '--no-password', ...encoding, '-f', unfinished, ...connection];
    await dump(join(tools.folder, 'pg_dump'), words, environment);
    await chmod(unfinished, 0o600);
    const restore = join(tools.folder, 'pg_restore');
    const tocEntries = await countEntries(restore, unfinished, environment, wishes.expectLog !== false);
    const sha256 = await hashOfFile(unfinished);
    const { size } = await stat(unfinished);
    await rename(unfinished, file);
    return { file, bytes: size, sha256, tocEntries, tool: tools.version };
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

async function dump(path: string, words: readonly string[], environment: Environment): Promise<void> {
  const { code, errors } = await run(path, words, environment);
  if (code === 0) return;
  // pg_dump names objects and places, never rows; the password is not in its reach but through the environment.
  throw new IuError('IU441', {
    message: `pg_dump failed: ${errors.trim().split('\n').slice(-3).join(' ').slice(0, 500)}`,
  });
}

/** Entries of the table of contents, none of an empty database. Where there is a log, one without it is no backup of this. */
async function countEntries(path: string, file: string, environment: Environment, expectLog: boolean): Promise<number> {
  const { code, output, errors } = await run(path, ['--list', file], environment);
  if (code !== 0) throw new IuError('IU442', { message: `pg_restore --list failed: ${errors.trim().slice(0, 500)}` });
  const entries = output.split('\n').filter((line) => /^\d+;/.test(line));
  const hasLog = entries.some((line) => / TABLE DATA .* event_outbox(_p\d+)? /.test(line));
  if (hasLog || !expectLog) return entries.length;
  throw new IuError('IU442', {
    message: `pg_restore --list reads ${entries.length} entries in the backup, not the log among them.`,
  });
}

/** Restores a backup into a database; the first error ends it. Owners and rights are left out, so that any role may restore. */
export async function restoreBackup(file: string, targetUrl: string, wishes: BackupWishes): Promise<void> {
  const tools = await findClientTools(Math.floor(wishes.serverVersionNumber / 10_000), wishes);
  const { arguments: connection, environment } = connectionOf(targetUrl, wishes.environment);
  const words = ['--exit-on-error', '--no-owner', '--no-privileges', '--no-password', ...connection, file];
  const { code, errors } = await run(join(tools.folder, 'pg_restore'), words, environment);
  if (code === 0) return;
  // the first line names the object; what follows can quote rows
  const line = errors.split('\n').find((one) => one.includes('error:')) ?? 'no message';
  throw new IuError('IU848', { message: `pg_restore failed: ${line.slice(0, 300)}` });
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Variables of libpq that would send the tools to another place than the address our own connections use. */
const otherPlaceNames: readonly string[] = ['PGHOSTADDR', 'PGSERVICE', 'PGSERVICEFILE'];

/**
 * The address as arguments and environment: no secret stands on a command line, where every user could read it. What the address leaves
 * open (password file, TLS files and mode, options) the tools take from the same PG* variables as our own connections.
 */
function connectionOf(
  url: string,
  from: BackupWishes['environment'],
): { arguments: string[]; environment: Environment; database: string } {
  const address = new URL(url);
  const { kept, password: asked } = withoutSecrets(address.search.slice(1));
  const password = asked ?? (address.password === '' ? undefined : decodeURIComponent(address.password));
  address.password = '';
  address.search = kept;
  const names = Object.keys(from).filter((name) => /^PG[A-Z]/.test(name) && !otherPlaceNames.includes(name));
  return {
    arguments: ['--dbname', address.href],
    environment: {
      ...Object.fromEntries(['PATH', 'HOME', ...names].map((name) => [name, from[name]])),
      ...(password === undefined ? {} : { PGPASSWORD: password }),
      PGAPPNAME: 'iu-core backup',
    },
    database: decodeURIComponent(address.pathname.slice(1)) || 'database',
  };
}

/**
 * The parameters of an address without its secrets. As text, because URLSearchParams writes a space as `+`, which libpq reads as a plus.
 * `sslpassword` has no variable in libpq, and our own connections do not use it: it is left out.
 */
function withoutSecrets(query: string): { kept: string; password: string | undefined } {
  const parts = query.split('&').filter((part) => part !== '');
  const nameOf = (part: string) => decodeURIComponent(part.split('=', 1)[0] ?? '');
  const password = parts.findLast((part) => nameOf(part) === 'password');
  return {
    kept: parts.filter((part) => !['password', 'sslpassword'].includes(nameOf(part))).join('&'),
    password: password === undefined ? undefined : decodeURIComponent(password.slice(password.indexOf('=') + 1)),
  };
}

function run(
  path: string,
  words: readonly string[],
  environment: Environment,
): Promise<{ code: number; output: string; errors: string }> {
  return new Promise((settle, refuse) => {
    const child = spawn(path, words, { env: { ...environment, LC_ALL: 'C' }, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let errors = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString('utf8');
    });
    child.stderr.on('data', (chunk: Buffer) => {
      errors = (errors + chunk.toString('utf8')).slice(-4000);
    });
    child.on('error', (error) =>
      refuse(new IuError('IU441', { message: `${path} cannot be run: ${errorCode(error)}.` })),
    );
    child.on('close', (code) => settle({ code: code ?? 1, output, errors }));
  });
}
