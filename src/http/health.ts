import type pg from 'pg';
import { healthReasons, registeredWorkers, silentWatchdogs } from '../store/health.js';
import type { HealthAnswer } from './server.js';

/** The health of the named cursors (every registered one when none is named), from the database; no answer is a reason. */
export async function databaseHealth(pool: pg.Pool, workerNames: readonly string[] = []): Promise<HealthAnswer> {
  try {
    const names = workerNames.length > 0 ? workerNames : await registeredWorkers(pool);
    if (names.length === 0) {
      return {
        healthy: false,
        reasons: [{ code: 'unregistered', message: 'no cursor is registered: nobody decides events' }],
      };
    }
    const reasons = new Map<string, { code: string; message: string }>();
    for (const { code, message } of [...(await healthReasons(pool, names)), ...(await silentWatchdogs(pool))]) {
      reasons.set(`${code} ${message}`, { code, message });
    }
    return { healthy: reasons.size === 0, reasons: [...reasons.values()] };
  } catch {
    // The message of a connection failure can hold an address with a user name.
    return { healthy: false, reasons: [{ code: 'database_unavailable', message: 'the database did not answer' }] };
  }
}
