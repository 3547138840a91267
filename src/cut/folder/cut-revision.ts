import { join } from 'node:path';
import type pg from 'pg';
import { type IuError, iuErrorFromPg } from '../../contract/errors/index.js';
import { type Approver, carryThrough } from '../carry-through.js';
import { advanceCut, type CutSource, startCut } from '../pipeline.js';
import { readSource, readSourceFile } from '../read-source.js';
import { cutSourceOf, type SourceOptions } from '../source-options.js';
import { bytesOfRevision, type FoundRevision } from './documents.js';

/** How every revision of a folder is cut: plain data, which a thread can be given. */
export interface FolderWork {
  readonly folder: string;
  readonly source: SourceOptions;
  readonly ownerRef: string;
  /** Who cuts; stands beside the database login. */
  readonly actor: string;
}

/** What became of one revision. */
export interface RevisionOutcome {
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
/** Units, structure, cuts, and a source of which something was redacted; not closed gates, a backup that is missing, and grammars. */
const ofOneDocument = /^IU(?!615|725|726|736|737|744)(?:[267]|897)/;

/** A revision that nothing was done with. */
export function outcomeOf(
  { path, address, revisionLabel }: FoundRevision,
  outcome: RevisionOutcome['outcome'],
): RevisionOutcome {
  const nothing = { runId: null, waitsFor: null, manifestDigest: null, code: null, message: null, hint: null };
  return { path, document: address, revision: revisionLabel, ...nothing, outcome };
}

/** A revision that an error stopped; throws what is wrong with more than its document, such as the database. */
export function refusalOf(found: FoundRevision, error: unknown): RevisionOutcome {
  const { code, message, hint = null } = (iuErrorFromPg(error) ?? error) as Partial<IuError> & Error;
  if (code === undefined || !ofOneDocument.test(code)) throw error;
  const isPassed = found.commit !== null && passedOver.has(code);
  return { ...outcomeOf(found, isPassed ? 'passed' : 'refused'), code, message, hint };
}

/** More than the steps on which two commands can meet at one run. */
const mostLooks = 10;

/**
 * Reads and cuts one revision and takes its run as far as it goes: up to a person, or with an approver to its report. Where another command took
 * the run further at the same moment (IU730), it goes on from there.
 */
export async function cutRevision(
  client: pg.ClientBase,
  found: FoundRevision,
  work: FolderWork,
  approver: Approver | undefined,
): Promise<RevisionOutcome> {
  for (let looks = 1; ; looks++) {
    const outcome = await cutFurther(client, found, work, approver);
    if (outcome.code !== 'IU730' || looks === mostLooks) return outcome;
  }
}

async function cutFurther(
  client: pg.ClientBase,
  found: FoundRevision,
  work: FolderWork,
  approver: Approver | undefined,
): Promise<RevisionOutcome> {
  try {
    const { actor, ownerRef } = work;
    const target = { address: found.address, title: found.address, ownerRef, actor };
    const started = await startCut(client, target, await sourceOf(found, work));
    if (started.state === 'closeout_reported')
      return { ...outcomeOf(found, 'unchanged'), runId: started.run_id, waitsFor: started.waits_for };
    const run =
      approver === undefined
        ? await advanceCut(client, started.run_id, actor)
        : await carryThrough(client, started, actor, approver);
    const isThrough = run.state === 'closeout_reported';
    return {
      ...outcomeOf(found, isThrough ? 'finished' : 'waits'),
      runId: run.run_id,
      waitsFor: run.waits_for,
      manifestDigest: isThrough ? null : run.manifest_digest,
    };
  } catch (error) {
    return refusalOf(found, error);
  }
}

async function sourceOf(found: FoundRevision, { folder, source }: FolderWork): Promise<CutSource> {
  const { path, commit, blob, revisionLabel, note: sourceNote } = found;
  const { encoding, maxBytes } = source;
  const reading = { fileName: path, maxBytes, ...(encoding === undefined ? {} : { encodingOfRest: encoding }) };
  const read =
    commit === null || blob === null
      ? await readSourceFile(join(folder, path), reading)
      : await readSource(await bytesOfRevision(folder, { path, commit, blob }, maxBytes), reading);
  return cutSourceOf(read, source, { revisionLabel, sourceNote });
}
