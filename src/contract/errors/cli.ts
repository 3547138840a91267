import type { ErrorEntry } from './entry.js';

/** Use of the command line (IU0xx). */
export const cliErrors: readonly ErrorEntry[] = [];
