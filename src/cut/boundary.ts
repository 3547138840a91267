/** Where a piece begins. Every scanner of the cutter (Markdown now) yields these, in order of `start`, the first at 0. */
export interface Boundary {
  /** Byte offset; always the beginning of a line. */
  readonly start: number;
  readonly kind: 'front_matter' | 'preamble' | 'heading';
  /** 1 to 6 for a heading, 0 for front matter and preamble, which have no children. */
  readonly level: number;
  /** The heading's text without its marks; empty for front matter and preamble. */
  readonly title: string;
}
