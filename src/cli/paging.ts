import type { Command } from 'commander';
import { wholeNumber } from './global-options.js';

/** A list shows so many rows when nothing is said, and never more than this in one go. */
const pageLimits = { usual: 50, most: 1000 } as const;

/** The options of a page, as a command's action gets them. */
export interface PageOptions {
  readonly limit: number;
  readonly after?: string | undefined;
}

/** Adds --limit and --after to a list. */
export function withPaging(command: Command, parseAfter: (text: string) => string = (text) => text): Command {
  return command
    .option(
      '--limit <rows>',
      `rows of one page, 1 to ${pageLimits.most}`,
      wholeNumber(1, pageLimits.most),
      pageLimits.usual,
    )
    .option('--after <key>', 'the page after this row: the value that the page before ends with', parseAfter);
}

/** A word as a POSIX shell needs it. */
export function shellWord(word: string): string {
  return /^[A-Za-z0-9_./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** The same command line without the given options, ready to be added to. An address with its password is not repeated. */
export function commandLineWithout(words: readonly string[], dropped: readonly string[]): string {
  const kept: string[] = ['iu'];
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    const name = word.split('=', 1)[0] ?? '';
    if (dropped.includes(name)) {
      if (!word.includes('=')) index += 1;
    } else if (name === '--database-url') {
      if (!word.includes('=')) index += 1;
      kept.push('--database-url URL');
    } else {
      kept.push(shellWord(word));
    }
  }
  return kept.join(' ');
}
