import type { Command } from 'commander';
import { uninstall } from '../../install/migrate/index.js';
import { type BackupDemandOptions, demandBackup, missingBackup, withBackupDemand } from '../backup-demand.js';
import { type CliContext, withExamples } from '../context.js';
import { commandLineWithout } from '../paging.js';
import { onOneConnection, progressNotes } from './migrate.js';

interface UninstallCommandOptions extends BackupDemandOptions {
  readonly yes?: boolean;
  readonly discardData?: boolean;
  readonly dryRun?: boolean;
}

/** `iu uninstall`. */
export function register(program: Command, context: CliContext): void {
  withExamples(
    withBackupDemand(
      program
        .command('uninstall')
        .description('Take everything away again, guarded like a rollback; shows first, does it with --yes')
        .option('--yes', 'do it; without it only shows what would go')
        .option('--discard-data', 'also where tables have rows: they are lost; open gates refuse all the same')
        .option('--dry-run', 'print the SQL and change nothing'),
    ),
    'iu uninstall',
    'iu uninstall --yes --discard-data',
  ).action(async (options: UninstallCommandOptions, command: Command) => {
    const printer = context.printer(command);
    const dryRun = options.dryRun === true || options.yes !== true;
    if (!dryRun) await demandBackup(context, command, options);
    const result = await onOneConnection(context, command, (client, schema) =>
      uninstall(client, {
        schema,
        dryRun,
        discardData: options.discardData === true,
        onProgress: progressNotes(printer),
      }),
    );
    const needsDiscard = result.inTheWay.some((one) => one.needsDiscard);
    const words = context.words.filter((word) => !['--dry-run', '--yes'].includes(word));
    const goOn = dryRun
      ? commandLineWithout([...words, '--yes', ...(needsDiscard ? ['--discard-data'] : [])], [])
      : null;
    const noBackup = dryRun ? await missingBackup(context, command, options) : undefined;
    const shown = {
      ...result,
      sql: options.dryRun === true ? result.sql : undefined,
      dry_run: dryRun,
      go_on: goOn,
      missing_backup: noBackup ?? null,
    };
    printer.result(shown, () => {
      if (options.dryRun === true) return [result.sql.trimEnd()];
      const rows = result.rows.map(({ table, rows: count }) => `  ${table}: ${count} rows`);
      const kept = result.rolesKept.map(({ role, reason }) => `  role ${role} is kept: ${reason}`);
      if (goOn !== null) {
        const first = result.inTheWay.flatMap((one) => (one.needsDiscard ? [] : [`  ${one.message}: ${one.hint}`]));
        return [
          `Would take back ${result.changes.length} changes: ${result.changes.join(', ')}`,
          'and with them the rights of the iu_ roles here, and those roles where no other database needs them.',
          ...(rows.length > 0 ? ['Rows that would be lost:', ...rows] : []),
          ...(needsDiscard ? ['Rows that the installation did not write go with --discard-data only.'] : []),
          ...(first.length > 0 ? ['In the way:', ...first] : []),
          ...(noBackup === undefined ? [] : [`A backup is demanded: ${noBackup}`]),
          'Nothing was changed.',
          `To do it: ${goOn}`,
        ];
      }
      return [`Took back ${result.changes.length} changes: ${result.changes.join(', ')}`, ...rows, ...kept];
    });
  });
}
