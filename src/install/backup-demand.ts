import { resolve } from 'node:path';
import { IuError } from '../contract/errors/index.js';
import type { Database } from '../store/database.js';
import { errorCode } from '../store/failure.js';
import { recordEvidence } from '../store/going-live.js';
import { readKeptRows, readPlaceFacts } from '../store/precheck.js';
import { quoteIdentifier } from '../store/session.js';
import { judgeBackup } from './backup-record.js';

/** What a durable step says about its backup. */
export interface BackupDemand {
  readonly folder: string;
  readonly mostAgeSeconds: number;
  /** Why it may go without one; written into the evidence. */
  readonly withoutBackup?: string | undefined;
  readonly now: Date;
}

/** What the demand came to. */
export interface BackupAnswer {
  readonly demanded: boolean;
  readonly evidence: string;
}

/**
 * A durable step needs a fresh backup of this very database, or a reason why not. Nothing is demanded where nothing could be lost:
 * a database whose tables of ours, or of their names, hold no rows but those that the installation wrote.
 */
export async function requireBackup(database: Database, demand: BackupDemand): Promise<BackupAnswer> {
  const { pool, schema } = database;
  const place = await readPlaceFacts(pool, quoteIdentifier(schema));
  const kept = await readKeptRows(pool, schema);
  if (kept === null) return { demanded: false, evidence: 'no rows that a step could lose' };
  if (demand.withoutBackup !== undefined) {
    const reason = demand.withoutBackup.trim();
    if (reason === '') throw new IuError('IU844', { message: 'going without a backup has a reason' });
    if (place.installed) await recordWaiver(database, reason);
    return { demanded: true, evidence: `without a backup: ${reason}` };
  }
  const subject = {
    database: place.database,
    systemIdentifier: place.system_identifier,
    databaseOid: place.database_oid,
  };
  const judged = await judgeBackup(resolve(demand.folder), subject, demand);
  if (judged.passed) return { demanded: true, evidence: judged.evidence };
  throw new IuError('IU844', {
    message: `${kept} has rows, and ${judged.evidence}`,
    hint: `iu backup --out ${demand.folder}, or --without-backup REASON`,
  });
}

/** The reason stays where readiness and reports find it. Before evidence exists there is no place for it but the log of the command. */
async function recordWaiver(database: Database, reason: string): Promise<void> {
  const detailText = JSON.stringify({ without_backup: reason.slice(0, 500) });
  try {
    await recordEvidence(database.pool, { kind: 'backup_waived', passed: true, detailText });
  } catch (error) {
    const code = errorCode(error);
    if (code !== '42883' && code !== '42P01') throw error;
  }
}
