import type { Command } from 'commander';
import { CliContext } from '../../src/cli/context.js';
import { commands } from '../../src/cli/main.js';
import { buildProgram } from '../../src/cli/run.js';

const sink = { write: () => true };
const stopSignal = () => new AbortController().signal;
const program = buildProgram(commands, new CliContext({ stdout: sink, stderr: sink, environment: {}, stopSignal }));

/** What is wrong with a command line (without `iu`), undefined when every word and flag of it is known. */
export function problemOf(line: string): string | undefined {
  let command: Command = program;
  const words = line.split(/\s+/);
  for (const word of words) {
    // `gate list|open` stands for several; the first one is looked at.
    const child = command.commands.find((candidate) => candidate.name() === word.split('|')[0]?.replace(/[,.:]$/, ''));
    if (child === undefined) break;
    command = child;
  }
  if (command === program) return 'no such command';
  const known = new Set([...command.options, ...program.options].map((option) => option.long));
  for (const child of command.commands) for (const option of child.options) known.add(option.long);
  return (line.match(/(?<=\s)--[a-z][a-z-]*/g) ?? []).find((flag) => flag !== '--help' && !known.has(flag));
}
