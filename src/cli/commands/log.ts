import type { Command } from 'commander';
import { exitCodes } from '../../contract/errors/exit-codes.js';
import {
  type LogPartition,
  type LogPlan,
  partitionLog,
  planLog,
  tendLog,
  unpartitionLog,
} from '../../store/log-partitions.js';
import { type CliContext, withExamples } from '../context.js';
import { wholeNumber } from '../global-options.js';
import type { Printer } from '../printer.js';
import type { Column } from '../table.js';

const columns: readonly Column<LogPartition>[] = [
  { title: 'partition', value: (row) => row.name },
  { title: 'from', value: (row) => row.from_seq ?? 'the beginning', align: 'right' },
  { title: 'up to', value: (row) => row.to_seq, align: 'right' },
  { title: 'rows, about', value: (row) => row.rows, align: 'right' },
  { title: 'bytes', value: (row) => row.bytes, align: 'right' },
  { title: 'made', value: (row) => row.made_at },
];

function wayOf(plan: LogPlan): string[] {
  if (plan.form === 'partitioned') return ['Back to one table: iu log partition back --reason TEXT'];
  return [
    ...(plan.form === 'unfinished'
      ? [`A change began and did not end: events from ${plan.end_seq} on would be refused.`]
      : []),
    `iu log partition apply --reason TEXT would`,
    `  1. bound the numbers of what becomes the first partition; for a moment nobody writes`,
    `  2. read ${plan.rows} rows once, about ${plan.check_seconds} s, while writers go on`,
    `  3. exchange the tables: writers wait for less than a second, no row is written again`,
    `  4. make partitions of ${plan.partition_events} events ahead, for ${plan.wanted} events`,
    'A lock that holds writers is waited for 300 ms at most, one that does not 3 s; each step can be repeated.',
  ];
}

function planLines(plan: LogPlan, printer: Printer): string[] {
  return [
    ...printer.facts({
      form: plan.form,
      'last event': plan.last_seq,
      'rows, about': plan.rows,
      bytes: plan.bytes,
      'numbers left': plan.numbers_left ?? undefined,
    }),
    ...(plan.partitions.length > 0 ? printer.table(columns, plan.partitions) : []),
    ...plan.faults.map((fault) => `fault: ${fault}`),
    ...plan.refusals.map((refusal) => `in the way: ${refusal}`),
    ...(plan.refusals.length === 0 ? wayOf(plan) : []),
  ];
}

function registerPlan(parent: Command, context: CliContext): void {
  withExamples(
    parent
      .command('plan')
      .description('In which form the log is, what a change would do here, and what is in the way; changes nothing'),
    'iu log partition plan',
  ).action(async (_: object, command: Command) => {
    const plan = await context.withDatabase(command, ({ pool }) => planLog(pool));
    const printer = context.printer(command);
    printer.result(plan, () => planLines(plan, printer));
    if (plan.faults.length > 0) context.endWith(exitCodes.failed);
  });
}

function registerApply(parent: Command, context: CliContext): void {
  withExamples(
    parent
      .command('apply')
      .description('Make the log partitioned; what it holds becomes its first partition, and no row is written again')
      .requiredOption('--reason <text>', 'why; it stands in the claim of the deployment'),
    "iu log partition apply --reason 'a million events a day'",
  ).action(async (options: { reason: string }, command: Command) => {
    const printer = context.printer(command);
    const { step, plan } = await context.withDatabase(command, async ({ pool }) => ({
      step: await partitionLog(pool, options.reason, ({ step }) => printer.note(step)),
      plan: await planLog(pool),
    }));
    printer.result({ ...step, partitions: plan.partitions }, () => [
      `The log is partitioned; writers were held for ${step.milliseconds} ms.`,
      ...printer.table(columns, plan.partitions),
      'Evidence for going live was about the former log and has to be made anew: iu route readiness names what is missing.',
    ]);
  });
}

function registerBack(parent: Command, context: CliContext): void {
  withExamples(
    parent
      .command('back')
      .description('Make the log one table again, or take away what an unfinished change left')
      .requiredOption('--reason <text>', 'why')
      .option(
        '--most-rows <events>',
        'events outside the largest partition that may be moved while writers wait',
        wholeNumber(0, 1_000_000_000),
        100_000,
      ),
    "iu log partition back --reason 'the log is small again'",
  ).action(async (options: { reason: string; mostRows: number }, command: Command) => {
    const back = await context.withDatabase(command, ({ pool }) => unpartitionLog(pool, options));
    context
      .printer(command)
      .result(back, () => [
        `The log is one table; ${back.moved} events were moved, writers were held for ${back.milliseconds} ms.`,
      ]);
  });
}

function registerTend(parent: Command, context: CliContext): void {
  withExamples(
    parent
      .command('tend')
      .description('Make the partitions that should be there and drop those that a prune left empty; for a schedule'),
    'iu log partition tend',
  ).action(async (_: object, command: Command) => {
    const tended = await context.withDatabase(command, ({ pool }) => tendLog(pool));
    context
      .printer(command)
      .result(tended, () => [
        tended.form === 'partitioned'
          ? `${tended.made} partitions made, ${tended.dropped.length} dropped; ${tended.partitions} are there, with room for ${tended.numbers_left} events.`
          : 'The log is one table: nothing to do.',
        ...tended.busy.map((name) => `${name} is empty and could not go now; the next look tries again`),
        ...tended.reasons,
      ]);
  });
}

/** `iu log partition plan|apply|back|tend`. */
export function register(program: Command, context: CliContext): void {
  const log = withExamples(
    program.command('log').description('The form of the event log: one table, or partitions for large logs'),
    'iu log partition plan',
  );
  const partition = withExamples(
    log.command('partition').description('Partitions of the log, each a range of numbers'),
    'iu log partition plan',
  );
  registerPlan(partition, context);
  registerApply(partition, context);
  registerBack(partition, context);
  registerTend(partition, context);
}
