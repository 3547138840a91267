#!/usr/bin/env node
import { realpathSync } from 'node:fs';
import { argv, env, exit, stderr, stdout } from 'node:process';
import { fileURLToPath } from 'node:url';
import type { RegisterCommand } from './context.js';
import { processStopSignal, runCli } from './run.js';

/** Every command of `iu`, in the order of the help. A new command is one file and one line here. */
export const commands: readonly RegisterCommand[] = [];

/** Runs one command line in this process and resolves to its exit code. */
export const main = (words: readonly string[], surroundings = processSurroundings) =>
  runCli(words, commands, surroundings);

const processSurroundings = { stdout, stderr, environment: env, stopSignal: processStopSignal };

if (argv[1] !== undefined && realpathSync(argv[1]) === fileURLToPath(import.meta.url)) {
  // A reader that went away (`iu event list | head -1`) is no failure.
  stdout.on('error', (error: NodeJS.ErrnoException) => (error.code === 'EPIPE' ? exit(0) : undefined));
  process.exitCode = await main(argv.slice(2));
}
