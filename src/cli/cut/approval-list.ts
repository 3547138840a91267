import { IuError } from '../../contract/errors/index.js';

/** A run with the manifest that somebody looked at. */
export interface SeenManifest {
  readonly runId: string;
  readonly manifestDigest: string;
}

/**
 * The runs of a list that waited at this gate when it was made: what `iu cut list --json` (one page a line) or `iu cut dir --json` printed, or
 * lines `RUN DIGEST` with anything behind; empty ones and `#` are passed over. `others` counts what waited for something else.
 */
export function seenManifests(text: string, gate: string): { seen: readonly SeenManifest[]; others: number } {
  const byRun = new Map<string, string>();
  let others = 0;
  for (const { runId, manifestDigest, waitsFor } of rowsOf(text)) {
    if (waitsFor !== undefined && waitsFor !== `gate ${gate}`) {
      others += 1;
      continue;
    }
    if (!/^[1-9]\d{0,17}$/.test(runId) || !/^[0-9a-f]{12,64}$/.test(manifestDigest)) {
      throw refused('Something of the list is no run with the first 12 characters or more of a manifest.');
    }
    if ((byRun.get(runId) ?? manifestDigest) !== manifestDigest)
      throw refused(`Run ${runId} stands there with two manifests.`);
    byRun.set(runId, manifestDigest);
  }
  if (byRun.size === 0) throw refused(`The list names no run that waits at gate ${gate}.`);
  return { seen: [...byRun].map(([runId, manifestDigest]) => ({ runId, manifestDigest })), others };
}

interface Row extends SeenManifest {
  /** undefined: the list does not say. */
  readonly waitsFor?: string | undefined;
}

function rowsOf(text: string): Row[] {
  const whole = jsonRows(text);
  if (whole !== undefined) return whole;
  return text.split(/\r?\n/).flatMap((line, index) => {
    if (/^\s*(#.*)?$/.test(line)) return [];
    const rows = jsonRows(line);
    if (rows !== undefined) return rows;
    const [, runId, manifestDigest] = /^\s*(\d+)[\s=]+([0-9a-f]+)(?:\s|$)/.exec(line) ?? [];
    if (runId === undefined || manifestDigest === undefined) throw refused(`Line ${index + 1} is not RUN DIGEST.`);
    return [{ runId, manifestDigest }];
  });
}

/** The rows of a list or of a folder as JSON; undefined for text that is no JSON object. */
function jsonRows(text: string): Row[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { items, open } = value as { items?: unknown; open?: unknown };
  const rows = items ?? open;
  if (!Array.isArray(rows)) throw refused('The JSON has neither items nor open: it is no list of cut runs.');
  return rows.map((row: Readonly<Record<string, unknown>> | null) => ({
    runId: String(row?.runId ?? ''),
    manifestDigest: String(row?.manifestDigest ?? ''),
    waitsFor: String(row?.waitsFor ?? 'nothing'),
  }));
}

function refused(message: string): IuError {
  return new IuError('IU749', { message });
}
