import type pg from 'pg';
import { IuError } from '../contract/errors/index.js';
import type { IuActivationRow, IuActivationStepRow } from './catalog.generated.js';
import { callForResult, isoTimes, type ListPage, type PageWishes, type Queryable, readPage } from './listing.js';

/** How a step ended. */
export type StepOutcome = 'passed' | 'failed' | 'skipped';

/** An activation as it was begun or found open. */
export interface BegunActivation {
  readonly activation_id: string;
  readonly state: string;
  readonly reason: string;
  readonly began_by: string;
  readonly began_at: string;
  readonly resumed: boolean;
}

/** True when the tables of activations are installed. */
export async function hasActivations(database: Queryable): Promise<boolean> {
  return (await database.query("select to_regclass('iu_activation_step') is not null as installed")).rows[0].installed;
}

export function beginActivation(
  database: Queryable,
  reason: string,
  settingsText: string,
  beganAt: string,
): Promise<BegunActivation> {
  return callForResult(database, 'select fn_iu_activation_begin($1, $2, $3)', [reason, settingsText, beganAt]);
}

export function recordActivationStep(
  database: Queryable,
  activationId: string,
  step: {
    readonly step: string;
    readonly outcome: StepOutcome;
    readonly evidenceText: string;
    readonly beganAt: string;
    readonly endedAt: string;
  },
): Promise<{ readonly step_id: string }> {
  const values = [activationId, step.step, step.outcome, step.evidenceText, step.beganAt, step.endedAt];
  return callForResult(database, 'select fn_iu_activation_step($1, $2, $3, $4, $5, $6)', values);
}

export function endActivation(
  database: Queryable,
  activationId: string,
  state: 'done' | 'given_up',
  note: string,
): Promise<{
  readonly activation_id: string;
  readonly state: string;
  readonly ended_by: string;
  readonly ended_at: string;
}> {
  return callForResult(database, 'select fn_iu_activation_end($1, $2, $3)', [activationId, state, note]);
}

/** `open`, `done` or `given_up`; undefined when there is none of this number. */
export async function activationState(database: Queryable, activationId: string): Promise<string | undefined> {
  return (await database.query('select state from iu_activation where activation_id = $1', [activationId])).rows[0]
    ?.state;
}

/** One activation with how far it came. */
export interface ActivationRow
  extends Pick<
    IuActivationRow,
    'activation_id' | 'state' | 'reason' | 'began_by' | 'began_at' | 'ended_at' | 'end_note'
  > {
  /** The last word on each step, in order: `precheck passed`. */
  readonly steps: readonly string[];
}

/** Activations, newest first. */
export function listActivations(database: Queryable, wishes: PageWishes): Promise<ListPage<ActivationRow>> {
  return readPage(
    database,
    {
      columns: `a.activation_id, a.state, a.reason, a.began_by, a.began_at, a.ended_at, a.end_note,
        array(select s.step || ' ' || s.outcome from iu_activation_step s where s.activation_id = a.activation_id
                 and not exists (select from iu_activation_step n where n.activation_id = s.activation_id and n.step = s.step
                                    and n.step_id > s.step_id) order by s.step_id) as steps`,
      from: 'iu_activation a',
      conditions: [],
      key: 'a.activation_id',
      keyType: 'bigint',
      keyColumn: 'activation_id',
      descending: true,
    },
    wishes,
  );
}

/** One activation, the newest when none is named; undefined when there is none. */
export async function findActivation(
  database: Queryable,
  activationId: string | undefined,
): Promise<ActivationRow | undefined> {
  if (!(await hasActivations(database))) return undefined;
  if (activationId === undefined) return (await listActivations(database, { limit: 1 })).items[0];
  const after = (BigInt(activationId) + 1n).toString();
  const found = (await listActivations(database, { limit: 1, after })).items[0];
  if (found?.activation_id !== activationId) {
    throw new IuError('IU865', { message: `There is no activation ${activationId}.` });
  }
  return found;
}

/** A step as it was recorded. `evidence` is jsonb text. */
export interface ActivationStepRow
  extends Pick<
    IuActivationStepRow,
    'step_id' | 'activation_id' | 'step' | 'outcome' | 'evidence' | 'began_at' | 'ended_at' | 'recorded_by'
  > {
  readonly outcome: StepOutcome;
}

/** Every step of an activation, each time it was tried, in order. */
export async function activationSteps(database: Queryable, activationId: string): Promise<ActivationStepRow[]> {
  const { rows } = await database.query(
    `select step_id, activation_id, step, outcome, evidence, began_at, ended_at, recorded_by from iu_activation_step
      where activation_id = $1 order by step_id`,
    [activationId],
  );
  return rows.map((row) => isoTimes(row) as unknown as ActivationStepRow);
}

/** What an activation must not find, and must not do. */
export interface SendingState {
  readonly deliveryGateOpen: boolean;
  readonly liveRoutes: readonly string[];
  readonly dryRunRoutes: readonly string[];
}

export async function sendingState(database: Queryable): Promise<SendingState> {
  const { rows } = await database.query(
    `select fn_iu_delivery_enabled() as "deliveryGateOpen",
       array(select route_code from iu_outbound_route where removed_at is null and enabled and not dry_run order by 1) as "liveRoutes",
       array(select route_code from iu_outbound_route where removed_at is null and enabled and dry_run order by 1) as "dryRunRoutes"`,
  );
  return rows[0];
}

/** Decisions since an attempt, by status. */
export async function decisionsAfter(
  database: Queryable,
  attemptId: string,
): Promise<Readonly<Record<string, string>>> {
  const { rows } = await database.query(
    'select status, count(*) as count from iu_route_attempt where attempt_id > $1 and attempt_no = 1 group by status order by status',
    [attemptId],
  );
  return Object.fromEntries(rows.map((row) => [row.status, row.count]));
}

export async function lastAttemptId(database: Queryable): Promise<string> {
  const { rows } = await database.query('select coalesce(max(attempt_id), 0)::text as id from iu_route_attempt');
  return rows[0].id;
}

/** One pass of every cursor, in a transaction each. A worker that runs beside it answers `busy`, which is as good. */
export async function onePassEach(pool: pg.Pool): Promise<{ readonly worker: string; readonly status: string }[]> {
  const { rows } = await pool.query('select worker_name from iu_route_worker_cursor order by worker_name');
  const passes: { worker: string; status: string }[] = [];
  for (const { worker_name: worker } of rows) {
    const result = await pool.query('select fn_iu_route_worker_run($1, 1000) ->> $2 as status', [worker, 'status']);
    passes.push({ worker, status: result.rows[0].status });
  }
  return passes;
}

/** What the certificate says for every cursor: decisions that are missing. */
export async function missingDecisions(pool: pg.Pool): Promise<string> {
  const { rows } = await pool.query(
    `select coalesce(sum((fn_iu_route_worker_reconcile(worker_name) ->> 'lost')::bigint), 0)::text as lost from iu_route_worker_cursor`,
  );
  return rows[0].lost;
}
