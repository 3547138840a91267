import type { RunnerOptions, RunnerPorts } from '../../src/deliver/runner.js';
import { openTargetOf } from '../../src/deliver/targets.js';
import { createTestDatabase, type TestDatabase } from './database.js';
import { type DeliveryLedger, readDeliveryLedger } from './delivery-ledger.js';
import { deployment, liveRoute, prepareDelivery, type RunningRunner, startRunner } from './delivery-queue.js';
import {
  type RunnerProcess,
  type RunnerProcessOptions,
  startRunnerProcess,
  startWorkerProcess,
} from './fault-process.js';
import { expectPromise, type RowRun } from './fault-rows.js';
import { faultDomain, prepareWriters, startWriters, type WriterOptions, type Writers } from './fault-writers.js';
import { type Sink, type SinkTls, startSink } from './sink.js';
import { waitFor } from './wait.js';
import { surroundings } from './webhook.js';
import { type RunningWorker, startWorker } from './worker.js';

/** A retry soon, and so many that no fault of a test uses them up. */
const retryPolicy = { delays_seconds: Array.from({ length: 50 }, () => 1), jitter_share: 0 };
/** Everything is there, decided and sent within this, after the fault is over. */
const healedSeconds = 60;
const subjects = 12;

/** Two live routes to one sink, one of them ordered; writers, a worker that decides, and whatever runner the row wants. */
export class FaultRun {
  routes: readonly string[] = ['fault_any', 'fault_ordered'];
  readonly #runners: RunningRunner[] = [];
  readonly #processes: RunnerProcess[] = [];
  #writers: Writers | undefined;
  #worker: RunningWorker | undefined;

  constructor(
    readonly db: TestDatabase,
    readonly sink: Sink,
    readonly row: RowRun,
  ) {}

  get writers(): Writers {
    if (this.#writers === undefined) throw new Error('no writers were started');
    return this.#writers;
  }

  startWriters(more: Partial<WriterOptions> = {}): Writers {
    const { url, schema } = this.db;
    this.#writers = startWriters({ url, schema, seed: this.row.seed, writers: 2, subjects, most: 100, ...more });
    return this.#writers;
  }

  /** The half that decides, in this process. */
  startWorker(): RunningWorker {
    this.#worker = startWorker(this.db, { workerNames: [`${faultDomain}_worker`] });
    return this.#worker;
  }

  startProcess(more: Partial<RunnerProcessOptions> = {}): RunnerProcess {
    const { url, schema } = this.db;
    const started = startRunnerProcess({ url, schema, leaseSeconds: 60, ...more });
    this.#processes.push(started);
    return started;
  }

  /**
   * A runner in this process, with the real target. Its lease is long: one that ends because the machine was busy makes an honest
   * unknown and a duplicate, and a row that crashes nothing would fail by that (11 s of stall: 16 of 412). Rows about leases say theirs.
   */
  startRunner(options: Partial<RunnerOptions> = {}, ports: Partial<RunnerPorts> = {}): RunningRunner {
    const started = startRunner(
      this.db,
      undefined,
      { leaseSeconds: 60, slots: 8, ...options },
      { openTarget: (route) => openTargetOf(route, surroundings({ deployment })), ...ports },
    );
    this.#runners.push(started);
    return started;
  }

  async query(sql: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
    return (await this.db.pool.query(sql, values)).rows;
  }

  async count(from: string): Promise<number> {
    return Number((await this.query(`select count(*) as n from ${from}`))[0]?.n);
  }

  /** Lets the leases of runners that are gone end now instead of in their time. */
  async endLeases(): Promise<number> {
    const { rowCount } = await this.db.pool.query('update iu_route_lease set lease_until = clock_timestamp()');
    return rowCount ?? 0;
  }

  /** Somebody else takes over what a dead runner held: in the first run of a row when its lease has ended, in the others at once. */
  async takeOver(limits: { crashes: number; slots?: number } = { crashes: 1 }): Promise<DeliveryLedger> {
    if (this.row.number > 0) await this.endLeases();
    this.startRunner();
    return this.expectHealed(limits);
  }

  /** `iu worker`, both halves, as an operator starts it. */
  startCommand(words: readonly string[] = []): RunnerProcess {
    const started = startWorkerProcess(this.db.url, this.db.schema, words);
    this.#processes.push(started);
    return started;
  }

  /** Waits until writers have come to their end and nothing is undecided or waits; within a minute, or the run fails. */
  async heal(): Promise<number> {
    await this.#writers?.finish();
    const from = performance.now();
    await waitFor(() => this.#isDone(), {
      timeoutSeconds: healedSeconds,
      what: 'the backlog is gone',
      intervalMilliseconds: 60,
    }).catch(async (error: unknown) => {
      throw new Error(`${error instanceof Error ? error.message : error}; ${await this.#whatHolds()}`);
    });
    return (performance.now() - from) / 1000;
  }

  async #isDone(): Promise<boolean> {
    const rows = await this.query(
      `select not exists (select from iu_route_delivery) and not exists (select from iu_route_lease)
          and not exists (select from event_outbox e where e.event_domain = $1 and not exists
                (select from iu_route_attempt a where a.event_seq = e.seq)) as done`,
      [faultDomain],
    ).catch(() => []);
    return rows[0]?.done === true;
  }

  /** For the message of a run that did not heal. */
  async #whatHolds(): Promise<string> {
    const rows = await this.query(
      `select (select count(*) from iu_route_delivery) as deliveries, (select min(due_at)::text from iu_route_delivery) as due,
              (select string_agg(format('%s of %s until %s', unsettled, runner_id, lease_until), ', ') from iu_route_lease) as leases,
              (select string_agg(format('%s %s %s %s', route_id, breaker, breaker_until, last_failure_code), ', ') from iu_route_flow) as flows,
              (select string_agg(format('%s of %s', e.seq, e.tx_id), ', ' order by e.seq) from event_outbox e
                where e.event_domain = $1 and not exists (select from iu_route_attempt a where a.event_seq = e.seq)) as undecided,
              (select json_agg(c) from iu_route_worker_cursor c)::text as cursors, pg_current_snapshot()::text as snapshot,
              (select json_agg(json_build_object('pid', pid, 'name', application_name, 'state', state, 'wait', wait_event, 'xid', backend_xid,
                'age', clock_timestamp() - xact_start, 'query', left(query, 80))) from pg_stat_activity where xact_start is not null)::text as transactions,
              clock_timestamp()::text as now`,
      [faultDomain],
    ).catch((error: unknown) => [{ error: String(error) }]);
    const runners = this.#runners.map(({ runner, said }) => ({ state: runner.state, said: said.slice(-5) }));
    const worker = { totals: this.#worker?.worker.totals, said: this.#worker?.said.slice(-5) };
    return JSON.stringify({ rows, runners, worker, processes: this.#processes.map(({ said }) => said.slice(-5)) });
  }

  /** Heals, stops what runs, and compares the books. `crashes` x what a runner may hold is the most duplicates. */
  async expectHealed(limits: { crashes: number; slots?: number }): Promise<DeliveryLedger> {
    await this.heal();
    await this.stop();
    const ledger = await this.ledger();
    expectPromise(this, ledger, { duplicates: limits.crashes * 8 * (limits.slots ?? 8) });
    this.row.visited('lease expired', ledger.leaseExpired);
    this.row.visited('received twice, one id', ledger.duplicates);
    return ledger;
  }

  /** Heals and stops, and gives the books for a row with a promise of its own: its sink failed, so the audit has failed sends. */
  async stopAfterHealing(): Promise<DeliveryLedger> {
    await this.heal();
    await this.stop();
    return this.ledger();
  }

  /** Half-open comes after 30 s at the earliest; here it comes now. */
  async closeBreakers(): Promise<void> {
    await this.query("update iu_route_flow set breaker_until = clock_timestamp() where breaker <> 'closed'");
  }

  /** Takes the routes away and puts others of the same kind in their place. */
  async replaceRoutes(): Promise<void> {
    await this.query(
      `select fn_iu_route_set_enabled(route_code, false, 'replaced') from iu_outbound_route where event_domain = $1`,
      [faultDomain],
    );
    this.routes = ['second_any', 'second_ordered'];
    await addLiveRoutes(this.db, this.sink.origin, this.routes);
  }

  ledger(): Promise<DeliveryLedger> {
    return readDeliveryLedger(this.db.pool, this.sink.requests);
  }

  /** Runners and worker end; what they count counts as visited. */
  async stop(): Promise<void> {
    await this.#writers?.stop();
    await this.#worker?.stop();
    for (const running of this.#runners.splice(0)) {
      const state = await running.stop();
      this.row.visited('released', state.released);
      this.row.visited('late result refused', state.refused);
      this.row.visited('reconnected', running.said.filter((line) => line.includes('trying again')).length);
    }
    for (const process of this.#processes.splice(0)) {
      if (process.child.exitCode === null && process.child.signalCode === null) await process.kill();
    }
  }
}

export interface FaultRunOptions {
  readonly tls?: SinkTls;
  /** Where the routes point; the sink itself when not said. */
  readonly origin?: (sink: Sink) => string;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly route?: Readonly<Record<string, unknown>>;
  /** A database of another server than that of the run. */
  readonly database?: () => Promise<TestDatabase>;
}

/** Prepares a database and a sink, runs the body, and takes everything down again, whatever happened. */
export async function withFaultRun(
  row: RowRun,
  body: (run: FaultRun) => Promise<void>,
  options: FaultRunOptions = {},
): Promise<void> {
  const db = await (options.database ?? createTestDatabase)();
  const sink = await startSink(options.tls === undefined ? {} : { tls: options.tls });
  const run = new FaultRun(db, sink, row);
  try {
    await prepareFaultDatabase(db, options.origin?.(sink) ?? sink.origin, options);
    await body(run);
  } finally {
    await run.stop().catch(() => {});
    await sink.close();
    await db.drop();
  }
}

/** Gates open, deployment claimed, subjects, and the two live routes. */
async function prepareFaultDatabase(
  db: TestDatabase,
  origin: string,
  options: Pick<FaultRunOptions, 'config' | 'route'> = {},
): Promise<void> {
  await prepareDelivery(db);
  await prepareWriters(db.pool, subjects);
  await addLiveRoutes(db, origin, ['fault_any', 'fault_ordered'], options);
}

async function addLiveRoutes(
  db: TestDatabase,
  origin: string,
  codes: readonly string[],
  options: Pick<FaultRunOptions, 'config' | 'route'> = {},
): Promise<void> {
  for (const code of codes) {
    const route = {
      event_domain: faultDomain,
      target_ref: `${origin}/${code}`,
      target_config: { secrets: 'env:HOOK_SECRET', deadline_seconds: 60, ...options.config },
      retry_policy: retryPolicy,
      ordering: code.endsWith('ordered') ? 'subject' : 'none',
      ...options.route,
    };
    // rows refuse as many as they like
    await liveRoute(db, code, route, { failure_budget: 1_000_000 });
  }
}
