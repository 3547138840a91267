import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import type { ClientBase } from 'pg';
import { IuError, isIuCode } from '../../contract/errors/index.js';
import { errorCode } from '../../store/failure.js';
import type { Script } from './changes.js';
import { splitStatements } from './split.js';

/** One statement about to be sent; what a dry run prints and what a test hooks into. */
export interface Step {
  readonly text: string;
  /** Script and line it comes from; absent for what the runner itself adds. */
  readonly place?: string;
}

/** Called before each statement. */
export type OnStatement = (step: Step) => void | Promise<void>;

/** What the installer is doing, for a person to read. */
export interface Progress {
  readonly kind: 'waiting' | 'started' | 'done' | 'retrying' | 'discarded' | 'kept';
  readonly subject: string;
  readonly detail?: string;
  readonly milliseconds?: number;
}

/** Called at every event of the installation. */
export type OnProgress = (progress: Progress) => void;

/** The part of a connection that sending needs. */
export interface Sender {
  query(text: string): Promise<unknown>;
}

/** A failure together with the statement that caused it. */
export interface StepFailure {
  readonly code: string;
  readonly place: string;
  readonly error: Error;
}

/** The statements of a script as steps. */
export function scriptSteps(script: Script): Step[] {
  return splitStatements(script.text).map(({ text, line }) => ({ text, place: `${script.file}:${line}` }));
}

/** The steps as a script that psql would run. */
export function printSteps(steps: readonly Step[]): string {
  let last = '';
  const lines = steps.map((step) => {
    const file = step.place?.replace(/:\d+$/, '') ?? '';
    const head = file !== '' && file !== last ? `-- ${file}\n` : '';
    last = file;
    return `${head}${step.text};`;
  });
  return `${lines.join('\n')}\n`;
}

function sqlstate(error: unknown): string {
  const code = errorCode(error) ?? '';
  return /^[0-9A-Z]{5}$/.test(code) ? code : '08006';
}

/** Line of the script at which PostgreSQL saw the error: the statement's own line plus the lines before the position. */
function exactPlace(step: Step, error: unknown): string {
  const match = /^(.*):(\d+)$/.exec(step.place ?? '');
  const position =
    typeof error === 'object' && error !== null && 'position' in error ? Number(error.position) : Number.NaN;
  if (match === null || !Number.isInteger(position)) return step.place ?? 'runner';
  return `${match[1]}:${Number(match[2]) + step.text.slice(0, position - 1).split('\n').length - 1}`;
}

/** Sends the steps one by one; the first that fails ends it, the transaction is rolled back, and the failure is returned. */
export async function sendSteps(
  client: Sender,
  steps: readonly Step[],
  onStatement?: OnStatement,
): Promise<StepFailure | undefined> {
  for (const step of steps) {
    try {
      await onStatement?.(step);
      await client.query(step.text);
    } catch (cause) {
      await client.query('rollback').catch(() => undefined);
      const error = cause instanceof Error ? cause : new Error(String(cause));
      return { code: sqlstate(cause), place: exactPlace(step, cause), error };
    }
  }
  return undefined;
}

// 55P03 lock timeout, 40P01 deadlock, 40001 serialisation; XX000 "tuple concurrently updated", 23505, 42710, 42704 and 2BP01
// come from two databases of one cluster making or dropping the same roles at once.
const passing = new Set(['55P03', '40P01', '40001']);
const passingForRoles = new Set([...passing, 'XX000', '23505', '42710', '42704', '42P06', '2BP01']);

/** Sends one transaction, again while the failure is one that passes by itself, at most `seconds` long. */
export async function sendTransaction(
  client: ClientBase,
  subject: string,
  steps: readonly Step[],
  options: { onStatement?: OnStatement; onProgress?: OnProgress; sharedObjects?: boolean; retrySeconds: number },
): Promise<StepFailure | undefined> {
  const started = performance.now();
  const retryable = options.sharedObjects === true ? passingForRoles : passing;
  for (let attempt = 1; ; attempt += 1) {
    const failure = await sendSteps(client, steps, options.onStatement);
    if (failure === undefined || !retryable.has(failure.code)) return failure;
    if (performance.now() - started > options.retrySeconds * 1000) return failure;
    options.onProgress?.({ kind: 'retrying', subject, detail: `${failure.code} at ${failure.place}` });
    // up to 2 s, with jitter: whoever waited behind our 300 ms request gets through first
    await pause(Math.min(2000, 50 * 2 ** attempt) * (0.5 + Math.random()));
  }
}

/** A failure as the error a caller sees; what our own SQL raised keeps its code, message and hint. */
export function failureError(subject: string, failure: StepFailure): IuError {
  const hint = 'hint' in failure.error && typeof failure.error.hint === 'string' ? { hint: failure.error.hint } : {};
  const detail = { change: subject, place: failure.place, sqlstate: failure.code };
  if (isIuCode(failure.code)) return new IuError(failure.code, { ...detail, ...hint, message: failure.error.message });
  const code = failure.code === '55P03' ? 'IU812' : 'IU808';
  const message = `${subject} failed at ${failure.place}: ${failure.error.message} (${failure.code})`;
  return new IuError(code, { ...detail, ...hint, message });
}
