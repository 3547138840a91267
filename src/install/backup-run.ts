import { randomBytes } from 'node:crypto';
import { basename, dirname } from 'node:path';
import { IuError } from '../contract/errors/index.js';
import { readRestoredFacts, withScratchDatabase } from '../store/backup.js';
import type { Database } from '../store/database.js';
import { type RecordedEvidence, recordEvidence } from '../store/going-live.js';
import { readPlaceFacts } from '../store/precheck.js';
import { quoteIdentifier } from '../store/session.js';
import { type Backup, type BackupWishes, makeBackup, restoreBackup } from './backup.js';
import { type BackupRecord, writeBackupRecord } from './backup-record.js';

/** What `backUp` is asked. */
export interface BackUpWishes extends Pick<BackupWishes, 'folder' | 'now' | 'toolFolder' | 'environment'> {
  /** Restores what was written into a scratch database beside it, and drops that again. Needs createdb. */
  readonly testRestore?: boolean;
  readonly onProgress?: (text: string) => void;
}

/** A backup with its record and, where IU Core is installed, its evidence. */
export interface BackUpResult {
  readonly backup: Backup;
  readonly record: BackupRecord;
  readonly evidence: RecordedEvidence | undefined;
}

/** Restores the file into a database of its own and looks at what came back. */
async function testRestore(database: Database, backup: Backup, wishes: BackupWishes) {
  const name = `iu_restore_${randomBytes(5).toString('hex')}`;
  const facts = await withScratchDatabase(database.url, name, async (url) => {
    await restoreBackup(backup.file, url, wishes);
    return readRestoredFacts(url, database.schema);
  });
  if (facts.tables === 0 && backup.tocEntries > 0)
    throw new IuError('IU848', { message: 'the backup restores to a database without tables' });
  return { restoredAt: new Date().toISOString(), tables: facts.tables, rows: facts.rows };
}

/** Backs the database up, writes the record that the backup gate reads, and records evidence where IU Core is installed. */
export async function backUp(database: Database, wishes: BackUpWishes): Promise<BackUpResult> {
  const { pool, schema, url, serverVersionNumber } = database;
  const place = await readPlaceFacts(pool, quoteIdentifier(schema));
  const asked: BackupWishes = {
    ...wishes,
    url,
    serverVersionNumber,
    encoding: place.encoding,
    expectLog: place.log_exists,
  };
  wishes.onProgress?.('pg_dump is running ...');
  const backup = await makeBackup(asked);
  const file = basename(backup.file);
  let record: BackupRecord = {
    file,
    database: place.database,
    systemIdentifier: place.system_identifier,
    databaseOid: place.database_oid,
    takenAt: wishes.now.toISOString(),
    bytes: backup.bytes,
    sha256: backup.sha256,
    tocEntries: backup.tocEntries,
    tool: backup.tool,
  };
  if (wishes.testRestore === true) {
    wishes.onProgress?.('pg_restore is running in a scratch database ...');
    record = { ...record, testRestore: await testRestore(database, backup, asked) };
  }
  await writeBackupRecord(dirname(backup.file), record);
  if (!place.installed) return { backup, record, evidence: undefined };
  const detail = {
    file,
    bytes: String(backup.bytes),
    sha256: backup.sha256,
    toc_entries: backup.tocEntries,
    tool: backup.tool,
    server_version: serverVersionNumber,
    ...(record.testRestore === undefined ? {} : { restored_tables: record.testRestore.tables }),
  };
  const evidence = await recordEvidence(pool, { kind: 'backup', passed: true, detailText: JSON.stringify(detail) });
  return { backup, record, evidence };
}
