import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { RunnerState } from '../../src/deliver/runner.js';
import { deployment } from './delivery-queue.js';
import { waitFor } from './wait.js';
import { testSecret } from './webhook.js';

/** Points of a send at which a runner process can be held (see fault-runner.mjs); the others are held in the database or at the sink. */
export type PausePoint = 'after_claim' | 'before_send' | 'after_answer' | 'before_settle' | 'after_settle';

export interface RunnerProcessOptions {
  readonly url: string;
  readonly schema: string;
  readonly slots?: number;
  readonly leaseSeconds?: number;
  readonly stopSeconds?: number;
  readonly pause?: { readonly at: PausePoint; readonly visit: number };
  readonly throwAt?: PausePoint;
  readonly wallClockOffsetSeconds?: number;
  readonly purpose?: string;
}

/** A runner in a process of its own, which dies as processes do. */
export interface RunnerProcess {
  readonly child: ChildProcess;
  readonly said: readonly string[];
  /** Until it waits at its pause point. */
  paused(): Promise<void>;
  /** kill -9, and waits until it is gone. */
  kill(): Promise<void>;
  signal(name: NodeJS.Signals): void;
  /** Its exit code, or the signal that ended it, and what it said it had done. */
  readonly ended: Promise<{
    readonly code: number | null;
    readonly signal: string | null;
    readonly state: RunnerState | undefined;
  }>;
}

const script = fileURLToPath(new URL('./fault-runner.mjs', import.meta.url));
const cli = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** Name of the connections of a runner process, by which triggers of a test know them. */
export const victim = 'fault victim';

export function startRunnerProcess(options: RunnerProcessOptions): RunnerProcess {
  const wishes = { purpose: victim, deployment, slots: 8, stopSeconds: 10, ...options };
  const environment = { ...process.env, FAULT_RUNNER: JSON.stringify(wishes), HOOK_SECRET: testSecret };
  return watch(spawn(process.execPath, [script], { env: environment, stdio: ['pipe', 'pipe', 'pipe'] }));
}

/** `iu worker` as an operator starts it. */
export function startWorkerProcess(url: string, schema: string, words: readonly string[] = []): RunnerProcess {
  const environment = {
    ...process.env,
    IU_DATABASE_URL: url,
    IU_SCHEMA: schema,
    IU_DEPLOYMENT: deployment,
    IU_DELIVERY_ALLOW: '127.0.0.1,localhost',
    HOOK_SECRET: testSecret,
  };
  return watch(
    spawn(process.execPath, [cli, 'worker', '--json', ...words], { env: environment, stdio: ['pipe', 'pipe', 'pipe'] }),
  );
}

function watch(child: ChildProcess): RunnerProcess {
  const said: string[] = [];
  let isPaused = false;
  let state: RunnerState | undefined;
  const read = (line: string) => {
    let word: Record<string, unknown>;
    try {
      word = JSON.parse(line);
    } catch {
      said.push(line);
      return;
    }
    if (typeof word.said === 'string') said.push(word.said);
    if (typeof word.msg === 'string') said.push(word.msg);
    if (word.paused !== undefined) isPaused = true;
    if (word.ended !== undefined) state = word.ended as RunnerState;
    if (word.delivery !== undefined) state = word.delivery as RunnerState;
  };
  for (const stream of [child.stdout, child.stderr]) {
    let rest = '';
    stream?.setEncoding('utf8').on('data', (part: string) => {
      const lines = `${rest}${part}`.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line !== '') read(line);
    });
  }
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, state }));
  const isGone = () => child.exitCode !== null || child.signalCode !== null;
  return {
    child,
    said,
    ended,
    paused: async () => {
      await waitFor(() => isPaused || isGone(), { timeoutSeconds: 40, what: 'the runner process waits at its point' });
      if (!isPaused) throw new Error(`the runner process ended before its pause point: ${said.join('; ')}`);
    },
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
    signal: (name) => void child.kill(name),
  };
}
