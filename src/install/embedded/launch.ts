import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { IuError } from '../../contract/errors/index.js';
import { claimOwnership, tryEmbeddedLogin } from '../../store/embedded.js';
import { type DataFolder, partsOf, rememberPort } from './folder.js';
import { isAlive, isPostgres, type PostmasterFile, readPostmasterFile, removeStaleFile } from './postmaster.js';
import { freePort, reasonFromLog, spawnGuard, spawnServer } from './server.js';

/** Everything a start needs to know, settled once. */
export interface Launch {
  readonly place: DataFolder;
  readonly binariesFolder: string;
  readonly password: string;
  readonly dataDirectory: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly log: (message: string) => void;
}

/** A server that answers. `client` holds the owner's lock when we are the owner. */
export interface Started {
  readonly pid: number;
  readonly port: number;
  readonly owner: boolean;
  readonly client: pg.Client;
  /** The process, when we started it ourselves. */
  readonly child: ChildProcess | undefined;
  readonly guard: ChildProcess | undefined;
}

/** Long enough for crash recovery of a busy cluster. */
const patienceSeconds = 120;
const pollMilliseconds = 40;
/** Starts that may fail before we give up: a port taken in between, shared memory of a killed server still in use. */
const mostFailures = 4;

/**
 * Attaches to the server that runs on the data folder, or starts one.
 *
 * No lock of our own: PostgreSQL lets only one server run on a data folder, so of two starts at once the second's
 * `postgres` ends by itself, and its next look finds the server of the first.
 */
export async function launch(job: Launch, preferredPort: number | undefined): Promise<Started> {
  const pidFile = partsOf(job.place.folder).pidFile;
  const deadline = Date.now() + patienceSeconds * 1000;
  let failures = 0;
  while (Date.now() < deadline) {
    const running = readPostmasterFile(pidFile);
    if (running !== undefined && isAlive(running.pid)) {
      const attached = await tryAttach(job, running);
      if (attached !== undefined) return attached;
    } else {
      const started = await startAndWait(job, preferredPort, deadline);
      if (started !== undefined) return started;
      failures += isStarted(pidFile) ? 0 : 1;
      if (failures >= mostFailures) break;
    }
    await delay(pollMilliseconds * (1 + failures * 5));
  }
  const log = partsOf(job.place.folder).log;
  throw new IuError('IU021', { message: `The embedded PostgreSQL did not start: ${reasonFromLog(log)} (log: ${log})` });
}

function isStarted(pidFile: string): boolean {
  const running = readPostmasterFile(pidFile);
  return running !== undefined && isAlive(running.pid);
}

async function tryAttach(job: Launch, running: PostmasterFile): Promise<Started | undefined> {
  const pidFile = partsOf(job.place.folder).pidFile;
  if (!isPostgres(running.pid)) {
    job.log(`Process ${running.pid} is no PostgreSQL: the pid file of a killed server is taken away.`);
    removeStaleFile(pidFile, running);
    return undefined;
  }
  if (running.port === undefined) return undefined;
  const client = await tryEmbeddedLogin(running.port, job.password, job.dataDirectory);
  if (client === undefined) return undefined;
  const { claimed, young } = await claimOwnership(client);
  if (claimed && young) {
    // Whoever started it has not come to take the lock yet, or has died: look again.
    await client.end();
    return undefined;
  }
  const shared = { pid: running.pid, port: running.port, client, child: undefined };
  if (!claimed) return { ...shared, owner: false, guard: undefined };
  job.log(`A server that was left running (process ${running.pid}) is taken over.`);
  return { ...shared, owner: true, guard: spawnGuard(running.pid, pidFile, job.place.account) };
}

async function startAndWait(job: Launch, preferredPort: number | undefined, deadline: number) {
  const port = await freePort(preferredPort);
  const child = spawnServer(job.place, job.binariesFolder, port, job.settings);
  let ended = false;
  const markEnded = () => {
    ended = true;
  };
  child.once('exit', markEnded).once('error', markEnded);
  const pid = child.pid;
  if (pid === undefined) return undefined;
  const { pidFile } = partsOf(job.place.folder);
  const guard = spawnGuard(pid, pidFile, job.place.account);
  while (!ended && Date.now() < deadline) {
    if (readPostmasterFile(pidFile)?.pid === pid) {
      const client = await tryEmbeddedLogin(port, job.password, job.dataDirectory);
      if (client !== undefined) {
        rememberPort(job.place.folder, port);
        const owner = await claimFirst(client);
        return { pid, port, owner, client, child, guard } satisfies Started;
      }
    }
    await delay(pollMilliseconds);
  }
  if (!ended) process.kill(pid, 'SIGQUIT');
  guard.stdin?.end();
  return undefined;
}

/** An attaching process may hold the lock for the moment it takes to see that the server is young. */
async function claimFirst(client: pg.Client): Promise<boolean> {
  for (let attempt = 1; attempt <= 50; attempt += 1) {
    if ((await claimOwnership(client)).claimed) return true;
    await delay(pollMilliseconds);
  }
  return false;
}
