import { IuError } from '../contract/errors/index.js';
import type { Queryable } from '../store/listing.js';
import { findUnit, type UnitDetail, type VersionRow, versionBody } from '../store/unit-pages.js';
import { type AncestorRow, readAncestors } from '../store/unit-tree.js';

type ShownRow = UnitDetail['unit'];

/** One unit with what stands above it and its versions, oldest first. */
export interface ShownUnit extends ShownRow {
  /** From the document down to its parent. */
  readonly ancestors: readonly AncestorRow[];
  readonly versions: readonly VersionRow[];
}

const unknown = () =>
  new IuError('IU033', { message: 'There is no such unit or version.', hint: '`iu unit list` shows them.' });

/** The unit that an address or id names. Throws IU033 when there is none. */
export async function showUnit(database: Queryable, unit: string): Promise<ShownUnit> {
  const found = await findUnit(database, unit);
  if (found === undefined) throw unknown();
  return { ...found.unit, ancestors: await readAncestors(database, found.unit.id), versions: found.versions };
}

/** The text of a version, byte for byte; of the current one unless said. Throws IU033 when there is no such unit or version. */
export async function unitText(database: Queryable, unit: string, version?: number): Promise<string> {
  const found = await findUnit(database, unit);
  const seq = version ?? found?.unit.version_seq;
  const body = found === undefined || seq == null ? undefined : await versionBody(database, found.unit.id, seq);
  if (body === undefined) throw unknown();
  return body;
}
