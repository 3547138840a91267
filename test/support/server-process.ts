import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { waitFor } from './wait.js';

/** Everything started here ends with the test process, also when that is ended by a signal or an error. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A server as a process that tests may kill, stop and let go on. */
export interface ServerProcess {
  /** SIGKILL: nothing is flushed, nobody is told. */
  kill(): Promise<void>;
  /** SIGTERM, and waits. */
  stop(): Promise<void>;
  /** SIGSTOP, and waits until it stands: connections stay, nothing answers. */
  freeze(): Promise<void>;
  /** SIGCONT */
  thaw(): void;
  isRunning(): boolean;
}

/** Starts a program with its output in a file. */
export function startServerProcess(program: string, options: readonly string[], logFile: string): ServerProcess {
  const log = openSync(logFile, 'a');
  const child = spawn(program, options, { stdio: ['ignore', log, log] });
  running.add(child);
  child.once('exit', () => running.delete(child));
  child.once('error', () => running.delete(child));
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
    const ended = once(child, 'exit');
    // A stopped process takes SIGKILL, but would keep SIGTERM until it goes on.
    child.kill(signal);
    child.kill('SIGCONT');
    await ended;
  };
  return {
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
    freeze: async () => {
      child.kill('SIGSTOP');
      // T: stopped. Some servers have many threads, and answer for a moment more.
      const state = () => spawnSync('ps', ['-o', 'stat=', '-p', String(child.pid)], { encoding: 'utf8' }).stdout;
      await waitFor(() => state().startsWith('T'), { what: `${program} stands still` });
    },
    thaw: () => {
      child.kill('SIGCONT');
    },
    isRunning: () => running.has(child),
  };
}
