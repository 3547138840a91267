import { type Command, Option } from 'commander';
import { exitCodes } from '../../contract/errors/exit-codes.js';
import type { Finding, Severity } from '../../contract/operate/finding.js';
import { examine } from '../../operate/doctor.js';
import { type CliContext, withExamples } from '../context.js';
import { printable } from '../printable.js';
import type { Printer } from '../printer.js';

interface DoctorFlags {
  readonly severity?: Severity;
}

/** Severities as bad as the named one or worse. */
const shown: Readonly<Record<Severity, readonly Severity[]>> = {
  red: ['red'],
  yellow: ['red', 'yellow'],
  note: ['red', 'yellow', 'note'],
};

/** `iu doctor`. */
export function register(program: Command, context: CliContext): void {
  withExamples(
    program
      .command('doctor')
      .description('Find what is wrong with server, role, worker, gates and routes, and say what to do; writes nothing')
      .addOption(
        new Option('--severity <severity>', 'only so bad or worse').choices(['red', 'yellow', 'note']).default('note'),
      ),
    'iu doctor',
    'iu doctor --severity red --json',
  ).action(async (flags: DoctorFlags, command: Command) => {
    const { deployment } = context.config(command);
    const report = await context.withDatabase(command, (database) => examine(database, { deployment }), {
      readOnlyAllowed: true,
      // A login without rights is a finding, not a closed door.
      expect: 'schema',
    });
    const printer = context.printer(command);
    const findings = report.findings.filter((one) => shown[flags.severity ?? 'note'].includes(one.severity));
    printer.result({ ...report, findings }, () => [
      ...findings.flatMap((one) => linesOf(one, printer)),
      report.findings.length === 0
        ? 'Nothing is wrong.'
        : `${report.counts.red} red, ${report.counts.yellow} yellow, ${report.counts.note} notes`,
    ]);
    if (!report.well) context.endWith(exitCodes.unhealthy);
  });
}

function linesOf(finding: Finding, { palette }: Printer): string[] {
  const paint = finding.severity === 'red' ? palette.red : finding.severity === 'yellow' ? palette.yellow : palette.dim;
  return [
    `${paint(finding.severity.padEnd(6))}  ${finding.code}: ${printable(finding.message)}`,
    palette.dim(`        -> ${printable(finding.action)}`),
  ];
}
