import type { Command } from 'commander';
import { IuError } from '../../contract/errors/index.js';
import { type EditResult, editDeadLetter, type PayloadChange, payloadOfDeadLetter } from '../../store/dead-letters.js';
import type { Queryable } from '../../store/listing.js';
import { type CliContext, withExamples } from '../context.js';
import { type EditedDocument, editDocument } from '../editor.js';
import { countedId, jsonObjectText } from '../global-options.js';
import { rawJson } from '../json.js';
import { givenJsonObject, readNamedFile } from '../named-file.js';
import { commandLineWithout, shellWord } from '../paging.js';
import { printable } from '../printable.js';
import type { Printer } from '../printer.js';
import { refuseClosedGate } from '../replay.js';

interface EditOptions {
  readonly payload?: string;
  readonly reason: string;
  readonly yes?: boolean;
}

/** The payload as it was given: never parsed and written again, so that its numbers stay what they are. */
function givenPayload(payload: string): string {
  const isDocument = payload.trimStart().startsWith('{');
  return givenJsonObject('--payload', isDocument ? payload : readNamedFile(payload));
}

async function payloadFromEditor(context: CliContext, database: Queryable, id: string): Promise<EditedDocument> {
  if (context.surroundings.stdout.isTTY !== true) {
    throw new IuError('IU030', {
      message: 'Give the corrected payload: --payload FILE or JSON; an editor needs a terminal.',
    });
  }
  const text = await payloadOfDeadLetter(database, id);
  if (text === undefined) throw new IuError('IU342', { message: `There is no dead letter ${id}.` });
  const edited = editDocument(`${text}\n`, context.environment);
  try {
    jsonObjectText(edited.text);
  } catch {
    throw new IuError('IU031', { message: `What was written is no JSON object; it stays in ${edited.path}.` });
  }
  return edited;
}

function changeLines(changes: readonly PayloadChange[], printer: Printer): string[] {
  const { palette } = printer;
  return changes.flatMap(({ path, from, to }) => [
    printable(path),
    ...(from === null ? [] : [palette.red(`  - ${printable(from)}`)]),
    ...(to === null ? [] : [palette.green(`  + ${printable(to)}`)]),
  ]);
}

function outcomeLines(id: string, result: EditResult): string[] {
  const reason = result.reason === null || result.reason === undefined ? '' : ` (${result.reason})`;
  const left = result.resolved ? 'it is resolved' : 'it stays open';
  return [
    `Dead letter ${id} tried again with correction ${result.edit_id} as attempt ${result.attempt_no}: ${result.decision}${reason}; ${left}.`,
  ];
}

async function edit(context: CliContext, command: Command, id: string, options: EditOptions): Promise<void> {
  const printer = context.printer(command);
  await context.withDatabase(command, async ({ pool }) => {
    const document = options.payload === undefined ? await payloadFromEditor(context, pool, id) : undefined;
    const payloadText = document?.text ?? givenPayload(options.payload ?? '');
    const preview = options.yes !== true;
    const result = await editDeadLetter(pool, { deadLetterId: id, payloadText, reason: options.reason, preview });
    const diff = result.diff.map(({ path, from, to }) => ({ path, from: rawJson(from), to: rawJson(to) }));
    if (preview) {
      const file = document === undefined ? '' : ` --payload ${shellWord(document.path)}`;
      const goOn = `${commandLineWithout(context.words, [])}${file} --yes`;
      const wouldBe = result.status === 'replayed' ? result.decision : result.status;
      printer.result(
        { dead_letter_id: id, would_be: wouldBe, reason: result.reason ?? null, diff, go_on: goOn },
        () => [
          ...changeLines(result.diff, printer),
          `Would be ${wouldBe}${result.reason === null || result.reason === undefined ? '' : ` (${result.reason})`}.`,
          'Nothing was changed.',
          `To do it: ${goOn}`,
        ],
      );
      return;
    }
    refuseClosedGate(result.status);
    if (result.status === 'delivery_waiting') throw new IuError('IU037');
    document?.discard();
    if (result.decision === 'failed') {
      throw new IuError('IU038', { message: `Dead letter ${id} failed again (${result.reason ?? 'no reason'}).` });
    }
    printer.result({ ...result, diff }, () => [...changeLines(result.diff, printer), ...outcomeLines(id, result)]);
  });
}

/** `iu dead-letter edit`. */
export function registerEdit(deadLetter: Command, context: CliContext): void {
  withExamples(
    deadLetter
      .command('edit')
      .description('Try a dead letter again with a corrected payload; shows the difference first, does it with --yes')
      .argument('<id>', 'id of the dead letter', countedId)
      .option('--payload <file>', 'the whole corrected payload: a file, - for stdin, or JSON; without it $EDITOR opens')
      .requiredOption('--reason <text>', 'why; it is kept with the difference')
      .option('--yes', 'do it; without it only shows the difference and what would be decided'),
    "iu dead-letter edit 3 --reason 'amount was a text'",
    "iu dead-letter edit 3 --payload corrected.json --reason 'amount was a text' --yes",
  ).action((id: string, options: EditOptions, command: Command) => edit(context, command, id, options));
}
