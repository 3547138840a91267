/** A piece as the matcher sees it, of the document as it stands (key = unit id) or of the new source (key = ordinal as text). */
export interface MatchPiece {
  readonly key: string;
  /** null directly under the document. */
  readonly parentKey: string | null;
  readonly kind: string;
  readonly label: string;
  readonly text: string;
}

/** Why a new piece is thought to be an old one. */
export type MatchReason = 'same_text' | 'same_children' | 'same_label' | 'between_matches' | 'similar' | 'person';

/** An old piece that lives on as a new one. */
export interface PieceMatch {
  readonly oldKey: string;
  readonly newKey: string;
  readonly reason: MatchReason;
  /** 0 to 1. */
  readonly score: number;
  /** `format`: only what the normaliser takes away; it makes an anchor and no version. */
  readonly text: 'same' | 'format' | 'changed';
  /** Under another parent than its old parent's match. */
  readonly hasMoved: boolean;
  /** In another order among the siblings that stayed. */
  readonly isReordered: boolean;
  /** Another number or label. */
  readonly isRelabelled: boolean;
}

export interface SplitFound {
  readonly oldKey: string;
  /** In order of the new source, at least two. */
  readonly newKeys: readonly string[];
  readonly score: number;
}

export interface MergeFound {
  readonly oldKeys: readonly string[];
  readonly newKey: string;
  readonly score: number;
}

/** A new piece between the two thresholds: a person says which old one it is, or that it is new. */
export interface DoubtfulMatch {
  readonly newKey: string;
  /** Best first. */
  readonly candidates: readonly { readonly oldKey: string; readonly score: number; readonly reason: MatchReason }[];
}

/**
 * A person's word about one new piece; counts before everything else. Two that name one old piece make it a split, two that name one new piece a merge.
 */
export interface MatchOverride {
  readonly newKey: string;
  /** null: it is new. */
  readonly oldKey: string | null;
}

/**
 * What became of the pieces of a document from one revision to the next. Every new key stands in exactly one of matches, splits, merges,
 * born and doubtful; every old key in exactly one of matches, splits, merges, gone, or only among the candidates of doubtful ones (then it is in `gone` too).
 */
export interface Recut {
  readonly matcher: { readonly name: string; readonly version: string };
  readonly matches: readonly PieceMatch[];
  readonly splits: readonly SplitFound[];
  readonly merges: readonly MergeFound[];
  readonly born: readonly string[];
  readonly gone: readonly string[];
  readonly doubtful: readonly DoubtfulMatch[];
}
