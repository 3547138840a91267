import type { Command } from 'commander';
import { IuError } from '../contract/errors/index.js';
import { requireBackup } from '../install/backup-demand.js';
import type { CliContext } from './context.js';
import { timeOption } from './global-options.js';

/** Options of a command that makes a durable step. */
export interface BackupDemandOptions {
  readonly backups: string;
  readonly maxBackupAge: number;
  readonly withoutBackup?: string;
}

/** Adds them. */
export function withBackupDemand(command: Command): Command {
  return command
    .option('--backups <folder>', 'where backups lie: a fresh one is demanded where rows could be lost', 'backups')
    .addOption(timeOption('--max-backup-age <time>', 'how old the newest backup may be', '1d'))
    .option('--without-backup <reason>', 'go without one; the reason is recorded as evidence');
}

/** Why a durable step would be refused for want of a backup; undefined when it would not. Records nothing. */
export async function missingBackup(
  context: CliContext,
  command: Command,
  options: BackupDemandOptions,
): Promise<string | undefined> {
  if (options.withoutBackup !== undefined) return undefined;
  try {
    await demandBackup(context, command, options);
    return undefined;
  } catch (error) {
    if (error instanceof IuError && error.code === 'IU844') return `${error.message}: ${error.hint ?? ''}`;
    throw error;
  }
}

/** Refuses a durable step without a fresh backup. The embedded database of a demonstration has nobody who would miss it. */
export async function demandBackup(context: CliContext, command: Command, options: BackupDemandOptions): Promise<void> {
  if (context.config(command).databaseUrl === undefined) return;
  const { backups: folder, maxBackupAge: mostAgeSeconds, withoutBackup } = options;
  const answer = await context.withDatabase(
    command,
    (database) => requireBackup(database, { folder, mostAgeSeconds, withoutBackup, now: new Date() }),
    { expect: 'server' },
  );
  if (answer.demanded) context.printer(command).note(answer.evidence);
}
