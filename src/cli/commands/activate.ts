import type { Command } from 'commander';
import { IuError } from '../../contract/errors/index.js';
import { activate, type StepReport } from '../../operate/activate/activate.js';
import { type ActivationRow, endActivation, listActivations } from '../../store/activation.js';
import { type CliContext, withExamples } from '../context.js';
import { countedId, timeOption, wholeNumber } from '../global-options.js';
import { commandLineWithout, type PageOptions, withPaging } from '../paging.js';
import type { Printer } from '../printer.js';
import type { Column } from '../table.js';
import { type ExpectOptions, expectedTarget, withExpectations } from './precheck.js';

interface ActivateOptions extends ExpectOptions {
  readonly reason?: string;
  readonly evidence: string;
  readonly backups: string;
  readonly tools?: string;
  readonly withoutBackup?: string;
  readonly observe: number;
  readonly minDecisions: number;
}

function stepLine(step: StepReport, { palette }: Printer): string {
  const paint = step.outcome === 'failed' ? palette.red : step.outcome === 'passed' ? palette.green : palette.dim;
  return `${step.step.padEnd(10)}  ${paint(step.outcome.padEnd(7))}  ${step.what}`;
}

async function run(options: ActivateOptions, command: Command, context: CliContext): Promise<void> {
  const { reason } = options;
  if (reason === undefined || reason.trim() === '') throw new IuError('IU864');
  const printer = context.printer(command);
  const report = await context.withDatabase(
    command,
    (database) =>
      activate(
        {
          database,
          reason,
          expected: expectedTarget(options, context.config(command).deployment),
          evidenceFolder: options.evidence,
          backupFolder: options.backups,
          toolFolder: options.tools,
          withoutBackup: options.withoutBackup,
          observeSeconds: options.observe,
          leastDecisions: options.minDecisions,
          environment: context.environment,
          onProgress: (text) => printer.note(text),
          now: () => new Date(),
        },
        (step) => printer.line(stepLine(step, printer)),
      ),
    { expect: 'server' },
  );
  printer.result(report, () => [
    `Activation ${report.activationId} is done; its journal is ${report.journalFile}.`,
    ...(report.putAside === null ? [] : [`The journal of the one that was undone is ${report.putAside}.`]),
    ...report.notDone.map((sentence) => `not done: ${sentence}`),
  ]);
  printer.note('next: iu report, then docs/how-to/go-live.md');
}

const columns: readonly Column<ActivationRow>[] = [
  { title: 'id', value: (row) => row.activation_id, align: 'right' },
  { title: 'state', value: (row) => row.state },
  { title: 'began', value: (row) => row.began_at },
  { title: 'by', value: (row) => row.began_by },
  { title: 'ended', value: (row) => row.ended_at },
  { title: 'reason', value: (row) => row.reason },
  { title: 'steps', value: (row) => row.steps.join(', ') },
];

function registerStatus(parent: Command, context: CliContext): void {
  const status = parent.command('status').description('Activations, how far each came and who began it, newest first');
  withExamples(withPaging(status, countedId), 'iu activate status').action(
    async (options: PageOptions, command: Command) => {
      const page = await context.withDatabase(command, ({ pool }) => listActivations(pool, options), {
        readOnlyAllowed: true,
      });
      const again = commandLineWithout(context.words, ['--after']);
      context.printer(command).page(page, { columns, whenEmpty: 'Nothing was activated here by iu activate.', again });
    },
  );
}

function registerGiveUp(parent: Command, context: CliContext): void {
  withExamples(
    parent
      .command('give-up')
      .description('End an open activation without finishing it; what it did stays, its steps too')
      .argument('<id>', 'number of the activation', countedId)
      .requiredOption('--note <text>', 'why'),
    "iu activate give-up 1 --note 'the wrong database'",
  ).action(async (id: string, options: { note: string }, command: Command) => {
    const ended = await context.withDatabase(command, ({ pool }) => endActivation(pool, id, 'given_up', options.note));
    context.printer(command).result(ended, () => [`Activation ${ended.activation_id} is given up.`]);
  });
}

/** `iu activate`, `iu activate status|give-up`. */
export function register(program: Command, context: CliContext): void {
  const command = withExpectations(
    program
      .command('activate')
      .description(
        'From a bare database to a worker that decides in dry-run, step by step, each recorded; never delivers',
      )
      .option('--reason <text>', 'why; it stands in the activation')
      .option('--evidence <folder>', 'where the journal and the evidence are written', 'evidence')
      .option('--backups <folder>', 'where the backup is written', 'backups')
      .option('--tools <folder>', "folder with pg_dump and pg_restore of the server's major version")
      .option('--without-backup <reason>', 'leave the backup out; the reason stands in the evidence')
      .addOption(timeOption('--observe <time>', 'how long decisions are watched', '1m'))
      .option('--min-decisions <count>', 'so many decisions at least in that time', wholeNumber(0, 1_000_000), 1),
  );
  withExamples(
    command,
    "iu activate --reason 'ticket 4711' --expect-database app --expect-cluster 7312345678901234567",
    'iu activate status',
  ).action((options: ActivateOptions, self: Command) => run(options, self, context));
  registerStatus(command, context);
  registerGiveUp(command, context);
}
