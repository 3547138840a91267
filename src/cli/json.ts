/** A JSON document that is written as it is: its numbers never become JS numbers (2^53 + 1, 1e400), its keys stay. */
export class RawJson {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** A document of the database (jsonb as text) for output; null stays null. */
export function rawJson(text: string | null | undefined): RawJson | null {
  return text === null || text === undefined ? null : new RawJson(text);
}

/** `snake_case` to `camelCase`; a name that is not snake_case stays. */
export function camelCaseName(name: string): string {
  return /^[a-z][a-z0-9]*(_[a-z0-9]+)+$/.test(name)
    ? name.replace(/_([a-z0-9])/g, (_match, letter: string) => letter.toUpperCase())
    : name;
}

/** The value with all keys in camelCase, at every depth. Documents kept as RawJson are not touched. */
export function camelCaseKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camelCaseKeys);
  if (value instanceof RawJson || typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [camelCaseName(key), camelCaseKeys(inner)]));
}

/** JSON on one line, with RawJson written as it is. Undefined members are left out, as JSON.stringify does. */
export function renderJson(value: unknown): string {
  if (value instanceof RawJson) return value.text;
  if (Array.isArray(value)) return `[${value.map((item) => renderJson(item ?? null)).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .map(([key, inner]) => `${JSON.stringify(key)}:${renderJson(inner)}`);
    return `{${members.join(',')}}`;
  }
  return JSON.stringify(value) ?? 'null';
}
