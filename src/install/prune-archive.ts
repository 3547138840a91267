import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { IuError } from '../contract/errors/index.js';
import { errorCode } from '../store/failure.js';
import type { ArchivedFile } from '../store/prunes.js';

/** Names the file of one step: the same step of the same database always has the same name, so a step that is done again replaces it. */
export function archiveFileName(installation: string, runId: string, batchNo: number): string {
  return `iu-prune-${installation}-${runId.padStart(6, '0')}-${String(batchNo).padStart(6, '0')}.ndjson.gz`;
}

/** Makes the folder, so that a prune fails before it takes anything when it cannot be written. */
export async function prepareArchive(folder: string): Promise<void> {
  await refusing(folder, () => mkdir(folder, { recursive: true }));
}

/**
 * Writes one line a row, gzipped, and returns when it is on disk under its name: file and folder are synced, so that the delete that
 * commits next cannot survive a power failure that the file does not.
 */
export async function writeArchive(folder: string, name: string, lines: readonly string[]): Promise<ArchivedFile> {
  const bytes = await promisify(gzip)(`${lines.join('\n')}\n`);
  const path = join(folder, name);
  await refusing(path, async () => {
    const file = await open(`${path}.part`, 'w', 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${path}.part`, path);
    const directory = await open(folder, 'r');
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
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
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(path), hash);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw new IuError('IU898', { message: `The archive ${path} cannot be read: ${errorCode(error)}.` });
  }
  return hash.digest('hex');
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
