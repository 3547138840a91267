/** What an error says, as plain texts: between threads it would lose what our classes and those of pg add to it, such as its code. */
export type FailureTexts = Readonly<Record<string, string>>;

export function textsOf(failure: unknown): FailureTexts {
  const error = failure instanceof Error ? failure : new Error(String(failure));
  const { name, message, stack = '' } = error;
  const own = Object.entries(error).filter(([, value]) => typeof value === 'string');
  return { ...Object.fromEntries(own), name, message, stack };
}

/** The error again, with its name, code, hint and stack. */
export function failureOf(texts: FailureTexts): Error {
  return Object.assign(new Error(texts.message), texts);
}
