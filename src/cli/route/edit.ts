import type { Command } from 'commander';
import { changeRoute, type RouteDifference, routeDifference } from '../../store/going-live.js';
import { addRoute, removeRoute, setRouteEnabled } from '../../store/routes.js';
import { type CliContext, withExamples } from '../context.js';
import { pointInTime, wholeNumber } from '../global-options.js';
import { renderJson } from '../json.js';
import type { Printer } from '../printer.js';
import { withDocuments } from './look.js';
import {
  type ChangeOptions,
  changeText,
  type RouteOptions,
  routeMembers,
  withChangeOptions,
  withRouteOptions,
} from './options.js';

interface AddOptions extends RouteOptions {
  readonly note?: string;
}

/** `iu route add`. */
export function registerAdd(route: Command, context: CliContext): void {
  withExamples(
    withRouteOptions(
      route
        .command('add')
        .description('Add a route: disabled and in dry-run, whatever else is said')
        .argument('<code>', 'code of the route; never used again, even after it was removed'),
      true,
    ).option('--note <text>', 'what it is for'),
    "iu route add crm --target-kind webhook --target-ref https://crm.example/hook --domain iu --type 'version_*'",
  ).action(async (code: string, options: AddOptions, command: Command) => {
    const printer = context.printer(command);
    const text = renderJson({ route_code: code, ...routeMembers(options), note: options.note });
    const row = await context.withDatabase(command, ({ pool }) => addRoute(pool, text));
    printer.result(withDocuments(row), () => [
      `Route ${row.route_code}, version ${row.version}: added, disabled, in dry-run.`,
      `To let it decide in dry-run: iu route enable ${row.route_code} --reason TEXT`,
    ]);
  });
}

/** `iu route change`. */
export function registerChange(route: Command, context: CliContext): void {
  withExamples(
    withChangeOptions(
      route
        .command('change')
        .description(
          'Change a route: a new version, back in dry-run, its approval void; iu route diff shows before what it does',
        )
        .argument('<code>', 'code of the route')
        .requiredOption('--reason <text>', 'why; it stands in the history of the route'),
    ),
    "iu route change crm --filter '$.amount > 100' --reason 'large orders only'",
    "iu route change crm --clear filter --reason 'all orders'",
  ).action(async (code: string, options: ChangeOptions & { reason: string }, command: Command) => {
    const result = await context.withDatabase(command, ({ pool }) =>
      changeRoute(pool, code, changeText(options), options.reason),
    );
    context.printer(command).result(result, () => {
      if (result.version === result.version_before)
        return [`Route ${code}, version ${result.version}: nothing differs.`];
      return [
        `Route ${code}: version ${result.version_before} is now version ${result.version}, in dry-run.`,
        ...(result.was_live ? ['It was live and is not any more.'] : []),
        ...(result.approval_voided === null
          ? []
          : [`Approval ${result.approval_voided} was for the old version and is void.`]),
        ...(result.deliveries_waiting === 0
          ? []
          : [`${result.deliveries_waiting} deliveries wait until this version is live.`]),
      ];
    });
  });
}

function differenceLines(result: RouteDifference, printer: Printer): string[] {
  const seen = `${result.examined} events looked at${result.complete ? '' : ', there are more'}, ${result.differ} would be decided differently.`;
  if (result.differ === 0) return [seen];
  return [
    seen,
    ...printer.table(
      [
        { title: 'now', value: (row) => row.from },
        { title: 'changed', value: (row) => row.to },
        { title: 'events', value: (row) => row.events, align: 'right' },
      ],
      result.changes,
    ),
    'for example:',
    ...printer.table(
      [
        { title: 'event', value: (row) => row.event_seq, align: 'right' },
        { title: 'id', value: (row) => row.event_id },
        { title: 'now', value: (row) => row.from },
        { title: 'changed', value: (row) => row.to },
      ],
      result.samples,
    ),
    ...(result.voids_approval ? ['The change would void the approval of this route.'] : []),
  ];
}

/** `iu route diff`. */
export function registerDiff(route: Command, context: CliContext): void {
  withExamples(
    withChangeOptions(
      route
        .command('diff')
        .description('What a changed route would decide differently about past events; writes nothing')
        .argument('<code>', 'code of the route')
        .option('--since <time>', 'only events since then, such as 7d or 2026-03-01', pointInTime)
        .option('--events <count>', 'most events to look at, the newest first', wholeNumber(1, 100_000), 10_000),
    ),
    "iu route diff crm --filter '$.amount > 100' --since 7d",
  ).action(async (code: string, options: ChangeOptions & { since?: string; events: number }, command: Command) => {
    const printer = context.printer(command);
    const wishes = { since: options.since, limit: options.events };
    const result = await context.withDatabase(
      command,
      ({ pool }) => routeDifference(pool, code, changeText(options), wishes),
      { readOnlyAllowed: true },
    );
    printer.result(result, () => differenceLines(result, printer));
  });
}

/** `iu route enable` and `iu route disable`. */
export function registerSwitch(route: Command, context: CliContext, enabled: boolean): void {
  const verb = enabled ? 'enable' : 'disable';
  const description = enabled
    ? 'Let a route decide, as it was: one that was live and is still approved sends again'
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
    // Said whole: who enables a route that was live would not expect it to send by that.
    const live = enabled ? 'live, and sends what waits' : 'and live again when it is enabled, while its approval lasts';
    const mode = result.dry_run ? 'in dry-run' : live;
    context
      .printer(command)
      .result(result, () => [
        `Route ${result.route_code}, version ${result.version}: ${result.enabled ? 'enabled' : 'disabled'}, ${mode}.`,
      ]);
  });
}

/** `iu route remove`. */
export function registerRemove(route: Command, context: CliContext): void {
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
