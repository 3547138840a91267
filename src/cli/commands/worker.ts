import { hostname } from 'node:os';
import type { Command } from 'commander';
import { exitCodes } from '../../contract/errors/exit-codes.js';
import { IuError } from '../../contract/errors/index.js';
import { defaultBatchBounds } from '../../route/poll.js';
import { RouteWorker, type WorkerSummary } from '../../route/worker.js';
import type { Database } from '../../store/database.js';
import { openBell, openWorkerSession } from '../../store/worker-session.js';
import { type CliContext, withExamples } from '../context.js';
import { wholeNumber } from '../global-options.js';
import type { LogFields } from '../log.js';
import { packageVersion } from '../run.js';

/** Nobody decides events: for a script as bad as a worker that is silent. */
export function noCursor(): IuError {
  return new IuError('IU312', {
    message: 'No cursor is registered: nobody decides events.',
    hint: 'iu cursor register WORKER --domain DOMAIN --from now',
  });
}

interface WorkerFlags {
  readonly once?: boolean;
  readonly worker: readonly string[];
  readonly wakeUp?: boolean;
  readonly batch?: number;
}

/** `iu worker`. */
export function register(program: Command, context: CliContext): void {
  withExamples(
    program
      .command('worker')
      .description('Decide events: run passes for the registered cursors until stopped')
      .option('--once', 'decide everything there is and end; for cron and systemd timers')
      .option('--worker <name>', 'serve this cursor only; may be repeated', append, [])
      .option('--wake-up', 'also listen for the bell of the log (see iu event-type --help for its trigger)')
      .option('--batch <events>', 'ask for exactly so many events a pass instead of adapting', wholeNumber(1, 10_000)),
    'iu worker',
    'iu worker --once --json',
    'iu worker --worker iu_outbound_default --wake-up',
  ).action(async (flags: WorkerFlags, command: Command) => {
    await context.withDatabase(command, (database) => work(database, flags, command, context), {
      anyRoleOf: ['iu_worker', 'iu_operator', 'iu_owner'],
      purpose: 'worker',
    });
  });
}

function append(value: string, list: readonly string[]): readonly string[] {
  return [...list, value];
}

async function work(database: Database, flags: WorkerFlags, command: Command, context: CliContext): Promise<void> {
  const logger = context.logger(command);
  const settings = { url: database.url, schema: database.schema, purpose: 'worker' };
  const bell = (onRing: () => void, onLost: () => void) =>
    openBell({ ...settings, purpose: 'worker bell' }, onRing, onLost);
  const worker = new RouteWorker(
    {
      connect: () => openWorkerSession(settings),
      ...(flags.wakeUp ? { openBell: bell } : {}),
      log: (level, message, fields) => logger[level](message, fields as LogFields | undefined),
    },
    {
      workerNames: flags.worker,
      once: flags.once ?? false,
      ...(flags.batch === undefined
        ? {}
        : { batch: { ...defaultBatchBounds, first: flags.batch, smallest: flags.batch, largest: flags.batch } }),
      processId: `${hostname()}:${process.pid}:${Date.now().toString(36)}`,
      host: hostname(),
      pid: process.pid,
      version: packageVersion(),
    },
  );
  const stop = context.stopSignal();
  stop.addEventListener('abort', () => worker.stop(), { once: true });
  if (stop.aborted) worker.stop();
  const summary = await worker.run();
  report(summary, flags, command, context);
}

function report(summary: WorkerSummary, flags: WorkerFlags, command: Command, context: CliContext): void {
  const printer = context.printer(command);
  if (flags.once || printer.json) {
    printer.result(summary, () => [
      `${summary.passes} passes, ${summary.seen} events seen, ${summary.attemptsWritten} attempts written, ${summary.deadLettered} dead letters`,
    ]);
  }
  if (summary.lost > 0) context.endWith(exitCodes.unhealthy);
  if (flags.once && summary.workerNames.length === 0) throw noCursor();
  const left = summary.unfinished;
  if (left.length === 0) return;
  throw new IuError('IU311', {
    hint: 'iu health names the reason: open the gates with iu gate open, or rebase the cursor after a restore.',
    message: `Not everything is decided: ${left.map((one) => `${one.workerName} ${one.status}`).join(', ')}.`,
  });
}
