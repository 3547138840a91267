import { type Command, Option } from 'commander';
import { IuError } from '../../contract/errors/index.js';
import { type EventRow, emitEvent, eventIdOfSeq, eventStory, listEvents } from '../../store/events.js';
import type { ReplayFilter } from '../../store/replays.js';
import { type CliContext, withExamples } from '../context.js';
import { countedId, eventIdOrSeq, jsonObjectText, pointInTime } from '../global-options.js';
import { rawJson } from '../json.js';
import { givenJsonObject, readNamedFile } from '../named-file.js';
import { commandLineWithout, type PageOptions, withPaging } from '../paging.js';
import { type ReplayOptions, replayByFilter, withReplayOptions } from '../replay.js';
import { storyLines } from '../story.js';
import type { Column } from '../table.js';

const eventColumns: readonly Column<EventRow>[] = [
  { title: 'seq', value: (row) => row.seq, align: 'right' },
  { title: 'recorded', value: (row) => row.created_at },
  { title: 'domain', value: (row) => row.event_domain },
  { title: 'type', value: (row) => row.event_type },
  { title: 'subject', value: (row) => [row.event_subject_table, row.event_subject_ref].filter(Boolean).join(' ') },
  { title: 'actor', value: (row) => row.actor_ref },
  { title: 'id', value: (row) => row.id },
];

interface ListOptions extends PageOptions {
  readonly domain?: string;
  readonly type?: string;
  readonly stream?: string;
  readonly subjectTable?: string;
  readonly subjectRef?: string;
  readonly actor?: string;
  readonly correlation?: string;
  readonly since?: string;
  readonly until?: string;
  readonly undecided?: boolean;
  readonly oldestFirst?: boolean;
}

function registerList(event: Command, context: CliContext): void {
  const list = event
    .command('list')
    .description('Recorded events, newest first, without their payloads')
    .option('--domain <domain>', 'only of this domain')
    .option('--type <type>', 'only of this type')
    .option('--stream <stream>', 'only of this stream')
    .option('--subject-table <table>', 'only about this table')
    .option('--subject-ref <ref>', 'only about this subject')
    .option('--actor <actor>', 'only by this actor')
    .option('--correlation <id>', 'only with this correlation id')
    .option('--since <time>', 'only since then, such as 2h or 2026-03-01', pointInTime)
    .option('--until <time>', 'only before then', pointInTime)
    .option('--undecided', 'only those that no worker has decided yet')
    .option('--oldest-first', 'in the order of recording');
  withExamples(
    withPaging(list, countedId),
    'iu event list --domain iu --since 2h',
    'iu event list --undecided --json --limit 500',
  ).action(async (options: ListOptions, command: Command) => {
    const page = await context.withDatabase(command, ({ pool }) => listEvents(pool, options, options), {
      readOnlyAllowed: true,
    });
    const again = commandLineWithout(context.words, ['--after']);
    context.printer(command).page(page, { columns: eventColumns, whenEmpty: 'No event matches.', again });
  });
}

function registerShow(event: Command, context: CliContext): void {
  withExamples(
    event
      .command('show')
      .description('The whole story of one event: recorded, decided, sent, failed, and what to do next')
      .argument('<id>', 'id or seq of the event', eventIdOrSeq),
    'iu event show 42',
  ).action(async (id: string, _options: object, command: Command) => {
    const story = await context.withDatabase(
      command,
      async ({ pool }) => {
        const eventId = id.includes('-') ? id : await eventIdOfSeq(pool, id);
        return eventId === undefined ? undefined : eventStory(pool, eventId);
      },
      { readOnlyAllowed: true },
    );
    if (story === undefined) {
      throw new IuError('IU033', {
        message: `There is no event ${id}.`,
        hint: '`iu event list` shows them; what was pruned is only in its archive (`iu prune list`).',
      });
    }
    const lines = storyLines(story);
    const recorded = { ...story.event, safe_payload: rawJson(story.event.safe_payload) };
    context.printer(command).result({ ...story, event: recorded }, () => lines);
  });
}

interface EmitOptions {
  readonly subjectTable: string;
  readonly subjectRef: string;
  readonly payload?: string;
  readonly payloadFile?: string;
  readonly address?: string;
  readonly actor?: string;
  readonly correlation?: string;
  readonly source?: string;
  readonly severity?: string;
  readonly classification?: string;
  readonly occurredAt?: string;
  readonly dedupeKey?: string;
}

/** The payload as it was given: never parsed and written again, so that its numbers stay what they are. */
function payloadText(options: EmitOptions): string {
  if (options.payload !== undefined) return options.payload;
  if (options.payloadFile === undefined) return '{}';
  return givenJsonObject('--payload-file', readNamedFile(options.payloadFile));
}

function registerEmit(event: Command, context: CliContext): void {
  const emit = event
    .command('emit')
    .description('Record one event; its type has to be registered')
    .argument('<domain>', 'domain of the event')
    .argument('<type>', 'type of the event')
    .requiredOption('--subject-table <table>', 'what kind of thing it is about')
    .requiredOption('--subject-ref <ref>', 'which one it is about')
    .option('--payload <json>', 'references as a JSON object, never the data itself (default {})', jsonObjectText)
    .addOption(new Option('--payload-file <file>', 'the same from a file, - for stdin').conflicts('payload'))
    .option('--address <address>', 'canonical address of the subject')
    .option('--actor <actor>', 'who did it (default: the role that logged in)')
    .option('--correlation <id>', 'id that belongs to a chain of events')
    .option('--source <system>', 'which system says so (default iu_core)')
    .option('--severity <severity>', 'severity instead of the default of the type')
    .addOption(new Option('--classification <class>', 'class of the payload').choices(['safe_metadata', 'restricted']))
    .option('--occurred-at <time>', 'when it happened (default now)', pointInTime)
    .option('--dedupe-key <key>', 'record it once, however often this is run with the same key');
  withExamples(
    emit,
    'iu event emit shop order_paid --subject-table orders --subject-ref 4711 --payload \'{"order": 4711}\' --dedupe-key order-4711-paid',
  ).action(async (domain: string, type: string, options: EmitOptions, command: Command) => {
    const { address, source, ...rest } = options;
    const emission = {
      ...rest,
      domain,
      type,
      payloadText: payloadText(options),
      canonicalAddress: address,
      sourceSystem: source,
    };
    const result = await context.withDatabase(command, ({ pool }) => emitEvent(pool, emission));
    context.printer(command).result(result, () => {
      if (result.suppressed) return ['Suppressed: iu_core.emission_enabled is false. It was counted, not recorded.'];
      const known = result.is_new ? 'Recorded' : 'Known already by its dedupe key:';
      return [`${known} event ${result.event_id}${result.event_seq === null ? '' : `, seq ${result.event_seq}`}`];
    });
  });
}

interface ReviveOptions extends ReplayOptions {
  readonly status: readonly string[];
  readonly route?: string;
  readonly domain?: string;
  readonly type?: string;
  readonly reason?: string;
  readonly since?: string;
  readonly until?: string;
  readonly all?: boolean;
}

const revivable = ['skipped', 'dry_run', 'sent', 'cancelled', 'resolved'] as const;

function registerRevive(event: Command, context: CliContext): void {
  const revive = event
    .command('revive')
    .description(
      'Decide events again by the routes of today: skipped, dry-run, cancelled, sent ones that their receiver lost, or those of dead letters that were resolved by mistake; shows first, does it with --yes',
    )
    .addOption(
      new Option('--status <status...>', 'decisions with this status')
        .choices(revivable)
        .default(['skipped'], 'skipped'),
    )
    .option('--route <code>', 'only of this route; - for events without a route')
    .option('--domain <domain>', 'only events of this domain')
    .option('--type <type>', 'only events of this type')
    .option('--reason <reason>', 'only decisions with this reason, such as no_route or route_disabled')
    .option('--since <time>', 'only decided since then, such as 2h or 2026-03-01', pointInTime)
    .option('--until <time>', 'only decided before then', pointInTime)
    .option('--all', 'every one, without a filter');
  withExamples(
    withReplayOptions(revive),
    'iu event revive --reason no_route --since 7d',
    "iu event revive --route crm --status dry_run --rate 50 --note 'crm is live' --yes",
    'iu event revive --route crm --status sent --since 2026-03-01T02:00Z --until 2026-03-01T05:00Z --rate 50',
  ).action(async (options: ReviveOptions, command: Command) => {
    const filter: ReplayFilter = {
      route_code: options.route,
      event_domain: options.domain,
      event_type: options.type,
      reason: options.reason,
      since: options.since,
      until: options.until,
    };
    requireFilter(filter, options.all === true);
    await replayByFilter(context, command, { ...filter, status: options.status }, options);
  });
}

/** Refuses a replay of everything that nobody asked for by --all. */
export function requireFilter(filter: ReplayFilter, all: boolean): void {
  if (all || Object.values(filter).some((value) => value !== undefined)) return;
  throw new IuError('IU030', { message: 'Say which ones: at least one filter, or --all.' });
}

/** `iu event list|show|emit|revive`. */
export function register(program: Command, context: CliContext): void {
  const event = withExamples(program.command('event').description('The log of events'), 'iu event list --since 1h');
  registerList(event, context);
  registerShow(event, context);
  registerEmit(event, context);
  registerRevive(event, context);
}
