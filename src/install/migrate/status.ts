import type { ClientBase } from 'pg';
import { type AppliedChange, readAppliedChanges } from '../../store/migration.js';
import { loadChanges, sqlRoot } from './changes.js';
import { editedScripts } from './state.js';

/** One line of `iu migrate status`. */
export interface ChangeStatus {
  readonly change: string;
  /** applied; pending: in the package only; edited: applied from another text; unknown: in the database only. */
  readonly state: 'applied' | 'pending' | 'edited' | 'unknown';
  readonly appliedAt?: string;
  readonly appliedBy?: string;
  readonly toolVersion?: string;
  readonly durationMilliseconds?: number;
}

function facts(row: AppliedChange) {
  const { appliedAt, appliedBy, toolVersion, durationMilliseconds } = row;
  return { appliedAt, appliedBy, toolVersion, durationMilliseconds };
}

/** Every change of the package and of the database, in order. Reads only. */
export async function migrateStatus(
  client: ClientBase,
  options: { schema: string; sqlFolder?: string },
): Promise<{ readonly schema: string; readonly changes: readonly ChangeStatus[] }> {
  const applied = new Map((await readAppliedChanges(client, options.schema)).map((row) => [row.change, row]));
  const changes = loadChanges(options.sqlFolder ?? sqlRoot);
  const known = changes.map((change): ChangeStatus => {
    const row = applied.get(change.name);
    applied.delete(change.name);
    if (row === undefined) return { change: change.name, state: 'pending' };
    const state = editedScripts(change, row).length > 0 ? 'edited' : 'applied';
    return { change: change.name, state, ...facts(row) };
  });
  const unknown = [...applied.values()].map(
    (row): ChangeStatus => ({ change: row.change, state: 'unknown', ...facts(row) }),
  );
  return { schema: options.schema, changes: [...known, ...unknown] };
}
