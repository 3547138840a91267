import { RouteWorker, type WorkerOptions, type WorkerPorts, type WorkerSummary } from '../../src/route/worker.js';
import { openBell, openWorkerSession } from '../../src/store/worker-session.js';
import type { TestDatabase } from './database.js';

/** Opens the two gates of routing as a runbook would. */
export async function openGates(db: TestDatabase): Promise<void> {
  await setGates(db, 'true');
}

/** Closes them. */
export async function closeGates(db: TestDatabase): Promise<void> {
  await setGates(db, 'false');
}

async function setGates(db: TestDatabase, value: string): Promise<void> {
  await db.pool.query(
    "update dot_config set value = $1 where key in ('iu_core.routes_master_enabled', 'iu_core.route_worker_enabled')",
    [value],
  );
}

/** Emits so many events of the domain iu, each in a transaction of its own. */
export async function emitEvents(db: TestDatabase, count: number, subject = 'unit'): Promise<void> {
  for (let at = 1; at <= count; at += 1) {
    await db.pool.query("select fn_iu_emit('iu', 'version_applied', 'information_unit', $1, '{\"version_seq\": 2}')", [
      `${subject}-${at}`,
    ]);
  }
}

/** One number from the database. */
export async function countOf(db: TestDatabase, sql: string): Promise<number> {
  return Number((await db.pool.query(`select count(*) as n from ${sql}`)).rows[0].n);
}

/** A worker that runs in this process, and what it said. */
export interface RunningWorker {
  readonly worker: RouteWorker;
  readonly said: string[];
  readonly done: Promise<WorkerSummary>;
  stop(): Promise<WorkerSummary>;
}

/** Starts a worker on a test database; heartbeat and reconcile are quicker than in production. */
export function startWorker(
  db: TestDatabase,
  options: Partial<WorkerOptions> & { readonly wakeUp?: boolean } = {},
  ports: Partial<WorkerPorts> = {},
): RunningWorker {
  const { wakeUp = false, ...rest } = options;
  const said: string[] = [];
  const settings = { url: db.url, schema: db.schema, purpose: 'test worker' };
  const worker = new RouteWorker(
    {
      connect: () => openWorkerSession(settings),
      ...(wakeUp
        ? {
            openBell: (onRing: () => void, onLost: () => void) =>
              openBell({ ...settings, purpose: 'test bell' }, onRing, onLost),
          }
        : {}),
      log: (_level, message) => said.push(message),
      ...ports,
    },
    {
      processId: `test-${Math.random()}`,
      host: 'test',
      pid: process.pid,
      version: '0',
      heartbeatMilliseconds: 100,
      ...rest,
    },
  );
  const done = worker.run();
  return {
    worker,
    said,
    done,
    stop: () => {
      worker.stop();
      return done;
    },
  };
}

/** A database in which everything is well: gates open, every domain owned, a pass has run. */
export async function makeHealthy(db: TestDatabase): Promise<void> {
  await openGates(db);
  await db.pool.query(
    `select fn_iu_route_worker_register(d.event_domain || '_test', d.event_domain, 'beginning')
       from (select distinct t.event_domain from event_type_registry t where t.active
               and not exists (select from iu_route_worker_cursor c where c.event_domain in ('*', t.event_domain))) d`,
  );
  await passAll(db);
}

/** Passes of every cursor until its window is complete. */
export async function passAll(db: TestDatabase): Promise<void> {
  for (const { worker_name } of (await db.pool.query('select worker_name from iu_route_worker_cursor')).rows) {
    for (let complete = false; !complete; ) complete = (await pass(db, worker_name)).window_complete !== false;
  }
}

/** One pass, by hand. */
export async function pass(
  db: TestDatabase,
  workerName = 'iu_outbound_default',
  limit = 100,
): Promise<Record<string, unknown>> {
  const result = await db.pool.query('select fn_iu_route_worker_run($1, $2)::text as result', [workerName, limit]);
  return JSON.parse(result.rows[0].result);
}
