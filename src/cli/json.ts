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
