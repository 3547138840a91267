import type { ErrorEntry } from './entry.js';

/** Gates and approvals (IU4xx). */
export const gatesErrors: readonly ErrorEntry[] = [];
