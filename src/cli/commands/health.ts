import type { Command } from 'commander';
import { exitCodes } from '../../contract/errors/exit-codes.js';
import { registeredWorkers, type WorkerHealth, workerHealth } from '../../store/health.js';
import { type CliContext, withExamples } from '../context.js';
import type { Printer } from '../printer.js';
import { noCursor } from './worker.js';

interface HealthFlags {
  readonly worker?: string;
}

/** `iu health`. */
export function register(program: Command, context: CliContext): void {
  withExamples(
    program
      .command('health')
      .description('Are events being decided? Exit code 0: yes, 2: no, with reasons and what to do')
      .option('--worker <name>', 'this cursor only; otherwise all'),
    'iu health',
    'iu health --worker iu_outbound_default --json',
  ).action(async (flags: HealthFlags, command: Command) => {
    const found = await context.withDatabase(
      command,
      async ({ pool }) => {
        const names = flags.worker === undefined ? await registeredWorkers(pool) : [flags.worker];
        const list: WorkerHealth[] = [];
        for (const name of names) list.push(await workerHealth(pool, name));
        return list;
      },
      { readOnlyAllowed: true },
    );
    if (found.length === 0) throw noCursor();
    const printer = context.printer(command);
    const healthy = found.every((one) => one.healthy);
    printer.result({ healthy, workers: found }, () => found.flatMap((one) => linesOf(one, printer)));
    if (!healthy) context.endWith(exitCodes.unhealthy);
  });
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
