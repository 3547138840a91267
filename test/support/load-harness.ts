import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import { connectClient } from '../../src/store/session.js';
import { keysetPass } from './keyset-cursor.js';
import { pass } from './race.js';
import { type Seeded, seeded } from './seeded.js';

export interface LoadOptions {
  readonly url: string;
  readonly schema: string;
  readonly seed: number;
  /** Domains that the writers emit into; `<domain>_worker` decides each. */
  readonly domains: readonly string[];
  readonly writers: number;
  /** Writers stop when so many events were committed, together. */
  readonly events: number;
  readonly subjects: number;
  /** Share of transactions that end with ROLLBACK. */
  readonly abortShare: number;
  /** Longest transaction; most are much shorter. */
  readonly longestMilliseconds: number;
}

/** What the writers did, counted on their side. */
export interface LoadReport {
  committedEvents: number;
  committedTransactions: number;
  abortedTransactions: number;
  rolledBackSavepoints: number;
  longestMilliseconds: number;
}

/** The tables of the load: a subject a row, whose counter is raised under its row lock before each of its events. */
export async function prepareLoad(
  queries: { query(sql: string, parameters?: unknown[]): Promise<unknown> },
  options: LoadOptions,
): Promise<void> {
  await queries.query(
    'create table load_subject (domain text, id integer, n integer not null default 0, primary key (domain, id))',
  );
  for (const domain of options.domains) {
    await queries.query('select fn_iu_event_type_add($1, $2)', [domain, 'changed']);
    await queries.query('select fn_iu_route_worker_register($1, $2, $3)', [`${domain}_worker`, domain, 'beginning']);
    await queries.query('insert into load_subject (domain, id) select $1, n from generate_series(1, $2::integer) n', [
      domain,
      options.subjects,
    ]);
  }
}

/** The row lock of the subject first, the event after it: what a producer promises. */
const change = `with locked as (update load_subject set n = n + 1 where domain = $1 and id = $2 returning n)
  select e.event_seq from locked, fn_iu_emit($1, 'changed', 'load_subject', $2::text, jsonb_build_object('n', locked.n)) e`;

async function writeTransaction(
  client: pg.Client,
  random: Seeded,
  options: LoadOptions,
  report: LoadReport,
): Promise<void> {
  const started = Date.now();
  const domain = options.domains[random.between(0, options.domains.length - 1)] ?? '';
  // In order of id, so that two writers do not lock the same subjects against each other.
  const ids = [
    ...new Set(Array.from({ length: random.between(1, 8) }, () => random.between(1, options.subjects))),
  ].sort((a, b) => a - b);
  const sleepSeconds = (options.longestMilliseconds / 1000) * random.next() ** 3;
  let written = 0;
  await client.query('begin');
  if (random.chance(0.3)) await client.query('select pg_current_xact_id()');
  for (const id of ids) {
    const savepoint = random.chance(0.15);
    if (savepoint) await client.query('savepoint s');
    await client.query(change, [domain, id]);
    if (savepoint && random.chance(0.4)) {
      await client.query('rollback to savepoint s');
      report.rolledBackSavepoints += 1;
    } else {
      if (savepoint && random.chance(0.5)) await client.query('release savepoint s');
      written += 1;
    }
    await client.query('select pg_sleep($1)', [sleepSeconds / ids.length]);
  }
  if (random.chance(options.abortShare)) {
    await client.query('rollback');
    report.abortedTransactions += 1;
  } else {
    await client.query('commit');
    report.committedTransactions += 1;
    report.committedEvents += written;
  }
  report.longestMilliseconds = Math.max(report.longestMilliseconds, Date.now() - started);
}

/** Runs the writers until the events are there. */
export async function runWriters(options: LoadOptions): Promise<LoadReport> {
  const report: LoadReport = {
    committedEvents: 0,
    committedTransactions: 0,
    abortedTransactions: 0,
    rolledBackSavepoints: 0,
    longestMilliseconds: 0,
  };
  const writer = async (number: number) => {
    const random = seeded(options.seed * 1000 + number);
    const client = await connectClient({ url: options.url, schema: options.schema, purpose: `load writer ${number}` });
    try {
      while (report.committedEvents < options.events) await writeTransaction(client, random, options, report);
    } finally {
      await client.end();
    }
  };
  await Promise.all(Array.from({ length: options.writers }, (_, number) => writer(number)));
  return report;
}

export interface ReaderReport {
  passes: number;
  busy: number;
  killed: number;
}

/** Readers that run until they are stopped; who is killed comes back with a new connection. */
export interface Readers {
  readonly report: ReaderReport;
  stop(): Promise<void>;
}

type ReaderKind = 'pass' | 'keyset';

/** Starts `perDomain` readers of each domain, all of the same worker name there. */
export function startReaders(
  options: LoadOptions,
  kind: ReaderKind,
  perDomain: number,
  killEveryMilliseconds?: number,
): Readers {
  const report: ReaderReport = { passes: 0, busy: 0, killed: 0 };
  let stopping = false;
  const pids = new Map<string, number>();
  const random = seeded(options.seed * 7919 + (kind === 'pass' ? 1 : 2));

  const reader = async (domain: string, number: number) => {
    const name = `${domain} ${number}`;
    while (!stopping) {
      const client = await connectClient({ url: options.url, schema: options.schema, purpose: `load ${kind} ${name}` });
      try {
        pids.set(name, Number((await client.query('select pg_backend_pid() as pid')).rows[0].pid));
        while (!stopping) {
          const seen = kind === 'pass' ? await onePass(client, domain) : await keysetPass(client, domain, 200);
          report.passes += 1;
          if (seen === 0) await pause(2);
        }
      } catch (error) {
        if (!['57P01', '08006', undefined].includes((error as { code?: string }).code)) throw error;
      } finally {
        pids.delete(name);
        await client.end().catch(() => {});
      }
    }
  };
  const onePass = async (client: pg.Client, domain: string) => {
    const result = await pass(client, random.between(1, 400), `${domain}_worker`);
    if (result.status === 'busy') report.busy += 1;
    else if (result.status !== 'ran') throw new Error(`a pass ended with ${result.status}`);
    return result.status === 'busy' ? 0 : result.seen;
  };
  const killer = async (every: number) => {
    const client = await connectClient({ url: options.url, schema: options.schema, purpose: 'load killer' });
    while (!stopping) {
      await pause(every * (0.5 + random.next()));
      const victims = [...pids.values()];
      const victim = victims[random.between(0, victims.length - 1)];
      if (victim === undefined || stopping) continue;
      await client.query('select pg_terminate_backend($1)', [victim]);
      report.killed += 1;
    }
    await client.end();
  };
  const running: Promise<void>[] = options.domains.flatMap((domain) =>
    Array.from({ length: perDomain }, (_, number) => reader(domain, number)),
  );
  if (killEveryMilliseconds !== undefined) running.push(killer(killEveryMilliseconds));
  const ended = Promise.all(running);
  ended.catch(() => {});
  return {
    report,
    stop: async () => {
      stopping = true;
      await ended;
    },
  };
}
