import type { Command } from 'commander';
import { exitCodes } from '../../contract/errors/exit-codes.js';
import { type ProbeCheck, type ProbeTrace, runProbe } from '../../install/probe.js';
import { type CliContext, withExamples } from '../context.js';
import type { Column } from '../table.js';

const checkColumns: readonly Column<ProbeCheck>[] = [
  { title: 'scenario', value: (check) => check.scenario },
  { title: 'what', value: (check) => check.what },
  { title: 'expected', value: (check) => check.expected },
  { title: 'got', value: (check) => check.got },
  {
    title: 'result',
    value: (check) => (check.passed ? 'pass' : 'FAIL'),
    paint: (check, palette) => (check.passed ? palette.green : palette.red),
  },
];

const traceColumns: readonly Column<ProbeTrace>[] = [
  { title: 'rows with its marker in', value: (row) => row.table },
  { title: 'before', value: (row) => row.before, align: 'right' },
  { title: 'inside', value: (row) => row.inside, align: 'right' },
  { title: 'after', value: (row) => row.after, align: 'right' },
];

/** `iu probe`. */
export function register(program: Command, context: CliContext): void {
  withExamples(
    program
      .command('probe')
      .description('Play eight scenarios in one transaction that cannot commit; safe on a busy production database'),
    'iu probe',
    'iu probe --json',
  ).action(async (_flags: object, command: Command) => {
    const report = await context.withDatabase(command, runProbe, {
      anyRoleOf: ['iu_owner', 'iu_migrator'],
      maxConnections: 1,
    });
    const printer = context.printer(command);
    printer.result(report, () => [
      ...printer.table(checkColumns, report.checks),
      '',
      ...printer.table(traceColumns, report.rows),
      '',
      `${report.marker}: ${report.passed ? 'passed' : 'FAILED'} in ${report.durationMilliseconds} ms, rolled back`,
    ]);
    if (!report.passed) context.endWith(exitCodes.unhealthy);
  });
}
