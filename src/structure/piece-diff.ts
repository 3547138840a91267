import { IuError } from '../contract/errors/index.js';
import { findCutPiece } from '../store/cut-lists.js';
import type { Queryable } from '../store/listing.js';
import { findUnit, versionBody } from '../store/unit-pages.js';
import { type LineChange, lineChanges } from './diff.js';

/** A planned piece beside one unit: the lines in which the piece differs from the unit's current version. */
export interface PieceBesideUnit {
  readonly unit: string;
  readonly version: number;
  readonly changes: readonly LineChange[];
}

/** A planned piece beside every unit that it may be. `text` stands alone where it is compared with nothing: the piece is new. */
export interface PieceDiff {
  readonly label: string | null;
  readonly fate: string;
  readonly beside: readonly PieceBesideUnit[];
  readonly text: string | null;
}

async function besideUnit(database: Queryable, unit: string, body: string): Promise<PieceBesideUnit> {
  const found = await findUnit(database, unit);
  const version = found?.unit.version_seq;
  const before = version == null ? undefined : await versionBody(database, found?.unit.id ?? '', version);
  if (version == null || before === undefined) {
    throw new IuError('IU601', {
      message: `There is no unit ${unit} with a version.`,
      hint: '`iu unit list` shows them.',
    });
  }
  return { unit, version, changes: lineChanges(before, body) };
}

/**
 * What a person looks at before he decides a doubtful match or lets a run through its first gate. Compared with `unit`, or with the
 * candidates, or with the unit of the plan. Throws IU738 when the run has no such piece, IU601 when there is no such unit.
 */
export async function pieceDiff(
  database: Queryable,
  runId: string,
  ordinal: number,
  unit?: string,
): Promise<PieceDiff> {
  const piece = await findCutPiece(database, runId, ordinal);
  if (piece === undefined) {
    throw new IuError('IU738', { message: `The plan of cut run ${runId} has no piece ${ordinal}.` });
  }
  const beside: PieceBesideUnit[] = [];
  for (const address of unit === undefined ? piece.units : [unit]) {
    beside.push(await besideUnit(database, address, piece.body));
  }
  return { label: piece.label, fate: piece.fate, beside, text: beside.length > 0 ? null : piece.body };
}
