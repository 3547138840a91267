import { basename } from 'node:path';
import type { Command } from 'commander';
import { makeBackup } from '../../install/backup.js';
import { recordEvidence } from '../../store/going-live.js';
import { type CliContext, withExamples } from '../context.js';

interface BackupOptions {
  readonly out: string;
  readonly tools?: string;
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
      ),
    'iu backup --out /var/backups/iu',
  ).action(async (options: BackupOptions, command: Command) => {
    const printer = context.printer(command);
    const { backup, evidence } = await context.withDatabase(command, async (database) => {
      printer.note('pg_dump is running ...');
      const { url, serverVersionNumber } = database;
      const { out: folder, tools: toolFolder } = options;
      const { environment } = context;
      const made = await makeBackup({ url, serverVersionNumber, folder, toolFolder, environment, now: new Date() });
      const { file, ...facts } = made;
      const detail = {
        file: basename(file),
        bytes: String(facts.bytes),
        sha256: facts.sha256,
        toc_entries: facts.tocEntries,
        tool: facts.tool,
        server_version: serverVersionNumber,
      };
      const wishes = { kind: 'backup', passed: true, detailText: JSON.stringify(detail) };
      return { backup: made, evidence: await recordEvidence(database.pool, wishes) };
    });
    printer.result({ ...backup, evidence_id: evidence.evidence_id }, () => [
      `${backup.file}: ${backup.bytes} bytes, ${backup.tocEntries} entries, sha256 ${backup.sha256}`,
      `Evidence ${evidence.evidence_id}, recorded by ${evidence.recorded_by}.`,
    ]);
  });
}
