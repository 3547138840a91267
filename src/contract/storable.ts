/** As JSON.stringify writes them: a NUL character, and half of a surrogate pair (a whole one stands as it is). */
const unstorable = /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f][0-9a-f]{2})/;

/** Whether PostgreSQL can store every text in a value that came from JSON: no NUL character, no unpaired surrogate. */
export function isStorable(value: unknown): boolean {
  return !unstorable.test(JSON.stringify(value) ?? '');
}
