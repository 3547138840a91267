import { type Command, InvalidArgumentError, Option } from 'commander';
import {
  type LineageRow,
  readLineage,
  readUnitAt,
  readUnitHistory,
  readUnitTree,
  type TreeRow,
  type TreeWishes,
  type UnitAtRow,
  type UnitHistoryRow,
} from '../../store/unit-tree.js';
import { versionDiff } from '../../structure/version-diff.js';
import { type CliContext, withExamples } from '../context.js';
import { pointInTime, wholeNumber } from '../global-options.js';
import { changeLines } from '../line-changes.js';
import { commandLineWithout, type PageOptions, withPaging } from '../paging.js';
import { printable } from '../printable.js';
import type { Column } from '../table.js';

const wholePage = <Row>(items: readonly Row[]) => ({ items, next: null });

/** `--after` of a list that is numbered: how many rows were seen. */
function rowsSeen(text: string): string {
  if (!/^[0-9]{1,9}$/.test(text)) throw new InvalidArgumentError('It is the number that the page before ends with.');
  return text;
}

/** With --at: which version was in force, and which one was written and not. */
function versionsThen({ version_seq: written, enacted_seq: inForce }: TreeRow): string {
  if (inForce === undefined || inForce === null) return '';
  return `, version ${inForce} in force${written === inForce ? '' : `, ${written} written`}`;
}

function registerTree(unit: Command, context: CliContext): void {
  const tree = unit
    .command('tree')
    .description('A unit and everything below it in reading order, now or as it stood at a moment')
    .argument('<unit>', 'address or id of the unit')
    .option('--levels <count>', 'only so many levels below it', wholeNumber(0, 127))
    .addOption(new Option('--at <time>', 'as it stood then').argParser(pointInTime).conflicts('ofVersion'))
    .option(
      '--of-version <number>',
      'its whole document, as it stood when this version of the unit was written',
      wholeNumber(1, 2_147_483_647),
    );
  withExamples(withPaging(tree, rowsSeen), 'iu unit tree li/constitution --levels 1').action(
    async (name: string, options: PageOptions & TreeWishes, command: Command) => {
      const page = await context.withDatabase(command, ({ pool }) => readUnitTree(pool, name, options), {
        readOnlyAllowed: true,
      });
      const printer = context.printer(command);
      const top = Math.min(...page.items.map((row) => row.depth));
      printer.result(page, () =>
        page.items.map((row) => {
          const number = row.section_code === null ? '' : ` (${row.section_code})`;
          return `${'  '.repeat(row.depth - top)}${printable(row.canonical_address + number)} ${row.lifecycle_status}${versionsThen(row)}`;
        }),
      );
      if (page.items.length === 0) printer.note('Nothing of it was there then.');
      if (page.next !== null)
        printer.note(`more: ${commandLineWithout(context.words, ['--after'])} --after ${page.next}`);
    },
  );
}

const lineageColumns: readonly Column<LineageRow>[] = [
  { title: 'direction', value: (row) => row.direction },
  { title: 'relation', value: (row) => row.relation_type },
  { title: 'unit', value: (row) => row.related_address },
  { title: 'of', value: (row) => row.canonical_address },
  { title: 'status', value: (row) => row.relation_status },
  { title: 'operation', value: (row) => row.operation_id, align: 'right' },
  { title: 'by', value: (row) => row.actor_ref },
  { title: 'since', value: (row) => row.valid_from },
];

function registerLineage(unit: Command, context: CliContext): void {
  const lineage = unit
    .command('lineage')
    .description('Where the text of a unit came from (earlier) and where it went (later), however many steps away')
    .argument('<unit>', 'address or id of the unit')
    .addOption(new Option('--direction <direction>', 'only these').choices(['earlier', 'later']))
    .option('--retired', 'also what was rolled back');
  withExamples(withPaging(lineage, rowsSeen), 'iu unit lineage li/constitution/art-5').action(
    async (name: string, options: PageOptions & { retired?: boolean; direction?: string }, command: Command) => {
      const wishes = { ...options, withRetired: options.retired };
      const page = await context.withDatabase(command, ({ pool }) => readLineage(pool, name, wishes), {
        readOnlyAllowed: true,
      });
      const again = commandLineWithout(context.words, ['--after']);
      const view = { columns: lineageColumns, whenEmpty: 'It was never split, merged or replaced.', again };
      context.printer(command).page(page, view);
    },
  );
}

const historyColumns: readonly Column<UnitHistoryRow>[] = [
  { title: 'when', value: (row) => row.happened_at },
  { title: 'what', value: (row) => row.what },
  { title: 'detail', value: (row) => row.detail },
  { title: 'by', value: (row) => row.by },
  { title: 'operation', value: (row) => row.operation_id, align: 'right' },
];
const atColumns: readonly Column<UnitAtRow>[] = [
  { title: 'unit', value: (row) => row.canonical_address },
  { title: 'numbers', value: (row) => row.number_path },
  { title: 'status', value: (row) => row.lifecycle_status },
  { title: 'in force', value: (row) => row.enacted_seq, align: 'right' },
  { title: 'written', value: (row) => row.version_seq, align: 'right' },
];

function registerHistory(unit: Command, context: CliContext): void {
  const history = unit
    .command('history')
    .description('What happened to a unit, oldest first; with --at what was at that address at a moment')
    .argument('<unit>', 'address or id; with --at also the document followed by numbers, such as li/2/5')
    .addOption(new Option('--what <kind>', 'only these').choices(['version', 'lifecycle', 'place', 'number']))
    .option('--at <time>', 'what was there then', pointInTime);
  type HistoryOptions = PageOptions & { at?: string; what?: string };
  withExamples(withPaging(history, rowsSeen), 'iu unit history li/constitution/art-5').action(
    async (name: string, options: HistoryOptions, command: Command) => {
      const printer = context.printer(command);
      const { at } = options;
      if (at !== undefined) {
        const rows = await context.withDatabase(command, ({ pool }) => readUnitAt(pool, name, at), {
          readOnlyAllowed: true,
        });
        printer.page(wholePage(rows), { columns: atColumns, whenEmpty: 'Nothing was there then.', again: '' });
        return;
      }
      const page = await context.withDatabase(command, ({ pool }) => readUnitHistory(pool, name, options), {
        readOnlyAllowed: true,
      });
      const again = commandLineWithout(context.words, ['--after']);
      printer.page(page, { columns: historyColumns, whenEmpty: 'Nothing is recorded.', again });
    },
  );
}

function registerDiff(unit: Command, context: CliContext): void {
  withExamples(
    unit
      .command('diff')
      .description('The lines in which two versions of a unit differ')
      .argument('<unit>', 'address or id of the unit')
      .option('--from <version>', 'the earlier one; the one before --to unless said', wholeNumber(1, 2_147_483_647))
      .option('--to <version>', 'the later one; the current one unless said', wholeNumber(1, 2_147_483_647)),
    'iu unit diff li/constitution/art-5 --from 1 --to 3',
  ).action(async (name: string, options: { from?: number; to?: number }, command: Command) => {
    const printer = context.printer(command);
    const found = await context.withDatabase(command, ({ pool }) => versionDiff(pool, name, options), {
      readOnlyAllowed: true,
    });
    printer.result(found, () => [`version ${found.from} -> ${found.to}`, ...changeLines(found.changes)]);
  });
}

/** `iu unit tree|history|lineage|diff`. */
export function registerUnitTree(unit: Command, context: CliContext): void {
  registerTree(unit, context);
  registerHistory(unit, context);
  registerLineage(unit, context);
  registerDiff(unit, context);
}
