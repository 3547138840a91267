import { type Command, Option } from 'commander';
import { exitCodes } from '../../contract/errors/exit-codes.js';
import {
  type CursorRow,
  listCursors,
  rebaseCursor,
  reconcileCursor,
  registerCursor,
  rewindCursor,
  transferDomain,
  unregisterWorker,
} from '../../store/cursors.js';
import { type CliContext, withExamples } from '../context.js';
import { commandLineWithout, type PageOptions, withPaging } from '../paging.js';
import { refuseClosedGate } from '../replay.js';
import type { Column } from '../table.js';

const cursorColumns: readonly Column<CursorRow>[] = [
  { title: 'worker', value: (row) => row.worker_name },
  { title: 'domain', value: (row) => row.event_domain },
  { title: 'base', value: (row) => row.base_kind },
  { title: 'backlog', value: (row) => row.backlog, align: 'right' },
  { title: 'decided', value: (row) => row.attempts_written, align: 'right' },
  { title: 'last seq', value: (row) => row.cursor_event_seq, align: 'right' },
  { title: 'last run', value: (row) => row.last_run_at },
  {
    title: 'lost',
    value: (row) => row.lost_pairs,
    align: 'right',
    paint: (row, palette) => (row.lost_pairs === '0' ? palette.green : palette.red),
  },
];

function registerList(cursor: Command, context: CliContext): void {
  const list = cursor
    .command('list')
    .description('Named workers: what each owns and how far it is')
    .option('--worker <name>', 'only this worker')
    .option('--domain <domain>', 'only the worker of this domain');
  withExamples(withPaging(list), 'iu cursor list --json').action(
    async (options: PageOptions & { worker?: string; domain?: string }, command: Command) => {
      const page = await context.withDatabase(command, ({ pool }) => listCursors(pool, options, options), {
        readOnlyAllowed: true,
      });
      const again = commandLineWithout(context.words, ['--after']);
      context.printer(command).page(page, { columns: cursorColumns, whenEmpty: 'No worker is registered.', again });
    },
  );
}

function registerRegister(cursor: Command, context: CliContext): void {
  withExamples(
    cursor
      .command('register')
      .description('Register a worker as the owner of a domain, or of every domain without one (*)')
      .argument('<worker>', 'name of the worker')
      .requiredOption('--domain <domain>', "a domain, or '*'")
      .addOption(
        new Option('--from <base>', 'decide all events there are, or only those from now on')
          .choices(['beginning', 'now'])
          .makeOptionMandatory(),
      ),
    'iu cursor register shop_worker --domain shop --from beginning',
  ).action(async (worker: string, options: { domain: string; from: string }, command: Command) => {
    const { domain, from } = options;
    const result = await context.withDatabase(command, ({ pool }) => registerCursor(pool, worker, domain, from));
    context
      .printer(command)
      .result(result, () => [
        `Worker ${result.worker_name} owns domain ${result.event_domain} from ${result.base_kind} on.`,
        'A running worker of all cursors takes it up by itself.',
      ]);
  });
}

interface TransferOptions {
  readonly from: string;
  readonly to: string;
  readonly reason: string;
}

function registerTransfer(cursor: Command, context: CliContext): void {
  withExamples(
    cursor
      .command('transfer')
      .description('Move a domain between workers without an event falling between')
      .argument('<domain>', 'the domain to move')
      .requiredOption('--from <worker>', 'who has it now')
      .requiredOption('--to <worker>', 'who gets it')
      .requiredOption('--reason <text>', 'why'),
    "iu cursor transfer shop --from all_others --to shop_worker --reason 'own worker for the shop'",
  ).action(async (domain: string, options: TransferOptions, command: Command) => {
    const result = await context.withDatabase(command, ({ pool }) => transferDomain(pool, { domain, ...options }));
    refuseClosedGate(result.status);
    context
      .printer(command)
      .result(result, () => [
        `Domain ${result.event_domain} went from ${result.from} to ${result.to}; ${result.attempts_written} decisions were made on the way.`,
      ]);
  });
}

function registerUnregister(cursor: Command, context: CliContext): void {
  withExamples(
    cursor
      .command('unregister')
      .description('Take away a worker that was registered by mistake: it decided nothing and owns no event')
      .argument('<worker>', 'name of the worker')
      .requiredOption('--reason <text>', 'why'),
    "iu cursor unregister shop_wrker --reason 'mistyped'",
  ).action(async (worker: string, options: { reason: string }, command: Command) => {
    const result = await context.withDatabase(command, ({ pool }) => unregisterWorker(pool, worker, options.reason));
    context
      .printer(command)
      .result(result, () => [
        `Worker ${result.worker_name} is gone; domain ${result.event_domain} has no worker of its own.`,
        result.owner === null
          ? `Nobody decides events of ${result.event_domain} now: register a worker for it, or for every domain (*).`
          : `Its events are decided by ${result.owner}.`,
      ]);
  });
}

function registerRewind(cursor: Command, context: CliContext): void {
  withExamples(
    cursor
      .command('rewind')
      .description('Go back to the base of a worker and decide what has no decision, and nothing else')
      .argument('<worker>', 'name of the worker')
      .requiredOption('--reason <text>', 'why'),
    "iu cursor rewind iu_outbound_default --reason 'certificate not 0'",
  ).action(async (worker: string, options: { reason: string }, command: Command) => {
    const result = await context.withDatabase(command, ({ pool }) => rewindCursor(pool, worker, options.reason));
    refuseClosedGate(result.status);
    context
      .printer(command)
      .result(result, () => [
        `Worker ${result.worker_name} looks at everything since its base (${result.rewound_to ?? '-'}) again.`,
        `Decided now: ${result.events ?? 0} events and ${result.pairs ?? 0} routes that had no decision; ${result.dead_lettered ?? 0} dead letters.`,
      ]);
  });
}

function registerRebase(cursor: Command, context: CliContext): void {
  withExamples(
    cursor
      .command('rebase')
      .description('After a logical restore or upgrade: decide everything undecided and start a new chain here')
      .argument('<worker>', 'name of the worker')
      .requiredOption('--reason <text>', 'why')
      .addHelpText('after', '\nLocks the log against writers while it runs.'),
    "iu cursor rebase iu_outbound_default --reason 'moved to PostgreSQL 17'",
  ).action(async (worker: string, options: { reason: string }, command: Command) => {
    const result = await context.withDatabase(command, ({ pool }) => rebaseCursor(pool, worker, options.reason));
    refuseClosedGate(result.status);
    context
      .printer(command)
      .result(result, () => [
        `Worker ${result.worker_name} starts anew after seq ${result.base_seq}: ${result.seen} undecided events seen, ${result.attempts_written} decisions, ${result.dead_lettered} dead letters.`,
      ]);
  });
}

function registerReconcile(cursor: Command, context: CliContext): void {
  withExamples(
    cursor
      .command('reconcile')
      .description('The no-loss certificate: count what has no decision; exit code 2 when it is not 0')
      .argument('[worker]', 'name of the worker', 'iu_outbound_default')
      .option('--full', 'from the base on, instead of from the last whole check'),
    'iu cursor reconcile --full',
  ).action(async (worker: string, options: { full?: boolean }, command: Command) => {
    const printer = context.printer(command);
    const full = options.full === true;
    const result = await context.withDatabase(command, ({ pool }) => reconcileCursor(pool, worker, full));
    if (result.lost > 0) context.endWith(exitCodes.unhealthy);
    printer.result(result, () => [
      `Worker ${result.worker_name}: ${result.checked} events checked, ${result.lost} lost.`,
      ...(result.lost === 0
        ? []
        : [
            `  events without a decision: ${result.lost_events}; routes without theirs: ${result.lost_pairs}; queued and stranded: ${result.stranded}; first seq: ${result.first_lost_seq ?? '-'}`,
            `  Keep everything as it is; iu cursor rewind ${result.worker_name} --reason TEXT decides what has no decision.`,
          ]),
    ]);
  });
}

/** `iu cursor list|register|transfer|unregister|rewind|rebase|reconcile`. */
export function register(program: Command, context: CliContext): void {
  const cursor = withExamples(
    program.command('cursor').description('Named workers: scope, position and the no-loss certificate'),
    'iu cursor list',
  );
  registerList(cursor, context);
  registerRegister(cursor, context);
  registerTransfer(cursor, context);
  registerUnregister(cursor, context);
  registerRewind(cursor, context);
  registerRebase(cursor, context);
  registerReconcile(cursor, context);
}
