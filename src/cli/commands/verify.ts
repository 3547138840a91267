import type { Command } from 'commander';
import { exitCodes } from '../../contract/errors/exit-codes.js';
import { verifyLive } from '../../install/verify-live.js';
import type { LiveCheck } from '../../store/verify.js';
import { type CliContext, withExamples } from '../context.js';
import type { Column } from '../table.js';

/** Columns of the table of checks. */
export const checkColumns: readonly Column<LiveCheck>[] = [
  { title: 'check', value: (check) => check.id },
  { title: 'what', value: (check) => check.what },
  {
    title: 'result',
    value: (check) => (check.passed ? 'pass' : 'FAIL'),
    paint: (check, palette) => (check.passed ? palette.green : palette.red),
  },
  { title: 'evidence', value: (check) => check.evidence },
];

/** `iu verify`. */
export function register(program: Command, context: CliContext): void {
  withExamples(
    program
      .command('verify')
      .description('W1 to W9 and the promises that can be read off a live database; writes nothing'),
    'iu verify',
    'iu verify --json',
  ).action(async (_flags: object, command: Command) => {
    const report = await context.withDatabase(command, verifyLive, { readOnlyAllowed: 'primary', maxConnections: 1 });
    const printer = context.printer(command);
    printer.result(report, () => printer.table(checkColumns, report.checks));
    if (!report.passed) context.endWith(exitCodes.unhealthy);
  });
}
