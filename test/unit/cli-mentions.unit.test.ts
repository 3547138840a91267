import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { expect, it } from 'vitest';
import { CliContext } from '../../src/cli/context.js';
import { commands } from '../../src/cli/main.js';
import { buildProgram } from '../../src/cli/run.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const sink = { write: () => true };
const stopSignal = () => new AbortController().signal;
const program = buildProgram(commands, new CliContext({ stdout: sink, stderr: sink, environment: {}, stopSignal }));

function textFiles(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.(sql|ts|md)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Command lines that a text tells people to type: in backquotes, in hints, and in lines of a shell block. */
function mentioned(text: string): string[] {
  const quoted = [...text.matchAll(/`(?:npx )?iu ([a-z][^`\n$]*)`/g)];
  const hints = [...text.matchAll(/hint = '(?:[^'\n]*: )?iu ([a-z][^'\n]*)/g)];
  const lines = [...text.matchAll(/^(?:\$ )?(?:npx )?iu ([a-z][^\n]*)$/gm)];
  return [...quoted, ...hints, ...lines].map((match) => (match[1] ?? '').replace(/\s*[#|;&>].*$/, '').trim());
}

/** What is wrong with a command line, undefined when every word and flag of it is known. */
function problemOf(line: string): string | undefined {
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

it('names no command or option of iu that does not exist, in hints, messages and documents', () => {
  const files = ['sql/functions', 'src', 'docs'].flatMap(textFiles);
  files.push(...['README.md', 'ARCHITECTURE.md', 'SECURITY.md', 'CONTRIBUTING.md'].map((name) => join(root, name)));
  const problems: string[] = [];
  let count = 0;
  for (const file of files) {
    let text: string;
    try {
      text = readFileSync(file, 'utf8');
    } catch {
      continue;
    }
    for (const line of mentioned(text)) {
      count += 1;
      const problem = problemOf(line);
      if (problem !== undefined) problems.push(`${file.slice(root.length)}: iu ${line}  (${problem})`);
    }
  }
  expect(count).toBeGreaterThan(50);
  expect(problems).toEqual([]);
});
