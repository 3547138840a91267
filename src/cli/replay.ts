import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { exitCodes } from '../contract/errors/exit-codes.js';
import { IuError } from '../contract/errors/index.js';
import { errorCode } from '../store/failure.js';
import type { Queryable } from '../store/listing.js';
import {
  previewReplay,
  type ReplayFilter,
  type ReplayPreview,
  type ReplayPreviewRoute,
  type ReplayProgress,
  startReplay,
  stepReplay,
} from '../store/replays.js';
import type { CliContext } from './context.js';
import { countedId, wholeNumber } from './global-options.js';
import { holdSentence } from './hold.js';
import { commandLineWithout } from './paging.js';
import type { Printer } from './printer.js';
import { noteUnknownRoute } from './route/unknown-route.js';

/** Pairs of one transaction of a replay: long enough to be quick, short enough to be stopped at once. */
const usualBatch = 100;

/** How much of a replay one step does. */
export interface StepOptions {
  readonly batch: number;
}

/** The options of every replay by filter. */
export interface ReplayOptions extends StepOptions {
  readonly yes?: boolean;
  readonly rate?: number;
  readonly note?: string;
  readonly untilAttempt?: string;
}

/** Adds --batch. */
export function withStepOptions(command: Command): Command {
  return command.option('--batch <pairs>', 'pairs of one transaction, 1 to 1000', wholeNumber(1, 1000), usualBatch);
}

/** Adds --yes, --note, --rate, --batch and --until-attempt. */
export function withReplayOptions(command: Command): Command {
  return withStepOptions(
    command
      .option('--yes', 'do it; without it only shows what would be touched')
      .option('--note <text>', 'why; a replay of many keeps it')
      .option('--rate <pairs>', 'most pairs a second, whoever works on it', wholeNumber(1, 1_000_000)),
  ).option('--until-attempt <id>', 'only what the preview that named this attempt had shown', countedId);
}

/** Throws IU032 for a status that says which gate is closed. */
export function refuseClosedGate(status: string, done = ''): void {
  const gate = status === 'master_gate_closed' ? 'routes_master_enabled' : 'route_worker_enabled';
  if (status !== 'master_gate_closed' && status !== 'worker_gate_closed') return;
  throw new IuError('IU032', {
    message: `The gate iu_core.${gate} is closed, so nothing is decided.${done}`,
    hint: `iu gate open ${gate} --reason TEXT`,
  });
}

function estimateText(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Math.ceil(seconds / 60)} min` : `${Math.ceil(seconds / 3600)} h`;
}

/** What the filter of a route says to what would be replayed; nothing where it says yes to all of it. */
function filterLine(row: ReplayPreviewRoute): string[] {
  const { route_code: code, filter_tried: tried, filter_no: no, filter_failed: failed } = row;
  if (tried === null) return [];
  const isWhole = tried === row.pairs - row.delivery_waiting;
  const said = [no === 0 ? '' : `says no to ${no}`, failed === 0 ? '' : `fails for ${failed}`].filter(
    (one) => one !== '',
  );
  if (said.length === 0)
    return isWhole ? [] : [`The filter of ${code} says yes to the ${tried} oldest, and was tried on no more.`];
  return [
    `The filter of ${code} ${said.join(' and ')} of ${isWhole ? tried : `the ${tried} oldest, and was tried on no more`}.`,
  ];
}

/** What a replay would touch, for people. */
export function previewLines(preview: ReplayPreview, printer: Printer): string[] {
  if (preview.pairs === 0) return ['Nothing matches: there is nothing to replay.'];
  const { palette } = printer;
  const held = preview.by_route.filter((row) => row.held_by !== null);
  const warnings = [
    ...(preview.already_sent > 0
      ? [palette.yellow(`${preview.already_sent} of them were sent before and may be sent again.`)]
      : []),
    ...(preview.delivery_waiting > 0
      ? [`${preview.delivery_waiting} of them have a delivery waiting and are left alone.`]
      : []),
    ...held.map((row) =>
      palette.yellow(`To ${row.route_code} nothing is sent now: ${holdSentence(row.held_by ?? '', row.route_code)}`),
    ),
    ...preview.by_route.flatMap(filterLine),
  ];
  return [
    `Would replay ${preview.pairs} decisions of ${preview.events} events:`,
    ...printer.table(
      [
        { title: 'route', value: (row) => row.route_code },
        { title: 'target', value: (row) => (row.target === null ? null : `${row.target_kind} ${row.target}`) },
        { title: 'would be', value: (row) => row.would_be },
        { title: 'count', value: (row) => row.pairs, align: 'right' },
        { title: 'sent before', value: (row) => row.already_sent, align: 'right' },
        { title: 'waiting', value: (row) => row.delivery_waiting, align: 'right' },
        { title: 'a second', value: (row) => row.per_second, align: 'right' },
      ],
      preview.by_route,
    ),
    ...warnings,
    preview.estimated_seconds === null
      ? 'How long it takes is not known: no rate is set, and no route has sent lately.'
      : `It takes about ${estimateText(preview.estimated_seconds)}${held.length > 0 ? ', once nothing holds them' : ''}.`,
  ];
}

/** Shows what a filter means, or with --yes begins a replay of it and works on it until it is done. */
export async function replayByFilter(
  context: CliContext,
  command: Command,
  filter: ReplayFilter,
  options: ReplayOptions,
): Promise<void> {
  const printer = context.printer(command);
  await context.withDatabase(command, async ({ pool }) => {
    const bounded = { ...filter, until_attempt_id: options.untilAttempt };
    if (options.yes !== true) {
      const preview = await previewReplay(pool, bounded, options.rate);
      showPreview(context, printer, preview);
      if (preview.pairs === 0) await noteUnknownRoute(pool, printer, filter.route_code);
      return;
    }
    const run = await startReplay(pool, bounded, options.note, options.rate);
    refuseClosedGate(run.status);
    printer.note(
      `replay ${run.run_id}: ${run.pairs_planned} decisions; stop it at any point, iu replay resume goes on`,
    );
    await followReplay(context, command, pool, run, options);
  });
}

function showPreview(context: CliContext, printer: Printer, preview: ReplayPreview): void {
  const again = commandLineWithout(context.words, ['--until-attempt']);
  const note = context.words.some((word) => /^--note(=|$)/.test(word)) ? '' : ' --note TEXT';
  const goOn = `${again} --until-attempt ${preview.until_attempt_id}${note} --yes`;
  printer.result({ ...preview, replayed: 0, go_on: preview.pairs === 0 ? null : goOn }, () => [
    ...previewLines(preview, printer),
    ...(preview.pairs === 0 ? [] : ['Nothing was changed.', `To do it: ${goOn}`]),
  ]);
}

/** Steps through a running replay until it is done, cancelled, held by a gate or this process is stopped; says what came of it. */
export async function followReplay(
  context: CliContext,
  command: Command,
  database: Queryable,
  begun: ReplayProgress,
  options: StepOptions,
): Promise<void> {
  const printer = context.printer(command);
  const stop = context.stopSignal();
  let run = begun;
  while (run.state === 'running' && !stop.aborted) {
    run = await stepOrTryAgain(database, run.run_id, options.batch);
    const place = ` Replay ${run.run_id} keeps its place after ${run.replayed} replayed: iu replay resume ${run.run_id}`;
    refuseClosedGate(run.status, place);
    if (run.status === 'stepped') {
      printer.note(`${run.replayed} replayed, ${Math.max(0, run.pairs_planned - run.pairs)} to go`);
    }
    if (run.wait_milliseconds !== null) await delay(run.wait_milliseconds, undefined, { signal: stop }).catch(() => {});
  }
  printer.result(run, () => [
    `Replayed ${run.replayed} decisions${decisionsText(run.by_decision)}.`,
    ...(run.unchanged > 0 ? [`${run.unchanged} were settled by somebody else meanwhile.`] : []),
    ...(run.delivery_waiting > 0 ? [`${run.delivery_waiting} have a delivery waiting and were left alone.`] : []),
    ...(run.state === 'cancelled' ? [`Replay ${run.run_id} is cancelled.`] : []),
    ...(run.state === 'running' ? [`It is not done; to go on: iu replay resume ${run.run_id}`] : []),
  ]);
  if (run.state !== 'done') context.endWith(exitCodes.failed);
  if ((run.by_decision.failed ?? 0) > 0) {
    context.endWith(exitCodes.failed);
    printer.note('some failed again: iu dead-letter list --group');
  }
}

/** Serialization, deadlock, lock timeout: the step has left nothing, somebody else held the same rows. */
const passingTroubles: ReadonlySet<string> = new Set(['40001', '40P01', '55P03']);

async function stepOrTryAgain(database: Queryable, runId: string, part: number): Promise<ReplayProgress> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await stepReplay(database, runId, part);
    } catch (error) {
      if (tries === 5 || !passingTroubles.has(errorCode(error) ?? '')) throw error;
      await delay(50 * tries);
    }
  }
}

function decisionsText(counts: Readonly<Record<string, number>>): string {
  const parts = Object.entries(counts).map(([decision, count]) => `${decision} ${count}`);
  return parts.length === 0 ? '' : `: ${parts.join(', ')}`;
}
