import { InvalidArgumentError } from 'commander';
import type { DeliveryRunner } from '../deliver/runner.js';
import { atMostEvery } from '../http/fresh.js';
import { databaseHealth } from '../http/health.js';
import { createMetrics, type ProcessCounters } from '../http/metrics.js';
import { type MetricsServer, startMetricsServer } from '../http/server.js';
import type { RouteWorker } from '../route/worker.js';
import { createPool } from '../store/database.js';
import { readMetrics } from '../store/metrics.js';
import { packageVersion } from './run.js';

/** Where a process listens. */
export interface ListenAddress {
  readonly port: number;
  readonly host?: string;
}

/** Parser of an address to listen on: `9464` (this machine only), `0.0.0.0:9464`, `[::1]:9464`. */
export function listenAddress(text: string): ListenAddress {
  const match = /^(?:(\[[0-9a-f:.]+\]|[A-Za-z0-9.-]+):)?(\d{1,5})$/.exec(text);
  const port = Number(match?.[2] ?? Number.NaN);
  if (!(port >= 0 && port <= 65_535)) throw new InvalidArgumentError('It has to be a port, or host:port.');
  const host = match?.[1]?.replace(/[[\]]/g, '');
  return host === undefined ? { port } : { port, host };
}

/** What a process that decides or delivers shows of itself. */
export interface ListenSettings extends ListenAddress {
  readonly url: string;
  readonly schema: string;
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
