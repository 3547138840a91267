import { type Command, Option } from 'commander';
import { IuError } from '../../contract/errors/index.js';
import {
  type AttemptDetail,
  type AttemptRow,
  findAttempt,
  listAttempts,
  type ReconciledAttempt,
  reconcileAttempt,
} from '../../store/attempts.js';
import { type CliContext, withExamples } from '../context.js';
import { countedId, eventIdOrSeq, pointInTime } from '../global-options.js';
import { rawJson } from '../json.js';
import { commandLineWithout, type PageOptions, withPaging } from '../paging.js';
import type { Palette } from '../palette.js';
import { noteUnknownRoute } from '../route/unknown-route.js';
import type { Column } from '../table.js';

/** Every status that an attempt can have. */
const attemptStatuses = ['dry_run', 'skipped', 'queued', 'failed', 'sent', 'unknown', 'cancelled', 'pending'] as const;

/** Colour of a status: red for what needs somebody, yellow for what did nothing, green for what went well. */
function paintStatus(status: string, palette: Palette): (text: string) => string {
  if (status === 'failed' || status === 'unknown') return palette.red;
  if (status === 'skipped' || status === 'cancelled') return palette.yellow;
  return palette.green;
}

const attemptColumns: readonly Column<AttemptRow>[] = [
  { title: 'id', value: (row) => row.attempt_id, align: 'right' },
  { title: 'when', value: (row) => row.started_at },
  { title: 'event', value: (row) => row.event_seq, align: 'right' },
  { title: 'route', value: (row) => row.route_code },
  { title: 'version', value: (row) => row.route_version, align: 'right' },
  { title: 'no', value: (row) => row.attempt_no, align: 'right' },
  { title: 'status', value: (row) => row.status, paint: (row, palette) => paintStatus(row.status, palette) },
  {
    title: 'reason',
    value: (row) =>
      row.reconciled_as === null
        ? (row.failure_code ?? row.reason)
        : `${row.failure_code ?? row.reason}, reconciled as ${row.reconciled_as}`,
  },
];

interface ListOptions extends PageOptions {
  readonly route?: string;
  readonly status?: string;
  readonly reason?: string;
  readonly kind?: string;
  readonly event?: string;
  readonly run?: string;
  readonly since?: string;
  readonly until?: string;
  readonly unreconciled?: boolean;
  readonly oldestFirst?: boolean;
}

function registerList(attempt: Command, context: CliContext): void {
  const list = attempt
    .command('list')
    .description('Decisions and sends, newest first')
    .option('--route <code>', 'only of this route; - for events without a route')
    .addOption(new Option('--status <status>', 'only with this status').choices(attemptStatuses))
    .option('--reason <reason>', 'only with this reason, such as no_route, route_disabled or filtered')
    .addOption(new Option('--kind <kind>', 'only this kind of route').choices(['outbound', 'inbound']))
    .option('--event <id>', 'only of this event (its id or seq)', eventIdOrSeq)
    .option('--run <id>', 'only of this pass', countedId)
    .option('--since <time>', 'only since then, such as 2h or 2026-03-01', pointInTime)
    .option('--until <time>', 'only before then', pointInTime)
    .option('--unreconciled', 'with --status unknown: only those that neither a person nor a later send has cleared up')
    .option('--oldest-first', 'in the order of decision');
  withExamples(
    withPaging(list, countedId),
    'iu attempt list --status failed --since 1d',
    'iu attempt list --status unknown --unreconciled',
    'iu attempt list --event 42 --json',
  ).action(async (options: ListOptions, command: Command) => {
    const { event, ...rest } = options;
    const isUuid = event?.includes('-') === true;
    const filter = {
      ...rest,
      eventId: isUuid ? event : undefined,
      eventSeq: isUuid ? undefined : event,
      reconciled: options.unreconciled === true ? false : undefined,
    };
    const printer = context.printer(command);
    const page = await context.withDatabase(
      command,
      async ({ pool }) => {
        const found = await listAttempts(pool, filter, options);
        if (found.items.length === 0) await noteUnknownRoute(pool, printer, options.route);
        return found;
      },
      { readOnlyAllowed: true },
    );
    const again = commandLineWithout(context.words, ['--after']);
    printer.page(page, { columns: attemptColumns, whenEmpty: 'No attempt matches.', again });
  });
}

function registerShow(attempt: Command, context: CliContext): void {
  withExamples(
    attempt
      .command('show')
      .description('One decision or send, with the request that a dry run would have sent')
      .argument('<id>', 'id of the attempt', countedId),
    'iu attempt show 17',
  ).action(async (id: string, _options: object, command: Command) => {
    const row = await context.withDatabase(command, ({ pool }) => findAttempt(pool, id), { readOnlyAllowed: true });
    if (row === undefined)
      throw new IuError('IU033', { message: `There is no attempt ${id}.`, hint: '`iu attempt list` shows them.' });
    const printer = context.printer(command);
    printer.result({ ...row, payload_snapshot: rawJson(row.payload_snapshot) }, () => [
      ...printer.facts(factsOf(row)),
      ...(row.payload_snapshot === null ? [] : ['request that would be sent:', `  ${row.payload_snapshot}`]),
    ]);
  });
}

function factsOf(row: AttemptDetail): Record<string, unknown> {
  return {
    attempt: row.attempt_id,
    event: row.event_ref === null ? null : `${row.event_ref} (seq ${row.event_seq})`,
    route: row.route_version === null ? row.route_code : `${row.route_code}, version ${row.route_version}`,
    kind: row.route_kind,
    number: row.attempt_no,
    status: row.status,
    reason: row.reason,
    delivered: row.delivered,
    'reconciled as': row.reconciled_as ?? undefined,
    'failure code': row.failure_code ?? undefined,
    'failure detail': row.failure_detail ?? undefined,
    when: row.started_at,
    pass: row.run_id,
    'idempotency key': row.idempotency_key,
  };
}

interface ReconcileOptions {
  readonly sent?: boolean;
  readonly notSent?: boolean;
  readonly note: string;
}

function reconciledLines(id: string, result: ReconciledAttempt): string[] {
  if (result.outcome === 'not_sent') {
    const next = result.delivery === 'waiting' ? 'it is tried again by itself' : 'replay its dead letter to try again';
    return [`Attempt ${id} is noted as not sent; ${next}.`];
  }
  const after =
    result.delivery === 'taken_out'
      ? ' Its delivery is out of the queue.'
      : result.dead_letter_id !== null
        ? ` Dead letter ${result.dead_letter_id} is resolved.`
        : '';
  return [`Attempt ${id} is reconciled as sent (attempt ${result.written_attempt_no}).${after}`];
}

function registerReconcile(attempt: Command, context: CliContext): void {
  withExamples(
    attempt
      .command('reconcile')
      .description('Say what became of a send whose outcome is unknown, after asking the target')
      .argument('<id>', 'id of the attempt (iu attempt list --status unknown)', countedId)
      .option('--sent', 'the target has it: nothing is sent again')
      .addOption(new Option('--not-sent', 'the target has it not: trying again is safe').conflicts('sent'))
      .requiredOption('--note <text>', 'who looked where; it is kept'),
    "iu attempt reconcile 17 --sent --note 'order 4711 stands in the CRM, J. Doe'",
  ).action(async (id: string, options: ReconcileOptions, command: Command) => {
    if (options.sent !== true && options.notSent !== true)
      throw new IuError('IU030', { message: 'Say what happened: --sent or --not-sent.' });
    const outcome = options.sent === true ? 'sent' : 'not_sent';
    const result = await context.withDatabase(command, async ({ pool }) => {
      const row = await findAttempt(pool, id);
      if (row === undefined || row.event_ref === null)
        throw new IuError('IU380', { message: `There is no attempt ${id}.` });
      const place = { eventId: row.event_ref, routeCode: row.route_code, attemptNo: row.attempt_no };
      return reconcileAttempt(pool, place, outcome, options.note);
    });
    context.printer(command).result({ ...result, attempt_id: id }, () => reconciledLines(id, result));
  });
}

/** `iu attempt list|show|reconcile`. */
export function register(program: Command, context: CliContext): void {
  const attempt = withExamples(
    program.command('attempt').description('The audit: one row for each decision and each send'),
    'iu attempt list --status failed',
  );
  registerList(attempt, context);
  registerShow(attempt, context);
  registerReconcile(attempt, context);
}
