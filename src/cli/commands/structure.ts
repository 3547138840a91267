import { type Command, Option } from 'commander';
import { exitCodes } from '../../contract/errors/exit-codes.js';
import { operationTypes } from '../../contract/structure/step.js';
import {
  applyStructureOperation,
  listOperations,
  type OperationFilter,
  type OperationRow,
  operationStatuses,
  rollBackStructureOperation,
  type StructureAnswer,
  type StructureVerdict,
  type TreeProof,
  verifyStructureOperation,
  verifyTree,
  withdrawStructureOperation,
} from '../../store/structure.js';
import { parseSteps, planOperation, showOperation } from '../../structure/operation.js';
import { type CliContext, withExamples } from '../context.js';
import { countedId } from '../global-options.js';
import { rawJson } from '../json.js';
import { readNamedFile } from '../named-file.js';
import { commandLineWithout, type PageOptions, withPaging } from '../paging.js';
import type { Printer } from '../printer.js';
import type { Column } from '../table.js';
import { previewLines } from '../tree-preview.js';

interface ActorOptions {
  readonly actor: string;
  readonly reason?: string;
}

function answerLines(answer: StructureAnswer, printer: Printer): string[] {
  const { impact } = answer;
  const facts = printer.facts({
    operation: answer.operation_id,
    type: answer.operation_type,
    status: `${answer.status}${answer.replayed ? ' (it was already)' : ''}`,
    steps: answer.step_count,
    units: `${impact.units}, of them new ${impact.units_born}`,
    'tree rows': impact.tree_rows,
    relations: `${impact.relations}, of them lineage ${impact.lineage}`,
    'sql links': impact.sql_links,
    events:
      answer.events === undefined ? impact.events : answer.events.filter((event) => event.event_id !== null).length,
    reviews: impact.reviews.length === 0 ? undefined : impact.reviews.length,
  });
  const { preview } = answer;
  return answer.status === 'planned' && preview !== undefined ? [...facts, ...previewLines(preview)] : facts;
}

function registerPlan(structure: Command, context: CliContext): void {
  withExamples(
    structure
      .command('plan')
      .description('Record an operation and show what it would do; no unit changes')
      .argument('<steps>', 'the steps as JSON, or @file; one step, an array, or {"operations": [...]}')
      .requiredOption('--actor <name>', 'who plans; stands beside the database login')
      .option('--reason <text>', 'why')
      .option('--request <text>', 'makes it another plan than an earlier one with the same steps'),
    `iu structure plan '{"operation_type":"reparent_piece","unit":"li/a","parent":"li/b"}' --actor ann`,
  ).action(async (given: string, options: ActorOptions & { request?: string }, command: Command) => {
    const steps = parseSteps(given.startsWith('@') ? readNamedFile(given.slice(1)) : given);
    const answer = await context.withDatabase(command, ({ pool }) => planOperation(pool, steps, options));
    const printer = context.printer(command);
    printer.result(answer, () => answerLines(answer, printer));
    if (answer.status === 'planned') {
      printer.note(`to do it: iu structure apply ${answer.operation_id} --actor NAME --approval REFERENCE`);
    } else {
      const show = `iu structure show ${answer.operation_id}`;
      printer.note(
        `nothing was planned, these steps are operation ${answer.operation_id} already; what became of it: ${show}`,
      );
      printer.note('to do them once more: the same with --request TEXT');
    }
  });
}

function registerChange(structure: Command, context: CliContext, verb: 'apply' | 'rollback'): void {
  const description =
    verb === 'apply'
      ? 'Do what was planned: all steps or none, one event a step; needs the gate structure_ops_enabled'
      : 'Undo an applied operation to the identical tree; refused by name where a later one touched the same units';
  const changing = structure
    .command(verb)
    .description(description)
    .argument('<operation>', 'number of the operation', countedId)
    .requiredOption('--actor <name>', 'who does it; stands beside the database login')
    .requiredOption('--approval <reference>', 'the approval that allows it');
  if (verb === 'rollback') changing.option('--reason <text>', 'why');
  withExamples(changing, `iu structure ${verb} 7 --actor ann --approval R-12`).action(
    async (id: string, options: ActorOptions & { approval: string }, command: Command) => {
      const { actor, approval, reason } = options;
      const answer = await context.withDatabase(command, ({ pool }) =>
        verb === 'apply'
          ? applyStructureOperation(pool, id, actor, approval)
          : rollBackStructureOperation(pool, id, actor, approval, reason ?? null),
      );
      const printer = context.printer(command);
      printer.result(answer, () => answerLines(answer, printer));
    },
  );
}

function registerWithdraw(structure: Command, context: CliContext): void {
  withExamples(
    structure
      .command('withdraw')
      .description('Take back a plan that was never applied; it stays in the list and is never applied')
      .argument('<operation>', 'number of the operation', countedId)
      .requiredOption('--actor <name>', 'who does it; stands beside the database login')
      .requiredOption('--reason <text>', 'why; it stands in the log'),
    "iu structure withdraw 7 --actor ann --reason 'wrong chapter'",
  ).action(async (id: string, { actor, reason }: { actor: string; reason: string }, command: Command) => {
    const answer = await context.withDatabase(command, ({ pool }) =>
      withdrawStructureOperation(pool, id, actor, reason),
    );
    const printer = context.printer(command);
    printer.result(answer, () => answerLines(answer, printer));
    printer.note('to plan the same steps again: iu structure plan with --request TEXT');
  });
}

function registerVerify(structure: Command, context: CliContext): void {
  withExamples(
    structure
      .command('verify')
      .description('Look whether an operation still stands and is whole; without one prove every tree')
      .argument('[operation]', 'number of the operation', countedId)
      .option('--document <unit>', 'prove the tree of this document only'),
    'iu structure verify',
    'iu structure verify 7',
  ).action(async (id: string | undefined, options: { document?: string }, command: Command) => {
    const printer = context.printer(command);
    const found = await context.withDatabase<StructureVerdict | TreeProof>(
      command,
      ({ pool }) => (id === undefined ? verifyTree(pool, options.document) : verifyStructureOperation(pool, id)),
      { readOnlyAllowed: true },
    );
    printer.result(found, () =>
      printer.facts(
        Object.fromEntries(
          Object.entries(found)
            .filter(([name]) => name !== 'documents' || id === undefined)
            .map(([name, value]) => [
              name.replaceAll('_', ' '),
              Array.isArray(value) ? value.join('; ') || 'none' : value,
            ]),
        ),
      ),
    );
    if (!found.ok) context.endWith(exitCodes.unhealthy);
  });
}

const columns: readonly Column<OperationRow>[] = [
  { title: 'operation', value: (row) => row.operation_id, align: 'right' },
  { title: 'type', value: (row) => row.operation_type },
  { title: 'status', value: (row) => row.operation_status },
  { title: 'steps', value: (row) => row.step_count, align: 'right' },
  { title: 'units', value: (row) => row.units, align: 'right' },
  { title: 'events', value: (row) => row.events, align: 'right' },
  { title: 'by', value: (row) => row.actor_ref },
  { title: 'planned', value: (row) => row.created_at },
  { title: 'applied', value: (row) => row.enacted_at },
  { title: 'reason', value: (row) => row.reason },
];

function registerList(structure: Command, context: CliContext): void {
  const list = structure
    .command('list')
    .description('Structure operations, newest first')
    .addOption(new Option('--status <status>', 'only in this state').choices(operationStatuses))
    .addOption(new Option('--type <type>', 'only of this type').choices([...operationTypes, 'batch']))
    .option('--actor <who>', 'only planned by this actor');
  withExamples(withPaging(list, countedId), 'iu structure list --status enacted').action(
    async (options: PageOptions & OperationFilter, command: Command) => {
      const page = await context.withDatabase(command, ({ pool }) => listOperations(pool, options, options), {
        readOnlyAllowed: true,
      });
      const again = commandLineWithout(context.words, ['--after']);
      context.printer(command).page(page, { columns, whenEmpty: 'No operation matches.', again });
    },
  );
}

function registerShow(structure: Command, context: CliContext): void {
  withExamples(
    structure
      .command('show')
      .description(
        'One structure operation: who did what when and why, its steps and its impact; with --json also the preview',
      )
      .argument('<operation>', 'number of the operation', countedId),
    'iu structure show 7 --json',
  ).action(async (id: string, _options: object, command: Command) => {
    const { steps, impact, preview, ...row } = await context.withDatabase(
      command,
      ({ pool }) => showOperation(pool, id),
      { readOnlyAllowed: true },
    );
    const { documents, reviews, ...counts } = impact;
    const printer = context.printer(command);
    const facts = (named: object) =>
      printer.facts(
        Object.fromEntries(
          Object.entries(named).map(([name, value]) => [name.replaceAll('_', ' '), value ?? undefined]),
        ),
      );
    printer.result({ ...row, steps: rawJson(steps), impact, preview }, () => [
      ...facts({ ...row, units: undefined }),
      'impact:',
      ...facts({ ...counts, documents: Object.keys(documents).length, reviews: reviews.length }),
      'steps:',
      `  ${steps}`,
    ]);
  });
}

/** `iu structure plan|apply|verify|rollback|withdraw|list|show`. */
export function register(program: Command, context: CliContext): void {
  const structure = withExamples(
    program.command('structure').description('Operations on the trees of documents: planned, applied, rolled back'),
    'iu structure list',
  );
  registerPlan(structure, context);
  registerChange(structure, context, 'apply');
  registerVerify(structure, context);
  registerChange(structure, context, 'rollback');
  registerWithdraw(structure, context);
  registerList(structure, context);
  registerShow(structure, context);
}
