import { IuError } from '../contract/errors/index.js';
import { errorCode } from '../store/failure.js';
import { type MarkedRows, openProbe, type ProbeRow } from '../store/probe.js';
import { readScript } from './migrate/changes.js';

/** The scenarios in their order, as files of sql/probe. */
const scenarioFiles = [
  'setup',
  'a_emit',
  'b_dry_run',
  'c_again',
  'd_rewind',
  'e_fail_closed',
  'f_replay',
  'g_books',
  'h_gates',
] as const;

/** One expectation and what came out. */
export interface ProbeCheck extends ProbeRow {
  readonly passed: boolean;
}

/** Rows that carried the probe's marker in one table: before, while it ran, and after it was rolled back. */
export interface ProbeTrace {
  readonly table: string;
  readonly before: number;
  readonly inside: number;
  readonly after: number;
}

/** What a probe found. */
export interface ProbeReport {
  readonly marker: string;
  readonly passed: boolean;
  readonly checks: readonly ProbeCheck[];
  readonly rows: readonly ProbeTrace[];
  readonly durationMilliseconds: number;
}

/** Runs the scenarios in one transaction that cannot commit, and shows that nothing of them is left. */
export async function runProbe(target: { readonly url: string; readonly schema: string }): Promise<ProbeReport> {
  const startedAt = performance.now();
  const rowsSql = readScript('probe/rows.sql').text;
  const probe = await openProbe(target.url, target.schema);
  try {
    const before = await probe.countRows(rowsSql);
    const found: ProbeRow[] = [];
    for (const name of scenarioFiles) {
      const script = readScript(`probe/${name}.sql`).text;
      const rows = await probe.run(script).catch((error: unknown) => {
        throw refusedByCheck(error) ?? error;
      });
      found.push(...rows);
    }
    const inside = await probe.countRows(rowsSql);
    const after = await probe.end(rowsSql);
    const checks = found.map((row) => ({ ...row, passed: row.expected === row.got }));
    const rows = before.map((row) => ({
      table: row.table_name,
      before: row.rows,
      inside: rowsOf(inside, row.table_name),
      after: rowsOf(after, row.table_name),
    }));
    return {
      marker: probe.marker,
      passed: checks.every((check) => check.passed) && rows.every((row) => row.before === 0 && row.after === 0),
      checks,
      rows,
      durationMilliseconds: Math.round(performance.now() - startedAt),
    };
  } finally {
    await probe.close();
  }
}

/** The probe emits in a domain of its own, so that nobody else decides its events; a list of domains that was there before does not have it. */
function refusedByCheck(error: unknown): IuError | undefined {
  const { table, constraint } = error as { readonly table?: string; readonly constraint?: string };
  if (errorCode(error) !== '23514' || table !== 'event_outbox' || constraint === undefined) return undefined;
  return new IuError('IU846', {
    message: `check ${constraint} of event_outbox refuses the events of the probe, whose domain is iu_probe_ and a number`,
    hint: `make it anew in one transaction, "… or event_domain like 'iu_probe_%'" added, NOT VALID, and validate it afterwards`,
    constraint,
  });
}

function rowsOf(counts: readonly MarkedRows[], table: string): number {
  return counts.find((row) => row.table_name === table)?.rows ?? 0;
}
