import type { ErrorEntry } from './entry.js';

/** Source pins and cuts (IU7xx). */
export const cutErrors: readonly ErrorEntry[] = [
  {
    code: 'IU701',
    name: 'source_missing',
    meaning: 'A source pin needs the bytes of the source.',
    httpStatus: 400,
    exitCode: 64,
    action: 'Pass the whole source.',
  },
  {
    code: 'IU702',
    name: 'pin_unknown',
    meaning: 'There is no such source pin.',
    httpStatus: 404,
    exitCode: 1,
    action: 'Pin the source first.',
  },
  {
    code: 'IU703',
    name: 'revision_label_taken',
    meaning: 'This revision of the document was already cut from another source or with another configuration.',
    httpStatus: 409,
    exitCode: 1,
    action: 'Give a corrected source a label of its own; a revision is never rewritten.',
  },
  {
    code: 'IU704',
    name: 'revision_unfinished',
    meaning: 'Another revision of the document was begun and is not finished.',
    httpStatus: 409,
    exitCode: 1,
    action: 'Finish it (iu cut apply), void it (iu cut void) or roll it back (iu cut rollback).',
  },
  {
    code: 'IU706',
    name: 'cut_not_lossless',
    meaning: 'The proof failed that the pieces joined are the source.',
    httpStatus: 500,
    exitCode: 1,
    action:
      'Look at fn_iu_cut_verify for what differs; units may have been changed beside the cut. iu cut rollback undoes a run that was written.',
  },
  {
    code: 'IU707',
    name: 'cut_run_unknown',
    meaning: 'There is no such cut run.',
    httpStatus: 404,
    exitCode: 1,
    action: '`iu cut list` shows the runs.',
  },
  {
    code: 'IU708',
    name: 'cut_run_settled',
    meaning: 'What identifies a cut run never changes, and it moves along its states only.',
    httpStatus: 409,
    exitCode: 3,
    action: '`iu cut show` says what the run waits for.',
  },
  {
    code: 'IU709',
    name: 'source_not_text',
    meaning: 'The source is not valid UTF-8 or holds a NUL byte, so its pieces cannot be bodies of units.',
    httpStatus: 422,
    exitCode: 1,
    action: 'Convert the source to UTF-8 and say in its source note that you did.',
  },
  {
    code: 'IU710',
    name: 'cut_out_of_memory',
    meaning: 'What was cut at once needs more memory than Node may take; nothing is half done.',
    httpStatus: 507,
    exitCode: 1,
    action:
      'Run the same command again with a smaller --parallel, or let Node take more: NODE_OPTIONS=--max-old-space-size=MEGABYTES.',
  },
];
