import { IuError } from '../../contract/errors/index.js';
import {
  activationState,
  beginActivation,
  endActivation,
  hasActivations,
  recordActivationStep,
  type StepOutcome,
} from '../../store/activation.js';
import { readPlaceFacts } from '../../store/precheck.js';
import { quoteIdentifier } from '../../store/session.js';
import { closeJournal, type Journal, type JournalStep, readJournal, writeJournal } from './journal.js';
import { type ActivationWishes, activationSteps, failureOf, type Step, type StepResult } from './steps.js';

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
    if (before !== undefined && before.outcome !== 'failed' && !run.isStale(before)) {
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
  return { activationId, reason: run.reason, steps, journalFile, notDone: whatWasNotDone };
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

class ActivationRun {
  private constructor(
    private readonly wishes: ActivationWishes,
    private journal: Journal,
  ) {}

  static async open(wishes: ActivationWishes): Promise<ActivationRun> {
    const { database, evidenceFolder } = wishes;
    const facts = await readPlaceFacts(database.pool, quoteIdentifier(database.schema));
    const place = `database ${facts.database} (${facts.database_oid}), schema ${database.schema}, cluster ${facts.system_identifier}`;
    let found = await readJournal(evidenceFolder, place);
    const id = found?.activationId ?? null;
    if (id !== null && (await hasActivations(database.pool)) && (await activationState(database.pool, id)) !== 'open') {
      // Given up, or done and not put aside by a crash: this is another one.
      await closeJournal(evidenceFolder, id);
      found = undefined;
    }
    const beganAt = wishes.now().toISOString();
    const fresh: Journal = { version: 1, reason: wishes.reason, place, beganAt, activationId: null, steps: [] };
    return new ActivationRun(wishes, found ?? fresh);
  }

  get reason(): string {
    return this.journal.reason;
  }

  lastOf(name: string): JournalStep | undefined {
    return this.journal.steps.findLast((step) => step.step === name);
  }

  /** An old backup, while nothing was changed yet. */
  isStale(step: JournalStep): boolean {
    if (step.step !== 'backup' || step.outcome !== 'passed' || this.lastOf('migrate')?.outcome === 'passed')
      return false;
    return this.wishes.now().getTime() - Date.parse(step.endedAt) > mostBackupAgeMilliseconds;
  }

  async take(step: Step): Promise<StepResult> {
    const beganAt = this.wishes.now().toISOString();
    const result = await step.run(this.wishes).catch(failureOf);
    const endedAt = this.wishes.now().toISOString();
    const { outcome, evidence } = result;
    await this.#keep([
      ...this.journal.steps,
      { step: step.name, outcome, evidence, beganAt, endedAt, recorded: false },
    ]);
    await this.#record();
    return result;
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
      const evidenceText = JSON.stringify(step.evidence);
      await recordActivationStep(pool, activationId, { step: step.step, outcome, evidenceText, beganAt, endedAt });
      await this.#keep(this.journal.steps.with(index, { ...step, recorded: true }));
    }
  }
}
