import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type pg from 'pg';
import { exitCodes } from '../../contract/errors/exit-codes.js';
import { IuError } from '../../contract/errors/index.js';
import {
  archiveFileName,
  hashOfArchive,
  prepareArchive,
  unnamedArchives,
  writeArchive,
} from '../../install/prune-archive.js';
import type { Queryable } from '../../store/listing.js';
import { type LogTended, tendLog } from '../../store/log-partitions.js';
import {
  cancelPrune,
  filesOfPrune,
  listPrunes,
  type PrunePreview,
  type PruneProgress,
  type PruneRunRow,
  type PruneStep,
  previewPrune,
  startPrune,
  stepPrune,
} from '../../store/prunes.js';
import { type CliContext, withExamples } from '../context.js';
import { countedId, wholeNumber } from '../global-options.js';
import { rawJson } from '../json.js';
import { commandLineWithout, type PageOptions, withPaging } from '../paging.js';
import type { Printer } from '../printer.js';
import type { Column } from '../table.js';

interface StepOptions {
  readonly batch: number;
  readonly rate?: number;
}

interface PruneOptions extends StepOptions {
  readonly olderThan: number;
  readonly dryRun?: boolean;
  readonly archive?: string;
  readonly reason?: string;
}

function days(text: string): number {
  const value = /^\d{1,5}(\.\d{1,6})?d?$/.test(text) ? Number.parseFloat(text) : Number.NaN;
  if (value <= 36_500) return value;
  throw new InvalidArgumentError('It has to be a number of days from 0 to 36500, such as 90 or 90d.');
}

function withStepOptions(command: Command): Command {
  return command
    .option('--batch <events>', 'events of one transaction, 1 to 10000', wholeNumber(1, 10_000), 1000)
    .option('--rate <events>', 'most events a second', wholeNumber(1, 1_000_000));
}

function heldLines(held: Readonly<Record<string, number>>, printer: Printer): string[] {
  const rows = Object.entries(held).sort(([, left], [, right]) => right - left);
  if (rows.length === 0) return [];
  return [
    'These are old enough and stay:',
    ...printer.table(
      [
        { title: 'because', value: (row: readonly [string, number]) => row[0] },
        { title: 'events', value: (row: readonly [string, number]) => row[1], align: 'right' },
      ],
      rows,
    ),
  ];
}

function previewLines(preview: PrunePreview, printer: Printer): string[] {
  return [
    preview.events === 0
      ? `Nothing may go that is older than ${preview.cutoff_at}.`
      : `Would take ${preview.events} events with their attempts, ${preview.first_seq} to ${preview.last_seq}, ${preview.bytes} bytes of payloads.`,
    ...(preview.not_asked > 0
      ? [
          `${preview.not_asked} of them were not asked about for foreign keys, for time, a lock, or triggers that would run: so many may stay.`,
        ]
      : []),
    ...(preview.complete ? [] : [`It looked at the first ${preview.examined} events only; there is more.`]),
    ...heldLines(preview.held, printer),
    ...preview.referencing.map((key) => `refers to events: ${key}`),
    'Nothing was changed.',
  ];
}

/** What a prune left empty can go now. The prune is over by then and never fails for it: what was in the way is said. */
async function tendAfterwards(pool: pg.Pool): Promise<LogTended | string> {
  return tendLog(pool).catch((error: unknown) => String(error instanceof Error ? error.message : error));
}

function partitionLines(tended: LogTended | string | undefined): string[] {
  if (tended === undefined) return [];
  if (typeof tended === 'string') return [`No empty partition was dropped; iu log partition tend does it. ${tended}`];
  return [
    ...(tended.dropped.length > 0 ? [`Dropped what was left empty: ${tended.dropped.join(', ')}.`] : []),
    ...(tended.busy.length > 0
      ? [`Empty and could not go now: ${tended.busy.join(', ')}; iu log partition tend tries again.`, ...tended.reasons]
      : []),
  ];
}

/** Steps through a prune until it is done, cancelled or this process is stopped. */
async function follow(
  context: CliContext,
  command: Command,
  pool: pg.Pool,
  begun: PruneProgress,
  options: StepOptions,
) {
  const printer = context.printer(command);
  const stop = context.stopSignal();
  const archive = (step: PruneStep, lines: readonly string[]) => {
    const name = archiveFileName(step.installation, step.run_id, step.batch_no ?? 0);
    return writeArchive(step.archive_place ?? '.', name, lines);
  };
  if (begun.archive === 'folder') await prepareArchive(begun.archive_place ?? '.');
  let run = begun;
  // Never more than a second's worth in one step, or a cap would come in bursts.
  const batch = Math.min(options.batch, options.rate ?? options.batch);
  while (run.state === 'running' && !stop.aborted) {
    const began = performance.now();
    const before = run.examined;
    run = await stepPrune(pool, run.run_id, batch, archive);
    if (run.status === 'busy') {
      await delay(200, undefined, { signal: stop }).catch(() => {});
      continue;
    }
    printer.note(`${run.events} events taken, at ${run.position_seq} of ${run.ceiling_seq}`);
    const owed = options.rate === undefined ? 0 : ((run.examined - before) / options.rate) * 1000;
    const rest = owed - (performance.now() - began);
    if (run.state === 'running' && rest > 0) await delay(rest, undefined, { signal: stop }).catch(() => {});
  }
  const tended = run.state === 'done' ? await tendAfterwards(pool) : undefined;
  printer.result({ ...run, partitions_dropped: typeof tended === 'object' ? tended.dropped : [] }, () => [
    `Took ${run.events} events, ${run.attempts} attempts and ${run.others} other rows in ${run.batches} batches.`,
    ...(run.archive === 'folder' ? [`They are in ${run.archive_place}; iu prune check ${run.run_id} proves it.`] : []),
    ...partitionLines(tended),
    ...heldLines(run.held, printer),
    ...(run.state === 'cancelled' ? [`Prune ${run.run_id} is cancelled.`] : []),
    ...(run.state === 'running' ? [`It is not done; to go on: iu prune resume ${run.run_id}`] : []),
  ]);
  if (run.state !== 'done') context.endWith(exitCodes.failed);
}

async function prune(context: CliContext, options: PruneOptions, command: Command): Promise<void> {
  const { olderThan } = options;
  if (options.dryRun === true) {
    const preview = await context.withDatabase(command, ({ pool }) => previewPrune(pool, olderThan));
    const printer = context.printer(command);
    printer.result(preview, () => previewLines(preview, printer));
    return;
  }
  const isTable = options.archive === undefined || options.archive === 'table';
  const place = isTable || options.archive === undefined ? undefined : resolve(options.archive);
  await context.withDatabase(command, async ({ pool }) => {
    if (place !== undefined) await prepareArchive(place);
    const run = await startPrune(pool, {
      olderThanDays: olderThan,
      reason: options.reason,
      archive: place !== undefined ? 'folder' : options.archive === 'table' ? 'table' : 'none',
      place,
    });
    context.printer(command).note(`prune ${run.run_id}: stop it at any point, iu prune resume goes on`);
    await follow(context, command, pool, run, options);
  });
}

async function requirePrune(database: Queryable, id: string): Promise<PruneRunRow> {
  const row = (await listPrunes(database, { id }, { limit: 1 })).items[0];
  if (row !== undefined) return row;
  throw new IuError('IU887', { message: `There is no prune ${id}.`, hint: '`iu prune list` shows them.' });
}

function registerResume(parent: Command, context: CliContext): void {
  withExamples(
    withStepOptions(
      parent
        .command('resume')
        .description('Go on with a prune where it was left; its archive stays what it was')
        .argument('<id>', 'id of the prune', countedId),
    ),
    'iu prune resume 3',
  ).action(async (id: string, options: StepOptions, command: Command) => {
    await context.withDatabase(command, async ({ pool }) => {
      const row = await requirePrune(pool, id);
      if (row.state !== 'running') throw new IuError('IU889', { message: `Prune ${id} is ${row.state} already.` });
      const begun = { ...row, examined: Number(row.examined) } as unknown as PruneProgress;
      await follow(context, command, pool, begun, options);
    });
  });
}

function registerCancel(parent: Command, context: CliContext): void {
  withExamples(
    parent
      .command('cancel')
      .description('End a prune for good; what it took stays taken and counted')
      .argument('<id>', 'id of the prune', countedId)
      .requiredOption('--reason <text>', 'why; it stands in the row'),
    "iu prune cancel 3 --reason 'too early'",
  ).action(async (id: string, options: { reason: string }, command: Command) => {
    const run = await context.withDatabase(command, ({ pool }) => cancelPrune(pool, id, options.reason));
    context.printer(command).result(run, () => [`Prune ${id} is cancelled after ${run.events} events.`]);
  });
}

const columns: readonly Column<PruneRunRow>[] = [
  { title: 'id', value: (row) => row.run_id, align: 'right' },
  { title: 'state', value: (row) => row.state },
  { title: 'older than', value: (row) => row.cutoff_at },
  { title: 'events', value: (row) => row.events, align: 'right' },
  { title: 'attempts', value: (row) => row.attempts, align: 'right' },
  { title: 'archive', value: (row) => row.archive_place ?? row.archive },
  { title: 'begun', value: (row) => row.started_at },
  { title: 'by', value: (row) => row.started_by },
  { title: 'reason', value: (row) => row.reason },
];

function registerList(parent: Command, context: CliContext): void {
  const list = parent
    .command('list')
    .description('Prunes, newest first')
    .addOption(new Option('--state <state>', 'only in this state').choices(['running', 'done', 'cancelled']));
  withExamples(withPaging(list, countedId), 'iu prune list --state running').action(
    async (options: PageOptions & { state?: string }, command: Command) => {
      const page = await context.withDatabase(command, ({ pool }) => listPrunes(pool, options, options), {
        readOnlyAllowed: true,
      });
      const again = commandLineWithout(context.words, ['--after']);
      const printer = context.printer(command);
      const items = page.items.map((row) => ({ ...row, held: rawJson(row.held) }));
      if (printer.json) printer.result({ items, next: page.next }, () => []);
      else printer.page(page, { columns, whenEmpty: 'No prune matches.', again });
    },
  );
}

function registerCheck(parent: Command, context: CliContext): void {
  withExamples(
    parent
      .command('check')
      .description('Prove that the files of a prune are there and are what was written')
      .argument('<id>', 'id of the prune', countedId)
      .option('--archive <folder>', 'where the files are now; the folder that was named when nothing is said'),
    'iu prune check 3',
  ).action(async (id: string, options: { archive?: string }, command: Command) => {
    const { row, files } = await context.withDatabase(
      command,
      async ({ pool }) => ({ row: await requirePrune(pool, id), files: await filesOfPrune(pool, id) }),
      { readOnlyAllowed: true },
    );
    const folder = options.archive ?? row.archive_place ?? '.';
    const problems: string[] = [];
    for (const { file, sha256 } of files) {
      const found = await hashOfArchive(folder, file);
      if (found !== sha256) problems.push(`${file} ${found === undefined ? 'is missing' : 'was changed'}`);
    }
    const rows = files.reduce((sum, file) => sum + file.rows, 0);
    const names = files.map(({ file }) => file);
    const unnamed = await unnamedArchives(folder, names);
    context
      .printer(command)
      .result({ run_id: id, folder, files: files.length, rows, ok: problems.length === 0, problems, unnamed }, () => [
        ...problems,
        ...unnamed.map(
          (file) => `${file} is of a step that did not commit; no archive needs it when the prune is over`,
        ),
        `${files.length - problems.length} of ${files.length} files are what was written; ${rows} rows.`,
      ]);
    if (problems.length > 0) context.endWith(exitCodes.failed);
  });
}

function registerRun(parent: Command, context: CliContext): void {
  withExamples(
    withStepOptions(
      parent
        .command('run', { isDefault: true })
        .description('Prune, or with --dry-run only look; `iu prune` alone means this')
        .requiredOption('--older-than <days>', 'only what happened before so many days', days)
        .option('--dry-run', 'only show what would go, and why the rest stays')
        .option('--archive <place>', 'a folder for gzipped files, or table; without it what is pruned is gone')
        .option('--reason <text>', 'why; it stands in the row'),
    ),
    'iu prune --older-than 90 --dry-run',
    "iu prune --older-than 90 --archive /var/lib/iu/archive --reason 'monthly'",
  ).action((options: PruneOptions, command: Command) => prune(context, options, command));
}

/** `iu prune [run]`, `iu prune list|resume|cancel|check`. */
export function register(program: Command, context: CliContext): void {
  const parent = withExamples(
    program
      .command('prune')
      .description('Take old settled events out of the log, with everything that belongs to them; they stay counted'),
    'iu prune --older-than 90 --dry-run',
  );
  registerRun(parent, context);
  registerList(parent, context);
  registerResume(parent, context);
  registerCancel(parent, context);
  registerCheck(parent, context);
}
