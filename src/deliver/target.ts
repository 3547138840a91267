import type { Delivery, SendOutcome } from '../contract/delivery/delivery.js';

/** A route as its target needs it. `targetConfig` was read from JSON; secrets in it are references `env:NAME` or `file:PATH`. */
export interface TargetRoute {
  readonly routeId: string;
  readonly routeCode: string;
  readonly routeVersion: number;
  readonly targetKind: string;
  readonly targetRef: string;
  readonly targetConfig: Readonly<Record<string, unknown>>;
}

/** What a target gets from the process it runs in. Injected, so that tests bring their own. */
export interface TargetSurroundings {
  /** Where `env:NAME` is looked up. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Hosts, addresses and networks that may be sent to although they are private or not https: `IU_DELIVERY_ALLOW`. */
  readonly allow: readonly string[];
  /** `source` of a CloudEvent: the deployment's name, `iu-core` without one. */
  readonly deployment: string;
  log(level: 'info' | 'warn' | 'error', message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** One finding about a target's own settings, such as a stream with one replica. */
export interface TargetFinding {
  readonly severity: 'warning' | 'error';
  readonly message: string;
}

/**
 * Sends deliveries of one version of one route. One instance a route version a process; many sends at once.
 *
 * `send` never throws and always settles by `deadlineMilliseconds` after its call, by its own monotonic clock: DNS, connect, TLS,
 * headers and body together.
 */
export interface Target {
  send(delivery: Delivery, deadlineMilliseconds: number): Promise<SendOutcome>;
  /** Looks at the target without sending an event. */
  check(): Promise<readonly TargetFinding[]>;
  close(): Promise<void>;
}

/** Opens a target. Throws an IuError when the configuration cannot work (unknown key, unreadable secret, malformed address). */
export type OpenTarget = (route: TargetRoute, surroundings: TargetSurroundings) => Promise<Target>;
