import { type Command, InvalidArgumentError } from 'commander';
import { exitCodes } from '../../contract/errors/exit-codes.js';
import { IuError } from '../../contract/errors/index.js';
import { encodingNamed } from '../../cut/encoding.js';
import { cutFolder } from '../../cut/folder/cut-folder.js';
import type { RevisionOutcome } from '../../cut/folder/cut-revision.js';
import type { ThreadWork } from '../../cut/folder/cutting-thread.js';
import { documentsOfFolder, documentsOfHistory } from '../../cut/folder/documents.js';
import { documentEndings } from '../../cut/source-kind.js';
import type { SourceOptions } from '../../cut/source-options.js';
import { type CliContext, withExamples } from '../context.js';
import type { Column } from '../table.js';
import { manifestAtGate } from './run-facts.js';
import { withSourceOptions } from './source-options.js';
import { demoApprover } from './start.js';

interface DirOptions extends SourceOptions {
  readonly actor: string;
  readonly git?: boolean;
  readonly revision?: string;
  readonly prefix: string;
  readonly owner?: string;
  readonly parallel: number;
  readonly yesIApprove?: boolean;
}

function parallel(text: string): number {
  const count = Number(text);
  if (/^[0-9]+$/.test(text) && count >= 1 && count <= 16) return count;
  throw new InvalidArgumentError('It has to be a whole number from 1 to 16.');
}

/** `iu cut dir`: a folder of documents, or the git history of one. */
export function registerCutDir(cut: Command, context: CliContext): void {
  const dir = cut
    .command('dir')
    .description(
      'Cut every document of a folder, or every revision of its git history; what is finished is passed over, so it goes on where it stopped',
    )
    .argument('<folder>', 'folder of Markdown, HTML, plain text, DOCX or PDF')
    .requiredOption('--actor <name>', 'who cuts; stands beside the database login')
    .option('--git', 'each commit that gave a file another text is a revision of it, oldest first')
    .option('--revision <label>', 'what the revision is called; needed without --git')
    .option('--prefix <address>', 'put before the address of each document, which is its path without the ending', '')
    .option('--owner <name>', 'of new units')
    .option('--parallel <count>', 'documents that are worked on at once, each on a connection of its own', parallel, 4);
  withExamples(
    withSourceOptions(dir, 'folder').option(
      '--yes-i-approve',
      'through both gates at once, with the second login of the embedded demo; refused elsewhere',
    ),
    'iu cut dir laws --revision 2026-01 --actor ann',
    'iu cut dir laws --git --prefix li --actor ann',
  ).action(async (folder: string, options: DirOptions, command: Command) => {
    if (options.git !== true && options.revision === undefined) {
      throw new IuError('IU746', {
        message: 'A folder without --git names its revision.',
        hint: 'add --revision LABEL, or --git',
      });
    }
    if (options.encoding !== undefined) encodingNamed(options.encoding);
    const found = options.git
      ? await documentsOfHistory(folder, options.prefix)
      : await documentsOfFolder(folder, options.prefix, options.revision ?? '');
    const stop = context.stopSignal();
    const printer = context.printer(command);
    const { actor, owner: ownerRef = actor, parallel } = options;
    const outcomes = await context.withDatabase(command, async (database) => {
      const { url, schema } = database;
      const approver = options.yesIApprove === true ? await demoApprover(database) : null;
      const work: ThreadWork = { url, schema, folder, source: options, ownerRef, actor, approver };
      const onTaken = (taken: number) => {
        // A hundred lines at most, and of a few large documents one each.
        const all = found.revisions.length;
        if (taken % Math.ceil(all / 100) === 0 || taken === all) printer.note(`${taken} of ${all} revisions`);
      };
      return cutFolder({ found, work, parallel, stop, onTaken });
    });
    const count = (outcome: RevisionOutcome['outcome']) => outcomes.filter((one) => one.outcome === outcome).length;
    const counts = {
      revisions: found.revisions.length,
      finished: count('finished'),
      unchanged: count('unchanged'),
      waits: count('waits'),
      after: count('after'),
      refused: count('refused'),
      passed: count('passed'),
      left: found.revisions.length - outcomes.length,
    };
    const open = outcomes.filter((one) => ['waits', 'refused', 'passed'].includes(one.outcome));
    if (counts.refused > 0 || counts.left > 0) context.endWith(exitCodes.failed);
    printer.result({ ...counts, open }, () => [
      ...printer.facts(counts),
      ...(open.length === 0 ? [] : printer.table(openColumns, open)),
    ]);
    for (const advice of adviceOf(counts, open)) printer.note(advice);
  });
}

const openColumns: readonly Column<RevisionOutcome>[] = [
  { title: 'run', value: (row) => row.runId, align: 'right' },
  { title: 'document', value: (row) => row.document },
  { title: 'revision', value: (row) => row.revision },
  { title: 'outcome', value: (row) => row.outcome },
  { title: 'waits for', value: (row) => row.waitsFor },
  {
    title: 'manifest',
    value: ({ waitsFor, manifestDigest }) =>
      manifestDigest && manifestAtGate({ waits_for: waitsFor, manifest_digest: manifestDigest }),
  },
  { title: 'because', value: (row) => (row.code === null ? null : `${row.code} ${row.message ?? ''}`) },
];

/** What to do next: each way out of a refusal once, however many documents were refused. */
function adviceOf(
  counts: { revisions: number; waits: number; left: number },
  open: readonly RevisionOutcome[],
): string[] {
  const refused = open.filter(({ outcome, hint }) => outcome === 'refused' && hint !== null);
  const advice = [...new Set(refused.map(({ code, hint }) => `${code}: ${hint}`))];
  if (counts.revisions === 0) advice.push(`no document: their names end with ${documentEndings.join(', ')}`);
  if (counts.left > 0) advice.push('stopped: the same command again goes on with what is left');
  if (counts.waits > 0) {
    advice.push(
      'review: iu cut list --open; a person decides, a second one approves (one by one, or iu cut approve --from FILE), then run the same command again',
    );
  }
  return advice;
}
