import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { ServerAccount } from './account.js';
import { type DataFolder, partsOf } from './folder.js';

/** Settings of every embedded server. Nothing of a row or a parameter goes into its log. */
const serverSettings: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  shared_buffers: '128MB',
  max_connections: '100',
  max_prepared_transactions: '10',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_parameter_max_length: '0',
  log_parameter_max_length_on_error: '0',
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
};

/** The log is begun anew at a start when it is larger than this; one older file is kept. */
const largestLogBytes = 8 * 1024 * 1024;

/**
 * Starts `postgres` in a process group of its own: Ctrl-C in a terminal reaches us and not the server, which has to
 * outlive the last things we do.
 */
export function spawnServer(
  place: DataFolder,
  binariesFolder: string,
  port: number,
  settings: Readonly<Record<string, string>>,
): ChildProcess {
  const parts = partsOf(place.folder);
  const log = openLog(parts.log);
  const flags = Object.entries({ ...serverSettings, ...settings }).flatMap(([name, value]) => [
    '-c',
    `${name}=${value}`,
  ]);
  const child = spawn(join(binariesFolder, 'bin/postgres'), ['-D', parts.data, '-p', String(port), ...flags], {
    cwd: '/',
    detached: true,
    stdio: ['ignore', log, log],
    ...place.account,
  });
  closeSync(log);
  child.unref();
  return child;
}

function openLog(path: string): number {
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > largestLogBytes) renameSync(path, `${path}.1`);
  return openSync(path, 'a', 0o600);
}

/** The last lines of the server's log that say why it did not start. */
export function reasonFromLog(path: string): string {
  try {
    const lines = readFileSync(path, 'utf8').slice(-20_000).trim().split('\n');
    return lines.findLast((line) => /FATAL|PANIC|could not/.test(line)) ?? lines.at(-1) ?? '';
  } catch {
    return '';
  }
}

/** A port that is free now on 127.0.0.1: the preferred one where possible. */
export async function freePort(preferred: number | undefined): Promise<number> {
  const found = preferred === undefined ? undefined : await tryPort(preferred);
  return found ?? (await tryPort(0)) ?? 0;
}

function tryPort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(undefined));
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : undefined));
    });
  });
}

/**
 * A shell that waits for our end and then stops the server (fast shutdown), unless the cluster has another server by
 * then. It reads a pipe that the kernel closes however we end, by `kill -9` too, so no signal handler is needed.
 */
export function spawnGuard(pid: number, pidFile: string, account: ServerAccount): ChildProcess {
  const script = 'while read -r line; do :; done; read -r now < "$1" && [ "$now" = "$0" ] && kill -INT "$0"';
  const guard = spawn('/bin/sh', ['-c', script, String(pid), pidFile], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    ...account,
  });
  guard.on('error', () => {});
  guard.stdin?.on('error', () => {});
  guard.unref();
  if (guard.stdin !== null && 'unref' in guard.stdin && typeof guard.stdin.unref === 'function') guard.stdin.unref();
  return guard;
}
