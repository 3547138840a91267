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

/** One server of a cluster, whose process changes with each restart. */
export interface ServerNode {
  process(): ServerProcess;
  kill(): Promise<void>;
  /** Starts it again after a kill; resolves when it answers. */
  restart(): Promise<void>;
}

/** Starts it; `answers` resolves when it does, which the first start leaves to the caller. */
export function startServerNode(start: () => ServerProcess, answers: () => Promise<void>): ServerNode {
  let current = start();
  return {
    process: () => current,
    kill: () => current.kill(),
    restart: async () => {
      current = start();
      await answers();
    },
  };
}

export interface ServerProcessOptions {
  readonly uid?: number;
  readonly gid?: number;
  readonly cwd?: string;
  /** It has processes of its own, which end with it. */
  readonly isGroup?: boolean;
}

/** Starts a program with its output in a file. */
export function startServerProcess(
  program: string,
  words: readonly string[],
  logFile: string,
  { isGroup = false, ...options }: ServerProcessOptions = {},
): ServerProcess {
  const log = openSync(logFile, 'a');
  const child = spawn(program, words, { ...options, stdio: ['ignore', log, log], detached: isGroup });
  const signal = (name: NodeJS.Signals) => {
    if (isGroup && child.pid !== undefined) process.kill(-child.pid, name);
    else child.kill(name);
  };
  running.add(child);
  child.once('exit', () => running.delete(child));
  child.once('error', () => running.delete(child));
  const end = async (name: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
    const ended = once(child, 'exit');
    // A stopped process takes SIGKILL, but would keep SIGTERM until it goes on.
    signal(name);
    if (name !== 'SIGKILL') signal('SIGCONT');
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
