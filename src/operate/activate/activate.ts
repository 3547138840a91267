import { IuError } from '../../contract/errors/index.js';
import type { ExpectedTarget } from '../../install/precheck/index.js';
import {
  activationState,
  beginActivation,
  endActivation,
  hasActivations,
  recordActivationStep,
  type StepOutcome,
} from '../../store/activation.js';
import type { Database } from '../../store/database.js';
import { readPlaceFacts } from '../../store/precheck.js';
import { quoteIdentifier } from '../../store/session.js';
import { fittingEvidence } from './evidence.js';
import { closeJournal, type Journal, type JournalStep, putJournalAside, readJournal, writeJournal } from './journal.js';
import {
  type ActivationWishes,
  activationSteps,
  failureOf,
  routingGatesAreOpen,
  type Step,
  type StepResult,
} from './steps.js';

/** One step as the command shows it. */
export interface StepReport {
  readonly step: string;
  readonly what: string;
  /** kept = it had passed before. */
  readonly outcome: StepOutcome | 'kept';
  readonly evidence: Readonly<Record<string, unknown>>;
}

/** What an activation came to. */
export interface ActivationReport {
  readonly activationId: string;
  readonly reason: string;
  readonly steps: readonly StepReport[];
  readonly journalFile: string;
  /** The journal of an activation that was undone before this one, where it is now. */
  readonly putAside: string | null;
  /** What was left to people, in sentences. */
  readonly notDone: readonly string[];
}

/** A backup that was made longer ago than this is made again before something is changed. */
const mostBackupAgeMilliseconds = 86_400_000;

/**
 * Takes the steps in their order and writes each down: in the folder at once, in the database as soon as its tables are there. Stops at
 * the first that fails (IU867) with the way out and the way back; called again it goes on there. It never opens delivery.
 */
export async function activate(
  wishes: ActivationWishes,
  onStep: (report: StepReport) => void,
): Promise<ActivationReport> {
  const run = await ActivationRun.open(wishes);
  const steps: StepReport[] = [];
  for (const step of activationSteps) {
    const before = run.lastOf(step.name);
    if (before !== undefined && before.outcome !== 'failed' && !(await run.isStale(before))) {
      steps.push({ step: step.name, what: step.what, outcome: 'kept', evidence: before.evidence });
      onStep(steps[steps.length - 1] as StepReport);
      continue;
    }
    const result = await run.take(step);
    steps.push({ step: step.name, what: step.what, outcome: result.outcome, evidence: result.evidence });
    onStep(steps[steps.length - 1] as StepReport);
    if (result.outcome === 'failed') throw stopped(step, result);
  }
  const { activationId, journalFile } = await run.end();
  const { reason, putAside } = run;
  return { activationId, reason, steps, journalFile, putAside, notDone: whatWasNotDone };
}

const whatWasNotDone: readonly string[] = [
  'The gate of delivery was not touched, no route was taken live, nothing was sent.',
  'No watchdog was set up: docs/how-to/schedule.md.',
  'Roles were not granted to logins: docs/how-to/install.md.',
];

function stopped(step: Step, result: StepResult): IuError {
  const said = typeof result.evidence.message === 'string' ? `: ${result.evidence.message.replace(/\.$/, '')}` : '';
  return new IuError('IU867', {
    message: `Stopped at ${step.name} (${step.what})${said}.`,
    hint: `${(result.wayOut ?? '').replace(/\.$/, '')}. Then run it again, it goes on here. Way back: ${step.wayBack}.`,
    step: step.name,
  });
}

/** `undone`: its tables were there and are gone, or others are there that do not know it. */
async function stateOf(database: Database, journal: Journal): Promise<string> {
  const { activationId, steps } = journal;
  if (await hasActivations(database.pool)) {
    return activationId === null ? 'open' : ((await activationState(database.pool, activationId)) ?? 'undone');
  }
  const wasInstalled = steps.some((step) => step.step === 'migrate' && step.outcome === 'passed');
  return activationId === null && !wasInstalled ? 'open' : 'undone';
}

class ActivationRun {
  private constructor(
    private readonly wishes: ActivationWishes,
    private journal: Journal,
    /** What the journal vouches for once precheck has passed: it belongs to this place and no other. */
    private readonly here: ExpectedTarget,
    readonly putAside: string | null,
  ) {}

  static async open(wishes: ActivationWishes): Promise<ActivationRun> {
    const { database, evidenceFolder } = wishes;
    const facts = await readPlaceFacts(database.pool, quoteIdentifier(database.schema));
    const place = `database ${facts.database} (${facts.database_oid}), schema ${database.schema}, cluster ${facts.system_identifier}`;
    let found = await readJournal(evidenceFolder, place);
    let putAside: string | null = null;
    const state = found === undefined ? 'open' : await stateOf(database, found);
    if (found !== undefined && state === 'undone') {
      putAside = await putJournalAside(evidenceFolder, wishes.now());
      wishes.onProgress(`what the open activation installed is gone: its journal is ${putAside}, this one begins anew`);
      found = undefined;
    } else if (found?.activationId != null && state !== 'open') {
      // Given up, or done and not put aside by a crash: this is another one.
      await closeJournal(evidenceFolder, found.activationId);
      found = undefined;
    }
    const beganAt = wishes.now().toISOString();
    const fresh: Journal = { version: 1, reason: wishes.reason, place, beganAt, activationId: null, steps: [] };
    const here = { database: facts.database, cluster: facts.system_identifier };
    return new ActivationRun(wishes, found ?? fresh, here, putAside);
  }

  get reason(): string {
    return this.journal.reason;
  }

  lastOf(name: string): JournalStep | undefined {
    return this.journal.steps.findLast((step) => step.step === name);
  }

  /** A step that passed and may not be true any more: the place may have changed, the backup be old, a gate closed again. */
  async isStale(step: JournalStep): Promise<boolean> {
    if (step.step === 'precheck') return true;
    if (step.step === 'worker') return !(await routingGatesAreOpen(this.wishes.database));
    // A backup counts from what is changed after it; later it is part of the way back as it is.
    if (step.step !== 'backup' || step.outcome !== 'passed' || this.lastOf('migrate')?.outcome === 'passed')
      return false;
    return this.wishes.now().getTime() - Date.parse(step.endedAt) > mostBackupAgeMilliseconds;
  }

  async take(step: Step): Promise<StepResult> {
    const beganAt = this.wishes.now().toISOString();
    const result = await step.run(this.#wishesNow()).catch(failureOf);
    const endedAt = this.wishes.now().toISOString();
    const { outcome, evidence } = result;
    await this.#keep([
      ...this.journal.steps,
      { step: step.name, outcome, evidence, beganAt, endedAt, recorded: false },
    ]);
    await this.#record();
    return result;
  }

  /** Which place is meant is said once: until the activation ends its journal says it. */
  #wishesNow(): ActivationWishes {
    const { expected } = this.wishes;
    const wasNamed = this.journal.steps.some((step) => step.step === 'precheck' && step.outcome === 'passed');
    if (!wasNamed || Object.values(expected).some((value) => value !== undefined)) return this.wishes;
    return { ...this.wishes, expected: this.here };
  }

  async end(): Promise<{ activationId: string; journalFile: string }> {
    await this.#record();
    const { activationId } = this.journal;
    if (activationId === null) throw new IuError('IU865');
    await endActivation(this.wishes.database.pool, activationId, 'done', 'every step passed or was left out');
    return { activationId, journalFile: await closeJournal(this.wishes.evidenceFolder, activationId) };
  }

  async #keep(steps: readonly JournalStep[], activationId = this.journal.activationId): Promise<void> {
    this.journal = { ...this.journal, steps, activationId };
    await writeJournal(this.wishes.evidenceFolder, this.journal);
  }

  /** Writes into the database what is only in the folder, in order. */
  async #record(): Promise<void> {
    const { pool } = this.wishes.database;
    if (!(await hasActivations(pool))) return;
    if (this.journal.activationId === null) {
      const { observeSeconds, leastDecisions } = this.wishes;
      const settings = JSON.stringify({ observe_seconds: observeSeconds, least_decisions: leastDecisions });
      const begun = await beginActivation(pool, this.journal.reason, settings, this.journal.beganAt);
      await this.#keep(this.journal.steps, begun.activation_id);
    }
    const { activationId } = this.journal;
    if (activationId === null) return;
    for (const [index, step] of this.journal.steps.entries()) {
      if (step.recorded) continue;
      const { outcome, beganAt, endedAt } = step;
      const evidenceText = JSON.stringify(fittingEvidence(step.evidence));
      await recordActivationStep(pool, activationId, { step: step.step, outcome, evidenceText, beganAt, endedAt });
      await this.#keep(this.journal.steps.with(index, { ...step, recorded: true }));
    }
  }
}
