import { type Command, Option } from 'commander';
import { exitCodes } from '../../contract/errors/exit-codes.js';
import { type DriftDifference, recordSurvey, repairScript, runDrift } from '../../install/drift/index.js';
import { type CliContext, withExamples } from '../context.js';
import { commandLineWithout, type PageOptions, withPaging } from '../paging.js';
import type { Column } from '../table.js';

const states = ['missing', 'changed', 'unknown', 'rights', 'content', 'kept', 'data'] as const;

interface DriftOptions extends PageOptions {
  readonly state?: DriftDifference['state'];
  readonly find?: string;
  readonly sql?: boolean;
  readonly record?: boolean;
}

const columns: readonly Column<DriftDifference>[] = [
  { title: 'state', value: (row) => row.state, paint: (row, palette) => (row.damage ? palette.red : palette.dim) },
  { title: 'object', value: (row) => row.key },
  { title: 'why', value: (row) => row.explanation },
  { title: 'repair', value: (row) => (row.repair?.includes('\n') ? 'iu drift --sql prints it' : row.repair) },
];

/** The page after a key, in the order of the report. */
function pageOf(differences: readonly DriftDifference[], { limit, after }: PageOptions) {
  const from = after === undefined ? 0 : differences.findIndex(({ key }) => key === after) + 1;
  const items = differences.slice(from, from + limit);
  return { items, next: from + limit < differences.length ? (items.at(-1)?.key ?? null) : null };
}

/** `iu drift`. */
export function register(program: Command, context: CliContext): void {
  const drift = program
    .command('drift')
    .description(
      'What differs from what this version installs and from the last survey, with the repair; exit code 2 for damage',
    )
    .addOption(new Option('--state <state>', 'only of this state').choices(states))
    .option('--find <text>', 'only where the name of the object holds this')
    .option('--sql', 'print the SQL that repairs, and nothing else: a script for psql; removals are remarks')
    .option('--record', 'write counts, gates and routes down as the survey to compare with next time');
  withExamples(withPaging(drift), 'iu drift', 'iu drift --state changed --sql', 'iu drift --record').action(
    async (options: DriftOptions, command: Command) => {
      const { report, recorded } = await context.withDatabase(command, async (database) => {
        const found = await runDrift({ database });
        return { report: found, recorded: options.record === true ? await recordSurvey(database, found) : undefined };
      });
      const wanted = report.differences.filter(
        ({ state, key }) => state === (options.state ?? state) && key.includes(options.find ?? ''),
      );
      const page = pageOf(wanted, options);
      const printer = context.printer(command);
      const { schema } = context.config(command);
      const script = options.sql === true ? repairScript({ ...report, differences: wanted }, schema) : undefined;
      if (!report.clean) context.endWith(exitCodes.unhealthy);
      const { clean, objects, lastSurvey } = report;
      const result = { clean, objects, last_survey: lastSurvey, recorded: recorded?.evidence_id ?? null, ...page };
      printer.result(result, () => {
        if (script !== undefined) return script;
        return [
          ...(page.items.length === 0 ? [`${objects} objects, no difference.`] : printer.table(columns, page.items)),
          ...(lastSurvey === null
            ? ['No survey was recorded yet: iu drift --record.']
            : [`Compared with the survey of ${lastSurvey.recordedAt}.`]),
          ...(recorded === undefined ? [] : [`Survey recorded as evidence ${recorded.evidence_id}.`]),
        ];
      });
      if (page.next !== null && options.sql !== true)
        printer.note(`more: ${commandLineWithout(context.words, ['--after'])} --after '${page.next}'`);
    },
  );
}
