import type pg from 'pg';
import { type Books, corpusCounts, readBooks, reconcileWorker } from '../../store/demo.js';
import { deliveryCounts } from '../../store/demo-live.js';
import { type HealthReason, registeredWorkers, workerHealth } from '../../store/health.js';
import type { Printer } from '../printer.js';

/** What a person wants to know at the end; the members of the JSON that `iu demo --json` prints. */
export interface DemoSummary {
  readonly documents: number;
  readonly units: number;
  readonly versions: number;
  readonly events: number;
  readonly attempts: Readonly<Record<string, number>>;
  /** Of the route that is live: what the receiver took, and what it refused on purpose. */
  readonly deliveries: {
    readonly sent: number;
    readonly received: number;
    readonly duplicates: number;
    readonly deadLettered: number;
    readonly replayed: number;
  };
  readonly lost: number;
  readonly backlog: number;
  readonly healthy: boolean;
  readonly reasons: readonly (HealthReason & { readonly worker: string })[];
  /** Recorded and decided in this run; when it recorded nothing, what the passes of earlier runs reached. */
  readonly eventsPerSecond: number;
  readonly certificateHolds: boolean;
}

/** This run: duplicates that the receiver saw, how many events were there when it began, and how long playing and deciding took. */
export interface RunMeasure {
  readonly liveRouteCode: string;
  readonly duplicates: number;
  readonly eventsBefore: number;
  readonly seconds: number;
}

/** Reads everything anew from the database; nothing is taken from what this process believes. */
export async function summarize(pool: pg.Pool, measure: RunMeasure): Promise<DemoSummary> {
  const workers = await registeredWorkers(pool);
  let lost = 0;
  for (const worker of workers) lost += (await reconcileWorker(pool, worker)).lost;
  const books: Books[] = await readBooks(pool);
  const counts = await corpusCounts(pool);
  const reasons: (HealthReason & { worker: string })[] = [];
  let backlog = 0;
  for (const worker of workers) {
    const health = await workerHealth(pool, worker);
    backlog += health.backlog_iu_events;
    reasons.push(...health.reasons.map((reason) => ({ worker, ...reason })));
  }
  const { waiting: _waiting, ...delivered } = await deliveryCounts(pool, measure.liveRouteCode);
  const recorded = counts.events - measure.eventsBefore;
  const rate = recorded > 0 ? recorded / measure.seconds : counts.passEvents / Math.max(counts.passSeconds, 0.001);
  return {
    documents: counts.documents,
    units: counts.units,
    versions: counts.versions,
    events: counts.events,
    attempts: counts.attempts,
    deliveries: { ...delivered, duplicates: measure.duplicates },
    lost,
    backlog,
    healthy: workers.length > 0 && reasons.length === 0,
    reasons,
    eventsPerSecond: Math.round(rate * 10) / 10,
    certificateHolds: books.length > 0 && books.every((one) => one.balanced && one.lost === 0),
  };
}

/** The summary for people, and what to do next. */
export function summaryLines(summary: DemoSummary, printer: Printer, stays: boolean): string[] {
  const { palette } = printer;
  const attempts = Object.entries(summary.attempts).map(([status, count]) => `${status} ${count}`);
  const verdict = (good: boolean, yes: string, no: string) => (good ? palette.green(yes) : palette.red(no));
  return [
    '',
    `documents    ${summary.documents}`,
    `units        ${summary.units} with ${summary.versions} versions`,
    `events       ${summary.events}, ${summary.eventsPerSecond} a second`,
    `attempts     ${attempts.join(', ') || 'none'}`,
    `deliveries   ${summary.deliveries.sent} sent, ${summary.deliveries.received} received once, ${summary.deliveries.duplicates} duplicates; ${summary.deliveries.deadLettered} dead-lettered on purpose, ${summary.deliveries.replayed} replayed`,
    `backlog      ${summary.backlog}`,
    `certificate  ${verdict(summary.certificateHolds && summary.lost === 0, 'holds: every event is decided, none is lost', `BROKEN: ${summary.lost} decisions are missing`)}`,
    `health       ${verdict(summary.healthy, 'green', 'red')}`,
    ...[...new Map(summary.reasons.map((reason) => [reason.code, reason])).values()].flatMap((reason) => [
      `             ${reason.code}: ${reason.message}`,
      palette.dim(`             -> ${reason.action}`),
    ]),
    '',
    'One route is live, to a receiver on this machine, after evidence and the approval of a second name. Everything else is in dry-run.',
    'Next:',
    '  npx iu event list            what was recorded',
    '  npx iu attempt list          what was decided, a row a decision',
    '  npx iu route list            the routes, and which of them matched',
    '  npx iu route approvals       who asked, who approved, for how long',
    '  npx iu probe                 eight scenarios in a transaction that cannot commit',
    ...(stays ? ['', 'Database and worker keep running. Ctrl-C ends them; the data stays.'] : []),
  ];
}
