import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { exitCodes } from '../contract/errors/exit-codes.js';
import { CliContext, type CliSurroundings, type RegisterCommand } from './context.js';
import { reportOf } from './failure-report.js';
import { addGlobalOptions } from './global-options.js';
import { groupCommands } from './help-groups.js';

/** Version of the package, from its package.json, two folders above src/cli and dist/cli. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(text) as { version: string };
  return version;
}

/** The whole command tree, ready to parse. */
export function buildProgram(commands: readonly RegisterCommand[], context: CliContext): Command {
  const program = new Command('iu');
  const { stdout, stderr } = context.surroundings;
  program
    .description(
      'Routes every event of a PostgreSQL outbox exactly once; installs inert, sends nothing before approval.',
    )
    .version(packageVersion(), '--version', 'print the version')
    .helpOption('--help', 'show what a command does, its options and an example')
    .exitOverride()
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => void stdout.write(text),
      // Errors are thrown and reported once, by runCli.
      writeErr: (text) => void (text.startsWith('error:') ? undefined : stderr.write(text)),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
  addGlobalOptions(program);
  program.addHelpText('after', '\nExample:\n  $ iu migrate up && iu verify && iu health');
  for (const register of commands) register(program, context);
  withoutHelpCommands(program);
  groupCommands(program);
  return program;
}

/** `--help` is the one way to ask: commander would add a verb `help` to every noun. */
function withoutHelpCommands(command: Command): void {
  command.helpCommand(false);
  for (const child of command.commands) withoutHelpCommands(child);
}

/** Runs one command line and resolves to its exit code; every error is reported, none is thrown. */
export async function runCli(
  words: readonly string[],
  commands: readonly RegisterCommand[],
  surroundings: CliSurroundings,
): Promise<number> {
  const context = new CliContext(surroundings, words);
  try {
    const program = buildProgram(commands, context);
    await program.parseAsync([...words], { from: 'user' });
    return context.exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.ok.code;
    // A noun without a verb: commander has written the help to stderr, which says all there is to say.
    if (error instanceof CommanderError && error.code === 'commander.help') return exitCodes.usage.code;
    // Read from the words: the error may be about the options themselves.
    const withStack = /(^|\0)--log-level(=|\0)debug(\0|$)/.test(words.join('\0'));
    const report = reportOf(error, { json: words.includes('--json'), withStack });
    surroundings.stderr.write(report.text);
    return report.exitCode;
  }
}

let stopping: AbortController | undefined;

/** Takes SIGINT and SIGTERM over at the first call; the second signal of a kind ends the process at once. */
export function processStopSignal(): AbortSignal {
  if (stopping === undefined) {
    const controller = new AbortController();
    stopping = controller;
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => controller.abort(signal));
  }
  return stopping.signal;
}
