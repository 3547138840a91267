import { availableParallelism } from 'node:os';
import { IuError } from '../../contract/errors/index.js';
import { outcomeOf, type RevisionOutcome, refusalOf } from './cut-revision.js';
import { CuttingThread, type ThreadWork } from './cutting-thread.js';
import { documentsInRounds, type FoundDocuments, type FoundRevision } from './documents.js';

/** What is cut, how much of it at once, and who is told. */
export interface FolderCut {
  readonly found: FoundDocuments;
  readonly work: ThreadWork;
  /** Documents that are worked on at once. */
  readonly parallel: number;
  /** Aborted: what is under way is the last. */
  readonly stop: AbortSignal;
  readonly onTaken: (taken: number) => void;
}

/**
 * Documents side by side on as many threads as the machine has cores; the revisions of one document in order, and those after one that is not
 * through are left. Outcomes in the order of `found`, without what a stop left. Throws what is wrong with more than one document.
 */
export async function cutFolder({ found, work, parallel, stop, onTaken }: FolderCut): Promise<RevisionOutcome[]> {
  const outcomes = new Map(found.revisions.map(({ address }) => [address, [] as RevisionOutcome[]]));
  const rounds = documentsInRounds(found.revisions);
  const atOnce = Math.min(parallel, Math.max(0, ...rounds.map((round) => round.length)));
  const threads = startThreads(Math.min(atOnce, availableParallelism()), work);
  const lanes = Array.from({ length: Math.ceil(atOnce / threads.length) }, () => threads);
  let taken = 0;
  const failures: unknown[] = [];

  /** Takes documents from the list that all lanes share. */
  const lane = async (thread: CuttingThread, documents: Iterable<readonly FoundRevision[]>): Promise<void> => {
    for (const revisions of documents) {
      let isHeld = false;
      for (const revision of revisions) {
        // Between two revisions nothing is half done.
        if (stop.aborted || failures.length > 0) return;
        const outcome: RevisionOutcome = isHeld
          ? outcomeOf(revision, 'after')
          : await outcomeIn(thread, revision, found.clashes);
        isHeld ||= !isThrough(outcome);
        outcomes.get(revision.address)?.push(outcome);
        onTaken(++taken);
      }
    }
  };
  try {
    for (const round of rounds) {
      const documents = round.values();
      const take = (thread: CuttingThread) => lane(thread, documents).catch((error) => failures.push(error));
      await Promise.all(lanes.flat().slice(0, atOnce).map(take));
      if (failures.length > 0) throw failures[0];
    }
  } finally {
    await Promise.all(threads.map((thread) => thread.end()));
  }
  return [...outcomes.values()].flat();
}

/** Fewer where the system gives no more; throws when it gives none. */
function startThreads(count: number, work: ThreadWork): CuttingThread[] {
  const threads: CuttingThread[] = [];
  while (threads.length < count) {
    try {
      threads.push(new CuttingThread(work));
    } catch (error) {
      if (threads.length === 0) throw error;
      break;
    }
  }
  return threads;
}

async function outcomeIn(
  thread: CuttingThread,
  revision: FoundRevision,
  clashes: FoundDocuments['clashes'],
): Promise<RevisionOutcome> {
  const twoFiles = clashes.get(revision.address);
  if (twoFiles === undefined) return thread.cut(revision);
  const message = `${twoFiles.join(' and ')} would be one document: the address is the path without the ending.`;
  return refusalOf(revision, new IuError('IU746', { message }));
}

function isThrough({ outcome }: RevisionOutcome): boolean {
  return outcome === 'finished' || outcome === 'unchanged' || outcome === 'passed';
}
