import type { Database } from '../../store/database.js';
import type { PlaceFacts } from '../../store/precheck.js';

/** The eight gates, in the order in which they are asked. */
export const gateNames = [
  'host_and_role',
  'target',
  'backup',
  'drift',
  'package',
  'disable_boundary',
  'delivery_safety',
  'evidence_folder',
] as const;

export type GateName = (typeof gateNames)[number];

/** What one gate found. */
export interface GateResult {
  readonly number: number;
  readonly gate: GateName;
  readonly what: string;
  readonly passed: boolean;
  /** What was looked at, in one sentence. No payloads, no secrets. */
  readonly evidence: string;
  /** What to do; null where it passed. */
  readonly action: string | null;
}

/** What somebody who starts a durable step knows of the place he means. */
export interface ExpectedTarget {
  /** Name of the installation (IU_DEPLOYMENT). */
  readonly deployment?: string | undefined;
  readonly database?: string | undefined;
  /** System identifier of the cluster, as `iu precheck` and pg_controldata show it. */
  readonly cluster?: string | undefined;
  /** Address and port as the server says them, for example `10.0.0.5:5432`. */
  readonly host?: string | undefined;
}

/** What the precheck is asked. */
export interface PrecheckWishes {
  readonly database: Database;
  readonly expected: ExpectedTarget;
  /** Where backups lie with their records. */
  readonly backupFolder: string;
  /** Where the evidence of the step will be written. */
  readonly evidenceFolder: string;
  /** How old the newest backup may be; a day when not said. */
  readonly mostBackupAgeSeconds?: number | undefined;
  /** Asks every gate; otherwise the first that fails is the last that is asked. */
  readonly all?: boolean | undefined;
  /** Asks only these; all eight when not said. */
  readonly only?: readonly GateName[] | undefined;
  readonly now?: Date | undefined;
  /** Folder of changes; that of this package when not said. */
  readonly sqlFolder?: string | undefined;
}

/** What `runPrecheck` found. */
export interface PrecheckReport {
  readonly passed: boolean;
  readonly gates: readonly GateResult[];
  /** Gates that were not asked, because an earlier one failed. */
  readonly notAsked: readonly GateName[];
  readonly place: {
    readonly host: string;
    readonly database: string;
    readonly schema: string;
    readonly role: string;
    readonly systemIdentifier: string;
    readonly installed: boolean;
  };
}

/** Outcome of a gate without its place in the list. */
export interface Verdict {
  readonly passed: boolean;
  readonly evidence: string;
  readonly action: string | null;
}

/** Everything a gate may look at. */
export interface GateInput extends PrecheckWishes {
  readonly place: PlaceFacts;
}

export const pass = (evidence: string): Verdict => ({ passed: true, evidence, action: null });
export const fail = (evidence: string, action: string): Verdict => ({ passed: false, evidence, action });
