import { type Command, Option } from 'commander';
import { addEventType, disableEventType, type EventTypeRow, listEventTypes } from '../../store/event-types.js';
import { type CliContext, withExamples } from '../context.js';
import { commandLineWithout, type PageOptions, withPaging } from '../paging.js';
import type { Column } from '../table.js';

const streams = ['comment', 'review', 'update', 'birth', 'task', 'alert', 'health'] as const;
const lanes = ['immediate', 'delayed'] as const;

const typeColumns: readonly Column<EventTypeRow>[] = [
  { title: 'domain', value: (row) => row.event_domain },
  { title: 'type', value: (row) => row.event_type },
  { title: 'stream', value: (row) => row.event_stream },
  { title: 'lane', value: (row) => row.delivery_lane },
  { title: 'severity', value: (row) => row.default_severity },
  {
    title: 'active',
    value: (row) => row.active,
    paint: (row, palette) => (row.active ? palette.green : palette.yellow),
  },
  { title: 'description', value: (row) => row.description },
];

interface ListOptions extends PageOptions {
  readonly domain?: string;
  readonly stream?: string;
  readonly lane?: string;
  readonly state?: 'active' | 'disabled';
}

function registerList(eventType: Command, context: CliContext): void {
  const list = eventType
    .command('list')
    .description('Registered event types by domain and type')
    .option('--domain <domain>', 'only of this domain')
    .addOption(new Option('--stream <stream>', 'only of this stream').choices(streams))
    .addOption(new Option('--lane <lane>', 'only of this lane').choices(lanes))
    .addOption(new Option('--state <state>', 'only in this state').choices(['active', 'disabled']));
  withExamples(withPaging(list), 'iu event-type list --domain iu').action(
    async (options: ListOptions, command: Command) => {
      const active = options.state === undefined ? undefined : options.state === 'active';
      const page = await context.withDatabase(
        command,
        ({ pool }) => listEventTypes(pool, { ...options, active }, options),
        { readOnlyAllowed: true },
      );
      const again = commandLineWithout(context.words, ['--after']);
      context.printer(command).page(page, { columns: typeColumns, whenEmpty: 'No event type matches.', again });
    },
  );
}

interface AddOptions {
  readonly stream: string;
  readonly lane: string;
  readonly severity?: string;
  readonly description?: string;
}

function registerAdd(eventType: Command, context: CliContext): void {
  withExamples(
    eventType
      .command('add')
      .description('Register an event type, or enable a disabled one; stream and lane of a known type never change')
      .argument('<domain>', 'domain of the event')
      .argument('<type>', 'type of the event')
      .addOption(new Option('--stream <stream>', 'stream of its events').choices(streams).default('update'))
      .addOption(new Option('--lane <lane>', 'lane of its events').choices(lanes).default('immediate'))
      .option('--severity <severity>', 'severity of events that name none')
      .option('--description <text>', 'what it means'),
    "iu event-type add shop order_paid --description 'an order was paid in full'",
  ).action(async (domain: string, type: string, options: AddOptions, command: Command) => {
    const result = await context.withDatabase(command, ({ pool }) => addEventType(pool, { domain, type, ...options }));
    context
      .printer(command)
      .result(result, () => [`Event type ${result.event_domain}/${result.event_type}: ${result.status}.`]);
  });
}

function registerDisable(eventType: Command, context: CliContext): void {
  withExamples(
    eventType
      .command('disable')
      .description('Refuse new events of a type; what is recorded stays and is routed')
      .argument('<domain>', 'domain of the event')
      .argument('<type>', 'type of the event'),
    'iu event-type disable shop order_paid',
  ).action(async (domain: string, type: string, _options: object, command: Command) => {
    const result = await context.withDatabase(command, ({ pool }) => disableEventType(pool, domain, type));
    context
      .printer(command)
      .result(result, () => [`Event type ${result.event_domain}/${result.event_type}: ${result.status}.`]);
  });
}

/** `iu event-type list|add|disable`. */
export function register(program: Command, context: CliContext): void {
  const eventType = withExamples(
    program.command('event-type').description('Which events may be recorded'),
    'iu event-type list',
  );
  registerList(eventType, context);
  registerAdd(eventType, context);
  registerDisable(eventType, context);
}
