import type { Command } from 'commander';
import { backUp } from '../../install/backup-run.js';
import { type CliContext, withExamples } from '../context.js';

interface BackupOptions {
  readonly out: string;
  readonly tools?: string;
  readonly testRestore?: boolean;
}

/** `iu backup`. */
export function register(program: Command, context: CliContext): void {
  withExamples(
    program
      .command('backup')
      .description('Write a backup with pg_dump, read its contents back, and record it as evidence')
      .option('--out <folder>', 'folder for the file', 'backups')
      .option(
        '--tools <folder>',
        "folder with pg_dump and pg_restore of the server's major version; looked for otherwise",
      )
      .option('--test-restore', 'restore it into a scratch database on the same server, which is dropped again'),
    'iu backup --out /var/backups/iu',
    'iu backup --out /var/backups/iu --test-restore',
  ).action(async (options: BackupOptions, command: Command) => {
    const printer = context.printer(command);
    const { out: folder, tools: toolFolder, testRestore = false } = options;
    const { environment } = context;
    const onProgress = (text: string) => printer.note(text);
    const wishes = { folder, toolFolder, environment, testRestore, now: new Date(), onProgress };
    const { backup, record, evidence } = await context.withDatabase(command, (database) => backUp(database, wishes), {
      expect: 'schema',
    });
    const restored = record.testRestore ?? null;
    const result = { ...backup, database: record.database, test_restore: restored, evidence_id: evidence?.evidence_id };
    printer.result(result, () => [
      `${backup.file}: ${backup.bytes} bytes, ${backup.tocEntries} entries, sha256 ${backup.sha256}`,
      ...(restored === null ? [] : [`Restored: ${restored.tables} tables, ${restored.rows} rows in the log.`]),
      evidence === undefined
        ? `Recorded in ${backup.file}.json; IU Core is not installed here, so there is no evidence in the database.`
        : `Evidence ${evidence.evidence_id}, recorded by ${evidence.recorded_by}.`,
    ]);
  });
}
