import { type Command, Option } from 'commander';
import { IuError } from '../../contract/errors/index.js';
import { findUnit, listUnits, type UnitRow, type VersionRow, versionBody } from '../../store/unit-pages.js';
import { type CliContext, withExamples } from '../context.js';
import { wholeNumber } from '../global-options.js';
import { commandLineWithout, type PageOptions, withPaging } from '../paging.js';
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

interface ListOptions extends PageOptions {
  readonly kind?: string;
  readonly status?: string;
  readonly under?: string;
  readonly documents?: boolean;
}

function registerList(unit: Command, context: CliContext): void {
  const list = unit
    .command('list')
    .description('Information units by address')
    .option('--kind <kind>', 'only this kind')
    .addOption(new Option('--status <status>', 'only in this state').choices(statuses))
    .option('--under <address>', 'only the children of this unit')
    .option('--documents', 'only documents: units without a parent');
  withExamples(withPaging(list), 'iu unit list --documents').action(async (options: ListOptions, command: Command) => {
    const page = await context.withDatabase(command, ({ pool }) => listUnits(pool, options, options), {
      readOnlyAllowed: true,
    });
    const again = commandLineWithout(context.words, ['--after']);
    context.printer(command).page(page, { columns: unitColumns, whenEmpty: 'No unit matches.', again });
  });
}

interface ShowOptions {
  readonly body?: boolean;
  readonly ofVersion?: number;
}

function registerShow(unit: Command, context: CliContext): void {
  withExamples(
    unit
      .command('show')
      .description('One unit with its versions; with --body only the text of one version, byte for byte')
      .argument('<unit>', 'address or id of the unit')
      .option('--body', 'print the text of the current version')
      .option('--of-version <number>', 'with --body: of this version instead', wholeNumber(1, 2_147_483_647)),
    'iu unit show li/constitution --body',
  ).action(async (name: string, options: ShowOptions, command: Command) => {
    const printer = context.printer(command);
    const { found, body } = await context.withDatabase(
      command,
      async ({ pool }) => {
        const detail = await findUnit(pool, name);
        const version = options.ofVersion ?? detail?.unit.version_seq;
        if (detail === undefined || options.body !== true || version === null || version === undefined) {
          return { found: detail, body: undefined };
        }
        return { found: detail, body: await versionBody(pool, detail.unit.id, version) };
      },
      { readOnlyAllowed: true },
    );
    if (found === undefined || (options.body === true && body === undefined)) {
      throw new IuError('IU033', { message: 'There is no such unit or version.', hint: '`iu unit list` shows them.' });
    }
    if (body !== undefined && !printer.json) {
      context.surroundings.stdout.write(body);
      return;
    }
    printer.result({ ...found.unit, versions: found.versions, body }, () => [
      ...printer.facts({
        address: found.unit.canonical_address,
        id: found.unit.id,
        kind: found.unit.unit_kind,
        title: found.unit.title ?? undefined,
        status: found.unit.lifecycle_status,
        owner: found.unit.owner_ref,
        parent: found.unit.parent_id ?? undefined,
        children: found.unit.children,
        changed: found.unit.updated_at,
      }),
      ...printer.table(versionColumns, found.versions),
    ]);
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
