/** What `iu doctor` looks at, as the database and this host say it. Ages are whole seconds; null = this role may not see it. */
export interface DoctorFacts {
  readonly server: ServerState;
  readonly role: RoleState;
  /** Clock of the server minus clock of this host, in milliseconds. */
  readonly clockSkewMilliseconds: number;
  /** True when statements of one connection met more than one session of the server: a pooler in transaction mode. */
  readonly sessionShared: boolean;
  readonly openTransactions: readonly OpenTransaction[];
  readonly preparedTransactions: readonly PreparedTransaction[];
  readonly slots: readonly ReplicationSlot[];
  readonly tables: readonly TableState[];
  readonly gates: readonly GateState[];
  readonly settings: readonly SettingState[];
  readonly healthReasons: readonly HealthReasonFact[];
  readonly cursors: readonly CursorState[];
  readonly processes: readonly ProcessState[];
  readonly flows: readonly FlowState[];
  readonly unopened: readonly UnopenedFact[];
  readonly approvals: readonly ApprovalFact[];
  readonly delivery: DeliveryFacts;
  readonly watchdogs: readonly WatchdogState[];
  /** Parts that could not be looked at, and the SQLSTATE. */
  readonly blind: readonly { readonly part: string; readonly sqlState: string }[];
}

export interface DeliveryFacts {
  readonly hold: string | null;
  readonly ownName: string | null;
  readonly liveRoutes: number;
  /** The last claim was made in this cluster and database, on another timeline than this one; null = on this one, or elsewhere. */
  readonly promoted: {
    readonly timeline: number;
    readonly claimedTimeline: number;
    readonly claimedName: string;
  } | null;
}

export interface ServerState {
  readonly inRecovery: boolean;
  readonly readOnly: boolean;
  readonly synchronousCommit: string;
  readonly fsync: boolean;
  readonly autovacuum: boolean;
  /** pg_cron is loaded: it can run passes, and nobody beats then. */
  readonly hasPgCron: boolean;
  readonly connections: number;
  readonly mostConnections: number;
  readonly transactionAge: number;
  readonly multixactAge: number;
}

export interface RoleState {
  readonly name: string;
  readonly memberOf: readonly string[];
  readonly isSuperuser: boolean;
  readonly seesAllSessions: boolean;
  /** `iu_worker: fn_iu_route_worker_run` and the like: what a group role of this login should be able to run and cannot. */
  readonly missing: readonly string[];
}

export interface OpenTransaction {
  readonly pid: number | null;
  readonly user: string | null;
  readonly application: string | null;
  readonly state: string | null;
  readonly ageSeconds: number | null;
  readonly statementAgeSeconds: number | null;
  /** It has written: its own events stay undecided. Otherwise it only keeps dead rows from being removed. */
  readonly hasWritten: boolean;
}

export interface PreparedTransaction {
  readonly name: string;
  readonly owner: string;
  readonly ageSeconds: number;
}

export interface ReplicationSlot {
  readonly name: string;
  readonly kind: string;
  readonly active: boolean;
  readonly walStatus: string | null;
  readonly heldMegabytes: number | null;
  readonly horizonAge: number | null;
}

export interface TableState {
  readonly name: string;
  readonly liveRows: number;
  readonly deadRows: number;
  readonly changedRows: number;
  readonly neverAnalyzed: boolean;
  readonly autovacuumOff: boolean;
}

export interface GateState {
  readonly key: string;
  readonly open: boolean;
  readonly changedBy: string | null;
  readonly changedAt: string | null;
  readonly reason: string | null;
  readonly openUntil: string | null;
}

/** A row of `dot_config` under `iu_core.`. */
export interface SettingState {
  readonly key: string;
  readonly value: string | null;
}

export interface HealthReasonFact {
  readonly worker: string;
  readonly code: string;
  readonly message: string;
  readonly action: string;
}

export interface CursorState {
  readonly worker: string;
  readonly domain: string;
  readonly waiting: number;
  readonly oldestSeconds: number | null;
  readonly secondsSinceRun: number | null;
  readonly allowedSilenceSeconds: number;
}

export interface ProcessState {
  readonly processId: string;
  readonly host: string;
  readonly state: string;
  readonly secondsSinceBeat: number;
}

/** A live route whose target some runners that are alive cannot open. */
export interface UnopenedFact {
  readonly route: string;
  /** No runner can: health says so. */
  readonly byAll: boolean;
  readonly runners: number;
  /** What the last of them said, and its host. */
  readonly reason: string;
}

export interface FlowState {
  readonly route: string;
  readonly isLive: boolean;
  readonly breaker: string;
  readonly failuresInRow: number;
  readonly lastFailureCode: string | null;
}

export interface ApprovalFact {
  readonly route: string;
  readonly approvalId: string | null;
  /** What a claim says of it: `valid`, `expired`, `used_up`, … */
  readonly state: string;
  readonly endsInSeconds: number | null;
  /** Events used of the most allowed, 0 to 1; null without a limit. */
  readonly usedShare: number | null;
}

export interface WatchdogState {
  readonly watcher: string;
  readonly secondsSinceLook: number;
  readonly everySeconds: number;
}
