import { basename } from 'node:path';
import type { Command } from 'commander';
import { IuError } from '../../contract/errors/index.js';
import { type ApproverLogin, carryThrough } from '../../cut/carry-through.js';
import { advanceCut, startCut } from '../../cut/pipeline.js';
import { readSourceFile } from '../../cut/read-source.js';
import { cutSourceOf, type SourceOptions } from '../../cut/source-options.js';
import type { CutRunAnswer } from '../../store/cut.js';
import type { Database } from '../../store/database.js';
import { isDemoInstallation } from '../../store/demo.js';
import { demoLogin } from '../../store/demo-live.js';
import { connectClient } from '../../store/session.js';
import { type CliContext, withExamples } from '../context.js';
import { nextStep, runLines, stateNotes } from './run-facts.js';
import { withSourceOptions } from './source-options.js';

interface CutStartOptions extends SourceOptions {
  readonly document: string;
  readonly revision: string;
  readonly actor: string;
  readonly title?: string;
  readonly owner?: string;
  readonly note?: string;
  readonly yesIApprove?: boolean;
}

/** Runs `work` on one connection of its own: a cut is many transactions of one session. */
export async function onCutSession<Result>(
  { url, schema }: Pick<Database, 'url' | 'schema'>,
  work: (client: Awaited<ReturnType<typeof connectClient>>) => Promise<Result>,
): Promise<Result> {
  const client = await connectClient({ url, schema, purpose: 'cut' });
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/**
 * Login and name of the second person of the embedded demo, for whoever asks for both gates at once. Another installation has people of its own:
 * there the shortcut is refused.
 */
export async function demoApprover(database: Database): Promise<ApproverLogin> {
  if (!(await isDemoInstallation(database.pool))) {
    throw new IuError('IU732', {
      message: '--yes-i-approve is for the embedded demo: this installation has people who approve.',
      hint: 'leave it out; somebody else approves: iu cut approve',
    });
  }
  const actor = 'iu_demo_approver';
  const url = await demoLogin(database.pool, database.url, actor, ['iu_approver', 'iu_reader']);
  return { url, actor, note: '--yes-i-approve on the demo' };
}

/** Prints a run and what to do next. */
export function showRun(context: CliContext, command: Command, run: CutRunAnswer): void {
  const printer = context.printer(command);
  printer.result(run, () => runLines(run, printer));
  const next = nextStep(run);
  if (next !== undefined) printer.note(`next: ${next}`);
}

/** `iu cut start`. */
export function registerCutStart(cut: Command, context: CliContext): void {
  const start = cut
    .command('start')
    .description(
      'Pin a source, cut it, and plan what becomes of the document, up to the first gate; nothing of the document changes',
    )
    .argument('<file>', 'Markdown, HTML, plain text, DOCX or PDF')
    .requiredOption('--document <address>', 'address of the document; a new one is made')
    .requiredOption('--revision <label>', 'what this revision is called; unique in the document')
    .requiredOption('--actor <name>', 'who cuts; stands beside the database login')
    .option('--title <text>', 'of a new document')
    .option('--owner <name>', 'of new units')
    .option('--note <text>', 'where the source comes from; the name of the file unless said');
  withExamples(
    withSourceOptions(start, 'file').option(
      '--yes-i-approve',
      'through both gates at once, with the second login of the embedded demo; refused elsewhere',
    ),
    'iu cut start law.md --document li/constitution --revision 2026-01-01 --actor ann',
  ).action(async (file: string, options: CutStartOptions, command: Command) => {
    const about = { revisionLabel: options.revision, sourceNote: options.note ?? basename(file) };
    const source = cutSourceOf(await readSourceFile(file, options), options, about);
    const { document: address, title = address, owner: ownerRef = options.actor, actor } = options;
    const onState = stateNotes(context.printer(command));
    const run = await context.withDatabase(command, (database) =>
      onCutSession(database, async (client) => {
        const started = await startCut(client, { address, title, ownerRef, actor }, source, onState);
        if (options.yesIApprove !== true) return advanceCut(client, started.run_id, actor, onState);
        const second = await demoApprover(database);
        return onCutSession({ url: second.url, schema: database.schema }, (approving) =>
          carryThrough(client, started, actor, { ...second, database: approving }, { onState }),
        );
      }),
    );
    showRun(context, command, run);
  });
}
