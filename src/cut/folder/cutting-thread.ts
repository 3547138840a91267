import { Worker } from 'node:worker_threads';
import { IuError } from '../../contract/errors/index.js';
import type { ApproverLogin } from '../carry-through.js';
import type { FolderWork, RevisionOutcome } from './cut-revision.js';
import type { FoundRevision } from './documents.js';
import { type FailureTexts, failureOf } from './thread-failure.js';

/** What a thread works with: plain data. */
export interface ThreadWork extends FolderWork {
  readonly url: string;
  readonly schema: string;
  /** The second person, where one is at hand. */
  readonly approver: ApproverLogin | null;
}

/** What a thread is asked, and answers; the answers come in any order. */
export interface Errand {
  readonly id: number;
  readonly found: FoundRevision;
}
export type ErrandDone =
  | { readonly id: number; readonly outcome: RevisionOutcome }
  /** What is wrong with more than the document. */
  | { readonly id: number; readonly failure: FailureTexts };

/** A thread runs what is built, also for who has loaded the sources. */
const entry = new URL('../../../dist/cut/folder/cutting-thread-entry.js', import.meta.url);

interface Waiting {
  readonly resolve: (outcome: RevisionOutcome) => void;
  readonly reject: (error: unknown) => void;
}

/** A thread that reads, scans, matches and writes revisions, as many at once as it is asked, each on a connection. */
export class CuttingThread {
  readonly #worker: Worker;
  readonly #ended: Promise<void>;
  readonly #waiting = new Map<number, Waiting>();
  #errands = 0;
  #failure: unknown;

  constructor(work: ThreadWork) {
    this.#worker = new Worker(entry, { workerData: work });
    this.#worker.on('message', (done: ErrandDone) => {
      const waiting = this.#waiting.get(done.id);
      this.#waiting.delete(done.id);
      if ('failure' in done) waiting?.reject(failureOf(done.failure));
      else waiting?.resolve(done.outcome);
    });
    // What ends it against its will.
    this.#worker.on('error', (error: NodeJS.ErrnoException) => {
      this.#failure = error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? new IuError('IU710') : error;
    });
    this.#ended = new Promise((resolve) => {
      this.#worker.on('exit', () => {
        this.#failure ??= new Error('A cutting thread ended before its work.');
        for (const { reject } of this.#waiting.values()) reject(this.#failure);
        resolve();
      });
    });
  }

  /** Throws what is wrong with more than the document. */
  cut(found: FoundRevision): Promise<RevisionOutcome> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure);
      const id = ++this.#errands;
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, found } satisfies Errand);
    });
  }

  /** Ends its connections and the thread; nothing may be under way. */
  async end(): Promise<void> {
    this.#worker.postMessage(null);
    await this.#ended;
  }
}
