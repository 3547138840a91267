import type { DoctorFacts } from './doctor-facts.js';
import { type DoctorLimits, doctorLimits } from './doctor-limits.js';
import { serverFindings } from './doctor-server.js';
import { workFindings } from './doctor-work.js';
import { type Finding, sortedFindings } from './finding.js';

/** Codes of what the doctor itself finds; the reasons of health come beside them. */
export const doctorCodes = [
  'approval_ended',
  'approval_ending',
  'autovacuum_off',
  'autovacuum_off_table',
  'breaker_open',
  'cannot_look',
  'clock_skew',
  'connections_scarce',
  'cursor_behind',
  'deployment_wrong',
  'fsync_off',
  'gate_closed',
  'pooler_transaction_mode',
  'prepared_transaction',
  'promoted_since_claim',
  'read_only',
  'replica',
  'rights_missing',
  'role_sees_little',
  'role_without_rights',
  'runner_cannot_open',
  'setting_ignored',
  'slot_holds',
  'statistics_stale',
  'synchronous_commit_off',
  'table_bloated',
  'transaction_open',
  'watchdog_missing',
  'watchdog_silent',
  'worker_missing',
  'wraparound_near',
] as const;

/** Everything that the facts say is wrong, the worst first. */
export function diagnose(facts: DoctorFacts, limits: DoctorLimits = doctorLimits): Finding[] {
  const server = serverFindings(facts, limits);
  // Where both have a word for it, the doctor's says more.
  const own = new Set(server.map((one) => one.code));
  return sortedFindings([...server, ...workFindings(facts, limits).filter((one) => !own.has(one.code))]);
}
