import { type Command, Option } from 'commander';
import { exitCodes } from '../../contract/errors/exit-codes.js';
import { IuError, iuErrorFromPg } from '../../contract/errors/index.js';
import { approveCutRun, type CutApproval } from '../../store/cut.js';
import type { Queryable } from '../../store/listing.js';
import { type CliContext, withExamples } from '../context.js';
import { countedId } from '../global-options.js';
import { readNamedFile } from '../named-file.js';
import type { Printer } from '../printer.js';
import { type SeenManifest, seenManifests } from './approval-list.js';

interface ApproveOptions {
  readonly gate: string;
  readonly manifest?: string;
  readonly from?: string;
  readonly note: string;
  readonly actor: string;
}

/** A run that was not let through, and why. */
interface Refusal extends SeenManifest {
  readonly code: string;
  readonly message: string;
  readonly hint: string | undefined;
}

interface ManyApprovals {
  readonly approvals: readonly CutApproval[];
  readonly refusals: readonly Refusal[];
}

/** Each run for itself: one that is refused stops no other. What is wrong with the database or the login stops everything. */
async function approveEach(
  database: Queryable,
  seen: readonly SeenManifest[],
  options: ApproveOptions,
  stop: AbortSignal,
  onJudged: (judged: number) => void,
): Promise<ManyApprovals> {
  const approvals: CutApproval[] = [];
  const refusals: Refusal[] = [];
  for (const { runId, manifestDigest } of seen) {
    if (stop.aborted) break;
    try {
      approvals.push(await approveCutRun(database, runId, { ...options, manifestDigest }, options.actor));
    } catch (error) {
      const refusal = iuErrorFromPg(error);
      if (refusal === undefined || !refusal.code.startsWith('IU7')) throw error;
      const { code, message, hint } = refusal;
      refusals.push({ runId, manifestDigest, code, message, hint });
    }
    onJudged(approvals.length + refusals.length);
  }
  return { approvals, refusals };
}

function showMany(printer: Printer, gate: string, listed: number, { approvals, refusals }: ManyApprovals): void {
  const counts = {
    listed,
    approved: approvals.length,
    refused: refusals.length,
    left: listed - approvals.length - refusals.length,
  };
  printer.result({ gate: Number(gate), ...counts, approvals, refusals }, () => [
    ...printer.facts(counts),
    ...(refusals.length === 0
      ? []
      : printer.table<Refusal>(
          [
            { title: 'run', value: (row) => row.runId, align: 'right' },
            { title: 'manifest', value: (row) => row.manifestDigest.slice(0, 12) },
            { title: 'refused', value: (row) => `${row.code} ${row.message}` },
          ],
          refusals,
        )),
  ]);
  if (approvals.length > 0) {
    const verb = gate === '1' ? 'apply' : 'enact';
    printer.note(`next: the same iu cut dir again, or iu cut ${verb} RUN --actor NAME for each`);
  }
}

function showOne(printer: Printer, approval: CutApproval): void {
  const { run_id: id, gate } = approval;
  printer.result(approval, () =>
    printer.facts({
      run: id,
      gate,
      'approved by': approval.approved_by,
      manifest: approval.manifest_digest,
      reference: approval.reference,
    }),
  );
  printer.note(`next: iu cut ${gate === 1 ? 'apply' : 'enact'} ${id} --actor NAME`);
}

/** `iu cut approve`. */
export function registerCutApprove(cut: Command, context: CliContext): void {
  withExamples(
    cut
      .command('approve')
      .description(
        'Let a run through the gate at which it waits, or every run of a list; never by a login that started, planned or decided it',
      )
      .argument('[run]', 'number of the run', countedId)
      .requiredOption('--note <text>', 'what was looked at')
      .requiredOption('--actor <name>', 'who approves; stands beside the database login')
      .option('--manifest <sha256>', 'the manifest of the run that was looked at; its first 12 characters are enough')
      .option(
        '--from <file>',
        'instead of one run: those that wait at the gate in what iu cut list --json or iu cut dir --json printed, with the manifests that stand there; ' +
          'or lines RUN DIGEST; - is stdin',
      )
      .addOption(new Option('--gate <gate>', 'the gate that is meant').choices(['1', '2']).makeOptionMandatory()),
    'iu cut approve 7 --gate 1 --manifest 3f2a9c01b7de --note "read the plan" --actor bob',
    'iu cut approve --from waiting.json --gate 1 --note "read each plan" --actor bob',
  ).action(async (id: string | undefined, options: ApproveOptions, command: Command) => {
    const { gate, manifest: manifestDigest, from, actor } = options;
    const printer = context.printer(command);
    if (from !== undefined && id === undefined && manifestDigest === undefined) {
      const { seen, others } = seenManifests(readNamedFile(from), gate);
      if (others > 0) printer.note(`${others} of the list waited for something else than gate ${gate}`);
      const stop = context.stopSignal();
      const many = await context.withDatabase(command, ({ pool }) =>
        approveEach(pool, seen, options, stop, (judged) => {
          if (judged % 10 === 0 || judged === seen.length) printer.note(`${judged} of ${seen.length} runs`);
        }),
      );
      if (many.approvals.length < seen.length) context.endWith(exitCodes.failed);
      showMany(printer, gate, seen.length, many);
      return;
    }
    if (from !== undefined || id === undefined || manifestDigest === undefined) {
      throw new IuError('IU030', {
        message: 'An approval names a run and its --manifest, or a list with --from, and not both.',
      });
    }
    const seen = { ...options, manifestDigest };
    showOne(printer, await context.withDatabase(command, ({ pool }) => approveCutRun(pool, id, seen, actor)));
  });
}
