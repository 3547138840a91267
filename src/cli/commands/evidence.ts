import { type Command, Option } from 'commander';
import { type EvidenceRow, listEvidence, recordEvidence } from '../../store/going-live.js';
import { type CliContext, withExamples } from '../context.js';
import { countedId, jsonObjectText, pointInTime } from '../global-options.js';
import { rawJson } from '../json.js';
import { commandLineWithout, type PageOptions, withPaging } from '../paging.js';
import type { Column } from '../table.js';

interface RecordOptions {
  readonly failed?: boolean;
  readonly route?: string;
  readonly detail: string;
}

function registerRecord(evidence: Command, context: CliContext): void {
  withExamples(
    evidence
      .command('record')
      .description('Record that something was checked, in your name; it stays')
      .argument('<kind>', 'what: disable_rehearsal, backup, test_send, or another lower-case name')
      .option('--failed', 'it was checked and did not pass')
      .option('--route <code>', 'about the present version of this route')
      .option('--detail <json>', 'what was found, without payloads and secrets', jsonObjectText, '{}'),
    'iu evidence record disable_rehearsal --detail \'{"seconds": 4}\'',
  ).action(async (kind: string, options: RecordOptions, command: Command) => {
    const wishes = { kind, passed: options.failed !== true, detailText: options.detail, routeCode: options.route };
    const result = await context.withDatabase(command, ({ pool }) => recordEvidence(pool, wishes));
    const about =
      result.route_code === null ? '' : ` about version ${result.route_version} of route ${result.route_code}`;
    context
      .printer(command)
      .result(result, () => [
        `Evidence ${result.evidence_id}, ${result.kind}${about}: ${result.passed ? 'passed' : 'failed'}, says ${result.recorded_by}.`,
      ]);
  });
}

const columns: readonly Column<EvidenceRow>[] = [
  { title: 'id', value: (row) => row.evidence_id, align: 'right' },
  { title: 'when', value: (row) => row.recorded_at },
  { title: 'kind', value: (row) => row.kind },
  { title: 'route', value: (row) => row.route_code },
  { title: 'version', value: (row) => row.route_version, align: 'right' },
  {
    title: 'result',
    value: (row) => (row.passed ? 'pass' : 'FAIL'),
    paint: (row, palette) => (row.passed ? palette.green : palette.red),
  },
  { title: 'by', value: (row) => row.recorded_by },
  { title: 'detail', value: (row) => (row.detail.length > 80 ? `${row.detail.slice(0, 79)}…` : row.detail) },
];

interface ListOptions extends PageOptions {
  readonly kind?: string;
  readonly route?: string;
  readonly since?: string;
  readonly result?: 'pass' | 'fail';
}

function registerList(evidence: Command, context: CliContext): void {
  const list = evidence
    .command('list')
    .description('What was checked, by whom and with what outcome, newest first')
    .option('--kind <kind>', 'only of this kind')
    .option('--route <code>', 'only about this route')
    .option('--since <time>', 'only since then, such as 2h or 2026-03-01', pointInTime)
    .addOption(new Option('--result <result>', 'only with this outcome').choices(['pass', 'fail']));
  withExamples(withPaging(list, countedId), 'iu evidence list --kind backup --limit 5').action(
    async (options: ListOptions, command: Command) => {
      const { result, ...rest } = options;
      const filter = { ...rest, passed: result === undefined ? undefined : result === 'pass' };
      const page = await context.withDatabase(command, ({ pool }) => listEvidence(pool, filter, options), {
        readOnlyAllowed: true,
      });
      const printer = context.printer(command);
      const again = commandLineWithout(context.words, ['--after']);
      const items = page.items.map((row) => ({ ...row, detail: rawJson(row.detail) }));
      if (printer.json) printer.result({ items, next: page.next }, () => []);
      else printer.page(page, { columns, whenEmpty: 'Nothing is recorded.', again });
    },
  );
}

/** `iu evidence record|list`. */
export function register(program: Command, context: CliContext): void {
  const evidence = withExamples(
    program.command('evidence').description('What was checked before a route may go live'),
    'iu evidence list',
  );
  registerRecord(evidence, context);
  registerList(evidence, context);
}
