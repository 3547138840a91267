import { join } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { exitCodes } from '../../contract/errors/exit-codes.js';
import { IuError, iuErrorFromPg } from '../../contract/errors/index.js';
import { type Approver, carryThrough } from '../../cut/carry-through.js';
import { encodingNamed } from '../../cut/encoding.js';
import {
  bytesOfRevision,
  documentsInRounds,
  documentsOfFolder,
  documentsOfHistory,
  type FoundDocuments,
  type FoundRevision,
} from '../../cut/folder.js';
import { advanceCut, type CutSource, startCut } from '../../cut/pipeline.js';
import { readSource, readSourceFile } from '../../cut/read-source.js';
import { documentEndings } from '../../cut/source-kind.js';
import type { Database } from '../../store/database.js';
import type { connectClient } from '../../store/session.js';
import { type CliContext, withExamples } from '../context.js';
import type { Column } from '../table.js';
import { manifestAtGate } from './run-facts.js';
import { cutSourceOf, type SourceOptions, withSourceOptions } from './source-options.js';
import { onCutSession, withDemoApprover } from './start.js';

interface DirOptions extends SourceOptions {
  readonly actor: string;
  readonly git?: boolean;
  readonly revision?: string;
  readonly prefix: string;
  readonly owner?: string;
  readonly parallel: number;
  readonly yesIApprove?: boolean;
}

/** What became of one revision. */
interface Outcome {
  readonly path: string;
  readonly document: string;
  readonly revision: string;
  readonly runId: string | null;
  /**
   * finished, unchanged (it was finished before), waits, after (an earlier revision of the document is not finished), refused, passed (over: a
   * commit that is not cut any more, which nothing will change; the next revisions do not wait for it).
   */
  readonly outcome: 'finished' | 'unchanged' | 'waits' | 'after' | 'refused' | 'passed';
  readonly waitsFor: string | null;
  /** Of a run that waits: what an approval names. */
  readonly manifestDigest: string | null;
  readonly code: string | null;
  readonly message: string | null;
  /** What to do about it. */
  readonly hint: string | null;
}

/**
 * No bytes, binary content, broken characters, a DOCX or PDF without text that can be read; something in it was redacted. And what was cut
 * with another configuration: the label names the commit, so it is the same text, and what was done with it stays.
 */
const passedOver = new Set(['IU722', 'IU723', 'IU724', 'IU728', 'IU897', 'IU703']);
/** Units, structure, cuts, and a source of which something was redacted. */
const ofOneDocument = /^IU(?:[267]|897)/;

type Client = Awaited<ReturnType<typeof connectClient>>;

/** The revisions of one document, in order. */
class DocumentCuts {
  readonly outcomes: Outcome[] = [];
  /** A revision is not through: the next ones wait for it. */
  #isHeld = false;

  constructor(
    private readonly client: Client,
    private readonly folder: string,
    private readonly options: DirOptions,
    private readonly approver: Approver | undefined,
    private readonly twoFiles: readonly [string, string] | undefined,
  ) {}

  async take(found: FoundRevision): Promise<void> {
    const about = { path: found.path, document: found.address, revision: found.revisionLabel };
    const nothing = { runId: null, waitsFor: null, manifestDigest: null, code: null, message: null, hint: null };
    if (this.#isHeld) {
      this.outcomes.push({ ...about, ...nothing, outcome: 'after' });
      return;
    }
    try {
      if (this.twoFiles !== undefined) {
        throw new IuError('IU746', {
          message: `${this.twoFiles.join(' and ')} would be one document: the address is the path without the ending.`,
        });
      }
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
      this.#isHeld = !isThrough;
      const outcome = wasFinished ? 'unchanged' : isThrough ? 'finished' : 'waits';
      const { run_id: runId, waits_for: waitsFor } = run;
      const manifestDigest = isThrough ? null : run.manifest_digest;
      this.outcomes.push({ ...about, ...nothing, runId, outcome, waitsFor, manifestDigest });
    } catch (error) {
      const { code, message, hint = null } = (iuErrorFromPg(error) ?? error) as Partial<IuError> & Error;
      // What is wrong with one document stops that document; what is wrong with the database stops everything.
      if (code === undefined || !ofOneDocument.test(code)) throw error;
      const isPassed = found.commit !== null && passedOver.has(code);
      this.#isHeld = !isPassed;
      this.outcomes.push({ ...about, ...nothing, outcome: isPassed ? 'passed' : 'refused', code, message, hint });
    }
  }

  async #sourceOf(found: FoundRevision): Promise<CutSource> {
    const { path, commit, blob, revisionLabel, note: sourceNote } = found;
    const { encoding, maxBytes } = this.options;
    const reading = { fileName: path, maxBytes, ...(encoding === undefined ? {} : { encodingOfRest: encoding }) };
    const read =
      commit === null || blob === null
        ? await readSourceFile(join(this.folder, path), reading)
        : await readSource(await bytesOfRevision(this.folder, { path, commit, blob }, maxBytes), reading);
    return cutSourceOf(read, this.options, { revisionLabel, sourceNote });
  }
}

/** Documents side by side, each on one connection; the revisions of one document in order. Outcomes in the order of `found`. */
async function cutAll(
  database: Database,
  { revisions: found, clashes }: FoundDocuments,
  work: { readonly folder: string; readonly options: DirOptions; readonly approver: Approver | undefined },
  stop: AbortSignal,
  onTaken: (taken: number) => void,
): Promise<Outcome[]> {
  const outcomes = new Map(found.map(({ address }) => [address, [] as readonly Outcome[]]));
  let taken = 0;
  let failure: unknown;
  const lane = (documents: Iterator<readonly FoundRevision[]>): Promise<void> =>
    onCutSession(database, async (client) => {
      for (let next = documents.next(); next.done !== true; next = documents.next()) {
        const address = next.value[0]?.address ?? '';
        const cuts = new DocumentCuts(client, work.folder, work.options, work.approver, clashes.get(address));
        outcomes.set(address, cuts.outcomes);
        for (const revision of next.value) {
          // Between two revisions nothing is half done.
          if (stop.aborted || failure !== undefined) return;
          await cuts.take(revision).catch((error: unknown) => {
            failure ??= error;
          });
          taken += 1;
          onTaken(taken);
        }
      }
    });
  for (const round of documentsInRounds(found)) {
    const documents = round.values();
    await Promise.all(Array.from({ length: Math.min(work.options.parallel, round.length) }, () => lane(documents)));
    if (failure !== undefined) throw failure;
  }
  return [...outcomes.values()].flat();
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
    const work = (database: Database, approver: Approver | undefined) =>
      cutAll(database, found, { folder, options, approver }, stop, (taken) => {
        // A hundred lines at most, and of a few large documents one each.
        const all = found.revisions.length;
        if (taken % Math.ceil(all / 100) === 0 || taken === all) printer.note(`${taken} of ${all} revisions`);
      });
    const outcomes = await context.withDatabase(command, (database) =>
      options.yesIApprove === true
        ? withDemoApprover(database, (approver) => work(database, approver))
        : work(database, undefined),
    );
    const count = (outcome: Outcome['outcome']) => outcomes.filter((one) => one.outcome === outcome).length;
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

const openColumns: readonly Column<Outcome>[] = [
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
function adviceOf(counts: { revisions: number; waits: number; left: number }, open: readonly Outcome[]): string[] {
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
