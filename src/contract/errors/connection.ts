import type { ErrorEntry } from './entry.js';

/** Connection, configuration (IU0xx). */
export const connectionErrors: readonly ErrorEntry[] = [];
