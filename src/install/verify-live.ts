import { type LiveCheck, runLiveChecks } from '../store/verify.js';
import { readScript } from './migrate/changes.js';

/** What `iu verify` found in a live database. */
export interface LiveVerifyReport {
  readonly passed: boolean;
  readonly checks: readonly LiveCheck[];
}

/** W1 to W9 and the promises that can be read off a live database; writes nothing. */
export async function verifyLive(target: { readonly url: string; readonly schema: string }): Promise<LiveVerifyReport> {
  const scripts = ['runtime/verify_w6_seam.sql', 'runtime/verify_w1_w9.sql'].map((file) => readScript(file).text);
  const checks = await runLiveChecks(target, scripts);
  return { passed: checks.length > 0 && checks.every((check) => check.passed), checks };
}
