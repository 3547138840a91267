import { hostname } from 'node:os';
import type { Command } from 'commander';
import { DeliveryRunner, type RunnerState } from '../deliver/runner.js';
import type { TargetSurroundings } from '../deliver/target.js';
import { openTargetOf } from '../deliver/targets.js';
import { type BatchBounds, defaultBatchBounds } from '../route/poll.js';
import { RouteWorker, type WorkerSummary } from '../route/worker.js';
import type { Database } from '../store/database.js';
import { openDeliverySession } from '../store/delivery-session.js';
import { openBell, openWorkerSession } from '../store/worker-session.js';
import type { CliContext } from './context.js';
import type { LogFields, Logger } from './log.js';
import { packageVersion } from './run.js';

/** What a worker process does. */
export interface WorkerProcessWishes {
  readonly once: boolean;
  readonly routes: boolean;
  readonly delivers: boolean;
  readonly workerNames?: readonly string[];
  readonly wakeUp?: boolean;
  /** Exactly so many events a pass. */
  readonly batch?: number | undefined;
  /** Names this process by the deployment it belongs to; undefined sends nothing. */
  readonly deployment: string | undefined;
  readonly deliveryAllow: string | undefined;
  /** Where `env:` references of secrets are looked up. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** What it did; a part that it did not do is undefined. */
export interface WorkerProcessSummary {
  readonly routing: WorkerSummary | undefined;
  readonly delivery: RunnerState | undefined;
}

/** A route worker and a delivery runner in one process: the pass wakes the runner when it queued something. */
export class WorkerProcess {
  readonly worker: RouteWorker | undefined;
  readonly runner: DeliveryRunner | undefined;

  constructor(
    database: Database,
    private readonly wishes: WorkerProcessWishes,
    logger: Logger,
  ) {
    const processId = `${hostname()}:${process.pid}:${Date.now().toString(36)}`;
    const settings = { url: database.url, schema: database.schema };
    const log = (level: 'debug' | 'info' | 'warn' | 'error', message: string, fields?: object) =>
      logger[level](message, fields as LogFields | undefined);
    this.runner = wishes.delivers
      ? new DeliveryRunner(
          {
            connect: () => openDeliverySession({ ...settings, purpose: 'delivery' }),
            openTarget: (route) => openTargetOf(route, surroundings(wishes, log)),
            log,
          },
          {
            runnerId: processId,
            deployment: wishes.deployment ?? null,
            once: wishes.once,
            identity: { host: hostname(), pid: process.pid, version: packageVersion() },
          },
        )
      : undefined;
    this.worker = wishes.routes ? this.#routeWorker(settings, processId, log) : undefined;
  }

  #routeWorker(
    settings: { readonly url: string; readonly schema: string },
    processId: string,
    log: (level: 'debug' | 'info' | 'warn' | 'error', message: string, fields?: object) => void,
  ): RouteWorker {
    const { wishes } = this;
    const batch: BatchBounds | undefined =
      wishes.batch === undefined
        ? undefined
        : { ...defaultBatchBounds, first: wishes.batch, smallest: wishes.batch, largest: wishes.batch };
    const bell = (onRing: () => void, onLost: () => void) =>
      openBell({ ...settings, purpose: 'worker bell' }, onRing, onLost);
    return new RouteWorker(
      {
        connect: () => openWorkerSession({ ...settings, purpose: 'worker' }),
        ...(wishes.wakeUp ? { openBell: bell } : {}),
        log,
        onPass: (result) => {
          if ((result.deliveries_queued ?? 0) > 0) this.runner?.wake();
        },
      },
      {
        ...(wishes.workerNames === undefined ? {} : { workerNames: wishes.workerNames }),
        once: wishes.once,
        ...(batch === undefined ? {} : { batch }),
        processId,
        host: hostname(),
        pid: process.pid,
        version: packageVersion(),
      },
    );
  }

  /** Ends after the pass that runs and the sends that are in flight. */
  stop(): void {
    this.worker?.stop();
    this.runner?.stop();
  }

  /** Until `stop()`. With `once`: everything is decided first, then what is due is delivered. */
  async run(): Promise<WorkerProcessSummary> {
    if (this.wishes.once) {
      const routing = await this.worker?.run();
      return { routing, delivery: await this.runner?.run() };
    }
    const [routing, delivery] = await Promise.all([this.worker?.run(), this.runner?.run()]);
    return { routing, delivery };
  }
}

type TargetWishes = Pick<WorkerProcessWishes, 'deployment' | 'deliveryAllow' | 'environment'>;

function surroundings(wishes: TargetWishes, log: TargetSurroundings['log']): TargetSurroundings {
  return {
    environment: wishes.environment,
    allow: wishes.deliveryAllow?.split(',') ?? [],
    deployment: wishes.deployment ?? 'iu-core',
    log,
  };
}

/** What a target gets from the process of a command. */
export function surroundingsOf(context: CliContext, command: Command): TargetSurroundings {
  const logger = context.logger(command);
  return surroundings(processSettings(context, command), (level, message, fields) =>
    logger[level](message, fields as LogFields | undefined),
  );
}

/** The wishes that come from the configuration of the command. */
export function processSettings(context: CliContext, command: Command): TargetWishes {
  const { deployment, deliveryAllow } = context.config(command);
  return { deployment, deliveryAllow, environment: context.environment };
}
