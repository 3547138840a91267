import { diagnose } from '../contract/operate/doctor.js';
import type { DoctorFacts } from '../contract/operate/doctor-facts.js';
import type { DoctorLimits } from '../contract/operate/doctor-limits.js';
import type { Finding } from '../contract/operate/finding.js';
import type { Database } from '../store/database.js';
import { readDoctorFacts } from '../store/doctor.js';
import { isSessionShared } from './session-check.js';

/** What the doctor is asked. */
export interface DoctorWishes {
  /** IU_DEPLOYMENT of this process. */
  readonly deployment: string | undefined;
  readonly limits?: DoctorLimits | undefined;
  /** Clock of this host in milliseconds since 1970; Date.now unless a test says otherwise. */
  readonly now?: (() => number) | undefined;
}

/** What the doctor says. */
export interface DoctorReport {
  /** False when something is red. */
  readonly well: boolean;
  readonly counts: { readonly red: number; readonly yellow: number; readonly note: number };
  readonly findings: readonly Finding[];
}

/** Looks at everything once; writes nothing. Needs two connections at once. */
export async function examine(
  database: Pick<Database, 'pool' | 'schema'>,
  wishes: DoctorWishes,
): Promise<DoctorReport> {
  const first = await database.pool.connect();
  try {
    const second = await database.pool.connect();
    let sessionShared: boolean;
    try {
      sessionShared = await isSessionShared(first, second);
    } finally {
      second.release();
    }
    const read = await readDoctorFacts(first, {
      schema: database.schema,
      deployment: wishes.deployment ?? null,
      now: wishes.now ?? Date.now,
    });
    const facts: DoctorFacts = { ...read, sessionShared };
    const findings = wishes.limits === undefined ? diagnose(facts) : diagnose(facts, wishes.limits);
    const count = (severity: Finding['severity']) => findings.filter((one) => one.severity === severity).length;
    const counts = { red: count('red'), yellow: count('yellow'), note: count('note') };
    return { well: counts.red === 0, counts, findings };
  } finally {
    first.release();
  }
}
