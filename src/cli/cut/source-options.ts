import type { Command } from 'commander';
import { usualSourceLimit } from '../../cut/cut-document.js';
import { shippedGrammarNames } from '../../cut/legal/grammar.js';
import { wholeNumber } from '../global-options.js';

/** Adds the options of `SourceOptions` to a command about one file, or about the files of a folder. */
export function withSourceOptions(command: Command, of: 'file' | 'folder'): Command {
  if (of === 'file') command.option('--media-type <type>', 'of the file, when its name and content do not tell');
  return command
    .option(
      '--encoding <name>',
      of === 'file'
        ? 'of the file, when it is not UTF-8 and does not say so itself'
        : 'of the files that are not UTF-8 and do not say so themselves',
    )
    .option('--grammar <name>', `auto, none, a file, or one of ${shippedGrammarNames().join(', ')}`, 'auto')
    .option('--max-bytes <count>', 'larger files are refused', wholeNumber(1, 1_073_741_823), usualSourceLimit);
}
