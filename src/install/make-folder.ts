import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { errorCode } from '../store/failure.js';

/**
 * Makes a folder and those above it, as `mkdir -p`; gives the first one that it made, undefined when all were there.
 *
 * The recursive `mkdir` of Node never ends where the system says that a folder is not there although the one above it is, as in /proc.
 */
export async function makeFolder(path: string, mode = 0o777): Promise<string | undefined> {
  const folder = resolve(path);
  if (await isFolder(folder)) return undefined;
  const above = dirname(folder);
  const first = above === folder ? undefined : await makeFolder(above, mode);
  try {
    await mkdir(folder, { mode });
  } catch (error) {
    if (await isFolder(folder)) return first ?? folder; // somebody else made it meanwhile
    // as the recursive one says it: a file stands where a folder should
    throw errorCode(error) === 'EEXIST'
      ? Object.assign(new Error(`ENOTDIR: not a directory, mkdir '${folder}'`), { code: 'ENOTDIR' })
      : error;
  }
  return first ?? folder;
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
