/** Where a piece begins and what it is. Every scanner yields these in order of `start`, the first at 0. */
export interface Mark {
  /** Byte offset, on a UTF-8 boundary. */
  readonly start: number;
  /** front_matter, preamble, heading, paragraph, quoted, or the kind of a level of a grammar. */
  readonly kind: string;
  /** 1 = outermost; 0 for front matter and preamble, which have no children. A piece hangs under the nearest one before it with a lower level. */
  readonly level: number;
  /** The heading's text without its marks; empty when there is none. */
  readonly title: string;
  /** When the scanner knows the number; otherwise the label is made of the title. */
  readonly label?: string;
}
