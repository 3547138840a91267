import { type Command, InvalidArgumentError, Option } from 'commander';
import { type AdoptionStep, type AllowWord, allowWords } from '../../contract/adoption/steps.js';
import { exitCodes } from '../../contract/errors/exit-codes.js';
import { type AdoptionProposal, adoptApply, adoptBack, adoptPlan } from '../../install/adopt/index.js';
import { type BackupDemandOptions, demandBackup, withBackupDemand } from '../backup-demand.js';
import { type CliContext, withExamples } from '../context.js';
import type { Printer } from '../printer.js';
import type { Column } from '../table.js';
import { onOneConnection, progressNotes } from './migrate.js';

interface PlanOptions {
  readonly allow: readonly AllowWord[];
  readonly start: 'beginning' | 'now';
}

function words(text: string): AllowWord[] {
  return text.split(',').map((word) => {
    if (word in allowWords) return word as AllowWord;
    throw new InvalidArgumentError(`There is no word ${word}; there are ${Object.keys(allowWords).join(', ')}.`);
  });
}

function withPlanOptions(command: Command): Command {
  return command
    .option(
      '--allow <words>',
      `what may change of objects that IU Core did not make: ${Object.keys(allowWords).join(', ')}`,
      words,
      [],
    )
    .addOption(
      new Option(
        '--start <where>',
        'where the worker of domain iu begins: every event that is there, or those after the adoption',
      )
        .choices(['beginning', 'now'])
        .default('beginning'),
    );
}

const lockWords = (step: AdoptionStep): string =>
  step.lock.mode === 'none'
    ? 'none'
    : `${step.lock.mode}, blocks ${step.lock.blocks}, held ${step.lock.held === 'milliseconds' ? 'ms' : step.lock.held}`;

const stepColumns: readonly Column<AdoptionStep>[] = [
  { title: 'step', value: (row) => row.what },
  { title: 'lock', value: lockWords },
  { title: 'about s', value: (row) => row.estimatedSeconds, align: 'right' },
  { title: 'needs --allow', value: (row) => row.needs },
];

function printPlan(printer: Printer, plan: AdoptionProposal): string[] {
  const { red, yellow } = printer.palette;
  return [
    ...printer.table(
      [
        { title: 'table', value: (row) => row.table },
        { title: 'there', value: (row) => row.exists },
        { title: 'rows', value: (row) => (row.exists ? row.rows : null), align: 'right' },
        { title: 'bytes', value: (row) => (row.exists ? row.bytes : null), align: 'right' },
        { title: 'missing columns', value: (row) => row.missing.join(', ') },
      ],
      plan.tables,
    ),
    '',
    ...(plan.steps.length === 0 ? ['Nothing is missing.'] : printer.table(stepColumns, plan.steps)),
    ...plan.tables.flatMap(({ table, kept }) =>
      kept.length === 0 ? [] : [`stays as it is on ${table}: ${kept.join(', ')}`],
    ),
    ...(plan.foreign.length === 0
      ? []
      : [`${plan.foreign.length} other tables, untouched: ${plan.foreign.join(', ')}`]),
    ...plan.notes.map((note) => `note: ${note}`),
    ...plan.blockers.map(({ what, action }) => red(`in the way: ${what} -> ${action}`)),
    ...plan.notAllowed.map(({ word, meaning }) => yellow(`--allow ${word}: ${meaning}`)),
  ];
}

function registerPlan(adopt: Command, context: CliContext): void {
  withExamples(
    withPlanOptions(
      adopt
        .command('plan')
        .description('What is missing in this database, what each step locks and costs, what stays; changes nothing'),
    ),
    'iu adopt plan',
    'iu adopt plan --allow ownership,definitions,keys --json',
  ).action(async (options: PlanOptions, command: Command) => {
    const printer = context.printer(command);
    const plan = await onOneConnection(context, command, (client, schema) => adoptPlan(client, { schema, ...options }));
    printer.result(plan, () => printPlan(printer, plan));
    if (plan.blockers.length > 0) context.endWith(exitCodes.refused);
  });
}

function registerApply(adopt: Command, context: CliContext): void {
  withExamples(
    withBackupDemand(
      withPlanOptions(
        adopt
          .command('apply')
          .description('Bring IU Core into this database, step by step, while its writers go on; installs inert'),
      ),
    ),
    'iu adopt apply --allow ownership,definitions,keys,immediate-index',
  ).action(async (options: PlanOptions & BackupDemandOptions, command: Command) => {
    const printer = context.printer(command);
    const { allow, start } = options;
    await demandBackup(context, command, options);
    const result = await onOneConnection(context, command, (client, schema) =>
      adoptApply(client, { schema, allow, start, onProgress: progressNotes(printer) }),
    );
    printer.result(result, () => [
      `${result.steps.length} steps, the longest ${Math.max(0, ...result.steps.map(({ milliseconds }) => milliseconds))} ms.`,
      result.verify.ok
        ? 'Verified: every object is as this version installs it.'
        : `${result.verify.failures.length} failures: iu migrate verify`,
    ]);
    if (!result.verify.ok) context.endWith(exitCodes.unhealthy);
    else printer.note('next: iu verify, then iu gate list');
  });
}

function registerBack(adopt: Command, context: CliContext): void {
  withExamples(
    withBackupDemand(
      adopt
        .command('back')
        .description(
          'Take the adoption back until the catalog is what it was; refused with what holds it. Rows of your tables stay',
        )
        .option('--discard-records', 'empty tables of IU Core whose records hold it'),
    ),
    'iu adopt back',
  ).action(async (options: BackupDemandOptions & { discardRecords?: boolean }, command: Command) => {
    const printer = context.printer(command);
    await demandBackup(context, command, options);
    const result = await onOneConnection(context, command, (client, schema) =>
      adoptBack(client, {
        schema,
        discardRecords: options.discardRecords === true,
        onProgress: progressNotes(printer),
      }),
    );
    printer.result(result, () => [`Took back ${result.steps.length} steps; the catalog is what it was.`]);
  });
}

/** `iu adopt plan|apply|back`. */
export function register(program: Command, context: CliContext): void {
  const adopt = withExamples(
    program.command('adopt').description('Bring IU Core into a database that has tables of these names already'),
    'iu adopt plan',
  );
  registerPlan(adopt, context);
  registerApply(adopt, context);
  registerBack(adopt, context);
}
