/** What was inserted behind Article 4 is Article 4bis, then 4ter; in the order in which they count. */
export const latinOrdinals: readonly string[] = [
  'bis',
  'ter',
  'quater',
  'quinquies',
  'sexies',
  'septies',
  'octies',
  'novies',
  'decies',
  'undecies',
  'duodecies',
  'terdecies',
  'quaterdecies',
  'quindecies',
  'sexdecies',
  'septdecies',
  'octodecies',
  'novodecies',
  'vicies',
];

/** Finds one of them, for a pattern that says what may follow. */
export const latinOrdinalPattern = `(?:${latinOrdinals.join('|')})`;
