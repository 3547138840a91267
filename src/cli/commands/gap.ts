import type { Command } from 'commander';
import { acknowledgeGaps, type GapRow, listGaps } from '../../store/gaps.js';
import { type CliContext, withExamples } from '../context.js';
import { countedId } from '../global-options.js';
import { commandLineWithout, type PageOptions, withPaging } from '../paging.js';
import type { Column } from '../table.js';

const gapColumns: readonly Column<GapRow>[] = [
  { title: 'id', value: (row) => row.gap_id, align: 'right' },
  { title: 'missing', value: (row) => (row.has_event ? `attempt ${row.attempt_no}` : 'event') },
  { title: 'event', value: (row) => row.event_id },
  { title: 'number', value: (row) => row.event_seq, align: 'right' },
  { title: 'route', value: (row) => row.route_code ?? '' },
  { title: 'found', value: (row) => row.reported_at },
  { title: 'by', value: (row) => row.process_id },
  { title: 'timeline', value: (row) => `${row.claimed_timeline ?? '?'} > ${row.timeline}`, align: 'right' },
  {
    title: 'state',
    value: (row) => (row.acknowledged_at === null ? 'open' : `${row.acknowledged_by}: ${row.reason}`),
    paint: (row, palette) => (row.acknowledged_at === null ? palette.red : palette.green),
  },
];

function registerList(gap: Command, context: CliContext): void {
  const list = gap
    .command('list')
    .description('What processes saw committed and what is not in the database any more, newest first')
    .option('--open', 'only what nobody acknowledged');
  withExamples(withPaging(list, countedId), 'iu gap list --open').action(
    async (options: PageOptions & { open?: boolean }, command: Command) => {
      const page = await context.withDatabase(command, ({ pool }) => listGaps(pool, options.open ?? false, options), {
        readOnlyAllowed: true,
      });
      const again = commandLineWithout(context.words, ['--after']);
      context.printer(command).page(page, { columns: gapColumns, whenEmpty: 'No gap of the log is known.', again });
    },
  );
}

function registerAcknowledge(gap: Command, context: CliContext): void {
  withExamples(
    gap
      .command('acknowledge')
      .description(
        'Say that what is missing up to this gap was seen, and what was done about it; health is red until then',
      )
      .argument('<id>', 'the last gap that was seen', countedId)
      .requiredOption('--reason <text>', 'what was found missing and what was done; it stands in the log'),
    "iu gap acknowledge 12 --reason 'the shop emitted orders 4711 to 4720 again; the CRM has each once'",
  ).action(async (id: string, options: { reason: string }, command: Command) => {
    const result = await context.withDatabase(command, ({ pool }) => acknowledgeGaps(pool, id, options.reason));
    context
      .printer(command)
      .result(result, () => [
        `Acknowledged: ${result.acknowledged} gaps up to ${result.gap_id}.`,
        ...(result.open > 0 ? [`${result.open} were found later: iu gap list --open`] : []),
      ]);
  });
}

/** `iu gap list|acknowledge`. */
export function register(program: Command, context: CliContext): void {
  const gap = withExamples(
    program.command('gap').description('Committed work that is missing after a failover or a restore'),
    'iu gap list --open',
  );
  registerList(gap, context);
  registerAcknowledge(gap, context);
}
