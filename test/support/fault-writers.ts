import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import { connectClient } from '../../src/store/session.js';
import { seeded } from './seeded.js';

/** Domain of the events that the writers of a fault run emit; `fault_worker` decides them. */
export const faultDomain = 'fault';

interface Queries {
  query(sql: string, parameters?: unknown[]): Promise<{ rows: Record<string, unknown>[] }>;
}

/** The table of subjects: each counts its committed changes in its own row, so what was emitted is known without the log. */
export async function prepareWriters(queries: Queries, subjects: number): Promise<void> {
  await queries.query('create table fault_subject (id integer primary key, n integer not null default 0)');
  await queries.query('select fn_iu_event_type_add($1, $2)', [faultDomain, 'changed']);
  await queries.query('select fn_iu_route_worker_register($1, $2, $3)', [
    `${faultDomain}_worker`,
    faultDomain,
    'beginning',
  ]);
  await queries.query('insert into fault_subject (id) select n from generate_series(1, $1::integer) n', [subjects]);
}

export interface WriterOptions {
  readonly url: string;
  readonly schema: string;
  readonly seed: number;
  readonly writers: number;
  readonly subjects: number;
  /** They stop by themselves after so many committed events, together. */
  readonly most: number;
  readonly abortShare?: number;
  readonly longestPauseMilliseconds?: number;
}

/** Writers that go on through crashes, until they are stopped. */
export interface Writers {
  /** Highest committed number of each subject that a writer was told about: it may not be lost by anything. */
  readonly acknowledged: ReadonlyMap<number, number>;
  readonly committed: number;
  readonly reconnects: number;
  /** Until they have written what they were to write, through whatever happens meanwhile. */
  finish(): Promise<void>;
  stop(): Promise<void>;
}

/** The row lock of the subject first, the event after it: what a producer promises. */
const change = `with locked as (update fault_subject set n = n + 1 where id = $1 returning n)
  select locked.n, e.event_seq from locked, fn_iu_emit('${faultDomain}', 'changed', 'fault_subject', $1::text, jsonb_build_object('n', locked.n)) e`;

/** Starts writers; an error of the server or of the connection leaves the outcome of one transaction open, which the counters settle. */
export function startWriters(options: WriterOptions): Writers {
  const acknowledged = new Map<number, number>();
  const counts = { committed: 0, reconnects: 0 };
  let stopping = false;
  const idle = () => stopping || counts.committed >= options.most;

  const transaction = async (client: pg.Client, random: ReturnType<typeof seeded>) => {
    const ids = [
      ...new Set(Array.from({ length: random.between(1, 3) }, () => random.between(1, options.subjects))),
    ].sort((a, b) => a - b);
    await client.query('begin');
    const written: [number, number][] = [];
    for (const id of ids) written.push([id, Number((await client.query(change, [id])).rows[0].n)]);
    if (random.chance(options.abortShare ?? 0.05)) {
      await client.query('rollback');
      return;
    }
    await client.query('commit');
    counts.committed += written.length;
    for (const [id, n] of written) acknowledged.set(id, Math.max(acknowledged.get(id) ?? 0, n));
  };
  const writer = async (number: number) => {
    const random = seeded(options.seed * 1009 + number);
    while (!idle()) {
      let client: pg.Client | undefined;
      try {
        client = await connectClient({ url: options.url, schema: options.schema, purpose: `fault writer ${number}` });
        while (!idle()) {
          await transaction(client, random);
          await pause((options.longestPauseMilliseconds ?? 12) * random.next());
        }
      } catch {
        counts.reconnects += 1;
        await pause(50);
      } finally {
        await client?.end().catch(() => {});
      }
    }
  };
  const running = Promise.all(Array.from({ length: options.writers }, (_, number) => writer(number)));
  return {
    acknowledged,
    get committed() {
      return counts.committed;
    },
    get reconnects() {
      return counts.reconnects;
    },
    finish: async () => {
      await running;
    },
    stop: async () => {
      stopping = true;
      await running;
    },
  };
}
