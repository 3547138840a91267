import { type Command, Option } from 'commander';
import { type ApprovalRow, findRouteFlow, listApprovals, type RouteFlow } from '../../store/going-live.js';
import {
  findRoute,
  listRouteHistory,
  listRoutes,
  type RouteAttemptSummary,
  type RouteDetail,
  type RouteHistoryRow,
  type RouteRow,
  routeAttemptSummary,
} from '../../store/routes.js';
import { type CliContext, withExamples } from '../context.js';
import { countedId } from '../global-options.js';
import { rawJson } from '../json.js';
import { commandLineWithout, type PageOptions, withPaging } from '../paging.js';
import type { Printer } from '../printer.js';
import type { Column } from '../table.js';
import { routeNotThere, targetKinds } from './options.js';

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

/** `iu route list`. */
export function registerList(route: Command, context: CliContext): void {
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

const documents = ['target_config', 'retry_policy', 'payload_contract'] as const;

/** The route with its documents written as they are. */
export function withDocuments(row: RouteDetail): Record<string, unknown> {
  const raw = documents.filter((name) => name in row).map((name) => [name, rawJson(row[name] as string | null)]);
  return { ...row, ...Object.fromEntries(raw) };
}

function routeLines(row: RouteDetail, printer: Printer): string[] {
  return printer.facts(
    Object.fromEntries(Object.entries(row).map(([name, value]) => [name.replaceAll('_', ' '), value ?? undefined])),
  );
}

/** What `iu route show` knows about the way a route sends; null for an inbound route. */
interface Sending {
  readonly flow: RouteFlow | undefined;
  /** The newest request or approval. */
  readonly approval: ApprovalRow | null;
}

function sendingLines({ flow, approval }: Sending, printer: Printer): string[] {
  if (flow === undefined) return [];
  const { retry_delays_seconds: delays, ...rest } = flow;
  const facts = (title: string, values: Readonly<Record<string, unknown>>) => [
    title,
    ...printer
      .facts(
        Object.fromEntries(
          Object.entries(values).map(([name, value]) => [name.replaceAll('_', ' '), value ?? undefined]),
        ),
      )
      .map((line) => `  ${line}`),
  ];
  return [
    `retries: ${delays.length + 1} sends, ${delays.length === 0 ? 'none again' : `again after ${delays.join(', ')} s`}, then a dead letter`,
    ...facts('deliveries:', { ...rest }),
    ...(approval === null ? ['approval: never asked for'] : facts('approval:', { ...approval })),
  ];
}

function attemptLines(attempts: readonly RouteAttemptSummary[]): string[] {
  if (attempts.length === 0) return ['attempts:', '  none'];
  return [
    'attempts:',
    ...attempts.map((line) => `  ${line.status} ${line.attempts}, first ${line.first_at}, last ${line.last_at}`),
  ];
}

/** `iu route show`. */
export function registerShow(route: Command, context: CliContext): void {
  withExamples(
    route
      .command('show')
      .description(
        'One route with everything it says, its approval, what holds its deliveries, and what its attempts came to',
      )
      .argument('<code>', 'code of the route'),
    'iu route show crm',
  ).action(async (code: string, _options: object, command: Command) => {
    const printer = context.printer(command);
    const { row, attempts, sending } = await context.withDatabase(
      command,
      async ({ pool }) => ({
        row: await findRoute(pool, code),
        attempts: await routeAttemptSummary(pool, code),
        sending: {
          flow: await findRouteFlow(pool, code),
          approval: (await listApprovals(pool, { route: code }, { limit: 1 })).items[0] ?? null,
        },
      }),
      { readOnlyAllowed: true },
    );
    if (row === undefined) throw routeNotThere(code);
    printer.result({ ...withDocuments(row), ...sending, attempts }, () => [
      ...routeLines(row, printer),
      ...sendingLines(sending, printer),
      ...attemptLines(attempts),
    ]);
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

/** `iu route history`. */
export function registerHistory(route: Command, context: CliContext): void {
  const history = route
    .command('history')
    .description('Every state that a route had, newest first')
    .argument('<code>', 'code of the route');
  withExamples(withPaging(history, countedId), 'iu route history crm --limit 10').action(
    async (code: string, options: PageOptions, command: Command) => {
      const page = await context.withDatabase(
        command,
        async ({ pool }) => {
          if ((await findRoute(pool, code)) === undefined) throw routeNotThere(code);
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
