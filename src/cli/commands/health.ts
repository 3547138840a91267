import { type Command, Option } from 'commander';
import { exitCodes } from '../../contract/errors/exit-codes.js';
import {
  forgetWatchdog,
  registeredWorkers,
  silentWatchdogs,
  type WorkerHealth,
  workerHealth,
} from '../../store/health.js';
import { type CliContext, withExamples } from '../context.js';
import { timeOption } from '../global-options.js';
import { type WatchFlags, watchHealth } from '../health-watch.js';
import type { Printer } from '../printer.js';
import { noCursor } from './worker.js';

interface HealthFlags extends WatchFlags {
  readonly worker?: string;
  readonly forgetWatchdog?: string;
}

/** `iu health`. */
export function register(program: Command, context: CliContext): void {
  const health = program
    .command('health')
    .description('Are events being decided? Exit code 0: yes, 2: no, with reasons and what to do')
    .option('--worker <name>', 'this cursor only; otherwise all')
    .addOption(new Option('--watch', 'look again and again until stopped, and tell each change').conflicts('worker'))
    .addOption(
      new Option('--alert', 'look once and tell when it changed since the last look; for timers').conflicts([
        'worker',
        'watch',
      ]),
    )
    .addOption(timeOption('--every <time>', 'how often it looks, or its timer fires', '1m'))
    .option('--alert-command <cmd>', 'shell command that gets IU_ALERT_TEXT and JSON on its standard input')
    .option('--alert-url <url>', 'webhook that gets a signed CloudEvent; the address policy of targets holds')
    .option(
      '--alert-secret <reference>',
      'env:NAME or file:/PATH of its signing secret; twice while it is rotated',
      append,
      [],
    )
    .addOption(timeOption('--repeat <time>', 'tell again while it stays unhealthy', '4h'))
    .option('--state <file>', 'where it keeps what it told (STATE_DIRECTORY, or the folder for state of this user)')
    .option('--name <watcher>', 'name of this watchdog; health@HOST when not said')
    .option('--forget-watchdog <name>', 'miss a watchdog no longer that is gone for good');
  withExamples(
    health,
    'iu health',
    'iu health --worker iu_outbound_default --json',
    'iu health --watch --alert-command \'mail -s "$IU_ALERT_TEXT" ops@example.com\'',
    'iu health --alert --alert-url https://alerts.example.com/iu --alert-secret env:IU_ALERT_SECRET',
  ).action(async (flags: HealthFlags, command: Command) => {
    if (flags.forgetWatchdog !== undefined) await forget(flags.forgetWatchdog, command, context);
    else if (flags.watch === true || flags.alert === true) await watchHealth(flags, command, context);
    else await look(flags.worker, command, context);
  });
}

function append(value: string, list: readonly string[]): readonly string[] {
  return [...list, value];
}

async function look(worker: string | undefined, command: Command, context: CliContext): Promise<void> {
  const found = await context.withDatabase(
    command,
    async ({ pool }) => {
      const names = worker === undefined ? await registeredWorkers(pool) : [worker];
      const list: WorkerHealth[] = [];
      for (const name of names) list.push(await workerHealth(pool, name));
      return { list, watchdogs: worker === undefined ? await silentWatchdogs(pool) : [] };
    },
    { readOnlyAllowed: true },
  );
  const { list, watchdogs } = found;
  if (list.length === 0) throw noCursor();
  const printer = context.printer(command);
  const healthy = list.every((one) => one.healthy) && watchdogs.length === 0;
  printer.result({ healthy, workers: list, watchdogs }, () => [
    ...list.flatMap((one) => linesOf(one, printer)),
    ...watchdogs.flatMap((one) => [
      printer.palette.red(`${one.code}: ${one.message}`),
      printer.palette.dim(`    -> ${one.action}`),
    ]),
  ]);
  if (!healthy) context.endWith(exitCodes.unhealthy);
}

async function forget(watcher: string, command: Command, context: CliContext): Promise<void> {
  const found = await context.withDatabase(command, ({ pool }) => forgetWatchdog(pool, watcher));
  context
    .printer(command)
    .result({ watcher, found }, () => [found ? `${watcher} is missed no longer.` : `There is no watchdog ${watcher}.`]);
}

function linesOf(health: WorkerHealth, printer: Printer): string[] {
  const { palette } = printer;
  const age = health.seconds_since_last_run;
  const verdict = health.healthy ? palette.green('healthy') : palette.red('unhealthy');
  return [
    `${health.worker_name}: ${verdict}, ${health.backlog_iu_events} waiting, ${health.lost} lost, last pass ${age === null ? 'never' : `${age} s ago`}`,
    ...health.reasons.flatMap((reason) => [
      `  ${reason.code}: ${reason.message}`,
      palette.dim(`    -> ${reason.action}`),
    ]),
    ...health.blockers.map(
      (blocker) =>
        `  open transaction: ${blocker.kind === 'prepared' ? `prepared '${blocker.application_name}'` : `pid ${blocker.pid} of ${blocker.name}`}, ${blocker.age_seconds ?? '?'} s`,
    ),
  ];
}
