import { IuError } from '../contract/errors/index.js';
import type { Queryable } from '../store/listing.js';
import { findUnit, versionBody } from '../store/unit-pages.js';
import { type LineChange, lineChanges } from './diff.js';

/** The lines in which two versions of a unit differ. */
export interface VersionDiff {
  readonly from: number;
  readonly to: number;
  readonly changes: readonly LineChange[];
}

/** Compares two versions: the current one and the one before it unless said. Throws IU033 when there is no such unit or version. */
export async function versionDiff(
  database: Queryable,
  unit: string,
  wishes: { readonly from?: number | undefined; readonly to?: number | undefined },
): Promise<VersionDiff> {
  const found = await findUnit(database, unit);
  const to = wishes.to ?? found?.unit.version_seq ?? 1;
  const from = wishes.from ?? Math.max(1, to - 1);
  const before = found === undefined ? undefined : await versionBody(database, found.unit.id, from);
  const after = found === undefined ? undefined : await versionBody(database, found.unit.id, to);
  if (before === undefined || after === undefined) {
    throw new IuError('IU033', { message: 'There is no such unit or version.', hint: '`iu unit show` names them.' });
  }
  return { from, to, changes: lineChanges(before, after) };
}
