import type { Clock } from '../route/clock.js';
import type { WorkerLog } from '../route/log.js';
import type { DeliveryRoute, DeliverySession, Settlement } from '../store/delivery-session.js';
import type { Target } from './target.js';

/** How a runner reaches its database and its targets; injected, so that it can be simulated. */
export interface RunnerPorts {
  connect(): Promise<DeliverySession>;
  openTarget(route: DeliveryRoute): Promise<Target>;
  readonly clock?: Clock;
  readonly log?: WorkerLog;
  /** Told what was settled, for counters and displays. */
  onSettled?(settlements: readonly Settlement[], refused: number): void;
}

/** What a runner does. */
export interface RunnerOptions {
  /** Names the process; what it claims under is made unique from it. */
  readonly runnerId: string;
  /** IU_DEPLOYMENT; null = nothing is sent. */
  readonly deployment: string | null;
  /** Sends at once, over all routes. */
  readonly slots?: number;
  readonly leaseSeconds?: number;
  /** Ends when nothing is due any more, or something holds everything. */
  readonly once?: boolean;
  /** How long a graceful stop waits for what is in flight. */
  readonly stopSeconds?: number;
  /** How this process reports itself in health; absent = it does not. */
  readonly identity?: { readonly host: string; readonly pid: number; readonly version: string };
  /** Wall clock in seconds, compared with the server's. */
  readonly wallClockSeconds?: () => number;
}

/** What a runner did and holds. */
export interface RunnerState {
  readonly hold: string | null;
  readonly sending: number;
  readonly waiting: number;
  readonly sent: number;
  readonly failed: number;
  readonly unknown: number;
  readonly released: number;
  readonly refused: number;
  readonly deadLettered: number;
  /** Codes of routes whose target this process cannot open. */
  readonly unopened: readonly string[];
}
