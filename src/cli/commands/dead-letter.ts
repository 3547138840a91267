import { type Command, Option } from 'commander';
import { IuError } from '../../contract/errors/index.js';
import {
  type DeadLetterDetail,
  type DeadLetterGroup,
  type DeadLetterRow,
  type EditRow,
  findDeadLetter,
  groupDeadLetters,
  listDeadLetters,
  listEdits,
  previewDeadLetter,
  replayDeadLetter,
  resolveDeadLetter,
  resolveDeadLetters,
} from '../../store/dead-letters.js';
import type { Queryable } from '../../store/listing.js';
import { type CliContext, withExamples } from '../context.js';
import { countedId, pointInTime } from '../global-options.js';
import { rawJson } from '../json.js';
import { commandLineWithout, type PageOptions, withPaging } from '../paging.js';
import { printable } from '../printable.js';
import { type ReplayOptions, refuseClosedGate, replayByFilter, withReplayOptions } from '../replay.js';
import { noteUnknownRoute } from '../route/unknown-route.js';
import type { Column } from '../table.js';
import { registerEdit } from './dead-letter-edit.js';
import { requireFilter } from './event.js';

const letterColumns: readonly Column<DeadLetterRow>[] = [
  { title: 'id', value: (row) => row.dead_letter_id, align: 'right' },
  { title: 'when', value: (row) => row.created_at },
  { title: 'event', value: (row) => row.event_seq, align: 'right' },
  { title: 'type', value: (row) => `${row.event_domain}/${row.event_type}` },
  { title: 'route', value: (row) => row.route_code },
  { title: 'code', value: (row) => row.failure_code, paint: (_row, palette) => palette.red },
  { title: 'state', value: (row) => row.resolution ?? 'open' },
  { title: 'detail', value: (row) => row.failure_detail },
];

const groupColumns: readonly Column<DeadLetterGroup>[] = [
  { title: 'signature', value: (row) => row.failure_signature },
  { title: 'letters', value: (row) => row.letters, align: 'right' },
  { title: 'route', value: (row) => row.route_code },
  { title: 'code', value: (row) => row.failure_code, paint: (_row, palette) => palette.red },
  { title: 'first', value: (row) => row.first_at },
  { title: 'last', value: (row) => row.last_at },
  { title: 'for example', value: (row) => row.example_id, align: 'right' },
  { title: 'detail', value: (row) => row.example_detail },
];

interface FilterOptions {
  readonly route?: string;
  readonly signature?: string;
  readonly domain?: string;
  readonly type?: string;
  readonly since?: string;
  readonly until?: string;
}

function withFilters(command: Command): Command {
  return command
    .option('--route <code>', 'only of this route')
    .option('--signature <signature>', 'only of this cause (iu dead-letter list --group)')
    .option('--domain <domain>', 'only events of this domain')
    .option('--type <type>', 'only events of this type')
    .option('--since <time>', 'only since then, such as 2h or 2026-03-01', pointInTime)
    .option('--until <time>', 'only before then', pointInTime);
}

interface ListOptions extends FilterOptions, PageOptions {
  readonly state: 'open' | 'resolved' | 'all';
  readonly code?: string;
  readonly group?: boolean;
  readonly oldestFirst?: boolean;
}

function registerList(deadLetter: Command, context: CliContext): void {
  const list = withFilters(deadLetter.command('list').description('Dead letters, newest first'))
    .addOption(new Option('--state <state>', 'which ones').choices(['open', 'resolved', 'all']).default('open'))
    .option('--code <code>', 'only with this failure code')
    .option('--group', 'grouped by cause (failure signature), in order of signature')
    .option('--oldest-first', 'in the order of failure');
  withExamples(withPaging(list), 'iu dead-letter list --group', 'iu dead-letter list --route crm --json').action(
    async (options: ListOptions, command: Command) => {
      const printer = context.printer(command);
      const again = commandLineWithout(context.words, ['--after']);
      const whenEmpty = options.state === 'open' ? 'No open dead letter matches.' : 'No dead letter matches.';
      await context.withDatabase(
        command,
        async ({ pool }) => {
          if (options.group === true) {
            const page = await groupDeadLetters(pool, options, options);
            printer.page(page, { columns: groupColumns, whenEmpty, again });
            if (page.items.length === 0) await noteUnknownRoute(pool, printer, options.route);
            return;
          }
          const after = options.after === undefined ? undefined : countedIdOrRefuse(options.after);
          const page = await listDeadLetters(pool, options, { limit: options.limit, after });
          printer.page(page, { columns: letterColumns, whenEmpty, again });
          if (page.items.length === 0) await noteUnknownRoute(pool, printer, options.route);
        },
        { readOnlyAllowed: true },
      );
    },
  );
}

function countedIdOrRefuse(text: string): string {
  if (/^[1-9]\d{0,17}$/.test(text)) return text;
  throw new IuError('IU031', { message: 'The value of --after is invalid: it is the id of a dead letter.' });
}

async function requireLetter(database: Queryable, id: string): Promise<DeadLetterDetail> {
  const letter = await findDeadLetter(database, id);
  if (letter !== undefined) return letter;
  throw new IuError('IU033', {
    message: `There is no dead letter ${id}.`,
    hint: '`iu dead-letter list --state all` shows them.',
  });
}

function registerShow(deadLetter: Command, context: CliContext): void {
  withExamples(
    deadLetter
      .command('show')
      .description('One dead letter with the whole event that it keeps')
      .argument('<id>', 'id of the dead letter', countedId),
    'iu dead-letter show 3',
  ).action(async (id: string, _options: object, command: Command) => {
    const { letter, edits } = await context.withDatabase(
      command,
      async ({ pool }) => ({ letter: await requireLetter(pool, id), edits: await listEdits(pool, id) }),
      { readOnlyAllowed: true },
    );
    const printer = context.printer(command);
    const documents = edits.map((edit) => ({ ...edit, diff: rawJson(edit.diff) }));
    printer.result({ ...letter, event_snapshot: rawJson(letter.event_snapshot), edits: documents }, () => [
      ...printer.facts({
        'dead letter': letter.dead_letter_id,
        state: letter.resolution ?? 'open',
        event: `${letter.event_ref} (seq ${letter.event_seq})`,
        type: `${letter.event_domain}/${letter.event_type}`,
        subject: letter.event_subject_ref,
        route: letter.route_code,
        attempt: letter.attempt_no,
        code: letter.failure_code,
        detail: letter.failure_detail,
        signature: letter.failure_signature,
        when: letter.created_at,
        resolved: letter.resolved_at ?? undefined,
        by: letter.resolved_by ?? undefined,
        note: letter.resolution_note ?? undefined,
      }),
      'event:',
      `  ${letter.event_snapshot}`,
      ...edits.flatMap(editLines),
    ]);
  });
}

function editLines(edit: EditRow): string[] {
  return [
    `payload corrected for attempt ${edit.attempt_no} by ${edit.edited_by} at ${edit.edited_at}: ${edit.reason}`,
    `  ${edit.diff}`,
  ].map(printable);
}

interface ReplayCommandOptions extends FilterOptions, ReplayOptions {
  readonly newId?: boolean;
  readonly all?: boolean;
}

function filterOf(options: FilterOptions) {
  return {
    route_code: options.route,
    failure_signature: options.signature,
    event_domain: options.domain,
    event_type: options.type,
    since: options.since,
    until: options.until,
  };
}

/** Refuses an id together with a filter, or neither. */
function requireIdOrFilter(id: string | undefined, filter: ReturnType<typeof filterOf>, all: boolean): void {
  if (id === undefined) requireFilter(filter, all);
  else if (all || Object.values(filter).some((value) => value !== undefined))
    throw new IuError('IU030', { message: 'Either the id of one dead letter or a filter, not both.' });
}

function registerReplay(deadLetter: Command, context: CliContext): void {
  const replay = withFilters(
    deadLetter
      .command('replay')
      .description('Decide dead letters again by the routes of today; shows first, does it with --yes')
      .argument('[id]', 'one dead letter; without it a filter says which', countedId),
  )
    .option('--all', 'every open dead letter, without a filter')
    .option('--new-id', 'with one id: a new delivery id, so that a receiver that saw the old one takes it again');
  withExamples(
    withReplayOptions(replay),
    'iu dead-letter replay 3 --yes',
    'iu dead-letter replay --signature 5d41402abc4b',
    "iu dead-letter replay --route crm --rate 20 --note 'crm is back' --yes",
  ).action(async (id: string | undefined, options: ReplayCommandOptions, command: Command) => {
    const filter = filterOf(options);
    requireIdOrFilter(id, filter, options.all === true);
    if (id !== undefined) return replayOne(context, command, id, options);
    if (options.newId === true)
      throw new IuError('IU030', { message: '--new-id goes with the id of one dead letter.' });
    return replayByFilter(context, command, { ...filter, status: ['failed'] }, options);
  });
}

async function replayOne(
  context: CliContext,
  command: Command,
  id: string,
  options: ReplayCommandOptions,
): Promise<void> {
  const printer = context.printer(command);
  await context.withDatabase(command, async ({ pool }) => {
    const letter = await requireLetter(pool, id);
    if (options.yes !== true) return previewOne(context, command, pool, letter);
    const result = await replayDeadLetter(pool, id, options.newId === true);
    refuseClosedGate(result.status);
    if (result.status === 'delivery_waiting') throw new IuError('IU037');
    if (result.decision === 'failed') {
      throw new IuError('IU038', { message: `Dead letter ${id} failed again (${result.reason ?? 'no reason'}).` });
    }
    printer.result(result, () => [
      result.status === 'already_resolved'
        ? `Dead letter ${id} is ${result.resolution} already; nothing was changed.${result.resolution === 'resolved' ? ' By mistake? iu event revive --status resolved' : ''}`
        : `Dead letter ${id} replayed as attempt ${result.attempt_no}: ${result.decision}${
            result.resolved ? '; it is resolved.' : ` (${result.reason ?? '-'}); it stays open.`
          }`,
    ]);
  });
}

async function previewOne(
  context: CliContext,
  command: Command,
  database: Queryable,
  letter: DeadLetterDetail,
): Promise<void> {
  const outcome = (await previewDeadLetter(database, letter.dead_letter_id)) ?? 'nothing/its event has left the log';
  const [wouldBe = '', reason] = outcome.split('/');
  const open = letter.resolved_at === null;
  const goOn = open ? `${commandLineWithout(context.words, [])} --yes` : null;
  const preview = {
    dead_letter_id: letter.dead_letter_id,
    pairs: open ? 1 : 0,
    events: open ? 1 : 0,
    route_code: letter.route_code,
    would_be: wouldBe,
    reason: reason ?? null,
    replayed: 0,
    go_on: goOn,
  };
  context
    .printer(command)
    .result(preview, () =>
      goOn === null
        ? [`Dead letter ${letter.dead_letter_id} is ${letter.resolution} already: there is nothing to replay.`]
        : [
            `Would replay 1 decision: event ${letter.event_ref} (${letter.event_domain}/${letter.event_type}), route ${letter.route_code}, would be ${wouldBe}${reason === undefined ? '' : ` (${reason})`}.`,
            'Nothing was changed.',
            `To do it: ${goOn}`,
          ],
    );
}

interface ResolveOptions extends FilterOptions {
  readonly note: string;
  readonly all?: boolean;
  readonly yes?: boolean;
  readonly untilLetter?: string;
}

function registerResolve(deadLetter: Command, context: CliContext): void {
  const resolve = withFilters(
    deadLetter
      .command('resolve')
      .description('Close dead letters without replaying them; the rows stay')
      .argument('[id]', 'one dead letter; without it a filter says which', countedId)
      .requiredOption('--note <text>', 'why; it stands in each row'),
  )
    .option('--all', 'every open dead letter, without a filter')
    .option('--yes', 'with a filter: do it; without it only counts')
    .option('--until-letter <id>', 'only those up to this one, as the count that named it', countedId);
  withExamples(
    resolve,
    "iu dead-letter resolve 3 --note 'receiver got it by hand'",
    "iu dead-letter resolve --signature 5d41402abc4b --note 'test data, see ticket 4711' --yes",
  ).action(async (id: string | undefined, options: ResolveOptions, command: Command) => {
    const filter = filterOf(options);
    requireIdOrFilter(id, filter, options.all === true);
    if (id === undefined) return resolveMany(context, command, filter, options);
    const result = await context.withDatabase(command, ({ pool }) => resolveDeadLetter(pool, id, options.note));
    context.printer(command).result({ ...result, dead_letter_id: id }, () => [`Dead letter ${id} is resolved.`]);
  });
}

/** Dead letters of one transaction when many are resolved. */
const resolvePart = 500;

async function resolveMany(
  context: CliContext,
  command: Command,
  filter: ReturnType<typeof filterOf>,
  options: ResolveOptions,
): Promise<void> {
  const printer = context.printer(command);
  await context.withDatabase(command, async ({ pool }) => {
    const bounded = { ...filter, until_dead_letter_id: options.untilLetter };
    const counted = await resolveDeadLetters(pool, bounded, options.note, 0);
    const upTo = { ...filter, until_dead_letter_id: counted.until_dead_letter_id };
    if (options.yes !== true) {
      const again = commandLineWithout(context.words, ['--until-letter']);
      const goOn = `${again} --until-letter ${counted.until_dead_letter_id} --yes`;
      const many = counted.remaining > 10_000 ? 'more than 10000' : String(counted.remaining);
      printer.result({ ...counted, go_on: counted.remaining === 0 ? null : goOn }, () =>
        counted.remaining === 0
          ? ['Nothing matches: there is nothing to resolve.']
          : [`Would resolve ${many} dead letters.`, 'Nothing was changed.', `To do it: ${goOn}`],
      );
      return;
    }
    let resolved = 0;
    for (let remaining = counted.remaining; remaining > 0; ) {
      const part = await resolveDeadLetters(pool, upTo, options.note, resolvePart);
      resolved += part.resolved;
      // Nothing was resolved although some were there: somebody else holds or has resolved them.
      remaining = part.resolved === 0 ? 0 : part.remaining;
      if (remaining > 0) printer.note(`${resolved} resolved`);
    }
    printer.result({ resolved }, () => [`${resolved} dead letters are resolved.`]);
  });
}

/** `iu dead-letter list|show|replay|edit|resolve`. */
export function register(program: Command, context: CliContext): void {
  const deadLetter = withExamples(
    program.command('dead-letter').description('What could not be decided or delivered, kept with the whole event'),
    'iu dead-letter list --group',
  );
  registerList(deadLetter, context);
  registerShow(deadLetter, context);
  registerReplay(deadLetter, context);
  registerEdit(deadLetter, context);
  registerResolve(deadLetter, context);
}
