import type { Command } from 'commander';
import { usualSourceLimit } from '../../cut/cut-document.js';
import { shippedGrammarNames } from '../../cut/legal/grammar.js';
import type { CutSource } from '../../cut/pipeline.js';
import type { ReadSource } from '../../cut/read-source.js';
import { wholeNumber } from '../global-options.js';

/** How sources are read and cut: the same options wherever a file or a folder is cut. */
export interface SourceOptions {
  /** Of a file only: in a folder the names tell. */
  readonly mediaType?: string;
  readonly encoding?: string;
  readonly grammar: string;
  readonly maxBytes: number;
}

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

/** The largest text that may come of a source of so many bytes: one byte of another encoding can be up to four of UTF-8. */
export function largestText({ maxBytes }: SourceOptions): number {
  return maxBytes * 4;
}

/** What was read as the source of a cut: what is no UTF-8 text is pinned beside the text that was made of it. */
export function cutSourceOf(
  read: ReadSource,
  options: SourceOptions,
  about: { readonly revisionLabel: string; readonly sourceNote: string },
): CutSource {
  const { original, extractor } = read;
  return {
    ...about,
    bytes: read.text,
    mediaType: read.textMediaType,
    grammar: options.grammar,
    maxBytes: largestText(options),
    ...(extractor === null ? {} : { original: { ...original, extractor } }),
  };
}
