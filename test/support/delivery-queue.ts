import type pg from 'pg';
import type { Delivery, SendOutcome } from '../../src/contract/delivery/delivery.js';
import { DeliveryRunner, type RunnerOptions, type RunnerPorts, type RunnerState } from '../../src/deliver/runner.js';
import type { Target } from '../../src/deliver/target.js';
import { openDeliverySession } from '../../src/store/delivery-session.js';
import type { ForgedApproval } from './approval.js';
import type { TestDatabase } from './database.js';
import { addRoute, prepareRace, takeLive } from './race.js';

/** The name that the deployment tests claim. */
export const deployment = 'test-installation';

/** An installed database in which deliveries may be sent: gates open, deployment claimed, the domain `race` and its worker. */
export async function prepareDelivery(db: TestDatabase): Promise<void> {
  await prepareRace(db.pool);
  await db.pool.query("select fn_iu_gate_set('delivery_enabled', true, 'test')");
  await db.pool.query("select fn_iu_deployment_claim($1, 'test')", [deployment]);
}

/** A live route of the domain `race`, with limits as columns of iu_route_approval; gives its id. */
export async function liveRoute(
  db: TestDatabase,
  code: string,
  more: Record<string, unknown> = {},
  limits: ForgedApproval = {},
): Promise<string> {
  await addRoute(db.pool, code, more);
  await takeLive(db.pool, code, limits);
  return (await db.pool.query('select route_id from iu_outbound_route where route_code = $1', [code])).rows[0].route_id;
}

/** One claimed delivery as SQL gives it. */
export interface ClaimedRow {
  readonly hold: string | null;
  readonly lease_token: string;
  readonly route_id: string;
  readonly event_seq: string;
  readonly attempt_no: number;
  readonly delivery_key: string;
  readonly event_subject_ref: string;
}

/** A database, or one session of it in the place of the pool. */
interface Queries {
  readonly pool: Pick<pg.Client, 'query'>;
}

/** Claims by hand, as a runner of the test's deployment. */
export async function claim(
  db: Queries,
  wishes: { limit?: number; leaseSeconds?: number; runner?: string; inDatabase?: boolean; name?: string | null } = {},
): Promise<ClaimedRow[]> {
  const { limit = 100, leaseSeconds = 60, runner = 'test', inDatabase = false, name = deployment } = wishes;
  const text = 'select * from fn_iu_delivery_claim($1, $2, $3, $4, $5)';
  return (await db.pool.query(text, [runner, limit, leaseSeconds, name, inDatabase])).rows;
}

/** Settles claimed deliveries by hand, all with one outcome. */
export async function settle(
  db: Queries,
  rows: readonly ClaimedRow[],
  status: string,
  more: { code?: string; permanent?: boolean; gone?: boolean; retryAfterSeconds?: number } = {},
): Promise<{ settled: number; refused: number; dead_lettered: number }> {
  const all = <Value>(value: Value) => rows.map(() => value);
  const failed = status === 'failed' || status === 'unknown';
  const { rows: answers } = await db.pool.query(
    'select fn_iu_delivery_settle($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)::text as result',
    [
      'test',
      rows.map((row) => row.lease_token),
      rows.map((row) => row.route_id),
      rows.map((row) => row.event_seq),
      all(status),
      all(1),
      all(failed ? 'it failed' : '200'),
      all(failed ? (more.code ?? 'http_503') : null),
      all(more.permanent ?? false),
      all(more.retryAfterSeconds ?? null),
      all(more.gone ?? false),
    ],
  );
  return JSON.parse(answers[0].result);
}

/** What a target that a test wrote answers. */
export type Answer = (delivery: Delivery) => Promise<SendOutcome> | SendOutcome;

/** A runner in this process whose targets answer as the test says, and what they were sent. */
export interface RunningRunner {
  readonly runner: DeliveryRunner;
  readonly received: Delivery[];
  readonly said: string[];
  readonly done: Promise<RunnerState>;
  stop(): Promise<RunnerState>;
}

export const sent: SendOutcome = { status: 'sent', detail: '200' };

/** Starts a runner on a test database. */
export function startRunner(
  db: TestDatabase,
  answer: Answer = () => sent,
  options: Partial<RunnerOptions> = {},
  ports: Partial<RunnerPorts> = {},
): RunningRunner {
  const received: Delivery[] = [];
  const said: string[] = [];
  const target: Target = {
    send: async (delivery) => {
      received.push(delivery);
      return answer(delivery);
    },
    check: async () => [],
    close: async () => {},
  };
  const runner = new DeliveryRunner(
    {
      connect: () => openDeliverySession({ url: db.url, schema: db.schema, purpose: 'test runner' }),
      openTarget: async () => target,
      log: (_level, message) => said.push(message),
      ...ports,
    },
    { runnerId: `test-${Math.random()}`, deployment, ...options },
  );
  const done = runner.run();
  return {
    runner,
    received,
    said,
    done,
    stop: () => {
      runner.stop();
      return done;
    },
  };
}
