import { setTimeout as delay } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import { IuError } from '../../contract/errors/index.js';
import {
  cancelDeliveries,
  cancelDelivery,
  type DeliveryRow,
  findDelivery,
  type LeaseRow,
  listDeliveries,
  listLeases,
} from '../../store/deliveries.js';
import { eventIdOfSeq } from '../../store/events.js';
import type { Queryable } from '../../store/listing.js';
import { type CliContext, withExamples } from '../context.js';
import { countedId, eventIdOrSeq, pointInTime } from '../global-options.js';
import { holdSentence } from '../hold.js';
import { commandLineWithout, type PageOptions, withPaging } from '../paging.js';
import { noteUnknownRoute } from '../route/unknown-route.js';
import type { Column } from '../table.js';

const deliveryColumns: readonly Column<DeliveryRow>[] = [
  { title: 'event', value: (row) => row.event_seq, align: 'right' },
  { title: 'route', value: (row) => row.route_code },
  { title: 'type', value: (row) => `${row.event_domain}/${row.event_type}` },
  { title: 'subject', value: (row) => [row.event_subject_table, row.event_subject_ref].filter(Boolean).join(' ') },
  {
    title: 'state',
    value: (row) => row.state,
    paint: (row, palette) =>
      row.state === 'held' ? palette.yellow : row.state === 'leased' ? palette.green : palette.dim,
  },
  { title: 'why', value: (row) => row.state_reason ?? row.runner_id },
  { title: 'sends', value: (row) => row.sends, align: 'right' },
  { title: 'due', value: (row) => row.due_at },
  { title: 'queued', value: (row) => row.created_at },
  { title: 'id', value: (row) => row.event_id },
];

interface ListOptions extends PageOptions {
  readonly route?: string;
  readonly state?: string;
  readonly subjectTable?: string;
  readonly subjectRef?: string;
  readonly olderThan?: string;
}

const afterDelivery = (text: string): string => {
  if (/^[1-9]\d{0,17}\.[1-9]\d{0,17}$/.test(text)) return text;
  throw new IuError('IU031', {
    message: 'The value of --after is invalid: it is the key that the page before ends with.',
  });
};

function registerList(delivery: Command, context: CliContext): void {
  const list = delivery
    .command('list')
    .description('What waits to be sent, in the order of events: where each stands, and why it is held')
    .option('--route <code>', 'only to this route')
    .addOption(new Option('--state <state>', 'only in this state').choices(['waiting', 'leased', 'due', 'held']))
    .option('--subject-table <table>', 'only about this table')
    .option('--subject-ref <ref>', 'only about this subject')
    .option('--older-than <time>', 'only queued before then, such as 2h or 2026-03-01', pointInTime);
  withExamples(
    withPaging(list, afterDelivery),
    'iu delivery list --state held',
    'iu delivery list --route crm --older-than 1h --json',
  ).action(async (options: ListOptions, command: Command) => {
    const deployment = context.config(command).deployment ?? null;
    const printer = context.printer(command);
    const page = await context.withDatabase(
      command,
      async ({ pool }) => {
        const found = await listDeliveries(pool, options, deployment, options);
        if (found.items.length === 0) await noteUnknownRoute(pool, printer, options.route);
        return found;
      },
      { readOnlyAllowed: true },
    );
    const again = commandLineWithout(context.words, ['--after']);
    printer.page(page, { columns: deliveryColumns, whenEmpty: 'No delivery matches.', again });
  });
}

/** The id of an event that was named by its id or seq. */
async function eventIdOf(database: Queryable, event: string): Promise<string> {
  const id = event.includes('-') ? event : await eventIdOfSeq(database, event);
  if (id !== undefined) return id;
  throw new IuError('IU033', { message: `There is no event ${event}.`, hint: '`iu event list` shows them.' });
}

function registerShow(delivery: Command, context: CliContext): void {
  withExamples(
    delivery
      .command('show')
      .description('One delivery of the queue: where it stands, why it is held and what to do')
      .argument('<event>', 'id or seq of the event', eventIdOrSeq)
      .argument('<route>', 'code of the route'),
    'iu delivery show 42 crm',
  ).action(async (event: string, route: string, _options: object, command: Command) => {
    const deployment = context.config(command).deployment ?? null;
    const row = await context.withDatabase(
      command,
      async ({ pool }) => findDelivery(pool, await eventIdOf(pool, event), route, deployment),
      { readOnlyAllowed: true },
    );
    if (row === undefined) {
      throw new IuError('IU354', { message: `No delivery of event ${event} to route ${route} is waiting.` });
    }
    const printer = context.printer(command);
    printer.result(row, () => [
      ...printer.facts({
        event: `${row.event_id} (seq ${row.event_seq})`,
        type: `${row.event_domain}/${row.event_type}`,
        subject: [row.event_subject_table, row.event_subject_ref].filter(Boolean).join(' '),
        route: row.route_code,
        'delivery id': row.delivery_id,
        state: row.state,
        why: row.state_reason === null ? undefined : holdSentence(row.state_reason, row.route_code),
        sends: row.sends,
        'last attempt': row.attempt_no,
        'payload corrected by': row.edit_id === null ? undefined : `edit ${row.edit_id}`,
        queued: row.created_at,
        due: row.due_at,
        'sent by': row.runner_id ?? undefined,
        'lease until': row.lease_until ?? undefined,
      }),
    ]);
  });
}

interface CancelOptions {
  readonly reason: string;
  readonly route?: string;
  readonly olderThan?: string;
  readonly untilEvent?: string;
  readonly yes?: boolean;
}

function registerCancel(delivery: Command, context: CliContext): void {
  withExamples(
    delivery
      .command('cancel')
      .description('Take deliveries out of the queue for good; of each an attempt cancelled stays')
      .argument('[event]', 'id or seq of one event', eventIdOrSeq)
      .argument('[route]', 'code of its route')
      .requiredOption('--reason <text>', 'why; it stands in the attempt')
      .option('--route <code>', 'instead of one event: everything that waits for this route and is not being sent')
      .option('--older-than <time>', 'with --route: only queued before then, such as 2h or 2026-03-01', pointInTime)
      .option('--yes', 'with --route: do it; without it only counts')
      .option('--until-event <seq>', 'with --route: only up to this event, as the count that named it', countedId),
    "iu delivery cancel 42 crm --reason 'sent by hand'",
    "iu delivery cancel --route crm --older-than 2d --reason 'too late, see ticket 4711' --yes",
  ).action(async (event: string | undefined, route: string | undefined, options: CancelOptions, command: Command) => {
    if ((event === undefined) === (options.route === undefined) || (event === undefined) !== (route === undefined)) {
      throw new IuError('IU031', { message: 'Say either an event and its route, or --route CODE for all that waits.' });
    }
    if (event !== undefined && (options.olderThan !== undefined || options.untilEvent !== undefined || options.yes)) {
      throw new IuError('IU031', {
        message: '--older-than, --until-event and --yes go with --route, not with one event.',
      });
    }
    if (options.route !== undefined) return cancelMany(context, command, { ...options, route: options.route });
    const result = await context.withDatabase(command, async ({ pool }) =>
      cancelDelivery(pool, await eventIdOf(pool, event ?? ''), route ?? '', options.reason),
    );
    context
      .printer(command)
      .result(result, () => [
        `Delivery of event ${result.event_id} to ${result.route_code} is cancelled (attempt ${result.attempt_no}).`,
      ]);
  });
}

/** Deliveries of one transaction when many are cancelled. */
const cancelPart = 500;
/** Parts in a row that cancelled nothing, because somebody has what waits locked, after which it is said. */
const emptyParts = 5;
const againMilliseconds = 200;

async function cancelMany(
  context: CliContext,
  command: Command,
  options: CancelOptions & { readonly route: string },
): Promise<void> {
  const printer = context.printer(command);
  await context.withDatabase(command, async ({ pool }) => {
    const counted = await cancelDeliveries(pool, options, options.reason, 0);
    const upTo = { ...options, untilEvent: counted.until_event_seq };
    if (options.yes !== true) {
      const goOn = `${commandLineWithout(context.words, ['--until-event'])} --until-event ${counted.until_event_seq} --yes`;
      const many = counted.remaining > 10_000 ? 'more than 10000' : String(counted.remaining);
      printer.result({ ...counted, go_on: counted.remaining === 0 ? null : goOn }, () =>
        counted.remaining === 0
          ? ['Nothing matches: there is nothing to cancel.']
          : [`Would cancel ${many} deliveries to ${counted.route_code}.`, 'Nothing was changed.', `To do it: ${goOn}`],
      );
      return;
    }
    let cancelled = 0;
    let empty = 0;
    for (let remaining = counted.remaining; remaining > 0; ) {
      const part = await cancelDeliveries(pool, upTo, options.reason, cancelPart);
      cancelled += part.cancelled;
      remaining = part.remaining;
      // A runner claims just these: asked again, they are being sent, or wait again.
      empty = part.cancelled === 0 && remaining > 0 ? empty + 1 : 0;
      if (empty >= emptyParts) throw stillWaiting(counted.route_code, cancelled, remaining);
      if (empty > 0) await delay(againMilliseconds);
      else if (remaining > 0) printer.note(`${cancelled} cancelled`);
    }
    printer.result({ route_code: counted.route_code, cancelled }, () => [
      `${cancelled} deliveries to ${counted.route_code} are cancelled.`,
    ]);
  });
}

function stillWaiting(route: string, cancelled: number, remaining: number): IuError {
  return new IuError('IU355', {
    message: `${cancelled} deliveries to ${route} are cancelled; ${remaining} are not, because somebody has them locked.`,
    hint: 'run it again; `iu route pause CODE` keeps runners from claiming meanwhile',
  });
}

const leaseColumns: readonly Column<LeaseRow>[] = [
  { title: 'route', value: (row) => row.route_code },
  { title: 'version', value: (row) => row.route_version, align: 'right' },
  { title: 'runner', value: (row) => row.runner_id },
  { title: 'claimed', value: (row) => row.deliveries, align: 'right' },
  { title: 'unsettled', value: (row) => row.unsettled, align: 'right' },
  { title: 'since', value: (row) => row.claimed_at },
  {
    title: 'until',
    value: (row) => row.lease_until,
    paint: (row, palette) => (row.expired ? palette.red : palette.dim),
  },
];

function registerLeases(delivery: Command, context: CliContext): void {
  const leases = delivery
    .command('leases')
    .description('What is being sent now: each claim of each runner; one that ran out becomes unknown')
    .option('--route <code>', 'only to this route')
    .option('--runner <id>', 'only of this runner');
  withExamples(withPaging(leases), 'iu delivery leases').action(
    async (options: PageOptions & { route?: string; runner?: string }, command: Command) => {
      const page = await context.withDatabase(command, ({ pool }) => listLeases(pool, options, options), {
        readOnlyAllowed: true,
      });
      const again = commandLineWithout(context.words, ['--after']);
      context.printer(command).page(page, { columns: leaseColumns, whenEmpty: 'Nothing is being sent.', again });
    },
  );
}

/** `iu delivery list|show|cancel|leases`. */
export function register(program: Command, context: CliContext): void {
  const delivery = withExamples(
    program
      .command('delivery')
      .description('The queue of live deliveries: what waits, what is being sent, what is held'),
    'iu delivery list --state held',
  );
  registerList(delivery, context);
  registerShow(delivery, context);
  registerCancel(delivery, context);
  registerLeases(delivery, context);
}
