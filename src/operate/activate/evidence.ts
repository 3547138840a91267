/** What a row of iu_activation_step takes. */
const mostBytes = 65_536;

// written with more blanks than PostgreSQL uses, so never shorter than what it counts
const bytesOf = (evidence: object): number => Buffer.byteLength(JSON.stringify(evidence, null, 1));

/**
 * Evidence that fits its row: of the longest list as much as there is room for, and how many of it are left out. A step that was taken is
 * written down whatever it found; one that could not be would stop the activation for ever.
 */
export function fittingEvidence(evidence: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const leftOut: Record<string, number> = {};
  let fitting = evidence;
  while (bytesOf(fitting) > mostBytes) {
    const lists = Object.entries(fitting).filter((entry): entry is [string, unknown[]] => Array.isArray(entry[1]));
    const [key, list] = lists.sort(([, left], [, right]) => bytesOf(right) - bytesOf(left))[0] ?? [];
    if (key === undefined || list === undefined || list.length === 0) return { left_out: 'all of it: too long' };
    const kept = list.slice(0, Math.floor(list.length / 2));
    leftOut[key] = (leftOut[key] ?? 0) + list.length - kept.length;
    fitting = { ...fitting, [key]: kept, left_out: { ...leftOut } };
  }
  return fitting;
}
