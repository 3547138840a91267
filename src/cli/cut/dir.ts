import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { IuError } from '../../contract/errors/index.js';
import { type Approver, carryThrough } from '../../cut/carry-through.js';
import { bytesOfCommit, type FoundRevision, revisionsOfFolder, revisionsOfHistory } from '../../cut/folder.js';
import { advanceCut, type CutSource, startCut } from '../../cut/pipeline.js';
import { readSource } from '../../cut/read-source.js';
import type { Database } from '../../store/database.js';
import type { connectClient } from '../../store/session.js';
import { type CliContext, withExamples } from '../context.js';
import { onCutSession, withDemoApprover } from './start.js';

interface DirOptions {
  readonly actor: string;
  readonly git?: boolean;
  readonly revision?: string;
  readonly prefix: string;
  readonly owner?: string;
  readonly grammar?: string;
  readonly yesIApprove?: boolean;
}

/** What became of one revision. */
interface Outcome {
  readonly path: string;
  readonly document: string;
  readonly revision: string;
  readonly runId: string | null;
  /** finished, unchanged (it was finished before), waits, after (an earlier revision of the document is not finished), refused. */
  readonly outcome: 'finished' | 'unchanged' | 'waits' | 'after' | 'refused';
  readonly waitsFor: string | null;
  readonly code: string | null;
  readonly message: string | null;
}

type Client = Awaited<ReturnType<typeof connectClient>>;

class FolderCut {
  readonly outcomes: Outcome[] = [];
  /** Documents with a revision that is not through: the next one waits for it. */
  readonly #held = new Set<string>();

  constructor(
    private readonly client: Client,
    private readonly folder: string,
    private readonly options: DirOptions,
    private readonly approver: Approver | undefined,
  ) {}

  async take(found: FoundRevision): Promise<void> {
    const about = { path: found.path, document: found.address, revision: found.revisionLabel };
    const nothing = { runId: null, waitsFor: null, code: null, message: null };
    if (this.#held.has(found.address)) {
      this.outcomes.push({ ...about, ...nothing, outcome: 'after' });
      return;
    }
    try {
      const { actor, owner: ownerRef = actor } = this.options;
      const target = { address: found.address, title: found.address, ownerRef, actor };
      const started = await startCut(this.client, target, await this.#sourceOf(found));
      const wasFinished = started.state === 'closeout_reported';
      const run = wasFinished
        ? started
        : this.approver === undefined
          ? await advanceCut(this.client, started.run_id, actor)
          : await carryThrough(this.client, started, actor, this.approver);
      const isThrough = run.state === 'closeout_reported';
      if (!isThrough) this.#held.add(found.address);
      const outcome = wasFinished ? 'unchanged' : isThrough ? 'finished' : 'waits';
      this.outcomes.push({ ...about, ...nothing, runId: run.run_id, outcome, waitsFor: run.waits_for });
    } catch (error) {
      const { code, message } = error as { code?: string; message: string };
      // What is wrong with one document stops that document; what is wrong with the database stops everything.
      if (code === undefined || !/^IU[67]/.test(code)) throw error;
      this.#held.add(found.address);
      this.outcomes.push({ ...about, ...nothing, outcome: 'refused', code, message });
    }
  }

  async #sourceOf(found: FoundRevision): Promise<CutSource> {
    const { path, commit } = found;
    const bytes =
      commit === null ? await readFile(join(this.folder, path)) : await bytesOfCommit(this.folder, commit, path);
    const read = await readSource(bytes, { fileName: path });
    return {
      bytes: read.text,
      revisionLabel: found.revisionLabel,
      sourceNote: found.note,
      mediaType: read.textMediaType,
      grammar: this.options.grammar,
      ...(read.extractor === null
        ? {}
        : { original: { bytes: read.original.bytes, mediaType: read.original.mediaType, extractor: read.extractor } }),
    };
  }
}

/** `iu cut dir`: a folder of documents, or the git history of one. */
export function registerCutDir(cut: Command, context: CliContext): void {
  withExamples(
    cut
      .command('dir')
      .description(
        'Cut every document of a folder, or every revision of its git history; what is finished is passed over, so it goes on where it stopped',
      )
      .argument('<folder>', 'folder of Markdown, HTML, plain text, DOCX or PDF')
      .requiredOption('--actor <name>', 'who cuts; stands beside the database login')
      .option('--git', 'each commit that touched a file is a revision of it, oldest first')
      .option('--revision <label>', 'what the revision is called; needed without --git')
      .option('--prefix <address>', 'put before the address of each document, which is its path without the ending', '')
      .option('--owner <name>', 'of new units')
      .option('--grammar <name>', 'auto, none, or a legal grammar: see iu cut preview')
      .option(
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
    const found = options.git
      ? await revisionsOfHistory(folder, options.prefix)
      : await revisionsOfFolder(folder, options.prefix, options.revision ?? '');
    const stop = context.stopSignal();
    const printer = context.printer(command);
    const cutAll = (database: Database, approver: Approver | undefined) =>
      onCutSession(database, async (client) => {
        const work = new FolderCut(client, folder, options, approver);
        for (const [index, revision] of found.entries()) {
          // Between two revisions nothing is half done.
          if (stop.aborted) break;
          await work.take(revision);
          if ((index + 1) % 10 === 0 || index + 1 === found.length)
            printer.note(`${index + 1} of ${found.length} revisions`);
        }
        return work.outcomes;
      });
    const outcomes = await context.withDatabase(command, (database) =>
      options.yesIApprove === true
        ? withDemoApprover(database, (approver) => cutAll(database, approver))
        : cutAll(database, undefined),
    );
    const count = (outcome: Outcome['outcome']) => outcomes.filter((one) => one.outcome === outcome).length;
    const counts = {
      revisions: found.length,
      finished: count('finished'),
      unchanged: count('unchanged'),
      waits: count('waits'),
      after: count('after'),
      refused: count('refused'),
    };
    const open = outcomes.filter((one) => one.outcome === 'waits' || one.outcome === 'refused');
    printer.result({ ...counts, open }, () => [
      ...printer.facts(counts),
      ...printer.table(
        [
          { title: 'run', value: (row) => row.runId, align: 'right' },
          { title: 'document', value: (row) => row.document },
          { title: 'revision', value: (row) => row.revision },
          { title: 'waits for', value: (row) => row.waitsFor },
          { title: 'refused', value: (row) => (row.code === null ? null : `${row.code} ${row.message ?? ''}`) },
        ],
        open,
      ),
    ]);
    if (counts.waits > 0)
      printer.note('review: iu cut list --open; a person decides and approves, then run the same command again');
  });
}
