import { createHash } from 'node:crypto';
import { open, readFile, rename } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { type AlertState, freshAlertState, parseAlertState } from '../../contract/operate/alert.js';
import { makeFolder } from '../../install/make-folder.js';

/** Where a watchdog keeps what it told, unless somebody says so: systemd's StateDirectory, or the folder for state of this user. */
export function usualStateFile(
  url: string,
  schema: string,
  environment: Readonly<Record<string, string | undefined>>,
): string {
  const folder =
    environment.STATE_DIRECTORY?.split(':')[0] ||
    join(environment.XDG_STATE_HOME || join(environment.HOME || homedir(), '.local', 'state'), 'iu-core');
  const { host, pathname } = new URL(url);
  const name = createHash('sha256').update(`${host}${pathname} ${schema}`).digest('hex').slice(0, 12);
  return join(folder, `health-alerts-${name}.json`);
}

/**
 * Reads the state. One that cannot be understood is put aside and a fresh one begun: that tells a red health once more, which is better
 * than not at all.
 */
export async function readStateFile(file: string): Promise<{ readonly state: AlertState; readonly damaged: boolean }> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { state: freshAlertState, damaged: false };
    throw error;
  }
  const state = parseAlertState(text);
  if (state !== undefined) return { state, damaged: false };
  await rename(file, `${file}.damaged`);
  return { state: freshAlertState, damaged: true };
}

/** Replaces the file as a whole: a crash leaves the old state or the new one. */
export async function writeStateFile(file: string, state: AlertState): Promise<void> {
  await makeFolder(dirname(file), 0o700);
  const unfinished = `${file}.${process.pid}.unfinished`;
  const handle = await open(unfinished, 'w', 0o600);
  try {
    await handle.writeFile(`${JSON.stringify(state)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(unfinished, file);
}
