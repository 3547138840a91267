import { IuError } from '../../contract/errors/index.js';
import type { AppliedChange } from '../../store/migration.js';
import type { Change } from './changes.js';

/** Scripts of an applied change that differ from what was applied. A verify only reads, so a better one may replace it. */
export function editedScripts(change: Change, applied: AppliedChange): string[] {
  return [
    ...(change.deploy.sha256 === applied.deploySha256 ? [] : [change.deploy.file]),
    ...(change.rollback.sha256 === applied.rollbackSha256 ? [] : [change.rollback.file]),
  ];
}

/** Refuses when what is applied is not exactly the first changes of this package, unedited. */
export function requireHistory(changes: readonly Change[], applied: readonly AppliedChange[]): void {
  const byName = new Map(changes.map((change) => [change.name, change]));
  applied.forEach((row, position) => {
    const change = byName.get(row.change);
    if (change === undefined) {
      const message = `change ${row.change} (applied by iu-core ${row.toolVersion}) is not known to this version`;
      throw new IuError('IU807', { message, change: row.change });
    }
    const edited = editedScripts(change, row);
    if (edited.length > 0) {
      throw new IuError('IU806', {
        message: `change ${row.change} was edited after release: ${edited.join(' and ')} differs from what was applied`,
        hint: 'restore the script that was released, and put what is new into a change of its own',
        change: row.change,
      });
    }
    const expected = changes[position]?.name;
    if (expected !== row.change) {
      const message = `change ${expected} was never applied, but the later ${row.change} was`;
      throw new IuError('IU809', { message, change: expected });
    }
  });
}

/** Position of a change named by a caller, or a refusal that names what there is. */
export function positionOf(names: readonly string[], wanted: string): number {
  const position = names.indexOf(wanted);
  if (position >= 0) return position;
  throw new IuError('IU809', { message: `no change ${wanted} here; there are: ${names.join(', ') || 'none'}` });
}
