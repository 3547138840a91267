import { hash } from 'node:crypto';
import type { CutPiece } from '../contract/cut/piece.js';
import { labelOf, slugOf } from './label.js';
import type { Mark } from './mark.js';
import { normalizedRange } from './normalized-hash.js';

/** Pieces of the marks: each goes to the next mark, so together they are the source. The bytes are valid UTF-8. */
export function assemblePieces(source: Uint8Array, marks: readonly Mark[]): readonly CutPiece[] {
  const bytes = Buffer.from(source.buffer, source.byteOffset, source.byteLength);
  const parents = parentsOf(marks);
  const titles = marks.map(({ title }) => (title.length > longestTitle ? shortened(title) : title));
  const labels = marks.map((mark, ordinal) => labelOfMark(mark, titles[ordinal] ?? ''));
  const addresses = addressesOf(marks, parents, labels);
  let utf16Start = 0;
  return marks.map(({ start, kind, level }, ordinal): CutPiece => {
    const end = marks[ordinal + 1]?.start ?? bytes.length;
    const label = labels[ordinal] ?? '';
    const normalized = normalizedRange(bytes, start, end, level === 0 ? '' : label);
    const utf16End = utf16Start + normalized.utf16Length;
    const piece = {
      ordinal,
      parentOrdinal: parents[ordinal] ?? null,
      start,
      end,
      utf16Start,
      utf16End,
      kind,
      level,
      title: titles[ordinal] ?? '',
      label,
      address: addresses[ordinal] ?? '',
      rawSha256: hash('sha256', bytes.subarray(start, end)),
      normalizedSha256: normalized.sha256,
    };
    utf16Start = utf16End;
    return piece;
  });
}

/** Nobody reads a longer title; a line of megabytes that begins with a mark is no reason to keep it three times. */
const longestTitle = 500;

function shortened(title: string): string {
  return title.slice(0, longestTitle).replace(/[\ud800-\udbff]$/, '');
}

function labelOfMark({ kind, level, label }: Mark, title: string): string {
  if (label !== undefined) return label;
  // A title of footnote marks alone has no other name than itself.
  return level === 0 ? kind : labelOf(title) || title;
}

/** The nearest piece before it with a lower level; what has level 0 stands beside the others. */
function parentsOf(marks: readonly Mark[]): readonly (number | null)[] {
  const open: { ordinal: number; level: number }[] = [];
  return marks.map(({ level }, ordinal) => {
    if (level === 0) return null;
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
  marks: readonly Mark[],
  parents: readonly (number | null)[],
  labels: readonly string[],
): readonly string[] {
  const first = marks.findIndex(({ level }) => level > 0);
  const titleOrdinal = marks[first]?.kind === 'heading' && marks[first]?.level === 1 ? first : -1;
  const used = new Map<string, number>();
  const slugs = new Map<string, string>();
  const addresses: string[] = [];
  for (const [ordinal, label] of labels.entries()) {
    const parent = parents[ordinal] ?? null;
    const prefix = parent === null || parent === titleOrdinal ? '' : `${addresses[parent]}/`;
    const slug = slugs.get(label) ?? slugOf(label);
    if (slugs.size < mostSlugsKept) slugs.set(label, slug);
    const address = prefix + (ordinal === titleOrdinal ? 'title' : slug);
    const count = (used.get(address) ?? 0) + 1;
    used.set(address, count);
    addresses.push(count === 1 ? address : `${address}~${count}`);
  }
  return addresses;
}

/** Labels repeat in laws and specifications; a document in which none does should not pay memory for it. */
const mostSlugsKept = 10_000;
