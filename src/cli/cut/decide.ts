import { type Command, InvalidArgumentError } from 'commander';
import { IuError } from '../../contract/errors/index.js';
import { advanceCut, planCut } from '../../cut/pipeline.js';
import { type CutDecision, decideCutPiece } from '../../store/cut.js';
import { unitIdOf } from '../../store/unit-tree.js';
import { type CliContext, withExamples } from '../context.js';
import { countedId } from '../global-options.js';
import { onCutSession, showRun } from './start.js';

/** Parser of the number of a piece. */
export function pieceNumber(text: string): number {
  if (!/^[0-9]{1,9}$/.test(text))
    throw new InvalidArgumentError('It is the number of a piece, as iu cut plan shows it.');
  return Number(text);
}

interface DecideOptions {
  readonly as?: readonly string[];
  readonly new?: boolean;
  readonly withdraw?: boolean;
  readonly note?: string;
  readonly actor: string;
}

/** What the word of a person does beside what was asked for: a merge, a split, and which word counts no more. */
function consequences(ordinal: number, units: readonly string[], decision: CutDecision): string[] {
  const { others, replaces } = decision;
  const notes: string[] = [];
  if (units.length > 1)
    notes.push(`Piece ${ordinal} is decided to be ${units.join(' and ')}: they are merged into it.`);
  if (others.length > 0) {
    const all = [...others, ordinal].sort((left, right) => left - right).join(', ');
    notes.push(`Pieces ${all} are decided to be ${units[0]}: it is split into them.`);
  }
  if (replaces !== null) {
    const before = replaces.units.length === 0 ? 'new' : replaces.units.join(' and ');
    const verb = decision.unit_ids === null ? 'withdraws' : 'replaces';
    notes.push(`This ${verb} the word of ${replaces.decided_by}: piece ${ordinal} was decided to be ${before}.`);
  }
  return notes;
}

/** `iu cut decide`. */
export function registerCutDecide(cut: Command, context: CliContext): void {
  withExamples(
    cut
      .command('decide')
      .description(
        'Say what a piece is, and plan again; your last word about it counts before everything the matcher finds',
      )
      .argument('<run>', 'number of the run', countedId)
      .argument('<piece>', 'number of the piece', pieceNumber)
      .option(
        '--as <unit>',
        'it is this unit (address or id); given more than once, the units are merged into it',
        (unit: string, before: readonly string[] = []) => [...before, unit],
      )
      .option('--new', 'it is new')
      .option('--withdraw', 'take your word back: the matcher says again what it is')
      .option('--note <text>', 'why')
      .requiredOption('--actor <name>', 'who decides; stands beside the database login'),
    'iu cut decide 7 12 --as li/constitution/art-5 --actor ann',
    'iu cut decide 7 12 --as li/constitution/art-5 --as li/constitution/art-6 --actor ann',
    'iu cut decide 7 13 --new --actor ann',
    'iu cut decide 7 13 --withdraw --actor ann',
  ).action(async (id: string, ordinal: number, options: DecideOptions, command: Command) => {
    const { as: units = [], actor } = options;
    if ([units.length > 0, options.new === true, options.withdraw === true].filter(Boolean).length !== 1) {
      throw new IuError('IU738', { message: 'A decision says --as UNIT, --new or --withdraw, and one of them only.' });
    }
    const printer = context.printer(command);
    const decided = await context.withDatabase(command, (database) =>
      onCutSession(database, async (client) => {
        let unitIds: string[] | null = options.withdraw === true ? null : [];
        for (const unit of units) unitIds = [...(unitIds ?? []), await unitIdOf(client, unit)];
        const word = { runId: id, ordinal, unitIds, note: options.note ?? null, actor };
        const decision = await decideCutPiece(client, word);
        const named = new Set(unitIds).size === 1 ? units.slice(0, 1) : units;
        for (const note of consequences(ordinal, named, decision)) printer.note(note);
        await planCut(client, id, actor);
        return { ...(await advanceCut(client, id, actor)), decision };
      }),
    );
    showRun(context, command, decided);
  });
}
