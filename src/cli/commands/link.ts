import { type Command, Option } from 'commander';
import { exitCodes } from '../../contract/errors/exit-codes.js';
import { IuError } from '../../contract/errors/index.js';
import type { ListPage } from '../../store/listing.js';
import {
  addSqlLink,
  linkDirections,
  linkVerdicts,
  listSqlLinks,
  retireSqlLink,
  type SqlLinkFilter,
  type SqlLinkRow,
  type SqlObjectKind,
  sqlObjectKinds,
  type ValidatedLink,
  type ValidationFilter,
  validateSqlLink,
  validateSqlLinks,
} from '../../store/sql-links.js';
import { type CliContext, withExamples } from '../context.js';
import { jsonObjectText, uuidText } from '../global-options.js';
import { rawJson } from '../json.js';
import { commandLineWithout, type PageOptions, withPaging } from '../paging.js';
import type { Column } from '../table.js';

function objectName(row: SqlLinkRow): string {
  if (row.object_kind === 'function') return row.function_identity ?? '';
  const parts = [row.object_schema, row.object_name, row.trigger_name ?? row.column_name];
  return `${parts.filter((part) => part !== null).join('.')}${row.row_pk === null ? '' : ` ${row.row_pk}`}`;
}

const nameColumns: readonly Column<SqlLinkRow>[] = [
  { title: 'link', value: (row) => row.link_id },
  { title: 'unit', value: (row) => row.canonical_address },
  { title: 'role', value: (row) => row.link_role },
  { title: 'kind', value: (row) => row.object_kind },
  { title: 'object', value: objectName },
];

const validatedColumns: readonly Column<ValidatedLink>[] = [
  ...nameColumns,
  { title: 'found', value: (row) => row.status },
];

const columns: readonly Column<SqlLinkRow>[] = [
  ...nameColumns,
  { title: 'there', value: (row) => (row.object_exists ? 'yes' : 'no') },
  { title: 'status', value: (row) => row.lifecycle_status },
  { title: 'by', value: (row) => row.created_by },
];

function showLinks<Row extends SqlLinkRow>(
  page: ListPage<Row>,
  shown: readonly Column<Row>[],
  context: CliContext,
  command: Command,
): void {
  const printer = context.printer(command);
  const items = printer.json ? page.items.map((row) => ({ ...row, row_pk: rawJson(row.row_pk) as never })) : page.items;
  const again = commandLineWithout(context.words, ['--after']);
  printer.page({ ...page, items }, { columns: shown, whenEmpty: 'No link matches.', again });
}

function registerList(link: Command, context: CliContext): void {
  const list = link
    .command('list')
    .description('Which unit governs, describes or is about which object of the database')
    .option('--unit <unit>', 'only of this unit: address or id')
    .option('--document <unit>', 'only of the units of this document: address or id')
    .addOption(
      new Option('--status <status>', 'only in this state').choices(['draft', 'enacted', 'superseded', 'retired']),
    )
    .addOption(new Option('--kind <kind>', 'only to objects of this kind').choices(sqlObjectKinds))
    .option('--missing', 'only those whose object is not there');
  withExamples(withPaging(list, uuidText), 'iu link list --unit law/5').action(
    async ({ missing, ...filter }: PageOptions & SqlLinkFilter & { missing?: boolean }, command: Command) => {
      const wishes = { ...filter, exists: missing === true ? false : undefined };
      const page = await context.withDatabase(command, ({ pool }) => listSqlLinks(pool, wishes, filter), {
        readOnlyAllowed: true,
      });
      showLinks(page, columns, context, command);
    },
  );
}

interface AddOptions {
  readonly actor: string;
  readonly role: string;
  readonly kind: SqlObjectKind;
  readonly objectSchema?: string;
  readonly name?: string;
  readonly collection?: string;
  readonly rowPk?: string;
  readonly function?: string;
  readonly trigger?: string;
  readonly column?: string;
  readonly direction?: (typeof linkDirections)[number];
}

function registerAdd(link: Command, context: CliContext): void {
  withExamples(
    link
      .command('add')
      .description('Link a living unit to an object of the database; the same link is made once while it lives')
      .argument('<unit>', 'address or id of the unit')
      .requiredOption('--actor <name>', 'who does it; stands beside the database login')
      .requiredOption('--role <role>', 'what the unit is to the object, such as governs')
      .addOption(new Option('--kind <kind>', 'of the object').choices(sqlObjectKinds).makeOptionMandatory())
      .option('--object-schema <schema>', 'its schema; that of the installation unless said')
      .option('--name <name>', 'of a table or view, or of the table of a row, column or trigger')
      .option('--row-pk <json>', 'primary key of a row: {"id": 7}', jsonObjectText)
      .option('--column <name>', 'of a column')
      .option('--trigger <name>', 'of a trigger')
      .option('--function <identity>', 'of a function, with its arguments: f(integer)')
      .option('--collection <name>', 'of a Directus collection')
      .addOption(new Option('--direction <direction>', 'outbound unless said').choices(linkDirections)),
    'iu link add law/5 --role governs --kind table --name orders --actor ann',
  ).action(async (unit: string, options: AddOptions, command: Command) => {
    const answer = await context.withDatabase(command, ({ pool }) =>
      addSqlLink(
        pool,
        {
          unit,
          link_role: options.role,
          object_kind: options.kind,
          object_schema: options.objectSchema,
          object_name: options.name,
          collection_name: options.collection,
          row_pk: options.rowPk,
          function_identity: options.function,
          trigger_name: options.trigger,
          column_name: options.column,
          direction: options.direction,
        },
        options.actor,
      ),
    );
    const printer = context.printer(command);
    printer.result(answer, () =>
      printer.facts({ link: answer.link_id, status: answer.status, 'object there': answer.object_exists }),
    );
    printer.note(`keep what the object looks like today: iu link validate ${answer.link_id} --accept`);
  });
}

interface ValidateOptions extends PageOptions, ValidationFilter {
  readonly accept?: boolean;
}

async function validateOne(id: string, accept: boolean, context: CliContext, command: Command): Promise<boolean> {
  const verdict = await context.withDatabase(command, ({ pool }) => validateSqlLink(pool, id, accept));
  const printer = context.printer(command);
  printer.result(verdict, () =>
    printer.facts({
      link: verdict.link_id,
      kind: verdict.object_kind,
      status: verdict.status,
      fingerprint: verdict.fingerprint ?? undefined,
      accepted: verdict.accepted_fingerprint ?? undefined,
    }),
  );
  return isWrong(verdict);
}

async function validateMany(options: ValidateOptions, context: CliContext, command: Command): Promise<boolean> {
  const page = await context.withDatabase(command, ({ pool }) => validateSqlLinks(pool, options, options));
  showLinks(page, validatedColumns, context, command);
  return page.items.some(isWrong);
}

const isWrong = ({ status }: Pick<ValidatedLink, 'status'>) => status === 'drifted' || status === 'missing';

function registerValidate(link: Command, context: CliContext): void {
  const validate = link
    .command('validate')
    .description(
      'Compare a link, or every living one, with the objects of today: valid, drifted, missing, or unfingerprinted; exit code 2 for drifted and missing ones',
    )
    .argument('[link]', 'id of the link; every living link when none is named', uuidText)
    .option('--unit <unit>', 'only of this unit: address or id')
    .option('--document <unit>', 'only of the units of this document: address or id')
    .addOption(new Option('--status <status>', 'only with this outcome').choices(linkVerdicts))
    .option('--accept', 'keep what the object looks like today; of many with --unit or --document');
  withExamples(
    withPaging(validate, uuidText),
    'iu link validate --document law --status drifted',
    'iu link validate 0b6b3f5e-3c0e-4c55-9a6f-0d3a4f1c2b7a --accept',
  ).action(async (id: string | undefined, options: ValidateOptions, command: Command) => {
    const { unit, document, status, accept } = options;
    const narrowed = unit !== undefined || document !== undefined;
    if (id !== undefined && (narrowed || status !== undefined))
      throw new IuError('IU030', { message: 'Name one link, or say which ones with --unit, --document and --status.' });
    if (id === undefined && accept === true && !narrowed)
      throw new IuError('IU030', { message: 'Accept one link, or those of a --unit or a --document.' });
    const wrong = await (id === undefined
      ? validateMany(options, context, command)
      : validateOne(id, accept === true, context, command));
    if (wrong) context.endWith(exitCodes.unhealthy);
  });
}

function registerRetire(link: Command, context: CliContext): void {
  withExamples(
    link
      .command('retire')
      .description('End a link; it stays in the list and is no longer in the way of an operation')
      .argument('<link>', 'id of the link', uuidText)
      .requiredOption('--actor <name>', 'who does it; stands beside the database login')
      .requiredOption('--reason <text>', 'why; it stays with the link'),
    "iu link retire 0b6b3f5e-3c0e-4c55-9a6f-0d3a4f1c2b7a --actor ann --reason 'the table is gone'",
  ).action(async (id: string, { actor, reason }: { actor: string; reason: string }, command: Command) => {
    const answer = await context.withDatabase(command, ({ pool }) => retireSqlLink(pool, id, actor, reason));
    const printer = context.printer(command);
    printer.result(answer, () => printer.facts({ link: answer.link_id, status: answer.status }));
  });
}

/** `iu link list|add|validate|retire`. */
export function register(program: Command, context: CliContext): void {
  const link = withExamples(
    program.command('link').description('Links from units to objects of the database'),
    'iu link list',
  );
  registerList(link, context);
  registerAdd(link, context);
  registerValidate(link, context);
  registerRetire(link, context);
}
