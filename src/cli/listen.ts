import type { DeliveryRunner } from '../deliver/runner.js';
import { atMostEvery } from '../http/fresh.js';
import { databaseHealth } from '../http/health.js';
import { createMetrics, type ProcessCounters } from '../http/metrics.js';
import { type MetricsServer, startMetricsServer } from '../http/server.js';
import type { RouteWorker } from '../route/worker.js';
import { createPool } from '../store/database.js';
import { readMetrics } from '../store/metrics.js';
import { packageVersion } from './run.js';

/** What a process that decides or delivers shows of itself. */
export interface ListenSettings {
  readonly url: string;
  readonly schema: string;
  readonly port: number;
  readonly host?: string | undefined;
  /** IU_DEPLOYMENT of this process; null = none. */
  readonly deployment: string | null;
  /** Cursors that its health is about; every registered one when empty. */
  readonly workerNames: readonly string[];
  readonly worker: Pick<RouteWorker, 'totals'> | undefined;
  readonly runner: Pick<DeliveryRunner, 'state'> | undefined;
}

/** The database is asked at most once in so many seconds, however often somebody scrapes. */
const cacheSeconds = 5;

/** Serves `/metrics` and `/healthz` of a worker process, with a connection of its own that never waits longer than five seconds. */
export async function listen(settings: ListenSettings): Promise<MetricsServer> {
  const { url, schema, deployment } = settings;
  const pool = createPool({ url, schema, purpose: 'metrics', maxConnections: 1, statementTimeoutSeconds: 5 });
  const counters = (): ProcessCounters => ({
    ...(settings.worker === undefined ? {} : { routing: settings.worker.totals }),
    ...(settings.runner === undefined ? {} : { delivery: settings.runner.state }),
  });
  const metrics = createMetrics({
    read: (range) => readMetrics(pool, deployment, range),
    counters,
    version: packageVersion(),
    cacheSeconds,
  });
  try {
    const server = await startMetricsServer({
      port: settings.port,
      host: settings.host,
      collect: metrics.collect,
      health: atMostEvery(cacheSeconds, () => databaseHealth(pool, settings.workerNames)),
    });
    return { ...server, close: () => server.close().then(() => pool.end()) };
  } catch (error) {
    await pool.end();
    throw error;
  }
}
