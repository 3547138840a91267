import type { MatchOverride, MatchPiece, PieceMatch, Recut } from '../contract/cut/recut.js';

/** The simple matcher: a piece is the unit with the same labels on the way down. */
export function matchByAddress(
  oldPieces: readonly MatchPiece[],
  newPieces: readonly MatchPiece[],
  overrides: readonly MatchOverride[] = [],
): Recut {
  const oldByPath = new Map([...pathsOf(oldPieces)].map(([key, path]) => [path, key]));
  const newPaths = pathsOf(newPieces);
  const decided = new Map(overrides.map((one) => [one.newKey, one.oldKey]));
  const used = new Set(overrides.flatMap((one) => one.oldKey ?? []));
  const oldOf = new Map(oldPieces.map((piece) => [piece.key, piece]));
  const matches: PieceMatch[] = [];
  const born: string[] = [];
  for (const piece of newPieces) {
    const isDecided = decided.has(piece.key);
    const found = isDecided ? (decided.get(piece.key) ?? undefined) : oldByPath.get(newPaths.get(piece.key) ?? '');
    const old = found === undefined ? undefined : oldOf.get(found);
    if (old === undefined || (!isDecided && used.has(old.key))) {
      born.push(piece.key);
      continue;
    }
    used.add(old.key);
    matches.push({
      oldKey: old.key,
      newKey: piece.key,
      reason: isDecided ? 'person' : 'same_label',
      score: 1,
      text: old.text === piece.text ? 'same' : 'changed',
      hasMoved: false,
      isReordered: false,
      isRelabelled: old.label !== piece.label,
    });
  }
  const gone = oldPieces.flatMap((piece) => (used.has(piece.key) ? [] : [piece.key]));
  return { matcher: { name: 'address', version: '1' }, matches, splits: [], merges: [], born, gone, doubtful: [] };
}

function pathsOf(pieces: readonly MatchPiece[]): ReadonlyMap<string, string> {
  const paths = new Map<string, string>();
  const used = new Map<string, number>();
  for (const piece of pieces) {
    const above = piece.parentKey === null ? '' : (paths.get(piece.parentKey) ?? '');
    const path = `${above}\u0000${piece.label || piece.kind}`;
    const count = (used.get(path) ?? 0) + 1;
    used.set(path, count);
    paths.set(piece.key, count === 1 ? path : `${path}\u0000${count}`);
  }
  return paths;
}
