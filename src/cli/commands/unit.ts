import { type Command, Option } from 'commander';
import { listUnits, type UnitFilter, type UnitRow, type VersionRow } from '../../store/unit-pages.js';
import { type ShownUnit, showUnit, unitText } from '../../structure/unit.js';
import { type CliContext, withExamples } from '../context.js';
import { wholeNumber } from '../global-options.js';
import { commandLineWithout, type PageOptions, withPaging } from '../paging.js';
import type { Printer } from '../printer.js';
import type { Column } from '../table.js';
import { registerUnitTree } from './unit-tree.js';

const statuses = ['draft', 'enacted', 'superseded', 'retired', 'deprecated'] as const;

const unitColumns: readonly Column<UnitRow>[] = [
  { title: 'address', value: (row) => row.canonical_address },
  { title: 'kind', value: (row) => row.unit_kind },
  { title: 'status', value: (row) => row.lifecycle_status },
  { title: 'version', value: (row) => row.version_seq, align: 'right' },
  { title: 'changed', value: (row) => row.updated_at },
  { title: 'title', value: (row) => row.title },
];

const versionColumns: readonly Column<VersionRow>[] = [
  { title: 'version', value: (row) => row.version_seq, align: 'right' },
  { title: 'status', value: (row) => row.lifecycle_status },
  { title: 'written', value: (row) => row.created_at },
  { title: 'by', value: (row) => row.created_by },
  { title: 'enacted', value: (row) => row.enacted_at },
  { title: 'bytes', value: (row) => row.body_bytes, align: 'right' },
  { title: 'sha256', value: (row) => row.content_hash },
];

function registerList(unit: Command, context: CliContext): void {
  const list = unit
    .command('list')
    .description('Information units by address')
    .option('--kind <kind>', 'only this kind')
    .addOption(new Option('--status <status>', 'only in this state').choices(statuses))
    .option('--under <address>', 'only the children of this unit, and the documents of this collection')
    .option('--documents', 'only documents: units without a parent')
    .option('--deleted', 'only deleted ones, which other lists leave out');
  withExamples(withPaging(list), 'iu unit list --documents').action(
    async (options: PageOptions & UnitFilter, command: Command) => {
      const page = await context.withDatabase(command, ({ pool }) => listUnits(pool, options, options), {
        readOnlyAllowed: true,
      });
      const again = commandLineWithout(context.words, ['--after']);
      context.printer(command).page(page, { columns: unitColumns, whenEmpty: 'No unit matches.', again });
    },
  );
}

interface ShowOptions {
  readonly body?: boolean;
  readonly ofVersion?: number;
}

function unitLines(unit: ShownUnit, printer: Printer): string[] {
  const above = unit.ancestors.map((ancestor) => ancestor.canonical_address).join(' > ');
  return [
    ...printer.facts({
      address: unit.canonical_address,
      id: unit.id,
      kind: unit.unit_kind,
      title: unit.title ?? undefined,
      status: unit.lifecycle_status,
      deleted: unit.deleted_at ?? undefined,
      owner: unit.owner_ref,
      collection: unit.collection_address ?? undefined,
      above: above === '' ? undefined : above,
      children: unit.children,
      changed: unit.updated_at,
    }),
    ...printer.table(versionColumns, unit.versions),
  ];
}

function registerShow(unit: Command, context: CliContext): void {
  withExamples(
    unit
      .command('show')
      .description(
        'One unit, what stands above it, its versions; with --body only the text of one version, byte for byte',
      )
      .argument('<unit>', 'address or id of the unit')
      .option('--body', 'print the text of the current version')
      .option('--of-version <number>', 'with --body: of this version instead', wholeNumber(1, 2_147_483_647)),
    'iu unit show li/constitution --body',
  ).action(async (name: string, options: ShowOptions, command: Command) => {
    const printer = context.printer(command);
    const { found, body } = await context.withDatabase(
      command,
      async ({ pool }) => ({
        found: await showUnit(pool, name),
        body: options.body === true ? await unitText(pool, name, options.ofVersion) : undefined,
      }),
      { readOnlyAllowed: true },
    );
    if (body !== undefined && !printer.json) context.surroundings.stdout.write(body);
    else printer.result({ ...found, body }, () => unitLines(found, printer));
  });
}

/** `iu unit list|show|tree|history|lineage|diff`. */
export function register(program: Command, context: CliContext): void {
  const unit = withExamples(
    program.command('unit').description('Information units and their versions'),
    'iu unit list',
  );
  registerList(unit, context);
  registerShow(unit, context);
  registerUnitTree(unit, context);
}
