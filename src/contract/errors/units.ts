import type { ErrorEntry } from './entry.js';

/** Units and documents (IU2xx). */
export const unitsErrors: readonly ErrorEntry[] = [];
