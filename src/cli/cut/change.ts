import type { Command } from 'commander';
import { exitCodes } from '../../contract/errors/exit-codes.js';
import { advanceCut, planCut } from '../../cut/pipeline.js';
import { type CutRunAnswer, rollBackCutRun, voidCutRun } from '../../store/cut.js';
import { type CliContext, withExamples } from '../context.js';
import { countedId } from '../global-options.js';
import { stateNotes } from './run-facts.js';
import { onCutSession, showRun } from './start.js';

function registerAdvance(cut: Command, context: CliContext, verb: 'apply' | 'enact'): void {
  const description =
    verb === 'apply'
      ? 'Take a run on from wherever it stands: write what was approved in one transaction and prove it, up to the second gate'
      : 'Put what was written and approved in force, record the bridge, and finish the run';
  withExamples(
    cut
      .command(verb)
      .description(description)
      .argument('<run>', 'number of the run', countedId)
      .requiredOption('--actor <name>', 'who does it; stands beside the database login'),
    `iu cut ${verb} 7 --actor ann`,
  ).action(async (id: string, options: { actor: string }, command: Command) => {
    const printer = context.printer(command);
    const note = stateNotes(printer);
    let hasMoved = false;
    const onState = (run: CutRunAnswer) => {
      hasMoved = true;
      note(run);
    };
    const run = await context.withDatabase(command, (database) =>
      onCutSession(database, async (client) => {
        const advance = () => advanceCut(client, id, options.actor, onState);
        const reached = await advance();
        // Killed before its pieces or its plan were recorded.
        if (verb !== 'apply' || (reached.waits_for !== 'cut' && reached.waits_for !== 'plan')) return reached;
        await planCut(client, id, options.actor);
        return advance();
      }),
    );
    showRun(context, command, run);
    if (!hasMoved && !isDone(run, verb)) context.endWith(exitCodes.refused);
  });
}

/** Written and proven, or in force: there is nothing to do for the command, and nobody refused it. */
function isDone({ state, waits_for: waitsFor }: CutRunAnswer, verb: 'apply' | 'enact'): boolean {
  return state === 'closeout_reported' || (verb === 'apply' && waitsFor === 'gate 2');
}

function registerRollback(cut: Command, context: CliContext): void {
  withExamples(
    cut
      .command('rollback')
      .description(
        'Undo a written run as a whole, to the identical tree and text; refused by name where something later stands on it',
      )
      .argument('<run>', 'number of the run', countedId)
      .requiredOption('--actor <name>', 'who does it; stands beside the database login')
      .requiredOption('--approval <reference>', 'the approval that allows it')
      .option('--reason <text>', 'why'),
    'iu cut rollback 7 --actor ann --approval R-12 --reason "wrong source"',
  ).action(async (id: string, options: { actor: string; approval: string; reason?: string }, command: Command) => {
    const run = await context.withDatabase(command, ({ pool }) =>
      rollBackCutRun(pool, id, options.approval, options.reason ?? null, options.actor),
    );
    showRun(context, command, run);
  });
}

function registerVoid(cut: Command, context: CliContext): void {
  withExamples(
    cut
      .command('void')
      .description('Give up a run that has written nothing; its label and its document are free again')
      .argument('<run>', 'number of the run', countedId)
      .requiredOption('--actor <name>', 'who does it; stands beside the database login')
      .requiredOption('--reason <text>', 'why'),
    'iu cut void 7 --actor ann --reason "wrong file"',
  ).action(async (id: string, options: { actor: string; reason: string }, command: Command) => {
    const run = await context.withDatabase(command, ({ pool }) => voidCutRun(pool, id, options.reason, options.actor));
    showRun(context, command, run);
  });
}

/** `iu cut apply|enact|rollback|void`. */
export function registerCutChange(cut: Command, context: CliContext): void {
  registerAdvance(cut, context, 'apply');
  registerAdvance(cut, context, 'enact');
  registerRollback(cut, context);
  registerVoid(cut, context);
}
