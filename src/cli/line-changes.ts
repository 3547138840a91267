import type { LineChange } from '../structure/diff.js';

/** Lines that only one of two texts has, as `iu unit diff` and `iu cut diff` show them. */
export function changeLines(changes: readonly LineChange[]): string[] {
  return changes.map((change) => `${change.kind === 'added' ? '+' : '-'} ${change.line} ${change.text}`);
}
