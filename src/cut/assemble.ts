import { hash } from 'node:crypto';
import type { CutPiece } from '../contract/cut/piece.js';
import { labelOf, slugOf } from './label.js';
import type { Mark } from './mark.js';
import { normalizedRange } from './normalized-hash.js';

/** Pieces of the marks: each goes to the next mark, so together they are the source. The bytes are valid UTF-8. */
export function assemblePieces(source: Uint8Array, marks: readonly Mark[], isMarkdown: boolean): readonly CutPiece[] {
  const bytes = Buffer.from(source.buffer, source.byteOffset, source.byteLength);
  const places = new Places(titleOrdinalOf(marks));
  let utf16Start = 0;
  return marks.map((mark, ordinal): CutPiece => {
    const { start, kind, level } = mark;
    const end = marks[ordinal + 1]?.start ?? bytes.length;
    const title = mark.title.length > longestTitle ? shortened(mark.title) : mark.title;
    const label = labelOfMark(mark, title);
    const { parentOrdinal, address } = places.next(level, label);
    const normalized = normalizedRange(bytes, start, end, level === 0 ? '' : label, isMarkdown);
    const utf16End = utf16Start + normalized.utf16Length;
    const piece = {
      ordinal,
      parentOrdinal,
      start,
      end,
      utf16Start,
      utf16End,
      kind,
      level,
      title,
      label,
      address,
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

/** A first heading of level 1 is the document's title; -1 when there is none. */
function titleOrdinalOf(marks: readonly Mark[]): number {
  const first = marks.findIndex(({ level }) => level > 0);
  return marks[first]?.kind === 'heading' && marks[first]?.level === 1 ? first : -1;
}

/** A piece that may still get children. */
interface OpenPiece {
  readonly ordinal: number;
  readonly level: number;
  readonly address: string;
  /** How often each slug was given to a child; null until there is one. */
  given: Map<string, number> | null;
}

/**
 * Parents and addresses, piece after piece. A parent is the nearest piece before with a lower level; what has level 0 stands beside the others.
 * Addresses change as little as possible from one revision to the next: they are made of labels, never of positions, so what is inserted or
 * removed elsewhere moves nothing. The address of the document's title is `title` and the pieces under it do not repeat it, so a changed title
 * moves nothing either. A repeated address gets `~2`, `~3` in order of appearance: only pieces that share all labels can trade places.
 */
class Places {
  private readonly open: OpenPiece[] = [];
  /** Children of the document and of its title share one room. */
  private readonly top = new Map<string, number>();
  private readonly slugs = new Map<string, string>();
  private ordinal = 0;

  constructor(private readonly titleOrdinal: number) {}

  next(level: number, label: string): { parentOrdinal: number | null; address: string } {
    const { ordinal, open } = this;
    this.ordinal++;
    if (level === 0) return { parentOrdinal: null, address: this.addressUnder(undefined, this.slugOf(label)) };
    while ((open.at(-1)?.level ?? 0) >= level) open.pop();
    const parent = open.at(-1);
    const isTitle = ordinal === this.titleOrdinal;
    const address = this.addressUnder(parent, isTitle ? 'title' : this.slugOf(label));
    open.push({ ordinal, level, address, given: isTitle ? this.top : null });
    return { parentOrdinal: parent?.ordinal ?? null, address };
  }

  private addressUnder(parent: OpenPiece | undefined, slug: string): string {
    if (parent?.given === null) parent.given = new Map();
    const given = parent?.given ?? this.top;
    const count = (given.get(slug) ?? 0) + 1;
    given.set(slug, count);
    const address = parent === undefined || given === this.top ? slug : `${parent.address}/${slug}`;
    return count === 1 ? address : `${address}~${count}`;
  }

  private slugOf(label: string): string {
    const known = this.slugs.get(label);
    if (known !== undefined) return known;
    const slug = slugOf(label);
    if (this.slugs.size < mostSlugsKept) this.slugs.set(label, slug);
    return slug;
  }
}

/** Labels repeat in laws and specifications; a document in which none does should not pay memory for it. */
const mostSlugsKept = 10_000;
