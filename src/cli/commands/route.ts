import { type Command, Option } from 'commander';
import { IuError } from '../../contract/errors/index.js';
import {
  addRoute,
  findRoute,
  listRouteHistory,
  listRoutes,
  type RouteDetail,
  type RouteHistoryRow,
  type RouteRow,
  removeRoute,
  routeAttemptSummary,
  setRouteEnabled,
} from '../../store/routes.js';
import { type CliContext, withExamples } from '../context.js';
import { countedId, jsonObjectText, wholeNumber } from '../global-options.js';
import { RawJson, rawJson, renderJson } from '../json.js';
import { commandLineWithout, type PageOptions, withPaging } from '../paging.js';
import type { Printer } from '../printer.js';
import type { Column } from '../table.js';

/** Kinds of target that a route can name; those of the second line stay dry-run for ever. */
const targetKinds = [
  ...['sql_function', 'table', 'webhook', 'directus_flow', 'nats', 'kafka'],
  ...['workflow', 'vector', 'report', 'external_endpoint'],
] as const;

const routeColumns: readonly Column<RouteRow>[] = [
  { title: 'route', value: (row) => row.route_code },
  { title: 'kind', value: (row) => row.route_kind },
  { title: 'version', value: (row) => row.version, align: 'right' },
  {
    title: 'mode',
    value: (row) => row.mode,
    paint: (row, palette) =>
      row.mode === 'live' ? palette.green : row.mode === 'dry_run' ? palette.bold : palette.dim,
  },
  { title: 'domain', value: (row) => row.event_domain },
  { title: 'type', value: (row) => row.event_type },
  { title: 'stream', value: (row) => row.event_stream },
  { title: 'target', value: (row) => `${row.target_kind} ${row.target_ref}` },
];

interface ListOptions extends PageOptions {
  readonly kind?: string;
  readonly mode?: string;
  readonly targetKind?: string;
  readonly domain?: string;
  readonly withRemoved?: boolean;
}

function registerList(route: Command, context: CliContext): void {
  const list = route
    .command('list')
    .description('Routes by code, with what a pass would do now: disabled, dry_run or live')
    .addOption(new Option('--kind <kind>', 'only this kind').choices(['outbound', 'inbound']))
    .addOption(new Option('--mode <mode>', 'only in this mode').choices(['disabled', 'dry_run', 'live', 'removed']))
    .addOption(new Option('--target-kind <kind>', 'only with this kind of target').choices([...targetKinds, 'capture']))
    .option('--domain <domain>', 'only routes of this domain, as written in the route')
    .option('--with-removed', 'also those that are out of use');
  withExamples(withPaging(list), 'iu route list --mode dry_run').action(
    async (options: ListOptions, command: Command) => {
      const filter = options.mode === 'removed' ? { ...options, withRemoved: true } : options;
      const page = await context.withDatabase(command, ({ pool }) => listRoutes(pool, filter, options), {
        readOnlyAllowed: true,
      });
      const again = commandLineWithout(context.words, ['--after']);
      context.printer(command).page(page, { columns: routeColumns, whenEmpty: 'No route matches.', again });
    },
  );
}

function notThere(code: string): IuError {
  return new IuError('IU337', { message: `There is no route '${code}'.`, hint: '`iu route list` shows the routes.' });
}

const documents = ['target_config', 'retry_policy', 'payload_contract'] as const;

/** The route with its documents written as they are. */
function withDocuments(row: RouteDetail): Record<string, unknown> {
  const raw = documents.filter((name) => name in row).map((name) => [name, rawJson(row[name] as string | null)]);
  return { ...row, ...Object.fromEntries(raw) };
}

function routeLines(row: RouteDetail, printer: Printer): string[] {
  return printer.facts(
    Object.fromEntries(Object.entries(row).map(([name, value]) => [name.replaceAll('_', ' '), value ?? undefined])),
  );
}

function registerShow(route: Command, context: CliContext): void {
  withExamples(
    route
      .command('show')
      .description('One route with everything it says, and what its attempts came to')
      .argument('<code>', 'code of the route'),
    'iu route show crm',
  ).action(async (code: string, _options: object, command: Command) => {
    const printer = context.printer(command);
    const { row, attempts } = await context.withDatabase(
      command,
      async ({ pool }) => ({ row: await findRoute(pool, code), attempts: await routeAttemptSummary(pool, code) }),
      { readOnlyAllowed: true },
    );
    if (row === undefined) throw notThere(code);
    printer.result({ ...withDocuments(row), attempts }, () => [
      ...routeLines(row, printer),
      'attempts:',
      ...(attempts.length === 0
        ? ['  none']
        : attempts.map((line) => `  ${line.status} ${line.attempts}, first ${line.first_at}, last ${line.last_at}`)),
    ]);
  });
}

interface AddOptions {
  readonly targetKind: string;
  readonly targetRef: string;
  readonly domain?: string;
  readonly type?: string;
  readonly stream?: string;
  readonly filter?: string;
  readonly targetConfig?: string;
  readonly retryPolicy?: string;
  readonly ordering?: string;
  readonly onDeadLetter?: string;
  readonly ratePerSecond?: number;
  readonly maxConcurrency?: number;
  readonly note?: string;
}

/** The route as JSON text for the database; its documents stay as they were given. */
export function routeText(code: string, options: AddOptions): string {
  const document = (text: string | undefined) => (text === undefined ? undefined : new RawJson(text));
  return renderJson({
    route_code: code,
    event_domain: options.domain,
    event_type: options.type,
    event_stream: options.stream,
    filter: options.filter,
    target_kind: options.targetKind,
    target_ref: options.targetRef,
    target_config: document(options.targetConfig),
    retry_policy: document(options.retryPolicy),
    ordering: options.ordering,
    on_dead_letter: options.onDeadLetter,
    rate_per_second: options.ratePerSecond,
    max_concurrency: options.maxConcurrency,
    note: options.note,
  });
}

function registerAdd(route: Command, context: CliContext): void {
  withExamples(
    route
      .command('add')
      .description('Add a route: disabled and in dry-run, whatever else is said')
      .argument('<code>', 'code of the route; never used again, even after it was removed')
      .addOption(new Option('--target-kind <kind>', 'kind of target').choices(targetKinds).makeOptionMandatory())
      .requiredOption('--target-ref <ref>', 'the target: an address, a function, a subject')
      .option('--domain <pattern>', 'events of this domain; a * at the end stands for anything (default *)')
      .option('--type <pattern>', 'events of this type, such as structure_* (default *)')
      .option('--stream <pattern>', 'events of this stream (default *)')
      .option('--filter <jsonpath>', 'only events whose payload this jsonpath predicate accepts')
      .option('--target-config <json>', 'further settings of the target; secrets as references only', jsonObjectText)
      .option('--retry-policy <json>', 'when to try again', jsonObjectText)
      .addOption(new Option('--ordering <ordering>', 'order of delivery').choices(['none', 'subject']))
      .addOption(
        new Option('--on-dead-letter <what>', 'what a dead letter does to its subject').choices(['continue', 'hold']),
      )
      .option('--rate-per-second <count>', 'most sends a second', wholeNumber(1, 1_000_000))
      .option('--max-concurrency <count>', 'most sends at once', wholeNumber(1, 10_000))
      .option('--note <text>', 'what it is for'),
    "iu route add crm --target-kind webhook --target-ref https://crm.example/hook --domain iu --type 'version_*'",
  ).action(async (code: string, options: AddOptions, command: Command) => {
    const printer = context.printer(command);
    const row = await context.withDatabase(command, ({ pool }) => addRoute(pool, routeText(code, options)));
    printer.result(withDocuments(row), () => [
      `Route ${row.route_code}, version ${row.version}: added, disabled, in dry-run.`,
      `To let it decide in dry-run: iu route enable ${row.route_code} --reason TEXT`,
    ]);
  });
}

function registerSwitch(route: Command, context: CliContext, enabled: boolean): void {
  const verb = enabled ? 'enable' : 'disable';
  const description = enabled
    ? 'Let a route decide; enabling never makes it live'
    : 'Stop a route; events met meanwhile are decided skipped and can be revived';
  withExamples(
    route
      .command(verb)
      .description(description)
      .argument('<code>', 'code of the route')
      .requiredOption('--reason <text>', 'why; it stands in the history of the route'),
    `iu route ${verb} crm --reason 'trial run'`,
  ).action(async (code: string, options: { reason: string }, command: Command) => {
    const { reason } = options;
    const result = await context.withDatabase(command, ({ pool }) => setRouteEnabled(pool, code, enabled, reason));
    const mode = result.dry_run ? 'in dry-run' : 'not in dry-run';
    context
      .printer(command)
      .result(result, () => [
        `Route ${result.route_code}, version ${result.version}: ${result.enabled ? 'enabled' : 'disabled'}, ${mode}.`,
      ]);
  });
}

function registerRemove(route: Command, context: CliContext): void {
  withExamples(
    route
      .command('remove')
      .description('Take a route out of use for good; its row, history and attempts stay')
      .argument('<code>', 'code of the route')
      .requiredOption('--reason <text>', 'why; it stands in the history of the route'),
    "iu route remove crm --reason 'replaced by crm2'",
  ).action(async (code: string, options: { reason: string }, command: Command) => {
    const result = await context.withDatabase(command, ({ pool }) => removeRoute(pool, code, options.reason));
    context.printer(command).result(result ?? null, () => [`Route ${code} is removed; its code is never used again.`]);
  });
}

const historyColumns: readonly Column<RouteHistoryRow>[] = [
  { title: 'id', value: (row) => row.history_id, align: 'right' },
  { title: 'when', value: (row) => row.changed_at },
  { title: 'by', value: (row) => row.changed_by },
  { title: 'version', value: (row) => row.version, align: 'right' },
  { title: 'enabled', value: (row) => row.enabled },
  { title: 'dry-run', value: (row) => row.dry_run },
  { title: 'removed', value: (row) => row.removed },
  { title: 'note', value: (row) => row.note },
];

function registerHistory(route: Command, context: CliContext): void {
  const history = route
    .command('history')
    .description('Every state that a route had, newest first')
    .argument('<code>', 'code of the route');
  withExamples(withPaging(history, countedId), 'iu route history crm --limit 10').action(
    async (code: string, options: PageOptions, command: Command) => {
      const page = await context.withDatabase(
        command,
        async ({ pool }) => {
          if ((await findRoute(pool, code)) === undefined) throw notThere(code);
          return listRouteHistory(pool, code, options);
        },
        { readOnlyAllowed: true },
      );
      const items = page.items.map((row) => ({ ...row, route: rawJson(row.route) }));
      const printer = context.printer(command);
      const again = commandLineWithout(context.words, ['--after']);
      const view = { columns: historyColumns, whenEmpty: 'No state is recorded.', again };
      if (printer.json) printer.result({ items, next: page.next }, () => []);
      else printer.page(page, view);
    },
  );
}

/** `iu route list|show|add|enable|disable|remove|history`. */
export function register(program: Command, context: CliContext): void {
  const route = withExamples(program.command('route').description('Which events go where'), 'iu route list');
  registerList(route, context);
  registerShow(route, context);
  registerAdd(route, context);
  registerSwitch(route, context, true);
  registerSwitch(route, context, false);
  registerRemove(route, context);
  registerHistory(route, context);
}
