/** Columns of a view or function. The catalog does not say which of them are never null: here `Always` are, `Maybe` can be. */
export type Columns<Row, Always extends keyof Row, Maybe extends keyof Row = never> = {
  readonly [Column in Always]: NonNullable<Row[Column]>;
} & Pick<Row, Maybe>;
