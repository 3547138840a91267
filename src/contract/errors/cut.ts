import type { ErrorEntry } from './entry.js';

/** Source pins and cuts (IU7xx). */
export const cutErrors: readonly ErrorEntry[] = [];
