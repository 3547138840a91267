import { type Command, Option } from 'commander';
import { IuError } from '../../contract/errors/index.js';
import {
  applyRedaction,
  approveRedaction,
  findRedaction,
  listRedactions,
  planRedaction,
  type RedactionCopy,
  type RedactionPlan,
  type RedactionRow,
  rejectRedaction,
  requestRedaction,
} from '../../store/redactions.js';
import { type CliContext, withExamples } from '../context.js';
import { countedId } from '../global-options.js';
import { commandLineWithout, type PageOptions, withPaging } from '../paging.js';
import type { Printer } from '../printer.js';
import type { Column } from '../table.js';

const copyColumns: readonly Column<RedactionCopy>[] = [
  { title: 'table', value: (row) => row.table_name },
  { title: 'row', value: (row) => row.row_key },
  { title: 'column', value: (row) => row.column_name },
  { title: 'bytes', value: (row) => row.byte_length, align: 'right' },
  { title: 'sha256', value: (row) => row.sha256.slice(0, 16) },
];

function withSubject(command: Command): Command {
  return command
    .argument('<kind>', 'event, version, source or piece')
    .argument('<id>', 'its id; of a piece of a cut RUN:ORDINAL');
}

const kinds: Readonly<Record<string, string>> = {
  event: 'event',
  version: 'unit_version',
  source: 'source_pin',
  piece: 'cut_piece',
};

function kindOf(word: string): string {
  const kind = kinds[word];
  if (kind !== undefined) return kind;
  throw new IuError('IU891', {
    message: `${word} is no kind of thing to redact.`,
    hint: 'event, version, source or piece',
  });
}

/** What stays, and what a person does about it. */
function restLines(rest: Pick<RedactionPlan, 'archive_files' | 'leftovers'>, printer: Printer): string[] {
  return [
    ...rest.archive_files.map((file) => `also in ${file}, which only a person can change`),
    ...rest.leftovers.map(({ code, ref, count, action }) => {
      if (code === 'original_source') return `not reached: the original in source ${ref}; redact it too: ${action}`;
      return `not reached: ${count} rows; ${action}`;
    }),
  ].map((line) => printer.palette.yellow(line));
}

function registerPlan(redact: Command, context: CliContext): void {
  withExamples(
    withSubject(redact.command('plan').description('Every copy there is, and what stands in the way; changes nothing')),
    'iu redact plan event 7d1f0a52-94c3-4c9e-8d5a-0b8f6c1b2e3d',
    'iu redact plan piece 3:17',
  ).action(async (word: string, ref: string, _options: object, command: Command) => {
    const plan = await context.withDatabase(command, ({ pool }) => planRedaction(pool, kindOf(word), ref));
    const printer = context.printer(command);
    printer.result(plan, () => [
      plan.copies.length === 0
        ? 'No copy is left.'
        : `${plan.copies.length} values of ${plan.subject_kind} ${plan.subject_ref}:`,
      ...(plan.copies.length === 0 ? [] : printer.table(copyColumns, plan.copies)),
      ...plan.blockers.map((blocker) => printer.palette.yellow(`in the way: ${blocker.code} (${blocker.count})`)),
      ...restLines(plan, printer),
      'Backups, replicas and logs of the server are not reached from here.',
    ]);
  });
}

function registerRequest(redact: Command, context: CliContext): void {
  withExamples(
    withSubject(redact.command('request').description('Ask for a redaction; somebody else approves it'))
      .requiredOption('--reason <text>', 'why; it stays, so nothing of the thing itself')
      .requiredOption('--legal-ref <text>', 'the request or rule it rests on'),
    "iu redact request event 7d1f0a52-94c3-4c9e-8d5a-0b8f6c1b2e3d --reason 'erasure asked for' --legal-ref 'case 2026-114'",
  ).action(async (word: string, ref: string, options: { reason: string; legalRef: string }, command: Command) => {
    const wishes = { kind: kindOf(word), ref, reason: options.reason, legalRef: options.legalRef };
    const row = await context.withDatabase(command, ({ pool }) => requestRedaction(pool, wishes));
    context
      .printer(command)
      .result(row, () => [
        `Redaction ${row.redaction_id} is asked for. A second person: iu redact approve ${row.redaction_id} --note TEXT`,
      ]);
  });
}

function registerDecision(
  redact: Command,
  context: CliContext,
  word: 'approve' | 'reject',
  decide: typeof approveRedaction,
): void {
  withExamples(
    redact
      .command(word)
      .description(word === 'approve' ? 'Agree, as a second person' : 'Say no, or take it back before it is applied')
      .argument('<id>', 'id of the redaction', countedId)
      .requiredOption('--note <text>', 'what was checked, or why not'),
    `iu redact ${word} 3 --note 'checked with legal'`,
  ).action(async (id: string, options: { note: string }, command: Command) => {
    const row = await context.withDatabase(command, ({ pool }) => decide(pool, id, options.note));
    context.printer(command).result(row, () => [`Redaction ${id} is ${row.state}.`]);
  });
}

function registerApply(redact: Command, context: CliContext): void {
  withExamples(
    redact
      .command('apply')
      .description('Overwrite every copy, in one transaction; there is no way back')
      .argument('<id>', 'id of the redaction', countedId),
    'iu redact apply 3',
  ).action(async (id: string, _options: object, command: Command) => {
    const row = await context.withDatabase(command, ({ pool }) => applyRedaction(pool, id));
    const printer = context.printer(command);
    printer.result(row, () => [
      `Overwrote ${row.overwritten} values. Old row versions are on disk until the next vacuum of their tables.`,
      ...restLines(row, printer),
    ]);
  });
}

const columns: readonly Column<RedactionRow>[] = [
  { title: 'id', value: (row) => row.redaction_id, align: 'right' },
  { title: 'state', value: (row) => row.state },
  { title: 'kind', value: (row) => row.subject_kind },
  { title: 'subject', value: (row) => row.subject_ref },
  { title: 'asked', value: (row) => row.requested_at },
  { title: 'by', value: (row) => row.requested_by },
  { title: 'approved by', value: (row) => row.approved_by },
  { title: 'legal reference', value: (row) => row.legal_ref },
];

function registerList(redact: Command, context: CliContext): void {
  const list = redact
    .command('list')
    .description('Redactions, newest first')
    .addOption(
      new Option('--state <state>', 'only in this state').choices(['requested', 'approved', 'rejected', 'applied']),
    )
    .addOption(new Option('--kind <kind>', 'only of this kind').choices(['event', 'unit_version', 'source_pin']));
  withExamples(withPaging(list, countedId), 'iu redact list --state requested').action(
    async (options: PageOptions & { state?: string; kind?: string }, command: Command) => {
      const page = await context.withDatabase(command, ({ pool }) => listRedactions(pool, options, options), {
        readOnlyAllowed: true,
      });
      const again = commandLineWithout(context.words, ['--after']);
      context.printer(command).page(page, { columns, whenEmpty: 'No redaction matches.', again });
    },
  );
}

function registerShow(redact: Command, context: CliContext): void {
  withExamples(
    redact
      .command('show')
      .description('One redaction: who, why, on what ground, and what was overwritten')
      .argument('<id>', 'id of the redaction', countedId),
    'iu redact show 3',
  ).action(async (id: string, _options: object, command: Command) => {
    const row = await context.withDatabase(command, ({ pool }) => findRedaction(pool, id), { readOnlyAllowed: true });
    if (row === undefined)
      throw new IuError('IU890', { message: `There is no redaction ${id}.`, hint: 'iu redact list' });
    const printer = context.printer(command);
    const said = (who: string | null, at: string | null, note: string | null = null) =>
      who === null ? undefined : `${at} by ${who}${note === null ? '' : `: ${note}`}`;
    printer.result(row, () => [
      ...printer.facts({
        redaction: row.redaction_id,
        state: row.state,
        of: `${row.subject_kind} ${row.subject_ref}`,
        reason: row.reason,
        'legal reference': row.legal_ref,
        asked: said(row.requested_by, row.requested_at),
        approved: said(row.approved_by, row.approved_at, row.approval_note),
        rejected: said(row.rejected_by, row.rejected_at, row.rejection_note),
        applied: said(row.applied_by, row.applied_at),
      }),
      ...(row.copies.length === 0 ? ['nothing is overwritten'] : printer.table(copyColumns, row.copies)),
    ]);
  });
}

/** `iu redact plan|request|approve|reject|apply|list|show`. */
export function register(program: Command, context: CliContext): void {
  const redact = withExamples(
    program
      .command('redact')
      .description('Overwrite a payload or a text for good on legal request; two people, hash and proof stay'),
    'iu redact list',
  );
  registerPlan(redact, context);
  registerRequest(redact, context);
  registerDecision(redact, context, 'approve', approveRedaction);
  registerDecision(redact, context, 'reject', rejectRedaction);
  registerApply(redact, context);
  registerList(redact, context);
  registerShow(redact, context);
}
