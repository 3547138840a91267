import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { hashOfFile } from './file-hash.js';

const recordSchema = z.object({
  file: z.string(),
  database: z.string(),
  systemIdentifier: z.string(),
  databaseOid: z.string(),
  takenAt: z.iso.datetime(),
  bytes: z.number(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  tocEntries: z.number(),
  tool: z.string(),
  testRestore: z.object({ restoredAt: z.iso.datetime(), tables: z.number(), rows: z.string() }).optional(),
});

/** What stands beside a backup, `NAME.dump.json`: of which database it is, when, and what it must hash to. */
export type BackupRecord = z.infer<typeof recordSchema>;

/** Which database a backup has to be of. */
export interface BackupSubject {
  readonly database: string;
  readonly systemIdentifier: string;
  readonly databaseOid: string;
}

/** What the newest backup is worth now. */
export interface BackupJudgement {
  readonly passed: boolean;
  readonly evidence: string;
  readonly record: BackupRecord | undefined;
}

export async function writeBackupRecord(folder: string, record: BackupRecord): Promise<void> {
  await writeFile(join(folder, `${record.file}.json`), `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 });
}

/** Records of a folder that are about this database, the newest first. A file that is no record is passed over. */
async function readBackupRecords(folder: string, subject: BackupSubject): Promise<BackupRecord[]> {
  const names = await readdir(folder).catch(() => []);
  const found: BackupRecord[] = [];
  for (const name of names.filter((one) => one.endsWith('.dump.json'))) {
    const text = await readFile(join(folder, name), 'utf8').catch(() => '');
    const parsed = recordSchema.safeParse(jsonOrUndefined(text));
    if (parsed.success && isAbout(parsed.data, subject)) found.push(parsed.data);
  }
  return found.sort((left, right) => (left.takenAt < right.takenAt ? 1 : -1));
}

function isAbout(record: BackupRecord, subject: BackupSubject): boolean {
  return record.systemIdentifier === subject.systemIdentifier && record.databaseOid === subject.databaseOid;
}

function jsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Judges the newest backup of this database: young enough, there, and still the bytes that were written. One of nothing counts where nothing was to be lost. */
export async function judgeBackup(
  folder: string,
  subject: BackupSubject,
  limits: { readonly now: Date; readonly mostAgeSeconds: number; readonly mayBeEmpty?: boolean },
): Promise<BackupJudgement> {
  const [record] = await readBackupRecords(folder, subject);
  if (record === undefined) {
    return {
      passed: false,
      evidence: `no backup of database ${subject.database} in ${folder}`,
      record,
    };
  }
  const age = Math.round((limits.now.getTime() - Date.parse(record.takenAt)) / 1000);
  const named = `${record.file}, ${age} s old`;
  const no = (why: string): BackupJudgement => ({ passed: false, evidence: `${named}: ${why}`, record });
  if (age > limits.mostAgeSeconds) return no(`at most ${limits.mostAgeSeconds} s count`);
  if (age < -60) return no('it is from the future');
  const file = join(folder, record.file);
  const size = await stat(file).then(
    (found) => found.size,
    () => -1,
  );
  if (size < 0) return no('the file is gone');
  if (size !== record.bytes) return no(`the file has ${size} bytes, ${record.bytes} were written`);
  if ((await hashOfFile(file)) !== record.sha256) return no('the file does not hash to what was written');
  if (record.tocEntries < 1 && limits.mayBeEmpty !== true) return no('its table of contents is empty');
  const restored = record.testRestore === undefined ? '' : `, restored at ${record.testRestore.restoredAt}`;
  return {
    passed: true,
    evidence: `${named}, ${record.bytes} bytes, ${record.tocEntries} entries, sha256 ${record.sha256.slice(0, 16)}…${restored}`,
    record,
  };
}
