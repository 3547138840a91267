/** `snake_case` to `camelCase`; a name that is not snake_case stays. */
export function camelCaseName(name: string): string {
  return /^[a-z][a-z0-9]*(_[a-z0-9]+)+$/.test(name)
    ? name.replace(/_([a-z0-9])/g, (_match, letter: string) => letter.toUpperCase())
    : name;
}

/** The type of a name in camelCase. */
export type CamelCaseName<Name extends string> = Name extends `${infer First}_${infer Rest}`
  ? `${First}${Capitalize<CamelCaseName<Rest>>}`
  : Name;

/** A type with all its keys in camelCase, at every depth. */
export type CamelCased<Value> = Value extends readonly (infer Item)[]
  ? readonly CamelCased<Item>[]
  : Value extends object
    ? { readonly [Key in keyof Value as Key extends string ? CamelCaseName<Key> : Key]: CamelCased<Value[Key]> }
    : Value;

/** The value with all keys in camelCase, at every depth. Objects of a class, such as JSON that is kept as text, are not touched. */
export function camelCaseKeys<Value>(value: Value): CamelCased<Value> {
  return renamed(value) as CamelCased<Value>;
}

function renamed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(renamed);
  if (typeof value !== 'object' || value === null) return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [camelCaseName(key), renamed(inner)]));
}
