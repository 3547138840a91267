/** How bad a finding is: red = something does not work or will not after a crash; yellow = look at it soon; note = good to know. */
export type Severity = 'red' | 'yellow' | 'note';

/** One thing that `iu doctor` found. No payloads, no query texts, no secrets. */
export interface Finding {
  /** Machine-friendly, for example `slot_holds`; the list is in docs/how-to/doctor.md. */
  readonly code: string;
  readonly severity: Severity;
  /** What is wrong, in one sentence. */
  readonly message: string;
  /** What it was seen by. */
  readonly evidence: Readonly<Record<string, string | number | boolean | null>>;
  /** What to do: a command where there is one. */
  readonly action: string;
}

const order: readonly Severity[] = ['red', 'yellow', 'note'];

/** The worst first, then by code; the same twice stands there once. */
export function sortedFindings(findings: readonly Finding[]): Finding[] {
  const unique = new Map(findings.map((one) => [`${one.code} ${one.message}`, one]));
  return [...unique.values()].sort(
    (left, right) =>
      order.indexOf(left.severity) - order.indexOf(right.severity) ||
      left.code.localeCompare(right.code) ||
      left.message.localeCompare(right.message),
  );
}
