import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { IuError } from '../../contract/errors/index.js';
import { errorCode } from '../../store/failure.js';
import { accountFor, canEnter, type ServerAccount } from './account.js';
import type { Binaries } from './binaries.js';

/**
 * The data folder holds `server/` (mode 700, the server's account: `data`, the cluster, and `password`), `port` (the last
 * one used) and `postgres.log`. The latter two lie outside, so that we never write as root where another account can
 * leave a link.
 */
export interface DataFolder {
  readonly folder: string;
  readonly account: ServerAccount;
  /** Set when `folder` is not the one that was asked for, and why. */
  readonly movedFrom?: string;
}

/** Where a data folder keeps its parts. */
export function partsOf(folder: string) {
  const server = join(folder, 'server');
  return {
    server,
    data: join(server, 'data'),
    password: join(server, 'password'),
    port: join(folder, 'port'),
    log: join(folder, 'postgres.log'),
    pidFile: join(server, 'data/postmaster.pid'),
  };
}

/**
 * Creates the data folder, and moves it to `/var/lib/iu-core/<hash of its path>` where the server's account cannot
 * enter it. Not under /var/tmp: what lies there for 30 days is cleaned away file by file.
 */
export function prepareDataFolder(asked: string): DataFolder {
  const folder = resolve(asked);
  const account = accountFor(partsOf(folder).server);
  const isNew = makeFolder(folder);
  if (canEnter(folder, account)) return { folder, account };
  if (account === undefined) throw new IuError('IU022', { message: `The data folder ${folder} cannot be entered.` });
  if (isNew) rmdirSync(folder);
  const hash = createHash('sha256').update(folder).digest('hex').slice(0, 12);
  const fallback = join('/var/lib/iu-core', hash);
  makeFolder('/var/lib/iu-core');
  makeFolder(fallback);
  for (const made of ['/var/lib/iu-core', fallback]) chmodSync(made, 0o755);
  const fallbackAccount = accountFor(partsOf(fallback).server);
  if (!canEnter(fallback, fallbackAccount)) {
    throw new IuError('IU022', { message: `Neither ${folder} nor ${fallback} can be entered by the server's user.` });
  }
  return { folder: fallback, account: fallbackAccount, movedFrom: folder };
}

/** Step by step: `recursive: true` never returns below a folder such as /proc, in which nothing can be made. */
function makeFolder(folder: string): boolean {
  const isThere = existsSync(folder);
  if (isThere && statSync(folder).isDirectory()) return false;
  if (!isThere) makeFolder(dirname(folder));
  try {
    mkdirSync(folder);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST' && !isThere) return false;
    throw new IuError('IU022', {
      message: `The data folder ${folder} cannot be made (${errorCode(error) ?? 'unknown'}).`,
    });
  }
}

/** Reads the password of the cluster; refuses a folder that belongs to somebody else or to another major version. */
export function readCluster(folder: string, major: number): { password: string; rememberedPort: number | undefined } {
  const parts = partsOf(folder);
  try {
    const madeBy = Number.parseInt(readFileSync(join(parts.data, 'PG_VERSION'), 'utf8'), 10);
    if (madeBy !== major) {
      throw new IuError('IU023', {
        message: `The data folder ${folder} was made by PostgreSQL ${madeBy}, this is PostgreSQL ${major}.`,
      });
    }
    const port = existsSync(parts.port) ? Number.parseInt(readFileSync(parts.port, 'utf8'), 10) : Number.NaN;
    return { password: readFileSync(parts.password, 'utf8').trim(), rememberedPort: port > 0 ? port : undefined };
  } catch (error) {
    if (error instanceof IuError) throw error;
    throw new IuError('IU022', {
      message: `The data folder ${folder} cannot be read (${errorCode(error) ?? 'unknown'}); it may belong to another user.`,
    });
  }
}

/**
 * Runs initdb when there is no cluster yet, in a folder of another name that is renamed when it is whole. So a start
 * that is killed here leaves nothing half made, and of two starts at once one wins and the other uses its cluster.
 */
export function ensureCluster(place: DataFolder, binaries: Binaries, durable: boolean): void {
  const { folder, account } = place;
  const parts = partsOf(folder);
  if (existsSync(parts.server)) return;
  removeUnfinished(folder);
  const unfinished = join(folder, `server.new-${process.pid}-${randomBytes(4).toString('hex')}`);
  try {
    mkdirSync(unfinished, { mode: 0o700 });
    const passwordFile = join(unfinished, 'password');
    writeFileSync(passwordFile, `${randomBytes(24).toString('hex')}\n`, { mode: 0o600, flag: 'wx' });
    if (account !== undefined) {
      for (const path of [passwordFile, unfinished]) chownSync(path, account.uid, account.gid);
    }
    runInitdb(binaries, unfinished, account, durable);
    renameSync(unfinished, parts.server);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    if (existsSync(parts.server)) return;
    if (error instanceof IuError) throw error;
    throw new IuError('IU022', {
      message: `The data folder ${folder} cannot be written (${errorCode(error) ?? 'unknown'}).`,
    });
  }
}

function runInitdb(binaries: Binaries, folder: string, account: ServerAccount, durable: boolean): void {
  const locale = process.platform === 'linux' ? 'C.UTF-8' : 'C';
  const options = [
    '-D',
    join(folder, 'data'),
    '-U',
    'postgres',
    '-E',
    'UTF8',
    `--locale=${locale}`,
    '--data-checksums',
  ];
  const login = ['--auth=scram-sha-256', `--pwfile=${join(folder, 'password')}`];
  const result = spawnSync(
    join(binaries.folder, 'bin/initdb'),
    [...options, ...login, ...(durable ? [] : ['--no-sync'])],
    { cwd: '/', encoding: 'utf8', ...account },
  );
  if (result.status === 0) return;
  const lastLine = (result.stderr ?? '').trim().split('\n').at(-1) ?? '';
  throw new IuError('IU021', { message: `initdb failed: ${lastLine || result.error?.message || 'no reason given'}` });
}

/** Leftovers of starts that were killed; an hour, so that no initdb still at work is taken for one. */
function removeUnfinished(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (!/^(server|binaries-.+)\.new-/.test(name)) continue;
    const path = join(folder, name);
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats !== undefined && Date.now() - stats.mtimeMs > 3_600_000) rmSync(path, { recursive: true, force: true });
  }
}

/** Remembers the port, so that the address stays the same from start to start. */
export function rememberPort(folder: string, port: number): void {
  writeFileSync(partsOf(folder).port, `${port}\n`);
}
