import { setTimeout as delay } from 'node:timers/promises';
import { IuError } from '../../contract/errors/index.js';
import { backUp } from '../../install/backup-run.js';
import { migrateUp, type OnProgress } from '../../install/migrate/index.js';
import { type ExpectedTarget, type GateName, gateNames, runPrecheck } from '../../install/precheck/index.js';
import { runProbe } from '../../install/probe.js';
import { recordChecks } from '../../install/record-checks.js';
import { decisionsAfter, lastAttemptId, missingDecisions, onePassEach, sendingState } from '../../store/activation.js';
import type { Database } from '../../store/database.js';
import { errorCode } from '../../store/failure.js';
import { listGates, setGate } from '../../store/gates.js';
import { routesReadiness } from '../../store/going-live.js';
import { healthReasons, registeredWorkers } from '../../store/health.js';

/** What an activation is asked to do. */
export interface ActivationWishes {
  readonly database: Database;
  readonly reason: string;
  readonly expected: ExpectedTarget;
  readonly evidenceFolder: string;
  readonly backupFolder: string;
  readonly toolFolder?: string | undefined;
  /** Leaves the backup out, and why: it stands in the evidence. */
  readonly withoutBackup?: string | undefined;
  readonly observeSeconds: number;
  readonly leastDecisions: number;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly onProgress: (text: string) => void;
  readonly now: () => Date;
}

/** What a step came to. `wayOut` is what to do when it failed. */
export interface StepResult {
  readonly outcome: 'passed' | 'failed' | 'skipped';
  readonly evidence: Readonly<Record<string, unknown>>;
  readonly wayOut?: string;
}

/** A step with the way back from everything up to it. */
export interface Step {
  readonly name: string;
  readonly what: string;
  readonly wayBack: string;
  run(wishes: ActivationWishes): Promise<StepResult>;
}

const passed = (evidence: StepResult['evidence']): StepResult => ({ outcome: 'passed', evidence });
const failed = (evidence: StepResult['evidence'], wayOut: string): StepResult => ({
  outcome: 'failed',
  evidence,
  wayOut,
});

/** Every gate but the one of the backup, which is the next step. */
async function precheck(wishes: ActivationWishes): Promise<StepResult> {
  const { database, expected, backupFolder, evidenceFolder } = wishes;
  const only = gateNames.filter((gate: GateName) => gate !== 'backup');
  const report = await runPrecheck({ database, expected, backupFolder, evidenceFolder, only, all: true });
  const evidence = {
    place: report.place,
    gates: report.gates.map(({ number, gate, passed: ok, evidence: seen }) => ({
      number,
      gate,
      passed: ok,
      evidence: seen,
    })),
  };
  const wrong = report.gates.filter((gate) => !gate.passed);
  if (wrong.length === 0) return passed(evidence);
  return failed(evidence, wrong.map(({ number, action }) => `gate ${number}: ${action}`).join('; '));
}

async function backup(wishes: ActivationWishes): Promise<StepResult> {
  const { database, withoutBackup, backupFolder: folder, toolFolder, environment, onProgress } = wishes;
  if (withoutBackup !== undefined) return { outcome: 'skipped', evidence: { reason: withoutBackup } };
  try {
    const made = await backUp(database, { folder, toolFolder, environment, onProgress, now: wishes.now() });
    const { file, bytes, sha256, tocEntries, tool, takenAt } = made.record;
    return passed({ file, bytes, sha256, tocEntries, tool, takenAt });
  } catch (error) {
    const { evidence, wayOut } = failureOf(error);
    return failed(evidence, `${wayOut} Or leave it out, with the reason on record: --without-backup REASON`);
  }
}

async function migrate({ database, onProgress }: ActivationWishes): Promise<StepResult> {
  const client = await database.pool.connect();
  try {
    const tell: OnProgress = (progress) => onProgress(`${progress.subject}: ${progress.kind}`);
    const { changes } = await migrateUp(client, { schema: database.schema, onProgress: tell });
    return passed({ applied: changes, count: changes.length });
  } finally {
    client.release(true);
  }
}

async function verify({ database }: ActivationWishes): Promise<StepResult> {
  const { substrate, drift } = await recordChecks(database);
  const evidence = {
    substrate: substrate.evidence_id,
    substrate_passed: substrate.passed,
    drift: drift.evidence_id,
    drift_passed: drift.passed,
  };
  return substrate.passed && drift.passed
    ? passed(evidence)
    : failed(evidence, 'iu verify and iu migrate verify name what differs');
}

async function probe({ database }: ActivationWishes): Promise<StepResult> {
  const report = await runProbe(database);
  const wrong = report.checks.filter((check) => !check.passed);
  const evidence = {
    checks: report.checks.length,
    failed: wrong.map(({ scenario, what, expected, got }) => ({ scenario, what, expected, got })),
    rows: report.rows.map(({ table, before, inside, after }) => ({ table, before, inside, after })),
  };
  return report.passed
    ? passed(evidence)
    : failed(evidence, 'iu probe shows the scenario; iu migrate verify, whether an object was changed');
}

const routingGates: readonly string[] = ['iu_core.routes_master_enabled', 'iu_core.route_worker_enabled'];

/** True while both gates that the step worker opens are open. */
export async function routingGatesAreOpen({ pool }: Database): Promise<boolean> {
  return (await listGates(pool)).filter((gate) => routingGates.includes(gate.key)).every((gate) => gate.open);
}

/** Opens the two gates of routing. The gate of delivery is looked at and never touched. */
async function worker({ database, reason }: ActivationWishes): Promise<StepResult> {
  const before = await sendingState(database.pool);
  if (before.liveRoutes.length > 0) {
    return failed(
      { live_routes: before.liveRoutes, delivery_gate_open: before.deliveryGateOpen },
      `routes are live already: ${before.liveRoutes.map((code) => `iu route back-to-dry-run ${code} --reason TEXT`).join('; ')}`,
    );
  }
  for (const key of routingGates) {
    await setGate(database.pool, { key, open: true, reason: `iu activate: ${reason}` });
  }
  return passed({
    gates_opened: routingGates.map((key) => key.replace('iu_core.', '')),
    delivery_gate_open: before.deliveryGateOpen,
    dry_run_routes: before.dryRunRoutes,
  });
}

/** Passes run for a window, decisions are counted, and at its end the certificate holds and health is green. */
async function observe(wishes: ActivationWishes): Promise<StepResult> {
  const { pool } = wishes.database;
  const from = await lastAttemptId(pool);
  const beganAt = wishes.now().toISOString();
  const endsAt = performance.now() + wishes.observeSeconds * 1000;
  let passes = 0;
  for (;;) {
    passes += (await onePassEach(pool)).length;
    const left = endsAt - performance.now();
    if (left <= 0) break;
    await delay(Math.min(1000, left));
  }
  const decisions = await decisionsAfter(pool, from);
  const total = Object.values(decisions).reduce((sum, count) => sum + BigInt(count), 0n);
  const through = await lastAttemptId(pool);
  const lost = await missingDecisions(pool);
  const reasons = (await healthReasons(pool, await registeredWorkers(pool))).map(
    ({ code, message, action }) => `${code}: ${message} (${action})`,
  );
  const evidence = {
    window: { from: beganAt, to: wishes.now().toISOString() },
    attempts: { after: from, through },
    passes,
    decisions,
    total: total.toString(),
    lost,
    health: [...new Set(reasons)],
  };
  if (lost !== '0')
    return failed(evidence, 'decisions are missing: iu cursor rewind WORKER --reason TEXT; please report it');
  if (reasons.length > 0) return failed(evidence, `health is red: ${[...new Set(reasons)].join('; ')}`);
  if (total < BigInt(wishes.leastDecisions)) {
    return failed(
      evidence,
      `${total} decisions in the window, ${wishes.leastDecisions} are wanted: let the application emit, take a longer window with --observe, or --min-decisions 0`,
    );
  }
  return passed(evidence);
}

/** Judges every route in dry-run. That one is not ready yet is no failure: the days of observation come now. */
async function readiness({ database }: ActivationWishes): Promise<StepResult> {
  const state = await sendingState(database.pool);
  const judged = await routesReadiness(database.pool, state.dryRunRoutes);
  const routes = judged.map(({ route_code: route, version, ready, items }) => {
    const missing = items.filter((item) => !item.passed).map((item) => item.item);
    return { route, version, ready, missing };
  });
  const evidence = { routes, live_routes: state.liveRoutes, delivery_gate_open: state.deliveryGateOpen };
  return state.liveRoutes.length === 0
    ? passed(evidence)
    : failed(evidence, 'a route went live meanwhile: iu route list, iu gate log');
}

/** The steps in their order. Each is repeated until it has passed, and again only where that may not be true any more. */
export const activationSteps: readonly Step[] = [
  { name: 'precheck', what: 'right place, right role, nothing drifted', wayBack: 'nothing was changed', run: precheck },
  { name: 'backup', what: 'a backup that can be read back', wayBack: 'nothing was changed', run: backup },
  { name: 'migrate', what: 'install inert', wayBack: 'iu migrate down, or iu uninstall', run: migrate },
  { name: 'verify', what: 'everything is as this version installs it', wayBack: 'iu uninstall', run: verify },
  { name: 'probe', what: 'eight scenarios that leave nothing', wayBack: 'iu uninstall', run: probe },
  {
    name: 'worker',
    what: 'open the gates of routing; delivery stays as it is',
    wayBack: 'iu disable --level 1 --reason TEXT, then iu uninstall',
    run: worker,
  },
  {
    name: 'observe',
    what: 'passes decide in dry-run; decisions are counted',
    wayBack: 'iu disable --level 1 --reason TEXT',
    run: observe,
  },
  {
    name: 'readiness',
    what: 'what each route lacks to go live',
    wayBack: 'iu disable --level 1 --reason TEXT',
    run: readiness,
  },
];

/** An error of a step as a result: our own messages and codes travel, what a statement quoted does not. */
export function failureOf(error: unknown): StepResult {
  if (error instanceof IuError)
    return failed({ code: error.code, message: error.message }, error.hint ?? error.message);
  const code = errorCode(error) ?? 'no code';
  const own = /^IU\d{3}$/.test(code) && error instanceof Error;
  const message = own ? error.message : `it could not be done (${code})`;
  return failed(
    { code, message },
    own && 'hint' in error ? String(error.hint) : 'iu doctor, and the log of the server',
  );
}
