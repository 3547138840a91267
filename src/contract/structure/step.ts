/** What may be done to a tree. */
export const operationTypes = [
  'add_new_piece',
  'split_large_piece',
  'merge_small_pieces',
  'deprecate_piece',
  'replace_piece',
  'reparent_piece',
  'renumber_piece',
] as const;
export type OperationType = (typeof operationTypes)[number];

/** What becomes of the living pieces below a unit whose life ends. */
export type DependantsPolicy = 'block' | 'move' | 'lift' | 'deprecate';
/** What becomes of its living SQL links. */
export type LinkPolicy = 'block' | 'copy' | 'move' | 'manual_review';

/** A piece to be made. The text of split and merged pieces comes from their sources. */
export interface NewPiece {
  readonly canonical_address: string;
  readonly title?: string;
  readonly unit_kind?: string;
  readonly section_type?: string;
  readonly section_code?: string;
  readonly owner_ref?: string;
}

interface Place {
  /** Sibling to stand after. */
  readonly after?: string;
  /** Counts when `after` is left out; last unless said. */
  readonly position?: 'first' | 'last';
}

interface EndOfLife {
  readonly link_policy?: LinkPolicy;
  readonly dependants?: DependantsPolicy;
}

/** One step of a structure operation, with the keys that the database reads. Units are named by address or id. */
export type StructureStep =
  | (Place & {
      readonly operation_type: 'add_new_piece';
      readonly parent?: string | null;
      readonly piece: NewPiece & { readonly body: string };
      readonly derived_from?: string;
    })
  | (EndOfLife & {
      readonly operation_type: 'split_large_piece';
      readonly unit: string;
      /** Byte offsets in the UTF-8 text, ascending. */
      readonly offsets: readonly number[];
      readonly pieces: readonly NewPiece[];
      readonly mode?: 'replacement_set' | 'children';
    })
  | (EndOfLife & {
      readonly operation_type: 'merge_small_pieces';
      /** In any order: the text follows the order in which they stand. */
      readonly units: readonly string[];
      readonly piece: NewPiece;
      readonly separator?: string;
      readonly conflict_policy?: 'block' | 'prefer_target' | 'manual_review';
    })
  | (EndOfLife & { readonly operation_type: 'deprecate_piece'; readonly unit: string })
  | (EndOfLife & {
      readonly operation_type: 'replace_piece';
      readonly unit: string;
      readonly piece: NewPiece & { readonly body: string };
    })
  | (Place & {
      readonly operation_type: 'reparent_piece';
      readonly unit: string;
      /** A collection takes documents in; null makes the unit a document of its own. */
      readonly parent: string | null;
    })
  | (Place & { readonly operation_type: 'renumber_piece'; readonly unit: string; readonly section_code: string });

/** Type of the one event that an applied step gives. */
export const eventTypeOfStep: Readonly<Record<OperationType, string>> = {
  add_new_piece: 'structure_child_added',
  split_large_piece: 'structure_piece_split',
  merge_small_pieces: 'structure_pieces_merged',
  deprecate_piece: 'structure_piece_deprecated',
  replace_piece: 'structure_piece_replaced',
  reparent_piece: 'structure_op_applied',
  renumber_piece: 'structure_piece_renumbered',
};
