import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { AttemptRange, DatabaseMetrics } from '../store/metrics.js';
import { atMostEvery } from './fresh.js';

/** What this process did and holds; a part that it does not run is undefined. */
export interface ProcessCounters {
  readonly routing?: {
    readonly passes: number;
    readonly seen: number;
    readonly attemptsWritten: number;
    readonly deadLettered: number;
  };
  readonly delivery?: {
    readonly sending: number;
    readonly waiting: number;
    readonly sent: number;
    readonly failed: number;
    readonly unknown: number;
    readonly released: number;
    readonly refused: number;
    readonly deadLettered: number;
  };
}

export interface MetricsSettings {
  read(range: AttemptRange | undefined): Promise<DatabaseMetrics>;
  counters(): ProcessCounters;
  readonly version: string;
  /** Least seconds between two readings of the database, 5 or more outside of tests. */
  readonly cacheSeconds?: number;
  /** Attempts are counted so long after their ids were seen: until then a transaction with a lower id may still commit. */
  readonly lagSeconds?: number;
  readonly nowMilliseconds?: () => number;
}

const breakerValues = { closed: 0, half_open: 1, open: 2 } as const;

/** Attempts of one reading at most, so that a first scrape after a long time stays cheap; the rest comes with the next one. */
const mostAttempts = 500_000n;

/** Which attempts the next reading counts: each once, none before it is `lagSeconds` old. */
export class AttemptRanges {
  #after: string | undefined;
  readonly #seen: { readonly at: number; readonly id: string }[] = [];

  constructor(private readonly lagSeconds: number) {}

  /** The range that may be counted now; undefined = nothing yet. */
  next(now: number): AttemptRange | undefined {
    let until: string | undefined;
    while (this.#seen[0] !== undefined && now - this.#seen[0].at >= this.lagSeconds * 1000)
      until = this.#seen.shift()?.id;
    if (this.#after === undefined || until === undefined || BigInt(until) <= BigInt(this.#after)) return undefined;
    const most = BigInt(this.#after) + mostAttempts;
    if (BigInt(until) <= most) return { after: this.#after, until };
    this.#seen.unshift({ at: now - this.lagSeconds * 1000, id: until });
    return { after: this.#after, until: String(most) };
  }

  /** A reading worked: its range is counted, and this was the last id it saw. */
  counted(range: AttemptRange | undefined, lastId: string, now: number): void {
    this.#after = range?.until ?? this.#after ?? lastId;
    this.#seen.push({ at: now, id: lastId });
  }
}

/** Metrics of this process and its database for Prometheus. Labels are names of routes, cursors and gates, never subjects or payloads. */
export function createMetrics(settings: MetricsSettings): { collect(): Promise<string> } {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const now = settings.nowMilliseconds ?? (() => performance.now());
  const ranges = new AttemptRanges(settings.lagSeconds ?? 60);
  const process = processMetrics(registry, settings.version);
  const database = databaseMetrics(registry);
  const read = atMostEvery(
    settings.cacheSeconds ?? 5,
    async () => {
      const range = ranges.next(now());
      try {
        const reading = await settings.read(range);
        ranges.counted(range, reading.last_attempt_id, now());
        database.show(reading);
      } catch {
        database.forget();
      }
    },
    now,
  );
  return {
    collect: async () => {
      await read();
      process.show(settings.counters());
      return registry.metrics();
    },
  };
}

function processMetrics(registry: Registry, version: string) {
  const registers = [registry];
  const info = new Gauge({ name: 'iu_build_info', help: 'Version of iu-core.', labelNames: ['version'], registers });
  info.set({ version }, 1);
  const routed = new Counter({
    name: 'iu_process_routing_total',
    help: 'What the passes of this process did since it started, by kind: passes, events_seen, attempts_written, dead_lettered.',
    labelNames: ['kind'],
    registers,
  });
  const sends = new Counter({
    name: 'iu_process_sends_total',
    help: 'Sends of this process since it started by what became of them: sent, failed, unknown, released unsent, refused after their lease; and dead_lettered.',
    labelNames: ['outcome'],
    registers,
  });
  const held = new Gauge({
    name: 'iu_process_deliveries',
    help: 'Deliveries that this process has claimed, by state: sending, waiting.',
    labelNames: ['state'],
    registers,
  });
  return {
    show({ routing, delivery }: ProcessCounters): void {
      routed.reset();
      if (routing !== undefined) {
        routed.inc({ kind: 'passes' }, routing.passes);
        routed.inc({ kind: 'events_seen' }, routing.seen);
        routed.inc({ kind: 'attempts_written' }, routing.attemptsWritten);
        routed.inc({ kind: 'dead_lettered' }, routing.deadLettered);
      }
      sends.reset();
      held.reset();
      if (delivery === undefined) return;
      for (const outcome of ['sent', 'failed', 'unknown', 'released', 'refused'] as const)
        sends.inc({ outcome }, delivery[outcome]);
      sends.inc({ outcome: 'dead_lettered' }, delivery.deadLettered);
      held.set({ state: 'sending' }, delivery.sending);
      held.set({ state: 'waiting' }, delivery.waiting);
    },
  };
}

/** Gauges of the database: name, help, label names. */
const gaugeDefinitions = {
  up: [
    'iu_database_up',
    'Whether the database answered the last reading. When it did not, its other metrics are left out.',
  ],
  gate: ['iu_gate_open', 'Gates: 1 open, 0 closed.', 'gate'],
  hold: [
    'iu_delivery_held',
    '1 with the reason that keeps this process from sending anything, none when nothing does.',
    'reason',
  ],
  backlog: ['iu_backlog_events', 'Events that a cursor has still to decide; counted up to 10001.', 'cursor'],
  undecided: [
    'iu_oldest_undecided_seconds',
    'Age of the oldest of these events (of the 10001 that were looked at).',
    'cursor',
  ],
  oldest: ['iu_oldest_delivery_seconds', 'Age of the delivery of the oldest event that is still in the queue.'],
  waiting: [
    'iu_deliveries_waiting',
    'Deliveries in the queue that are not being sent. Exact up to 10000 a route, above it an estimate from the statistics of the table.',
    'route',
  ],
  leased: ['iu_deliveries_leased', 'Deliveries that some runner has claimed.', 'route'],
  overdue: ['iu_delivery_overdue_seconds', 'For how long the first due delivery of a route has been due.', 'route'],
  lanes: [
    'iu_lanes_held',
    'Subjects of an ordered route that an open dead letter holds; counted up to 10001.',
    'route',
  ],
  letters: [
    'iu_dead_letters_open',
    'Open dead letters; counted up to 10001. Route "-": events that could not be decided at all.',
    'route',
  ],
  mode: [
    'iu_route_mode',
    '1 for what a pass would do with an event of this route now: disabled, dry_run or live.',
    'route',
    'mode',
  ],
  paused: ['iu_route_paused', 'Whether sending to the route is paused.', 'route'],
  breaker: ['iu_route_breaker', 'Breaker of a route: 0 closed, 1 half-open, 2 open.', 'route'],
  expires: [
    'iu_approval_expires_seconds',
    'Seconds until the approval of a live route expires; negative when it has.',
    'route',
  ],
  left: ['iu_approval_events_left', 'Events that the approval of a live route still allows.', 'route'],
} as const;

function databaseMetrics(registry: Registry) {
  const registers = [registry];
  const gauges = Object.fromEntries(
    Object.entries(gaugeDefinitions).map(([key, [name, help, ...labelNames]]) => [
      key,
      new Gauge({ name, help, labelNames, registers }),
    ]),
  ) as unknown as Record<keyof typeof gaugeDefinitions, Gauge<string>>;
  const attempts = new Counter({
    name: 'iu_attempts_total',
    help: 'Decisions and sends in the audit, of all processes, since this one started. Counted about a minute after they were written.',
    labelNames: ['route', 'status'],
    registers,
  });
  const forget = () => {
    for (const gauge of Object.values(gauges)) gauge.reset();
    gauges.up.set(0);
  };
  return {
    forget,
    show(reading: DatabaseMetrics): void {
      forget();
      gauges.up.set(1);
      for (const [gate, open] of Object.entries(reading.gates)) gauges.gate.set({ gate }, open ? 1 : 0);
      if (reading.hold !== null) gauges.hold.set({ reason: reading.hold }, 1);
      for (const { worker_name: cursor, backlog, oldest_seconds } of reading.cursors) {
        gauges.backlog.set({ cursor }, backlog);
        gauges.undecided.set({ cursor }, oldest_seconds);
      }
      gauges.oldest.set(reading.deliveries.oldest_seconds);
      for (const { route_code: route, ...found } of reading.routes) {
        gauges.letters.set({ route }, found.dead_letters);
        if (found.mode === null) continue;
        gauges.mode.set({ route, mode: found.mode }, 1);
        gauges.waiting.set({ route }, found.waiting);
        gauges.leased.set({ route }, found.leased);
        gauges.overdue.set({ route }, found.overdue_seconds);
        gauges.lanes.set({ route }, found.lanes_held);
        gauges.paused.set({ route }, found.paused === true ? 1 : 0);
        gauges.breaker.set({ route }, breakerValues[found.breaker ?? 'closed']);
        if (found.approval_expires_seconds !== null) gauges.expires.set({ route }, found.approval_expires_seconds);
        if (found.approval_events_left !== null) gauges.left.set({ route }, found.approval_events_left);
      }
      for (const { route_code: route, status, count } of reading.attempts) attempts.inc({ route, status }, count);
    },
  };
}
