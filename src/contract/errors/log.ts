import type { ErrorEntry } from './entry.js';

/** The log and emission (IU1xx). */
export const logErrors: readonly ErrorEntry[] = [];
