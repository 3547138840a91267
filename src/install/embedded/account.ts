import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { IuError } from '../../contract/errors/index.js';

/** The user that the server runs as; `undefined` = as ourselves. PostgreSQL refuses to run as root. */
export type ServerAccount = { readonly uid: number; readonly gid: number } | undefined;

/** `nobody` on Linux. Must stand in /etc/passwd: PostgreSQL looks up the name of its user. */
const nobodyId = 65534;

/** The account for a data folder: as root the owner of the folder that is already there, otherwise `nobody`. */
export function accountFor(serverFolder: string): ServerAccount {
  if (process.getuid?.() !== 0) return undefined;
  const owner = ownerOf(serverFolder);
  if (owner !== undefined && owner.uid !== 0) return owner;
  const entries = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const entry = entries.find((fields) => fields[2] === String(nobodyId)) ?? entries.find(([name]) => name === 'nobody');
  const uid = Number(entry?.[2]);
  const gid = Number(entry?.[3]);
  if (entry === undefined || !(uid > 0) || !Number.isInteger(gid)) {
    throw new IuError('IU022', {
      message: 'PostgreSQL does not run as root, and this machine has no user `nobody` to run it as.',
      hint: 'Start as a normal user, or give a server with --database-url.',
    });
  }
  return { uid, gid };
}

function ownerOf(folder: string): ServerAccount {
  try {
    const { uid, gid } = statSync(folder);
    return { uid, gid };
  } catch {
    // Not there yet, or no folder at all: making it says which.
    return undefined;
  }
}

/** True when the account can enter the folder. Asked of the kernel, because modes alone do not tell (ACLs, mounts). */
export function canEnter(folder: string, account: ServerAccount): boolean {
  return spawnSync('/bin/sh', ['-c', 'cd -- "$0"', folder], { cwd: '/', stdio: 'ignore', ...account }).status === 0;
}
