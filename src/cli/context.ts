import type { Command } from 'commander';
import { exitCodes } from '../contract/errors/exit-codes.js';
import type { Config } from '../install/config/index.js';
import type { Database, DatabaseSettings } from '../store/database.js';
import { openDatabase } from '../store/database.js';
import { type GlobalOptions, globalOptionsOf } from './global-options.js';
import { createLogger, type Logger } from './log.js';
import { paletteFor } from './palette.js';
import { Printer, type TextSink } from './printer.js';
import { configFor, connectionFor } from './settings.js';

/** What the process around a command gives it; a test gives its own. */
export interface CliSurroundings {
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Aborted by SIGINT and SIGTERM, once a command asked for it. */
  readonly stopSignal: () => AbortSignal;
}

/** What a command that works with the database asks of the door. */
export type DoorWishes = Pick<
  DatabaseSettings,
  | 'expect'
  | 'anyRoleOf'
  | 'readOnlyAllowed'
  | 'purpose'
  | 'maxConnections'
  | 'onConnectionLost'
  | 'statementTimeoutSeconds'
>;

/** Everything that a command gets besides its own options. One instance a run. */
export class CliContext {
  readonly surroundings: CliSurroundings;
  /** The command line after `iu`. */
  readonly words: readonly string[];
  #exitCode: number = exitCodes.ok.code;

  constructor(surroundings: CliSurroundings, words: readonly string[] = []) {
    this.surroundings = surroundings;
    this.words = words;
  }

  get environment(): Readonly<Record<string, string | undefined>> {
    return this.surroundings.environment;
  }

  /** Exit code of a command that ends without an error; the first that is not 0 stays. */
  get exitCode(): number {
    return this.#exitCode;
  }

  endWith(code: { readonly code: number }): void {
    if (this.#exitCode === exitCodes.ok.code) this.#exitCode = code.code;
  }

  /** Aborted when somebody asks the process to stop. The first call takes SIGINT and SIGTERM over. */
  stopSignal(): AbortSignal {
    return this.surroundings.stopSignal();
  }

  options(command: Command): GlobalOptions {
    return globalOptionsOf(command);
  }

  /** Flags, environment and file together. */
  config(command: Command): Config {
    return configFor(this.options(command), this.environment);
  }

  /** Where results go. */
  printer(command: Command): Printer {
    const { json, quiet, color } = this.options(command);
    const { stdout, stderr, environment } = this.surroundings;
    return new Printer(stdout, stderr, { json, quiet, palette: paletteFor(stdout, environment, color) });
  }

  /** Log of a long-running command, JSON lines on stderr with allow-listed fields. */
  logger(command: Command): Logger {
    return createLogger(this.config(command).logLevel, this.surroundings.stderr);
  }

  /** Opens the configured database, does the work and closes it, whatever happens. */
  async withDatabase<Result>(
    command: Command,
    work: (database: Database) => Promise<Result>,
    wishes: DoorWishes = {},
  ): Promise<Result> {
    const printer = this.printer(command);
    const connection = await connectionFor(this.config(command), (text) => printer.note(text));
    try {
      const database = await openDatabase({
        url: connection.url,
        schema: connection.schema,
        purpose: commandPath(command),
        maxConnections: 2,
        ...wishes,
      });
      try {
        return await work(database);
      } finally {
        await database.close();
      }
    } finally {
      await connection.release();
    }
  }
}

/** The words of a command after `iu`, for example `gate list`. */
export function commandPath(command: Command): string {
  const words: string[] = [];
  for (let current: Command | null = command; current?.parent; current = current.parent) words.unshift(current.name());
  return words.join(' ');
}

/** What each file of src/cli/commands exports: it adds its command to the program. */
export type RegisterCommand = (program: Command, context: CliContext) => void;

/** Adds the examples that every --help ends with. */
export function withExamples<Added extends Command>(command: Added, ...examples: readonly string[]): Added {
  const title = examples.length === 1 ? 'Example:' : 'Examples:';
  command.addHelpText('after', `\n${title}\n${examples.map((example) => `  $ ${example}`).join('\n')}`);
  exampleLines.set(command, examples);
  return command;
}

const exampleLines = new WeakMap<Command, readonly string[]>();

/** The examples of a command, for the reference in docs/. */
export function examplesOf(command: Command): readonly string[] {
  return exampleLines.get(command) ?? [];
}
