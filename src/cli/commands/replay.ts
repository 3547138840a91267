import { type Command, Option } from 'commander';
import { IuError } from '../../contract/errors/index.js';
import type { Queryable } from '../../store/listing.js';
import {
  cancelReplay,
  findReplay,
  listReplays,
  type ReplayPreview,
  type ReplayRunDetail,
  type ReplayRunRow,
  stepReplay,
} from '../../store/replays.js';
import { type CliContext, withExamples } from '../context.js';
import { countedId } from '../global-options.js';
import { rawJson } from '../json.js';
import { commandLineWithout, type PageOptions, withPaging } from '../paging.js';
import { followReplay, previewLines, refuseClosedGate, type StepOptions, withStepOptions } from '../replay.js';
import type { Column } from '../table.js';

const replayColumns: readonly Column<ReplayRunRow>[] = [
  { title: 'id', value: (row) => row.run_id, align: 'right' },
  {
    title: 'state',
    value: (row) => row.state,
    paint: (row, palette) => (row.state === 'running' ? palette.yellow : palette.dim),
  },
  { title: 'begun', value: (row) => row.started_at },
  { title: 'by', value: (row) => row.started_by },
  { title: 'done', value: (row) => `${row.pairs} of ${row.pairs_planned}`, align: 'right' },
  { title: 'replayed', value: (row) => row.replayed, align: 'right' },
  { title: 'a second', value: (row) => row.rate_per_second, align: 'right' },
  { title: 'worked on', value: (row) => row.worked_at },
  { title: 'reason', value: (row) => row.reason },
];

function registerList(replay: Command, context: CliContext): void {
  const list = replay
    .command('list')
    .description('Replays of many, newest first')
    .addOption(new Option('--state <state>', 'only in this state').choices(['running', 'done', 'cancelled']));
  withExamples(withPaging(list, countedId), 'iu replay list --state running').action(
    async (options: PageOptions & { state?: string }, command: Command) => {
      const page = await context.withDatabase(command, ({ pool }) => listReplays(pool, options, options), {
        readOnlyAllowed: true,
      });
      const again = commandLineWithout(context.words, ['--after']);
      context.printer(command).page(page, { columns: replayColumns, whenEmpty: 'No replay matches.', again });
    },
  );
}

async function requireReplay(database: Queryable, id: string): Promise<ReplayRunDetail> {
  const run = await findReplay(database, id);
  if (run !== undefined) return run;
  throw new IuError('IU370', { message: `There is no replay ${id}.`, hint: '`iu replay list` shows them.' });
}

function registerShow(replay: Command, context: CliContext): void {
  withExamples(
    replay
      .command('show')
      .description('One replay: what it means, who works on it, how far it is')
      .argument('<id>', 'id of the replay', countedId),
    'iu replay show 3',
  ).action(async (id: string, _options: object, command: Command) => {
    const run = await context.withDatabase(command, ({ pool }) => requireReplay(pool, id), { readOnlyAllowed: true });
    const printer = context.printer(command);
    const documents = {
      filter: rawJson(run.filter),
      preview: rawJson(run.preview),
      by_decision: rawJson(run.by_decision),
    };
    printer.result({ ...run, ...documents }, () => [
      ...printer.facts({
        replay: run.run_id,
        state: run.state,
        filter: run.filter,
        'up to attempt': run.until_attempt_id,
        reason: run.reason,
        begun: `${run.started_at} by ${run.started_by}`,
        'most a second': run.rate_per_second ?? undefined,
        'worked on': run.worked_at === null ? undefined : `${run.worked_at} by ${run.worked_by.join(', ')}`,
        done: `${run.pairs} of ${run.pairs_planned}`,
        replayed: `${run.replayed} ${run.by_decision}`,
        'delivery waiting': run.delivery_waiting,
        'settled by others': run.unchanged,
        ended: run.ended_at === null ? undefined : `${run.ended_at} by ${run.ended_by}`,
        'ended because': run.end_reason ?? undefined,
      }),
      'as it was begun:',
      ...previewLines(JSON.parse(run.preview) as ReplayPreview, printer).map((line) => `  ${line}`),
    ]);
  });
}

function registerResume(replay: Command, context: CliContext): void {
  withExamples(
    withStepOptions(
      replay
        .command('resume')
        .description('Go on with a replay where it was left, whoever began it; several may work on one')
        .argument('<id>', 'id of the replay', countedId),
    ),
    'iu replay resume 3',
  ).action(async (id: string, options: StepOptions, command: Command) => {
    await context.withDatabase(command, async ({ pool }) => {
      const run = await requireReplay(pool, id);
      if (run.state !== 'running') throw new IuError('IU373', { message: `Replay ${id} is ${run.state} already.` });
      const first = await stepReplay(pool, id, options.batch);
      refuseClosedGate(first.status, ` Replay ${id} keeps its place.`);
      await followReplay(context, command, pool, first, options);
    });
  });
}

function registerCancel(replay: Command, context: CliContext): void {
  withExamples(
    replay
      .command('cancel')
      .description('End a replay for good; what it replayed stays')
      .argument('<id>', 'id of the replay', countedId)
      .requiredOption('--note <text>', 'why; it stands in the row'),
    "iu replay cancel 3 --note 'wrong filter'",
  ).action(async (id: string, options: { note: string }, command: Command) => {
    const run = await context.withDatabase(command, ({ pool }) => cancelReplay(pool, id, options.note));
    context
      .printer(command)
      .result(run, () => [`Replay ${id} is cancelled after ${run.replayed} of ${run.pairs_planned} decisions.`]);
  });
}

/** `iu replay list|show|resume|cancel`. */
export function register(program: Command, context: CliContext): void {
  const replay = withExamples(
    program.command('replay').description('Replays of many, as iu dead-letter replay and iu event revive begin them'),
    'iu replay list',
  );
  registerList(replay, context);
  registerShow(replay, context);
  registerResume(replay, context);
  registerCancel(replay, context);
}
