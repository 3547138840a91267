import type { Command } from 'commander';
import {
  type LineageRow,
  readLineage,
  readUnitAt,
  readUnitHistory,
  readUnitTree,
  type UnitAtRow,
  type UnitHistoryRow,
} from '../../store/unit-tree.js';
import { versionDiff } from '../../structure/version-diff.js';
import { type CliContext, withExamples } from '../context.js';
import { pointInTime, wholeNumber } from '../global-options.js';
import type { Column } from '../table.js';

const wholePage = <Row>(items: readonly Row[]) => ({ items, next: null });

function registerTree(unit: Command, context: CliContext): void {
  withExamples(
    unit
      .command('tree')
      .description('A unit and everything below it in reading order; with --at a document as it stood at that moment')
      .argument('<unit>', 'address or id of the unit')
      .option('--levels <count>', 'only so many levels below it', wholeNumber(0, 127))
      .option('--at <time>', 'as it stood then; the unit is a document', pointInTime),
    'iu unit tree li/constitution --levels 1',
  ).action(async (name: string, options: { levels?: number; at?: string }, command: Command) => {
    const rows = await context.withDatabase(command, ({ pool }) => readUnitTree(pool, name, options), {
      readOnlyAllowed: true,
    });
    const top = rows[0]?.depth ?? 0;
    context.printer(command).result(wholePage(rows), () =>
      rows.map((row) => {
        const number = row.section_code === null ? '' : ` (${row.section_code})`;
        return `${'  '.repeat(row.depth - top)}${row.canonical_address}${number} ${row.lifecycle_status}`;
      }),
    );
  });
}

const lineageColumns: readonly Column<LineageRow>[] = [
  { title: 'direction', value: (row) => row.direction },
  { title: 'relation', value: (row) => row.relation_type },
  { title: 'unit', value: (row) => row.related_address },
  { title: 'status', value: (row) => row.relation_status },
  { title: 'operation', value: (row) => row.operation_id, align: 'right' },
  { title: 'since', value: (row) => row.valid_from },
];

function registerLineage(unit: Command, context: CliContext): void {
  withExamples(
    unit
      .command('lineage')
      .description('Where the text of a unit came from (earlier) and where it went (later), however many steps away')
      .argument('<unit>', 'address or id of the unit')
      .option('--retired', 'also what was rolled back'),
    'iu unit lineage li/constitution/art-5',
  ).action(async (name: string, options: { retired?: boolean }, command: Command) => {
    const rows = await context.withDatabase(command, ({ pool }) => readLineage(pool, name, options.retired === true), {
      readOnlyAllowed: true,
    });
    const view = { columns: lineageColumns, whenEmpty: 'It was never split, merged or replaced.', again: '' };
    context.printer(command).page(wholePage(rows), view);
  });
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
  { title: 'version', value: (row) => row.version_seq, align: 'right' },
];

function registerHistory(unit: Command, context: CliContext): void {
  withExamples(
    unit
      .command('history')
      .description('What happened to a unit, oldest first; with --at what was at that address at a moment')
      .argument('<unit>', 'address or id; with --at also the document followed by numbers, such as li/2/5')
      .option('--at <time>', 'what was there then', pointInTime),
    'iu unit history li/constitution/art-5',
  ).action(async (name: string, options: { at?: string }, command: Command) => {
    const printer = context.printer(command);
    const { at } = options;
    if (at !== undefined) {
      const rows = await context.withDatabase(command, ({ pool }) => readUnitAt(pool, name, at), {
        readOnlyAllowed: true,
      });
      printer.page(wholePage(rows), { columns: atColumns, whenEmpty: 'Nothing was there then.', again: '' });
      return;
    }
    const rows = await context.withDatabase(command, ({ pool }) => readUnitHistory(pool, name), {
      readOnlyAllowed: true,
    });
    printer.page(wholePage(rows), { columns: historyColumns, whenEmpty: 'Nothing is recorded.', again: '' });
  });
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
    printer.result(found, () => [
      `version ${found.from} -> ${found.to}`,
      ...found.changes.map((change) => `${change.kind === 'added' ? '+' : '-'} ${change.line} ${change.text}`),
    ]);
  });
}

/** `iu unit tree|history|lineage|diff`. */
export function registerUnitTree(unit: Command, context: CliContext): void {
  registerTree(unit, context);
  registerHistory(unit, context);
  registerLineage(unit, context);
  registerDiff(unit, context);
}
