import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import type { ClientBase } from 'pg';
import { IuError } from '../../contract/errors/index.js';
import { installLockHolder, releaseInstallLock, tryInstallLock } from '../../store/migration.js';
import type { OnProgress } from './run.js';

/**
 * Runs `work` as the only installer of this schema. The lock is polled, never waited for: a session that waits in
 * pg_advisory_lock holds a snapshot and deadlocks with CREATE INDEX CONCURRENTLY of the session it waits for.
 */
export async function withInstallLock<T>(
  client: ClientBase,
  options: { schema: string; lockWaitSeconds?: number; onProgress?: OnProgress },
  work: () => Promise<T>,
): Promise<T> {
  const key = `iu-core install ${options.schema}`;
  const waitSeconds = options.lockWaitSeconds ?? 120;
  const started = performance.now();
  let told = false;
  while (!(await tryInstallLock(client, key))) {
    const holder = await installLockHolder(client, key);
    if (performance.now() - started > waitSeconds * 1000) {
      const who = holder === undefined ? 'another session' : `backend pid ${holder}`;
      throw new IuError('IU805', {
        message: `${who} has been changing schema ${options.schema} for more than ${waitSeconds} s`,
        hint: holder === undefined ? 'try again' : `wait for it, or end it: select pg_terminate_backend(${holder})`,
        holderPid: holder,
      });
    }
    if (!told)
      options.onProgress?.({ kind: 'waiting', subject: options.schema, detail: `held by pid ${holder ?? '?'}` });
    told = true;
    await pause(20 + Math.random() * 180);
  }
  try {
    return await work();
  } finally {
    // a dead connection has already given the lock back
    await releaseInstallLock(client, key).catch(() => undefined);
  }
}
