import { chmod, mkdtemp, readdir, rm, stat, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const prefix = 'iu-core-test-';
const memoryFolder = '/dev/shm';
/** A whole run was seen to take up to 0.64 GB of it; a container's default of 64 MiB is no place for that. */
const neededBytes = 2 * 1024 ** 3;

/** Where servers of the tests keep their data: in memory where there is room, as a database of 12 MB is copied there in 20 ms and on ext4 in up to 450 (measured). */
async function root(): Promise<string> {
  const free = await statfs(memoryFolder).then(
    (facts) => facts.bavail * facts.bsize,
    () => 0,
  );
  return free >= neededBytes ? memoryFolder : tmpdir();
}

/** A new folder for a server's data; whoever makes it removes it. */
export async function makeServerFolder(): Promise<string> {
  const folder = await mkdtemp(join(await root(), prefix));
  // mkdtemp makes it 700; the server's user has to enter it when the tests run as root.
  await chmod(folder, 0o711);
  return folder;
}

/** Removes folders of runs that were killed, older than a day. */
export async function removeServerLeftovers(): Promise<void> {
  // In both places: it is leftovers in memory that leave no room there.
  for (const place of [memoryFolder, tmpdir()]) {
    for (const name of await readdir(place).catch(() => [])) {
      if (!name.startsWith(prefix)) continue;
      const folder = join(place, name);
      const made = await stat(folder).catch(() => undefined);
      if (made !== undefined && Date.now() - made.mtimeMs > 86_400_000) {
        await rm(folder, { recursive: true, force: true }).catch(() => {});
      }
    }
  }
}
