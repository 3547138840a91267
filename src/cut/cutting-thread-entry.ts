// What runs in a cutting thread: cuts what it is asked and ends when it is given null. An error that is about more than one document ends it.
import { parentPort, workerData } from 'node:worker_threads';
import { createPool } from '../store/database.js';
import type { Errand, ErrandDone, ThreadWork } from './cutting-thread.js';
import { cutRevision } from './revision-cut.js';

const work = workerData as ThreadWork;
const { schema, approver: login } = work;
// One connection for each revision that is under way: who asks has counted them.
const poolOf = (url: string) => createPool({ url, schema, purpose: 'cut', maxConnections: Number.MAX_SAFE_INTEGER });
const pool = poolOf(work.url);
const approver = login === null ? undefined : { ...login, database: poolOf(login.url) };

async function take({ id, found }: Errand): Promise<void> {
  const client = await pool.connect();
  try {
    const outcome = await cutRevision(client, found, work, approver);
    parentPort?.postMessage({ id, outcome } satisfies ErrandDone);
  } finally {
    client.release();
  }
}

async function end(): Promise<void> {
  await pool.end();
  await approver?.database.end();
  parentPort?.close();
}

parentPort?.on('message', (errand: Errand | null) => void (errand === null ? end() : take(errand)));
