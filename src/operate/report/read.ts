import { type ActivationRow, type ActivationStepRow, activationSteps, findActivation } from '../../store/activation.js';
import { readJournal } from '../../store/adoption-journal.js';
import type { Database } from '../../store/database.js';
import { readPlaceFacts } from '../../store/precheck.js';
import {
  accountRows,
  attemptCounts,
  decisionTimeline,
  evidenceRows,
  gateChanges,
  gateRows,
  installedChanges,
  openRows,
  type ReportRow,
  routeRows,
} from '../../store/report.js';
import { quoteIdentifier } from '../../store/session.js';
import { deploymentStanding } from '../../store/targets.js';

/** Evidence of a step as the report reads it; a key that is not there is undefined. */
export type StepEvidence = Readonly<Record<string, unknown>>;

/** Everything that a report is made of. */
export interface ReportInput {
  readonly place: {
    readonly database: string;
    readonly schema: string;
    readonly cluster: string;
    readonly deployment: string | null;
  };
  /** Tables of it were there before IU Core. */
  readonly adopted: boolean;
  readonly activation: ActivationRow | undefined;
  readonly steps: readonly ActivationStepRow[];
  readonly changes: readonly ReportRow[];
  readonly gates: readonly ReportRow[];
  readonly gateLog: readonly ReportRow[];
  readonly routes: readonly ReportRow[];
  readonly attempts: readonly ReportRow[];
  readonly accounts: readonly ReportRow[];
  readonly evidence: readonly ReportRow[];
  readonly open: ReportRow;
  readonly timeline: readonly { readonly label: string; readonly count: number }[];
}

/** The last evidence of a step, read as JSON: it holds counts and names, no numbers that JavaScript would change. */
export function evidenceOf(steps: readonly ActivationStepRow[], name: string): StepEvidence {
  const row = steps.findLast((step) => step.step === name);
  return row === undefined ? {} : (JSON.parse(row.evidence) as StepEvidence);
}

/** Reads it in one transaction, so that the parts fit together. Without a number: the newest activation, or none. */
export async function readReportInput(database: Database, activationId: string | undefined): Promise<ReportInput> {
  const client = await database.pool.connect();
  try {
    await client.query('begin isolation level repeatable read read only');
    const facts = await readPlaceFacts(client, quoteIdentifier(database.schema));
    const { name } = await deploymentStanding(client, null);
    const activation = await findActivation(client, activationId);
    const steps = activation === undefined ? [] : await activationSteps(client, activation.activation_id);
    const observed = evidenceOf(steps, 'observe') as {
      readonly window?: { readonly from: string; readonly to: string };
      readonly attempts?: { readonly after: string; readonly through: string };
    };
    const { window, attempts: range } = observed;
    const timeline =
      window === undefined || range === undefined ? [] : await decisionTimeline(client, { ...window, ...range });
    return {
      place: { database: facts.database, schema: database.schema, cluster: facts.system_identifier, deployment: name },
      adopted: (await readJournal(client, database.schema)).length > 0,
      activation,
      steps,
      changes: await installedChanges(client),
      gates: await gateRows(client),
      gateLog: await gateChanges(client, activation?.began_at ?? null),
      routes: await routeRows(client),
      attempts: await attemptCounts(client),
      accounts: await accountRows(client),
      evidence: await evidenceRows(client),
      open: (await openRows(client))[0] ?? {},
      timeline,
    };
  } finally {
    await client.query('rollback');
    client.release();
  }
}
