import type { Database } from '../store/database.js';
import { type RecordedEvidence, recordEvidence } from '../store/going-live.js';
import { migrateVerify } from './migrate/index.js';
import { verifyLive } from './verify-live.js';

/** What both verify commands found, as it was recorded. */
export interface RecordedChecks {
  readonly substrate: RecordedEvidence;
  readonly drift: RecordedEvidence;
}

/**
 * Runs `iu verify` and `iu migrate verify` and records them as evidence `substrate` and `drift`. Needs iu_operator.
 *
 * A check that cannot run throws; nothing is recorded then, and older evidence stays what it is.
 */
export async function recordChecks(database: Database): Promise<RecordedChecks> {
  const live = await verifyLive(database);
  const failed = live.checks.filter((check) => !check.passed);
  const substrate = await recordEvidence(database.pool, {
    kind: 'substrate',
    passed: live.passed,
    detailText: JSON.stringify({
      checks: live.checks.length,
      failed: failed.map(({ id, evidence }) => ({ id, evidence })),
    }),
  });
  const client = await database.pool.connect();
  try {
    const verified = await migrateVerify(client, { schema: database.schema });
    const drift = await recordEvidence(client, {
      kind: 'drift',
      passed: verified.ok && verified.pending.length === 0,
      detailText: JSON.stringify({
        verified: verified.verified.length,
        pending: verified.pending,
        failures: verified.failures
          .slice(0, 20)
          .map(({ subject, code, message }) => ({ subject, code, message: message.slice(0, 500) })),
      }),
    });
    return { substrate, drift };
  } finally {
    client.release();
  }
}
