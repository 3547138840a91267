import { errorCode, isConnectionFailure } from '../store/failure.js';
import type { BellSession, PassResult, ProcessState, WorkerSession } from '../store/worker-session.js';
import { ReconnectBackoff } from './backoff.js';
import { type Clock, systemClock } from './clock.js';
import { Lane } from './lane.js';
import { LastKnown } from './last-known.js';
import { silentLog, type WorkerLog } from './log.js';
import type { BatchBounds } from './poll.js';

/** How a worker reaches its database; injected, so that a worker can be simulated. */
export interface WorkerPorts {
  connect(): Promise<WorkerSession>;
  /** Undefined when the bell is not heard here. Absent: no wake-up wanted. */
  openBell?(onRing: () => void, onLost: () => void): Promise<BellSession | undefined>;
  readonly clock?: Clock;
  readonly log?: WorkerLog;
  /** Told after each pass that ran, for a display. */
  onPass?(result: PassResult): void;
}

/** What a worker process does. */
export interface WorkerOptions {
  /** Cursors to serve; every registered one when empty. */
  readonly workerNames?: readonly string[];
  readonly batch?: BatchBounds;
  readonly once?: boolean;
  readonly processId: string;
  readonly host: string;
  readonly pid: number;
  readonly version: string;
  readonly passDeadlineMilliseconds?: number;
  readonly heartbeatMilliseconds?: number;
  readonly reconcileMilliseconds?: number;
  /** How long `once` waits for another worker that holds a cursor. */
  readonly busyWaitMilliseconds?: number;
}

/** What a worker process did. */
export interface WorkerSummary {
  readonly passes: number;
  readonly seen: number;
  readonly attemptsWritten: number;
  readonly deadLettered: number;
  readonly lost: number;
  readonly connects: number;
  /** Cursors that were served at the end. */
  readonly workerNames: readonly string[];
  /** Empty when all went well; for `once` the cursors that could not be finished and why. */
  readonly unfinished: readonly { readonly workerName: string; readonly status: string }[];
}

/** Timeouts, locks, deadlocks, serialization: the pass rolled back and is repeated with less. */
const timeoutCodes: ReadonlySet<string> = new Set(['57014', '55P03', '40P01', '40001', '53200']);

/** Connects that may fail in a row before `once` gives up: about six seconds. */
const onceConnectAttempts = 5;

/** Longest sleep, so that a heartbeat or a new cursor is never far away. */
const longestSleepMilliseconds = 1000;

/**
 * Runs passes for named cursors until it is stopped. One connection works on all of them in turn: routing is one worker's
 * job, and what is slow belongs to delivery.
 */
export class RouteWorker {
  readonly #clock: Clock;
  readonly #log: WorkerLog;
  readonly #backoff: ReconnectBackoff;
  readonly #lastKnown: LastKnown;
  readonly #lanes = new Map<string, Lane>();
  readonly #stop = new AbortController();
  readonly #totals = { passes: 0, seen: 0, attemptsWritten: 0, deadLettered: 0, lost: 0, connects: 0 };
  #wake = new AbortController();
  #session: WorkerSession | undefined;
  #bell: BellSession | undefined;
  #bellWantedAt = 0;
  #bellDetail = 'polling';
  #heartbeatAt = 0;
  #troubles = '';

  constructor(
    private readonly ports: WorkerPorts,
    private readonly options: WorkerOptions,
  ) {
    this.#clock = ports.clock ?? systemClock;
    this.#log = ports.log ?? silentLog;
    this.#backoff = new ReconnectBackoff(this.#clock);
    this.#lastKnown = new LastKnown(options.processId, this.#log);
  }

  /** What it did so far. */
  get totals(): Pick<WorkerSummary, 'passes' | 'seen' | 'attemptsWritten' | 'deadLettered' | 'lost' | 'connects'> {
    return { ...this.#totals };
  }

  /** Ends after the pass that is running. */
  stop(): void {
    this.#stop.abort();
    this.#wake.abort();
  }

  /** Until `stop()`, or until all is decided when `once` was asked for. */
  async run(): Promise<WorkerSummary> {
    const startedAt = this.#clock.nowMilliseconds();
    while (!this.#stop.signal.aborted) {
      try {
        const session = await this.#connected();
        if (session === undefined) break;
        await this.#maintain(session);
        if (this.options.once && this.#finished(startedAt)) break;
        await this.#step(session);
      } catch (error) {
        await this.#recover(error);
      }
    }
    await this.#close();
    return { ...this.#totals, workerNames: [...this.#lanes.keys()], unfinished: this.#unfinished() };
  }

  async #connected(): Promise<WorkerSession | undefined> {
    if (this.#session !== undefined) return this.#session;
    await this.#clock.sleep(this.#backoff.waitMilliseconds(), this.#stop.signal);
    if (this.#stop.signal.aborted) return undefined;
    this.#backoff.attempt();
    this.#totals.connects += 1;
    this.#session = await this.ports.connect();
    await this.#lastKnown.check(this.#session);
    this.#heartbeatAt = 0;
    await this.#openBell();
    return this.#session;
  }

  async #openBell(): Promise<void> {
    const now = this.#clock.nowMilliseconds();
    if (this.ports.openBell === undefined || this.#bell !== undefined || now < this.#bellWantedAt) return;
    // Tried again every minute: a pooler stays a pooler, but a lost connection comes back.
    this.#bellWantedAt = now + 60_000;
    try {
      this.#bell = await this.ports.openBell(
        () => this.#ring(),
        () => {
          this.#bell = undefined;
          this.#bellDetail = 'polling: the listening connection was lost';
          this.#ring();
        },
      );
      this.#bellDetail =
        this.#bell === undefined
          ? 'polling: the bell is not heard, a transaction pooler may be in between'
          : 'listening';
    } catch (error) {
      this.#bellDetail = `polling: no listening connection (${errorCode(error) ?? 'error'})`;
    }
    this.#log(this.#bell === undefined ? 'warn' : 'info', `wake-up: ${this.#bellDetail}`);
  }

  #ring(): void {
    const now = this.#clock.nowMilliseconds();
    for (const lane of this.#lanes.values()) lane.wake(now);
    this.#wake.abort();
  }

  async #maintain(session: WorkerSession): Promise<void> {
    const now = this.#clock.nowMilliseconds();
    if (now < this.#heartbeatAt) return;
    const first = this.#heartbeatAt === 0;
    this.#heartbeatAt = now + (this.options.heartbeatMilliseconds ?? 5000);
    const wanted = this.options.workerNames ?? [];
    const names = wanted.length > 0 ? wanted : await session.workerNames();
    for (const name of names) {
      if (!this.#lanes.has(name)) {
        this.#lanes.set(name, new Lane(name, now, this.options.reconcileMilliseconds ?? 60_000, this.options.batch));
      }
    }
    for (const name of this.#lanes.keys()) if (!names.includes(name)) this.#lanes.delete(name);
    await this.#beat(session, first ? 'starting' : this.#state());
    if (!first) await this.#openBell();
  }

  #state(): ProcessState {
    const lanes = [...this.#lanes.values()];
    return lanes.length > 0 && lanes.every((lane) => lane.status !== 'ran' && lane.status !== 'unknown')
      ? 'waiting'
      : 'running';
  }

  async #beat(session: WorkerSession, state: ProcessState): Promise<void> {
    const statuses = [...this.#lanes.values()].map((lane) => `${lane.workerName} ${lane.status}`).join(', ');
    await session.heartbeat({
      processId: this.options.processId,
      workerNames: [...this.#lanes.keys()],
      host: this.options.host,
      pid: this.options.pid,
      version: this.options.version,
      state,
      detail: `${this.#bellDetail}; ${statuses === '' ? 'no cursor is registered' : statuses}`,
    });
  }

  /** One pass of the lane that is due first, or the sleep until then. */
  async #step(session: WorkerSession): Promise<void> {
    const now = this.#clock.nowMilliseconds();
    let lane: Lane | undefined;
    for (const candidate of this.#lanes.values()) {
      if (this.options.once && candidate.complete) continue;
      if (lane === undefined || candidate.dueAt < lane.dueAt) lane = candidate;
    }
    const dueAt = Math.min(lane?.dueAt ?? Number.POSITIVE_INFINITY, this.#heartbeatAt, now + longestSleepMilliseconds);
    if (dueAt > now) {
      await this.#sleep(dueAt - now);
      return;
    }
    if (lane === undefined || lane.dueAt > now) return;
    await this.#pass(session, lane);
    await this.#reconcile(session, lane);
  }

  async #sleep(milliseconds: number): Promise<void> {
    this.#wake = new AbortController();
    if (this.#stop.signal.aborted) this.#wake.abort();
    await this.#clock.sleep(milliseconds, this.#wake.signal);
  }

  async #pass(session: WorkerSession, lane: Lane): Promise<void> {
    const startedAt = this.#clock.nowMilliseconds();
    let result: PassResult;
    try {
      const deadline = this.options.passDeadlineMilliseconds ?? 60_000;
      result = await session.runPass(lane.workerName, lane.batch.size, deadline);
    } catch (error) {
      const code = errorCode(error);
      if (code === undefined || !timeoutCodes.has(code)) throw error;
      lane.afterTimeout(this.#clock.nowMilliseconds());
      this.#log('warn', 'pass cancelled, the next one asks for less', {
        workerName: lane.workerName,
        code,
        batch: lane.batch.size,
      });
      return;
    }
    const now = this.#clock.nowMilliseconds();
    this.#backoff.worked();
    this.#troubles = '';
    if ((result.seen ?? 0) > 0 && result.cursor_seq && result.cursor_event_id)
      this.#lastKnown.noteEvent(result.cursor_seq, result.cursor_event_id);
    this.#totals.passes += 1;
    this.#totals.seen += result.seen ?? 0;
    this.#totals.attemptsWritten += result.attempts_written ?? 0;
    this.#totals.deadLettered += result.dead_lettered ?? 0;
    if (lane.afterPass(result, now, now - startedAt)) this.#announce(lane);
    if ((result.dead_lettered ?? 0) > 0) {
      this.#log('warn', 'dead letters written', { workerName: lane.workerName, count: result.dead_lettered });
    }
    this.ports.onPass?.(result);
  }

  #announce(lane: Lane): void {
    this.#heartbeatAt = Math.min(this.#heartbeatAt, this.#clock.nowMilliseconds() + 1);
    const level = lane.status === 'ran' || lane.status === 'busy' ? 'info' : 'warn';
    this.#log(level, statusSentences[lane.status] ?? `pass: ${lane.status}`, { workerName: lane.workerName });
  }

  /** Once a minute, and once when the work is done: the certificate is fresh when somebody looks. */
  async #reconcile(session: WorkerSession, lane: Lane): Promise<void> {
    const now = this.#clock.nowMilliseconds();
    const idleAfterWork = lane.idle && lane.workedSinceReconcile;
    if (lane.status !== 'ran' || (now < lane.reconcileAt && !idleAfterWork)) return;
    lane.reconcileAt = now + (this.options.reconcileMilliseconds ?? 60_000);
    // Events that trickle in one by one do not each get a reconcile of their own: at most one in two seconds.
    if (idleAfterWork && !this.options.once && now < lane.quietUntil) return;
    lane.quietUntil = now + 2000;
    lane.workedSinceReconcile = false;
    try {
      const result = await session.reconcile(lane.workerName, 2 * (this.options.passDeadlineMilliseconds ?? 60_000));
      if (result.lost > 0) {
        this.#totals.lost = result.lost;
        this.#log('error', 'decisions are missing: iu cursor rewind decides them', {
          workerName: lane.workerName,
          lost: result.lost,
          firstLostSeq: result.first_lost_seq,
        });
      }
    } catch (error) {
      const code = errorCode(error);
      if (code === undefined || !timeoutCodes.has(code)) throw error;
      this.#log('warn', 'reconcile cancelled, it is tried again later', { workerName: lane.workerName, code });
    }
  }

  #finished(startedAt: number): boolean {
    if (this.#lanes.size === 0) return true;
    const lanes = [...this.#lanes.values()];
    const patience = startedAt + (this.options.busyWaitMilliseconds ?? 60_000);
    return lanes.every(
      (lane) =>
        lane.complete ||
        (lane.status !== 'ran' && lane.status !== 'unknown' && lane.status !== 'busy') ||
        (lane.status === 'busy' && this.#clock.nowMilliseconds() > patience),
    );
  }

  #unfinished(): { workerName: string; status: string }[] {
    if (!this.options.once) return [];
    const left = [...this.#lanes.values()].filter((lane) => !lane.complete);
    return left.map((lane) => ({ workerName: lane.workerName, status: lane.status }));
  }

  /** Whatever went wrong: the connection is given up, the reason is said once, and the back-off decides when to go on. */
  async #recover(error: unknown): Promise<void> {
    const code = errorCode(error) ?? (error instanceof Error ? error.name : 'error');
    const lost = isConnectionFailure(error) || (error instanceof Error && /not queryable/.test(error.message));
    this.#backoff.failed();
    if (code !== this.#troubles) {
      this.#troubles = code;
      const what = lost ? 'no connection, trying again' : 'pass failed, trying again';
      this.#log(lost ? 'warn' : 'error', what, { code, reason: error instanceof Error ? error.message : undefined });
    }
    const session = this.#session;
    this.#session = undefined;
    await session?.close().catch(() => {});
    // A job that is started again by a timer says what is wrong instead of waiting for it to pass.
    if (this.options.once && (!lost || this.#backoff.failures >= onceConnectAttempts)) throw error;
  }

  async #close(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    if (session !== undefined) await this.#beat(session, 'stopped').catch(() => {});
    await this.#bell?.close().catch(() => {});
    this.#bell = undefined;
    await session?.close().catch(() => {});
  }
}

const statusSentences: Readonly<Record<string, string>> = {
  ran: 'deciding events',
  busy: 'another process works on this cursor',
  master_gate_closed: 'waiting: the master gate is closed',
  worker_gate_closed: 'waiting: the worker gate is closed',
  cluster_changed: 'waiting: this is another cluster or log than the cursor knows; iu cursor rebase after a restore',
  unregistered: 'waiting: no cursor of this name is registered',
};
