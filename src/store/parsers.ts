import pg from 'pg';

/**
 * Types that arrive as PostgreSQL's own text. A JS number loses int8 and numeric digits (2^53 + 1, 1e400), a Date loses
 * microseconds, and a parsed json document is not the document that was stored once it is written again.
 */
const textTypes: ReadonlySet<number> = new Set([
  20, // int8
  1700, // numeric
  1082, // date
  1083, // time
  1114, // timestamp
  1184, // timestamptz
  1186, // interval
  1266, // timetz
  114, // json
  3802, // jsonb
]);

/** Arrays of them, and of xid8: a list of such texts. */
const textArrayTypes: ReadonlySet<number> = new Set([1016, 1231, 1182, 1183, 1115, 1185, 1187, 1270, 199, 3807, 271]);

/** pg parses text[] into strings and nulls, and any other array's text the same way. */
const textArrayOid: number = 1009;

function asText(value: string): string {
  return value;
}

/** Parsers for one pool or client; pg's global table stays as it is, because it belongs to the application around us. */
export const textParsers: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') => {
    if (format !== 'binary') {
      if (textTypes.has(oid)) return asText;
      if (textArrayTypes.has(oid)) return pg.types.getTypeParser(textArrayOid, 'text');
    }
    return pg.types.getTypeParser(oid, format as 'text');
  }) as typeof pg.types.getTypeParser,
};
