import { createHash } from 'node:crypto';
import type { Boundary } from './boundary.js';
import { labelOf, slugOf } from './label.js';
import { scanMarkdown } from './markdown-scanner.js';

/** Which cutter made a cut: part of the run key, so that a new version may cut the same bytes again. */
export const markdownCutter = { name: 'markdown-headings', version: '1' } as const;

/** A half-open range of the source's bytes: its own heading and the text up to the next piece. */
export interface Piece extends Boundary {
  readonly ordinal: number;
  readonly end: number;
  /** Ordinal of the piece above it, or null directly under the document. Always smaller than its own. */
  readonly parentOrdinal: number | null;
  /** What people call it, for example `Art. 4a`. */
  readonly label: string;
  /** Unique in the document: the labels on the way down, joined by `/`; see `addressesOf`. */
  readonly address: string;
  readonly sha256: string;
}

export type NewlineStyle = 'none' | 'lf' | 'crlf' | 'cr' | 'mixed';

/** A lossless cut: the ranges of `pieces` follow each other from 0 to `length`, so joined they are the source. */
export interface MarkdownCut {
  readonly length: number;
  readonly sha256: string;
  readonly newlineStyle: NewlineStyle;
  readonly pieces: readonly Piece[];
}

/**
 * Cuts Markdown by its headings. Total: any bytes can be cut, broken UTF-8 too; no bytes give no pieces.
 *
 * Front matter is a piece, text before the first heading another (`preamble`). The document itself owns no bytes: it is the
 * node above the pieces, so that its address and life do not depend on what the file begins with.
 */
export function cutMarkdown(bytes: Uint8Array): MarkdownCut {
  const boundaries = scanMarkdown(bytes);
  const parents = parentsOf(boundaries);
  const labels = boundaries.map((boundary) => (boundary.kind === 'heading' ? labelOf(boundary.title) : boundary.kind));
  const addresses = addressesOf(boundaries, parents, labels);
  const pieces = boundaries.map((boundary, ordinal) => {
    const end = boundaries[ordinal + 1]?.start ?? bytes.length;
    return {
      ...boundary,
      ordinal,
      end,
      parentOrdinal: parents[ordinal] ?? null,
      label: labels[ordinal] ?? '',
      address: addresses[ordinal] ?? '',
      sha256: sha256Of(bytes.subarray(boundary.start, end)),
    };
  });
  return { length: bytes.length, sha256: sha256Of(bytes), newlineStyle: newlineStyleOf(bytes), pieces };
}

/** sha256 in lower-case hex. */
export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The nearest piece before it with a lower level; front matter and preamble stand beside the headings. */
function parentsOf(boundaries: readonly Boundary[]): readonly (number | null)[] {
  const open: { ordinal: number; level: number }[] = [];
  return boundaries.map(({ kind, level }, ordinal) => {
    if (kind !== 'heading') return null;
    while ((open.at(-1)?.level ?? 0) >= level) open.pop();
    const parent = open.at(-1)?.ordinal ?? null;
    open.push({ ordinal, level });
    return parent;
  });
}

/**
 * Addresses that change as little as possible from one revision to the next: they are made of labels, never of positions, so
 * what is inserted or removed elsewhere moves nothing. A first heading of level 1 is the document's title: its address is
 * `title` and the pieces under it do not repeat it, so a changed title moves nothing either. A repeated address gets `~2`,
 * `~3` in order of appearance: only pieces that share all labels can trade places.
 */
function addressesOf(
  boundaries: readonly Boundary[],
  parents: readonly (number | null)[],
  labels: readonly string[],
): readonly string[] {
  const firstHeading = boundaries.findIndex(({ kind }) => kind === 'heading');
  const titleOrdinal = boundaries[firstHeading]?.level === 1 ? firstHeading : -1;
  const used = new Map<string, number>();
  const addresses: string[] = [];
  for (const [ordinal, label] of labels.entries()) {
    const parent = parents[ordinal] ?? null;
    const prefix = parent === null || parent === titleOrdinal ? '' : `${addresses[parent]}/`;
    const address = prefix + (ordinal === titleOrdinal ? 'title' : slugOf(label));
    const count = (used.get(address) ?? 0) + 1;
    used.set(address, count);
    addresses.push(count === 1 ? address : `${address}~${count}`);
  }
  return addresses;
}

function newlineStyleOf(bytes: Uint8Array): NewlineStyle {
  let pairs = 0;
  let feeds = 0;
  let returns = 0;
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at] === 0x0a) feeds++;
    else if (bytes[at] === 0x0d && bytes[at + 1] === 0x0a) {
      pairs++;
      at++;
    } else if (bytes[at] === 0x0d) returns++;
  }
  const styles = [pairs, feeds, returns].filter((count) => count > 0).length;
  if (styles === 0) return 'none';
  if (styles > 1) return 'mixed';
  return pairs > 0 ? 'crlf' : feeds > 0 ? 'lf' : 'cr';
}
