import type { StructureStep } from '../structure/step.js';
import type { CutPiece } from './piece.js';
import type { MatchReason } from './recut.js';

/** What a plan needs to know of a piece; the database keeps it. */
export type PlannablePiece = Omit<CutPiece, 'utf16Start' | 'utf16End'>;

/** A unit of the document that lives now, in tree order. */
export interface StandingUnit {
  readonly unitId: string;
  /** null directly under the document. */
  readonly parentId: string | null;
  readonly canonicalAddress: string;
  readonly kind: string;
  /** Its number or label; empty when it never had one. */
  readonly label: string;
  readonly body: string;
  /** Normalised hash under which the current version was recorded byte for byte; null when it never was. */
  readonly normalizedSha256: string | null;
}

/**
 * What becomes of a piece: `same` bytes, `format` (a new anchor, no version), `changed` (a new version), `born`, or made by a split or a
 * merge.
 */
export type PieceFate = 'same' | 'format' | 'changed' | 'born' | 'split' | 'merged';

export interface PlannedPiece {
  readonly ordinal: number;
  /** The unit it is; null when the plan makes one. */
  readonly unit_id: string | null;
  /** Address of the unit that the plan makes; null when there is one. */
  readonly address: string | null;
  readonly fate: PieceFate;
  readonly reason: MatchReason | 'first_cut' | 'no_match' | 'doubtful' | 'split' | 'merge';
  readonly score: number | null;
}

export type PlanAction = 'add' | 'split' | 'merge' | 'move' | 'renumber' | 'deprecate';

/** One structure step. The body of a new piece is left out: the database slices it from the pinned bytes. */
export interface PlannedStep {
  readonly action: PlanAction;
  readonly step:
    | StructureStep
    | (Omit<Extract<StructureStep, { operation_type: 'add_new_piece' }>, 'piece'> & { readonly piece: object });
  readonly ordinal: number | null;
  readonly unit_id: string | null;
  readonly reason: string;
  readonly score: number | null;
  readonly note: string | null;
}

export interface PlannedDoubt {
  readonly ordinal: number;
  readonly candidates: readonly { readonly unit_id: string; readonly score: number; readonly reason: string }[];
}

/** What the database records as the plan of a run; the keys are its own. */
export interface CutPlan {
  readonly steps: readonly PlannedStep[];
  readonly pieces: readonly PlannedPiece[];
  readonly doubts: readonly PlannedDoubt[];
}

const unitKinds = new Set(
  'part title chapter section subsection article paragraph point clause item annex preamble heading table figure note piece'.split(
    ' ',
  ),
);

/** The kind of unit that a piece becomes; what the vocabulary does not know is a plain piece. */
export function unitKindOf(pieceKind: string): string {
  if (pieceKind === 'heading') return 'section';
  return unitKinds.has(pieceKind) ? pieceKind : 'piece';
}

/** The label as a unit keeps it (section_code). */
export function sectionCodeOf(label: string): string {
  return [...label].slice(0, 200).join('').trim();
}
