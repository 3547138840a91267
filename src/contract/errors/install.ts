import type { ErrorEntry } from './entry.js';

/** Changes, installation (IU8xx). */
export const installErrors: readonly ErrorEntry[] = [];
