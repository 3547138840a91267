import { setTimeout as delay } from 'node:timers/promises';
import { letProcessEnd } from '../../store/embedded.js';
import { partsOf } from './folder.js';
import { type Launch, launch, type Started } from './launch.js';
import { isAlive, readPostmasterFile } from './postmaster.js';

/** Patience at a stop before a harder signal: fast shutdown writes a checkpoint first. */
const fastShutdownSeconds = 30;
const immediateShutdownSeconds = 5;
/** A server that lived shorter than this did not recover; after so many of them in a row we stop trying. */
const recoveredAfterSeconds = 30;
const mostRestarts = 5;

/** The server in our charge. */
export interface Supervised {
  pid(): number;
  stop(): Promise<void>;
}

/** Starts the server again, on the same port, when it dies without being asked to; until `stop`. */
export function superviseServer(job: Launch, first: Started): Supervised {
  let current = first;
  let stopped: Promise<void> | undefined;
  let restarting: Promise<void> | undefined;
  let restarts = 0;

  const restart = async () => {
    await current.client.end().catch(() => {});
    current.guard?.stdin?.end();
    while (stopped === undefined && restarts < mostRestarts) {
      restarts += 1;
      await delay(100 * restarts, undefined, { ref: false });
      if (stopped !== undefined) return;
      try {
        current = await launch(job, current.port);
        job.log('The embedded PostgreSQL runs again.');
        watch();
        return;
      } catch (error) {
        job.log(error instanceof Error ? error.message : 'The embedded PostgreSQL did not start again.');
      }
    }
  };

  const watch = () => {
    letProcessEnd(current.client);
    const since = Date.now();
    const { child } = current;
    const onEnd = () => {
      if (stopped !== undefined) return;
      if (Date.now() - since > recoveredAfterSeconds * 1000) restarts = 0;
      job.log('The embedded PostgreSQL ended unexpectedly and is started again.');
      restarting = restart();
    };
    if (child?.exitCode !== null && child?.exitCode !== undefined) onEnd();
    else child?.once('exit', onEnd);
  };

  const stop = async () => {
    await restarting;
    // Not awaited: its socket holds no process open, so Node would end here with the server still running.
    void current.client.end().catch(() => {});
    if (current.owner) await stopServer(current.pid, partsOf(job.place.folder).pidFile);
    current.guard?.stdin?.end();
  };

  watch();
  return {
    pid: () => current.pid,
    stop: () => {
      stopped ??= Promise.resolve().then(stop);
      return stopped;
    },
  };
}

async function stopServer(pid: number, pidFile: string): Promise<void> {
  // The number alone may belong to another program by now; the server takes its pid file away as its last act.
  const runs = () => isAlive(pid) && readPostmasterFile(pidFile)?.pid === pid;
  const steps = [
    ['SIGINT', fastShutdownSeconds],
    ['SIGQUIT', immediateShutdownSeconds],
    ['SIGKILL', immediateShutdownSeconds],
  ] as const;
  for (const [signal, patienceSeconds] of steps) {
    if (!runs()) return;
    process.kill(pid, signal);
    const deadline = Date.now() + patienceSeconds * 1000;
    while (runs() && Date.now() < deadline) await delay(20);
  }
}
