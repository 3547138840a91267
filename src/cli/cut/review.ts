import { type Command, Option } from 'commander';
import { IuError } from '../../contract/errors/index.js';
import { advanceCut, planCut } from '../../cut/pipeline.js';
import {
  type CutDecisionRow,
  type CutPlanRow,
  type CutRunRow,
  countByHand,
  findCutRun,
  listCutPlan,
  listCutRuns,
} from '../../store/cut-lists.js';
import { pieceDiff } from '../../structure/piece-diff.js';
import { type CliContext, withExamples } from '../context.js';
import { countedId } from '../global-options.js';
import { changeLines } from '../line-changes.js';
import { commandLineWithout, type PageOptions, withPaging } from '../paging.js';
import type { Column } from '../table.js';
import { pieceNumber } from './decide.js';
import { approvalCommand, manifestAtGate } from './run-facts.js';
import { onCutSession } from './start.js';

const planColumns: readonly Column<CutPlanRow>[] = [
  { title: 'piece', value: (row) => row.ordinal, align: 'right' },
  {
    title: 'label',
    value: (row) => (row.what === 'step' ? 'step' : `${'  '.repeat(Math.max(0, row.level - 1))}${row.label ?? ''}`),
  },
  { title: 'becomes', value: (row) => row.fate },
  { title: 'unit', value: (row) => row.unit },
  { title: 'because', value: (row) => row.reason },
  { title: 'score', value: (row) => (row.score === null ? null : Number(row.score).toFixed(2)), align: 'right' },
  { title: 'note', value: (row) => row.note },
  { title: 'by hand', value: (row) => row.by_hand },
];

/** Of pieces, then of steps. */
const fates = 'same format changed born split merged doubtful add move merge renumber deprecate'.split(' ');

/** `572 changed, 3629 same; steps: 2 add`: what a plan does as a whole. */
function totals(manifest: string): string | undefined {
  const { counts } = JSON.parse(manifest) as { counts?: Record<'fates' | 'steps', Record<string, number>> };
  if (counts === undefined) return undefined;
  const said = (numbers: Record<string, number>) =>
    Object.entries(numbers)
      .map(([name, count]) => `${count} ${name}`)
      .join(', ');
  return `pieces: ${said(counts.fates)}; steps: ${said(counts.steps) || 'none'}`;
}

function registerPlan(cut: Command, context: CliContext): void {
  const plan = cut
    .command('plan')
    .description('What a run would do: every piece and what becomes of it, then the structure steps')
    .argument('<run>', 'number of the run', countedId)
    .option('--again', 'plan it anew first: after decisions, or when the document has changed')
    .option('--actor <name>', 'who plans anew')
    .addOption(new Option('--what <what>', 'only these lines').choices(['piece', 'step']))
    .addOption(new Option('--fate <fate>', 'only lines of this fate').choices(fates))
    .option('--changes', 'without the pieces that stay as they are');
  interface PlanOptions extends PageOptions {
    readonly again?: boolean;
    readonly actor?: string;
    readonly what?: string;
    readonly fate?: string;
    readonly changes?: boolean;
  }
  withExamples(withPaging(plan, countedId), 'iu cut plan 7 --changes', 'iu cut plan 7 --fate doubtful').action(
    async (id: string, options: PlanOptions, command: Command) => {
      const found = await context.withDatabase(
        command,
        async (database) => {
          if (options.again === true) {
            const { actor } = options;
            if (actor === undefined)
              throw new IuError('IU216', { message: '--again names its actor.', hint: 'add --actor NAME' });
            await onCutSession(database, async (client) => {
              await planCut(client, id, actor);
              await advanceCut(client, id, actor);
            });
          }
          const page = await listCutPlan(database.pool, id, options, options);
          const byHand = await countByHand(database.pool, id);
          return { page, byHand, run: await findCutRun(database.pool, id) };
        },
        { readOnlyAllowed: options.again !== true },
      );
      if (found.run === undefined) throw new IuError('IU707', { message: `There is no cut run ${id}.` });
      const printer = context.printer(command);
      const again = commandLineWithout(context.words, ['--after', '--again']);
      printer.page(found.page, { columns: planColumns, whenEmpty: 'No line of the plan matches.', again });
      const whole = totals(found.run.run.manifest);
      if (whole !== undefined) printer.note(whole);
      if (found.byHand > 0)
        printer.note(`${found.byHand} lines change what people did by hand since it was cut: last column`);
      printer.note(`manifest ${found.run.run.manifest_digest}, ${found.run.run.state}`);
      const approval = approvalCommand(found.run.run);
      if (approval !== undefined) printer.note(`next: ${approval}`);
    },
  );
}

function registerDiff(cut: Command, context: CliContext): void {
  withExamples(
    cut
      .command('diff')
      .description(
        'The text of a planned piece beside what it may be: the candidates of a doubtful match, else the unit of the plan',
      )
      .argument('<run>', 'number of the run', countedId)
      .argument('<piece>', 'number of the piece', pieceNumber)
      .option('--with <unit>', 'beside this unit instead (address or id)'),
    'iu cut diff 7 12',
    'iu cut diff 7 12 --with li/constitution/art-5',
  ).action(async (id: string, ordinal: number, options: { with?: string }, command: Command) => {
    const found = await context.withDatabase(command, ({ pool }) => pieceDiff(pool, id, ordinal, options.with), {
      readOnlyAllowed: true,
    });
    context
      .printer(command)
      .result(found, () => [
        `piece ${ordinal}, ${found.label ?? 'without a label'}: ${found.fate}`,
        ...found.beside.flatMap(({ unit, version, changes }) => [
          `${unit}, version ${version} -> the piece`,
          ...(changes.length > 0 ? changeLines(changes) : ['  the same, line by line']),
        ]),
        ...(found.text === null ? [] : ['beside nothing, the whole text is new:', ...found.text.split('\n')]),
      ]);
  });
}

const runColumns: readonly Column<CutRunRow>[] = [
  { title: 'run', value: (row) => row.run_id, align: 'right' },
  { title: 'document', value: (row) => row.document_address },
  { title: 'revision', value: (row) => row.revision_label },
  { title: 'state', value: (row) => row.state },
  { title: 'waits for', value: (row) => row.waits_for },
  { title: 'manifest', value: (row) => manifestAtGate(row) },
  { title: 'pieces', value: (row) => row.piece_count, align: 'right' },
  { title: 'made', value: (row) => row.units_created, align: 'right' },
  { title: 'revised', value: (row) => row.units_revised, align: 'right' },
  { title: 'ended', value: (row) => row.units_deprecated, align: 'right' },
  { title: 'doubts', value: (row) => row.doubts, align: 'right' },
  { title: 'started by', value: (row) => row.created_by },
  { title: 'started', value: (row) => row.started_at },
];

function registerList(cut: Command, context: CliContext): void {
  const list = cut
    .command('list')
    .description('Cut runs, newest first')
    .option('--document <address>', 'only of this document')
    .option('--state <state>', 'only in this state')
    .addOption(
      new Option('--waits-for <what>', 'only what waits for this').choices([
        'cut',
        'plan',
        'decisions',
        'gate 1',
        'gate 2',
        'person',
      ]),
    )
    .option('--open', 'only what is neither finished nor voided');
  type Filter = { document?: string; state?: string; waitsFor?: string; open?: boolean };
  withExamples(withPaging(list, countedId), 'iu cut list --open', 'iu cut list --waits-for decisions').action(
    async (options: PageOptions & Filter, command: Command) => {
      const page = await context.withDatabase(command, ({ pool }) => listCutRuns(pool, options, options), {
        readOnlyAllowed: true,
      });
      const again = commandLineWithout(context.words, ['--after']);
      context.printer(command).page(page, { columns: runColumns, whenEmpty: 'No cut run matches.', again });
    },
  );
}

function decisionLine({ ordinal, units, counts, note, ...said }: CutDecisionRow): string {
  const word = units === null ? 'withdrawn' : units.length === 0 ? 'new' : units.join(' and ');
  const earlier = counts || units === null ? '' : ', counts no more';
  return `  ${said.decided_at} piece ${ordinal}: ${word} by ${said.decided_by} (${said.actor_ref})${earlier}${note === null ? '' : ` ${note}`}`;
}

function registerShow(cut: Command, context: CliContext): void {
  withExamples(
    cut
      .command('show')
      .description('One run: its manifest, who approved it, what was decided, and every state it passed')
      .argument('<run>', 'number of the run', countedId),
    'iu cut show 7 --json',
  ).action(async (id: string, _options: object, command: Command) => {
    const found = await context.withDatabase(command, ({ pool }) => findCutRun(pool, id), { readOnlyAllowed: true });
    if (found === undefined) throw new IuError('IU707', { message: `There is no cut run ${id}.` });
    const { manifest, detail, ...rest } = found.run;
    const printer = context.printer(command);
    const log = found.log.map((row) => ({ ...row, detail: JSON.parse(row.detail) }));
    // As cut start answers them: documents of our own, whose keys are those of the rest.
    const whole = {
      ...rest,
      manifest: JSON.parse(manifest),
      detail: JSON.parse(detail),
      decisions: found.decisions,
      log,
    };
    printer.result(whole, () => [
      ...printer.facts(
        Object.fromEntries(
          Object.entries(rest).map(([name, value]) => [name.replaceAll('_', ' '), value ?? undefined]),
        ),
      ),
      ...(found.decisions.length > 0 ? ['decisions:', ...found.decisions.map(decisionLine)] : []),
      'log:',
      ...found.log.map(
        (row) => `  ${row.recorded_at} ${row.to_state} by ${row.recorded_by} (${row.actor_ref}) ${row.detail}`,
      ),
    ]);
    const approval = approvalCommand(found.run);
    if (approval !== undefined) printer.note(`next: ${approval}`);
  });
}

/** `iu cut plan|diff|list|show`. */
export function registerCutReview(cut: Command, context: CliContext): void {
  registerPlan(cut, context);
  registerDiff(cut, context);
  registerList(cut, context);
  registerShow(cut, context);
}
