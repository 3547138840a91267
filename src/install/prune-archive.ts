import { createHash, randomBytes } from 'node:crypto';
import { open, readdir, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { IuError } from '../contract/errors/index.js';
import { errorCode } from '../store/failure.js';
import type { ArchivedFile } from '../store/prunes.js';
import { hashOfFile } from './file-hash.js';
import { makeFolder } from './make-folder.js';

/**
 * Names the file of one step, each time anew: a step that is done again, or the same step of a copy of the database, never meets the file of
 * one that committed.
 */
export function archiveFileName(installation: string, runId: string, batchNo: number): string {
  const step = `${runId.padStart(6, '0')}-${String(batchNo).padStart(6, '0')}`;
  return `iu-prune-${installation}-${step}-${randomBytes(8).toString('hex')}.ndjson.gz`;
}

/** Makes the folder, so that a prune fails before it takes anything when it cannot be written; what is made is synced into its parent. */
export async function prepareArchive(folder: string): Promise<void> {
  await refusing(folder, async () => {
    const first = await makeFolder(folder);
    if (first === undefined) return;
    const top = dirname(resolve(first));
    for (let made = dirname(resolve(folder)); ; made = dirname(made)) {
      await syncDirectory(made);
      if (made === top) return;
    }
  });
}

/**
 * Writes one line a row, gzipped, and returns when it is on disk under its name: file and folder are synced, so that the delete that
 * commits next cannot survive a power failure that the file does not. Never touches a file that is there.
 */
export async function writeArchive(folder: string, name: string, lines: readonly string[]): Promise<ArchivedFile> {
  const bytes = await promisify(gzip)(`${lines.join('\n')}\n`);
  const path = join(folder, name);
  await refusing(path, async () => {
    const file = await open(path, 'wx', 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } catch (error) {
      await rm(path, { force: true }).catch(() => {});
      throw error;
    } finally {
      await file.close();
    }
    await syncDirectory(folder);
  });
  return {
    file: name,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    bytes: bytes.length,
    rows: lines.length,
  };
}

/** The sha256 of a file of an archive; undefined when it is not there. */
export async function hashOfArchive(folder: string, name: string): Promise<string | undefined> {
  const path = join(folder, name);
  try {
    return await hashOfFile(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw new IuError('IU898', { message: `The archive ${path} cannot be read: ${errorCode(error)}.` });
  }
}

/** Files of the same prune beside those that its steps name: of a step that was stopped before it committed, and is done again in another. */
export async function unnamedArchives(folder: string, named: readonly string[]): Promise<string[]> {
  const prefix = /^iu-prune-.*-(?=\d+-[0-9a-f]{16}\.ndjson\.gz$)/.exec(named[0] ?? '')?.[0];
  if (prefix === undefined) return [];
  const known = new Set(named);
  const found = await readdir(folder).catch(() => [] as string[]);
  return found.filter((file) => file.startsWith(prefix) && !known.has(file)).sort();
}

async function syncDirectory(folder: string): Promise<void> {
  const directory = await open(folder, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

async function refusing<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw new IuError('IU898', {
      message: `The archive ${path} cannot be written: ${errorCode(error)}. Nothing of this step is deleted.`,
    });
  }
}
