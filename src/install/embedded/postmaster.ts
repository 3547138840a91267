import { spawnSync } from 'node:child_process';
import { readFileSync, renameSync, rmSync } from 'node:fs';
import { errorCode } from '../../store/failure.js';

/** What `postmaster.pid` says about a server that runs, or ran and was killed. */
export interface PostmasterFile {
  readonly pid: number;
  readonly port: number | undefined;
  readonly text: string;
}

/** Reads `postmaster.pid`: line 1 is the process, line 4 the port (missing in the first moments of a start). */
export function readPostmasterFile(path: string): PostmasterFile | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  const lines = text.split('\n');
  const pid = Number.parseInt(lines[0] ?? '', 10);
  const port = Number.parseInt(lines[3] ?? '', 10);
  return Number.isInteger(pid) && pid > 0 ? { pid, port: port > 0 ? port : undefined, text } : undefined;
}

/** True while the process exists, whoever owns it. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}

/** True when the process is a PostgreSQL server and no other program that got the number of a dead one. */
export function isPostgres(pid: number): boolean {
  if (!isAlive(pid)) return false;
  return /postgres/.test(commandLine(pid) ?? 'postgres: unknown, so be careful');
}

function commandLine(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    const result = spawnSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
    return result.status === 0 ? result.stdout : undefined;
  }
}

/**
 * Takes away a `postmaster.pid` whose number now belongs to another program, which happens in containers, where numbers
 * start from 1 again. PostgreSQL itself would refuse to start. Renamed first and looked at again, so that a file which
 * a server wrote meanwhile is put back.
 */
export function removeStaleFile(path: string, judged: PostmasterFile): void {
  const aside = `${path}.stale-${process.pid}`;
  renameSync(path, aside);
  if (readFileSync(aside, 'utf8') === judged.text) rmSync(aside);
  else renameSync(aside, path);
}
