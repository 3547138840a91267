import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { makeFolder } from '../../install/make-folder.js';
import { composeReport } from '../../operate/report/compose.js';
import { compareReports, parseReport, type ReportDifference } from '../../operate/report/document.js';
import { reportHtml } from '../../operate/report/html.js';
import { reportMarkdown } from '../../operate/report/markdown.js';
import { readReportInput } from '../../operate/report/read.js';
import { type CliContext, withExamples } from '../context.js';
import { countedId } from '../global-options.js';
import { readNamedFile } from '../named-file.js';
import type { Column } from '../table.js';

interface ReportOptions {
  readonly out: string;
  readonly name?: string;
  readonly activation?: string;
}

async function write(options: ReportOptions, command: Command, context: CliContext): Promise<void> {
  const input = await context.withDatabase(command, (database) => readReportInput(database, options.activation), {
    readOnlyAllowed: true,
    anyRoleOf: ['iu_operator', 'iu_owner'],
  });
  const report = composeReport(input);
  const usual =
    input.activation === undefined ? 'iu-report-state' : `iu-report-activation-${input.activation.activation_id}`;
  await makeFolder(options.out, 0o700);
  const path = join(options.out, options.name ?? usual);
  const files = { markdown: `${path}.md`, html: `${path}.html`, json: `${path}.json` };
  await writeFile(files.markdown, reportMarkdown(report), { mode: 0o600 });
  await writeFile(files.html, reportHtml(report), { mode: 0o600 });
  await writeFile(files.json, `${JSON.stringify(report, null, 1)}\n`, { mode: 0o600 });
  context.printer(command).result({ title: report.title, ...files }, () => [report.title, ...Object.values(files)]);
}

const columns: readonly Column<ReportDifference>[] = [
  { title: 'section', value: (row) => row.section },
  { title: 'what', value: (row) => row.subject },
  { title: 'first', value: (row) => row.first },
  { title: 'second', value: (row) => row.second },
];

function registerCompare(parent: Command, context: CliContext): void {
  withExamples(
    parent
      .command('compare')
      .description('What differs between two reports, by their .json files')
      .argument('<first>', 'the earlier report')
      .argument('<second>', 'the later report'),
    'iu report compare monday/iu-report-state.json friday/iu-report-state.json',
  ).action(async (first: string, second: string, _options: object, command: Command) => {
    const reportOf = (file: string) => {
      const json = file.replace(/\.(md|html)$/, '.json');
      return parseReport(readNamedFile(json), json);
    };
    const items = compareReports(reportOf(first), reportOf(second));
    const printer = context.printer(command);
    printer.result({ same: items.length === 0, items }, () =>
      items.length === 0 ? ['The reports say the same.'] : printer.table(columns, items),
    );
  });
}

/** `iu report`, `iu report compare`. */
export function register(program: Command, context: CliContext): void {
  const report = program
    .command('report')
    .description('Write the evidence of an activation as Markdown, as one HTML file and as JSON to compare')
    .option('--out <folder>', 'folder for the files', 'evidence')
    .option('--name <name>', 'name of the files without ending')
    .option('--activation <id>', 'this activation; the newest one when not said', countedId);
  withExamples(report, 'iu report --out evidence', 'iu report --activation 3').action(
    (options: ReportOptions, command: Command) => write(options, command, context),
  );
  registerCompare(report, context);
}
