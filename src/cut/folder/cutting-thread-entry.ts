// What runs in a cutting thread: cuts what it is asked, answers each, and ends when it is given null.
import { parentPort, workerData } from 'node:worker_threads';
import { createPool } from '../../store/database.js';
import { cutRevision } from './cut-revision.js';
import type { Errand, ErrandDone, ThreadWork } from './cutting-thread.js';
import { textsOf } from './thread-failure.js';

const work = workerData as ThreadWork;
const { schema, approver: login } = work;
// One connection for each revision that is under way: who asks has counted them.
const poolOf = (url: string) => createPool({ url, schema, purpose: 'cut', maxConnections: Number.MAX_SAFE_INTEGER });
const pool = poolOf(work.url);
const approver = login === null ? undefined : { ...login, database: poolOf(login.url) };

async function take({ id, found }: Errand): Promise<void> {
  const answer = (done: ErrandDone) => parentPort?.postMessage(done);
  try {
    const client = await pool.connect();
    const outcome = await cutRevision(client, found, work, approver).finally(() => client.release());
    answer({ id, outcome });
  } catch (error) {
    // Not left to Node: what is loaded by NODE_OPTIONS may hear of it there and keep it.
    answer({ id, failure: textsOf(error) });
  }
}

async function end(): Promise<void> {
  await pool.end();
  await approver?.database.end();
  parentPort?.close();
}

parentPort?.on('message', (errand: Errand | null) => void (errand === null ? end() : take(errand)));
