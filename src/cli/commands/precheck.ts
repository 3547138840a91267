import type { Command } from 'commander';
import { exitCodes } from '../../contract/errors/exit-codes.js';
import { type ExpectedTarget, type GateResult, runPrecheck } from '../../install/precheck/index.js';
import { type CliContext, withExamples } from '../context.js';
import { timeOption } from '../global-options.js';
import type { Column } from '../table.js';

/** Options that say which place is meant. */
export interface ExpectOptions {
  readonly expectHost?: string;
  readonly expectDatabase?: string;
  readonly expectCluster?: string;
}

/** Adds the options by which a person names the place he means. */
export function withExpectations(command: Command): Command {
  return command
    .option('--expect-host <address>', 'address and port of the server as it says them')
    .option('--expect-database <name>', 'name of the database that is meant')
    .option('--expect-cluster <identifier>', 'system identifier of its cluster');
}

/** What somebody expects, from options and configuration. */
export function expectedTarget(options: ExpectOptions, deployment: string | undefined): ExpectedTarget {
  return {
    deployment,
    host: options.expectHost,
    database: options.expectDatabase,
    cluster: options.expectCluster,
  };
}

interface PrecheckOptions extends ExpectOptions {
  readonly backups: string;
  readonly evidence: string;
  readonly maxBackupAge: number;
  readonly all?: boolean;
}

const columns: readonly Column<GateResult>[] = [
  { title: 'gate', value: (row) => row.number, align: 'right' },
  { title: 'what', value: (row) => row.what },
  {
    title: 'result',
    value: (row) => (row.passed ? 'pass' : 'FAIL'),
    paint: (row, palette) => (row.passed ? palette.green : palette.red),
  },
  { title: 'evidence', value: (row) => row.evidence },
];

/** `iu precheck`. */
export function register(program: Command, context: CliContext): void {
  const precheck = withExpectations(
    program
      .command('precheck')
      .description('The eight gates before a durable step; stops at the first that fails, exit code 3')
      .option('--all', 'ask every gate, also after one that fails')
      .option('--backups <folder>', 'where backups lie', 'backups')
      .addOption(timeOption('--max-backup-age <time>', 'how old the newest backup may be', '1d'))
      .option('--evidence <folder>', 'where evidence will be written', 'evidence'),
  );
  withExamples(
    precheck,
    'iu precheck --all',
    'iu precheck --expect-database directus --expect-cluster 7312345678901234567 --json',
  ).action(async (options: PrecheckOptions, command: Command) => {
    const expected = expectedTarget(options, context.config(command).deployment);
    const report = await context.withDatabase(
      command,
      (database) =>
        runPrecheck({
          database,
          expected,
          backupFolder: options.backups,
          evidenceFolder: options.evidence,
          mostBackupAgeSeconds: options.maxBackupAge,
          all: options.all === true,
        }),
      { expect: 'server', readOnlyAllowed: true },
    );
    const printer = context.printer(command);
    printer.result(report, () => [
      ...printer.table(columns, report.gates),
      ...report.gates.flatMap(({ number, action }) => (action === null ? [] : [`gate ${number}: ${action}`])),
      ...(report.notAsked.length > 0 ? [`not asked: ${report.notAsked.join(', ')} (--all asks every gate)`] : []),
    ]);
    if (!report.passed) context.endWith(exitCodes.refused);
  });
}
