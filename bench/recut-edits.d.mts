import type { MatchPiece, Recut } from '../src/contract/cut/recut.js';

/** Shares of the leaves, 0 to 1. */
export interface EditRates {
  readonly split?: number;
  readonly merge?: number;
  readonly move?: number;
  readonly insert?: number;
  readonly delete?: number;
  readonly edit?: number;
  /** Of the words of an edited piece. */
  readonly words?: number;
  readonly renumber?: boolean;
}

export interface EditTruth {
  readonly matches: readonly { readonly oldKey: string; readonly newKey: string }[];
  readonly splits: readonly { readonly oldKey: string; readonly newKeys: readonly string[] }[];
  readonly merges: readonly { readonly oldKeys: readonly string[]; readonly newKey: string }[];
  readonly born: readonly string[];
  readonly gone: readonly string[];
  readonly moved: readonly string[];
  readonly relabelled: readonly string[];
}

/** Right, found, true. */
export type EditCounts = readonly [number, number, number];

export function seededNumbers(seed: number): () => number;
export function editDocument(
  pieces: readonly MatchPiece[],
  next: () => number,
  rates: EditRates,
  foreign: readonly string[],
): { readonly pieces: readonly MatchPiece[]; readonly truth: EditTruth };
export function compareEdits(
  result: Recut,
  truth: EditTruth,
): Readonly<Record<'splits' | 'merges' | 'moves' | 'relabels' | 'pairs' | 'born' | 'gone', EditCounts>>;
