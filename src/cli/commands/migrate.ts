import type { Command } from 'commander';
import type { ClientBase } from 'pg';
import { exitCodes } from '../../contract/errors/exit-codes.js';
import {
  type ChangeStatus,
  type MigrateResult,
  migrateDown,
  migrateStatus,
  migrateUp,
  migrateVerify,
  type Progress,
} from '../../install/migrate/index.js';
import { isoTime } from '../../store/listing.js';
import { type BackupDemandOptions, demandBackup, withBackupDemand } from '../backup-demand.js';
import { type CliContext, type DoorWishes, withExamples } from '../context.js';
import { wholeNumber } from '../global-options.js';
import type { Printer } from '../printer.js';

/** Runs the work on one connection of a server that may have nothing installed yet. */
export function onOneConnection<Result>(
  context: CliContext,
  command: Command,
  work: (client: ClientBase, schema: string) => Promise<Result>,
  wishes: DoorWishes = {},
): Promise<Result> {
  return context.withDatabase(
    command,
    async ({ pool, schema }) => {
      const client = await pool.connect();
      try {
        return await work(client, schema);
      } finally {
        client.release(true);
      }
    },
    { expect: 'server', ...wishes },
  );
}

/** Tells progress on stderr, in one line a step. */
export function progressNotes(printer: Printer): (progress: Progress) => void {
  return (progress) => {
    const time = 'milliseconds' in progress ? ` (${Math.round(Number(progress.milliseconds))} ms)` : '';
    const detail = 'detail' in progress && progress.detail !== undefined ? ` ${progress.detail}` : '';
    printer.note(`${progress.subject}: ${progress.kind}${detail}${time}`);
  };
}

function printResult(printer: Printer, result: MigrateResult, done: string, dryRun: boolean): void {
  printer.result({ ...result, sql: dryRun ? result.sql : undefined, dry_run: dryRun }, () => {
    if (dryRun) return [result.sql.trimEnd() || '-- nothing to do'];
    if (result.changes.length === 0) return ['Nothing to do.'];
    return [`${done} ${result.changes.length} changes: ${result.changes.join(', ')}`];
  });
}

interface UpOptions extends BackupDemandOptions {
  readonly to?: string;
  readonly dryRun?: boolean;
}

function registerUp(migrate: Command, context: CliContext): void {
  withExamples(
    withBackupDemand(
      migrate
        .command('up')
        .description('Apply the changes that are missing, one transaction each; installs inert')
        .option('--to <change>', 'last change to apply')
        .option('--dry-run', 'print the SQL and change nothing'),
    ),
    'iu migrate up --dry-run',
    'iu migrate up',
  ).action(async (options: UpOptions, command: Command) => {
    const printer = context.printer(command);
    const dryRun = options.dryRun === true;
    const to = options.to === undefined ? {} : { to: options.to };
    const pending = await onOneConnection(context, command, (client, schema) => migrateStatus(client, { schema }), {
      readOnlyAllowed: true,
    });
    const isStep = pending.changes.some(({ state }) => state === 'pending');
    if (!dryRun && isStep) {
      // What refuses with a backup too refuses first: nobody takes one to hear that this database is adopted, not installed on.
      await onOneConnection(context, command, (client, schema) => migrateUp(client, { schema, dryRun: true, ...to }));
      await demandBackup(context, command, options);
    }
    const result = await onOneConnection(context, command, (client, schema) =>
      migrateUp(client, { schema, dryRun, onProgress: progressNotes(printer), ...to }),
    );
    printResult(printer, result, 'Applied', dryRun);
    if (!dryRun) printer.note('next: iu verify, then iu gate list');
  });
}

interface DownOptions extends UpOptions {
  readonly steps?: number;
}

function registerDown(migrate: Command, context: CliContext): void {
  withExamples(
    withBackupDemand(
      migrate
        .command('down')
        .description('Take the last change back; refused with the rows or gates in the way')
        .option('--to <change>', 'last change that stays')
        .option('--steps <count>', 'so many changes instead of one', wholeNumber(1, 999))
        .option('--dry-run', 'print the SQL and change nothing'),
    ),
    'iu migrate down --dry-run',
    'iu migrate down --steps 2',
  ).action(async (options: DownOptions, command: Command) => {
    const printer = context.printer(command);
    const dryRun = options.dryRun === true;
    const to = options.to === undefined ? {} : { to: options.to };
    if (!dryRun) await demandBackup(context, command, options);
    const steps = options.steps === undefined ? {} : { steps: options.steps };
    const result = await onOneConnection(context, command, (client, schema) =>
      migrateDown(client, { schema, dryRun, onProgress: progressNotes(printer), ...to, ...steps }),
    );
    printResult(printer, result, 'Took back', dryRun);
  });
}

function registerStatus(migrate: Command, context: CliContext): void {
  withExamples(
    migrate.command('status').description('Every change: applied, pending, edited after it was applied, or unknown'),
    'iu migrate status --json',
  ).action(async (_options: object, command: Command) => {
    const printer = context.printer(command);
    const status = await onOneConnection(context, command, (client, schema) => migrateStatus(client, { schema }), {
      readOnlyAllowed: true,
    });
    printer.result(status, () =>
      printer.table<ChangeStatus>(
        [
          { title: 'change', value: (row) => row.change },
          {
            title: 'state',
            value: (row) => row.state,
            paint: (row, palette) =>
              row.state === 'applied' ? palette.green : row.state === 'pending' ? palette.yellow : palette.red,
          },
          { title: 'applied', value: (row) => isoTime(row.appliedAt) },
          { title: 'by', value: (row) => row.appliedBy },
          { title: 'version', value: (row) => row.toolVersion },
          { title: 'ms', value: (row) => row.durationMilliseconds, align: 'right' },
        ],
        status.changes,
      ),
    );
  });
}

function registerVerify(migrate: Command, context: CliContext): void {
  withExamples(
    migrate
      .command('verify')
      .description('Check every installed object and right against this version; exit code 2 when something is wrong'),
    'iu migrate verify',
  ).action(async (_options: object, command: Command) => {
    const printer = context.printer(command);
    const result = await onOneConnection(context, command, (client, schema) => migrateVerify(client, { schema }), {
      readOnlyAllowed: 'primary',
    });
    if (!result.ok) context.endWith(exitCodes.unhealthy);
    printer.result(result, () => [
      ...result.failures.flatMap(({ subject, code, message, objects }) => [
        // The message repeats the objects in one line; below each other they are easier to read.
        printer.palette.red(`${subject}: ${code} ${objects.length > 0 ? message.split(': ', 1)[0] : message}`),
        ...objects.map((object) => `  ${object}`),
      ]),
      `${result.verified.length} changes verified, ${result.failures.length} failures, ${result.pending.length} pending`,
    ]);
  });
}

/** `iu migrate up|down|status|verify`. */
export function register(program: Command, context: CliContext): void {
  const migrate = withExamples(
    program.command('migrate').description('Install, update and take back the half that lives in PostgreSQL'),
    'iu migrate up',
  );
  registerUp(migrate, context);
  registerDown(migrate, context);
  registerStatus(migrate, context);
  registerVerify(migrate, context);
}
