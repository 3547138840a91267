import { afterEach, beforeEach } from 'vitest';
import { createTestDatabase, type TestDatabase } from './database.js';
import { type Answer, prepareDelivery, type RunningRunner, sent, startRunner } from './delivery-queue.js';
import { drain, emit } from './race.js';
import { countOf } from './worker.js';

type StartArguments = Parameters<typeof startRunner> extends [unknown, ...infer Rest] ? Rest : never;

/**
 * Gives every test of a file a database of its own that delivers, and stops behind it the runners that it started; one whose database
 * the test has broken may fail at that.
 */
export function useRunners(give: (database: TestDatabase) => void, { stopsMayFail = false } = {}) {
  let db: TestDatabase;
  let runners: RunningRunner[] = [];
  beforeEach(async () => {
    db = await createTestDatabase();
    give(db);
    await prepareDelivery(db);
  });
  afterEach(async () => {
    const stops = await Promise.allSettled(runners.map((one) => one.stop()));
    runners = [];
    await db.drop();
    const failed = stops.find((stop) => stop.status === 'rejected');
    if (failed !== undefined && !stopsMayFail) throw failed.reason;
  });
  return {
    start: (...given: StartArguments) => {
      const running = startRunner(db, ...given);
      runners.push(running);
      return running;
    },
    /** So many events, each about a subject of its own, and decided. */
    queue: async (count: number, subject = 's') => {
      for (let at = 0; at < count; at += 1) await emit(db.pool, `${subject}${at}`, { at });
      await drain(db.pool);
    },
    /** Attempts with this status. */
    settled: (status: string) => countOf(db, `iu_route_attempt where status = '${status}'`),
  };
}

/** A target that answers when the test says so. */
export function gatedTarget(): { readonly answer: Answer; readonly open: () => void; readonly begun: () => number } {
  let open = () => {};
  let begun = 0;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return {
    answer: async () => {
      begun += 1;
      await opened;
      return sent;
    },
    open: () => open(),
    begun: () => begun,
  };
}
