import { type Command, Option } from 'commander';
import { exitCodes } from '../../contract/errors/exit-codes.js';
import { IuError } from '../../contract/errors/index.js';
import type { Database } from '../../store/database.js';
import { type CliContext, withExamples } from '../context.js';
import { wholeNumber } from '../global-options.js';
import { type ListenAddress, listen, listenAddress } from '../listen.js';
import { packageVersion } from '../run.js';
import { startTracing } from '../tracing-sdk.js';
import { processSettings, WorkerProcess, type WorkerProcessSummary } from '../worker-process.js';

/** Nobody decides events: for a script as bad as a worker that is silent. */
export function noCursor(): IuError {
  return new IuError('IU312', {
    message: 'No cursor is registered: nobody decides events.',
    hint: 'iu cursor register WORKER --domain DOMAIN --from now',
  });
}

interface WorkerFlags {
  readonly once?: boolean;
  readonly only?: 'route' | 'deliver';
  readonly worker: readonly string[];
  readonly wakeUp?: boolean;
  readonly batch?: number;
  readonly listen?: ListenAddress;
}

/** `iu worker`. */
export function register(program: Command, context: CliContext): void {
  withExamples(
    program
      .command('worker')
      .description('Decide events and deliver what is live, until stopped')
      .option('--once', 'decide everything there is, deliver what is due, and end; for cron and systemd timers')
      .addOption(new Option('--only <half>', 'do one half only: decide, or deliver').choices(['route', 'deliver']))
      .option('--worker <name>', 'serve this cursor only; may be repeated', append, [])
      .option('--wake-up', 'also listen for the bell of the log (see iu event-type --help for its trigger)')
      .option('--batch <events>', 'ask for exactly so many events a pass instead of adapting', wholeNumber(1, 10_000))
      .option('--listen <address>', 'serve /metrics and /healthz: a port of this machine, or host:port', listenAddress),
    'iu worker',
    'iu worker --once --json',
    'IU_DEPLOYMENT=production iu worker --only deliver',
    'iu worker --listen 9464',
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
  const stopTracing = await startTracing(context.environment, packageVersion(), logger);
  const process = new WorkerProcess(
    database,
    {
      once: flags.once ?? false,
      routes: flags.only !== 'deliver',
      delivers: flags.only !== 'route',
      workerNames: flags.worker,
      wakeUp: flags.wakeUp ?? false,
      batch: flags.batch,
      ...processSettings(context, command),
    },
    logger,
  );
  const stop = context.stopSignal();
  stop.addEventListener('abort', () => process.stop(), { once: true });
  if (stop.aborted) process.stop();
  const server =
    flags.listen === undefined
      ? undefined
      : await listen({
          ...flags.listen,
          url: database.url,
          schema: database.schema,
          deployment: context.config(command).deployment ?? null,
          workerNames: flags.worker,
          worker: process.worker,
          runner: process.runner,
        });
  if (server !== undefined) logger.info('listening', { host: server.host, port: server.port });
  try {
    report(await process.run(), flags, command, context);
  } finally {
    await server?.close();
    await stopTracing?.();
  }
}

function report(summary: WorkerProcessSummary, flags: WorkerFlags, command: Command, context: CliContext): void {
  const { routing, delivery } = summary;
  const printer = context.printer(command);
  if (flags.once || printer.json) {
    printer.result({ ...routing, delivery: delivery ?? null }, () => [
      ...(routing === undefined
        ? []
        : [
            `${routing.passes} passes, ${routing.seen} events seen, ${routing.attemptsWritten} attempts written, ${routing.deadLettered} dead letters`,
          ]),
      ...(delivery === undefined
        ? []
        : [
            `${delivery.sent} sent, ${delivery.failed} failed, ${delivery.unknown} unknown, ${delivery.deadLettered} dead letters${delivery.hold === null ? '' : `; held: ${delivery.hold}`}${delivery.unopened.length === 0 ? '' : `; cannot open: ${delivery.unopened.join(', ')}`}`,
          ]),
    ]);
  }
  if (routing === undefined) return;
  if (routing.lost > 0) context.endWith(exitCodes.unhealthy);
  if (flags.once && routing.workerNames.length === 0) throw noCursor();
  const left = routing.unfinished;
  if (left.length === 0) return;
  throw new IuError('IU311', {
    hint: 'iu health names the reason: open the gates with iu gate open, or rebase the cursor after a restore.',
    message: `Not everything is decided: ${left.map((one) => `${one.workerName} ${one.status}`).join(', ')}.`,
  });
}
