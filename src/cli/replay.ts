import type { Command } from 'commander';
import { exitCodes } from '../contract/errors/exit-codes.js';
import { IuError } from '../contract/errors/index.js';
import { previewReplay, type ReplayFilter, type ReplayPreview, replayPart } from '../store/dead-letters.js';
import type { Queryable } from '../store/listing.js';
import type { CliContext } from './context.js';
import { countedId, wholeNumber } from './global-options.js';
import { commandLineWithout } from './paging.js';
import type { Printer } from './printer.js';

/** Pairs of one transaction of a replay: long enough to be quick, short enough to be stopped at once. */
const usualPart = 100;

/** The options of every replay by filter. */
export interface ReplayOptions {
  readonly yes?: boolean;
  readonly part: number;
  readonly untilAttempt?: string;
}

/** Adds --yes, --part and --until-attempt. */
export function withReplayOptions(command: Command): Command {
  return command
    .option('--yes', 'do it; without it only shows what would be touched')
    .option('--part <events>', 'events of one transaction, 1 to 1000', wholeNumber(1, 1000), usualPart)
    .option('--until-attempt <id>', 'only what the preview that named this attempt had shown', countedId);
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

function previewLines(preview: ReplayPreview, printer: Printer): string[] {
  if (preview.pairs === 0) return ['Nothing matches: there is nothing to replay.'];
  const { palette } = printer;
  const warnings = [
    ...(preview.already_sent > 0
      ? [palette.yellow(`${preview.already_sent} of them were sent before and may be sent again.`)]
      : []),
    ...(preview.delivery_waiting > 0
      ? [`${preview.delivery_waiting} of them have a delivery waiting and are left alone.`]
      : []),
  ];
  return [
    `Would replay ${preview.pairs} decisions of ${preview.events} events:`,
    ...printer.table(
      [
        { title: 'route', value: (row) => row.route_code },
        { title: 'would be', value: (row) => row.would_be },
        { title: 'count', value: (row) => row.pairs, align: 'right' },
      ],
      preview.by_route,
    ),
    ...warnings,
    'Nothing was changed.',
  ];
}

/** Shows what a filter means, or with --yes replays it part by part until nothing remains. */
export async function replayByFilter(
  context: CliContext,
  command: Command,
  filter: ReplayFilter,
  options: ReplayOptions,
): Promise<void> {
  const printer = context.printer(command);
  await context.withDatabase(command, async ({ pool }) => {
    const bounded = { ...filter, until_attempt_id: options.untilAttempt };
    const preview = await previewReplay(pool, bounded);
    if (options.yes !== true) {
      const again = commandLineWithout(context.words, ['--until-attempt']);
      const goOn = `${again} --until-attempt ${options.untilAttempt ?? preview.until_attempt_id} --yes`;
      printer.result({ ...preview, replayed: 0, go_on: preview.pairs === 0 ? null : goOn }, () => [
        ...previewLines(preview, printer),
        ...(preview.pairs === 0 ? [] : [`To do it: ${goOn}`]),
      ]);
      return;
    }
    const upTo = options.untilAttempt ?? preview.until_attempt_id;
    const outcome = await replayAll(pool, { ...filter, until_attempt_id: upTo }, options.part, printer);
    printer.result(outcome, () => [
      `Replayed ${outcome.replayed} decisions${decisionsText(outcome.by_decision)}.`,
      ...(outcome.remaining > 0 ? [`${outcome.remaining} remain that this replay cannot change.`] : []),
      ...(outcome.delivery_waiting > 0
        ? [`${outcome.delivery_waiting} have a delivery waiting and were left alone.`]
        : []),
    ]);
    if ((outcome.by_decision.failed ?? 0) > 0) {
      context.endWith(exitCodes.failed);
      printer.note('some failed again: iu dead-letter list --group');
    }
  });
}

function decisionsText(counts: Readonly<Record<string, number>>): string {
  const parts = Object.entries(counts).map(([decision, count]) => `${decision} ${count}`);
  return parts.length === 0 ? '' : `: ${parts.join(', ')}`;
}

interface ReplayOutcome {
  readonly status: string;
  readonly replayed: number;
  readonly by_decision: Readonly<Record<string, number>>;
  readonly delivery_waiting: number;
  readonly remaining: number;
}

async function replayAll(
  database: Queryable,
  filter: ReplayFilter,
  part: number,
  printer: Printer,
): Promise<ReplayOutcome> {
  const counts: Record<string, number> = {};
  let replayed = 0;
  let waiting = 0;
  let afterSeq = '0';
  for (;;) {
    const done = await replayPart(database, { ...filter, after_seq: afterSeq }, part);
    refuseClosedGate(done.status, replayed === 0 ? '' : ` ${replayed} were replayed before it closed.`);
    replayed += done.replayed;
    waiting += done.delivery_waiting ?? 0;
    for (const [decision, count] of Object.entries(done.by_decision ?? {}))
      counts[decision] = (counts[decision] ?? 0) + count;
    const remaining = done.remaining ?? 0;
    if (remaining === 0 || done.last_seq === undefined || done.last_seq === afterSeq) {
      return { status: done.status, replayed, by_decision: counts, delivery_waiting: waiting, remaining };
    }
    afterSeq = done.last_seq;
    printer.note(`${replayed} replayed, ${remaining} to go`);
  }
}
