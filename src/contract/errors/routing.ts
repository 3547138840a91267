import type { ErrorEntry } from './entry.js';

/** Routes, passes, dead letters, replay (IU3xx). */
export const routingErrors: readonly ErrorEntry[] = [];
