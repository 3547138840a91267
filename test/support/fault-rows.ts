import { afterAll, expect, test } from 'vitest';
import type { DeliveryLedger } from './delivery-ledger.js';
import type { FaultRun } from './fault-run.js';
import { chosenSeed, type Seeded, seeded } from './seeded.js';

/** How often each row runs when nobody asked: the short form. `npm run test:fault -- --runs N` asks. */
const shortRuns = 5;

export interface RowOptions {
  /** Of the short form; the long form runs what was asked for, at most `most`. */
  readonly runs?: number;
  readonly most?: number;
  /** Runs at the same time, each in a database of its own. They wait for leases and sockets most of the time. */
  readonly atOnce?: number;
  readonly secondsPerRun?: number;
  /** Beside the other rows of its file that say so: rows that do nothing but wait. */
  readonly isConcurrent?: boolean;
  /** Why this row cannot run here; it is shown as skipped. */
  readonly skip?: string | false | undefined;
}

/** What a row's body gets for one run. */
export interface RowRun {
  /** Everything random comes from here, and it is in the message of a failure. */
  readonly seed: number;
  readonly random: Seeded;
  readonly number: number;
  /** Counts that a path of recovery was taken. */
  visited(path: string, times?: number): void;
}

/** The rows of one file: numbers are those of the fault matrix. Fails at the end when a path was never visited in the short form or a longer one. */
export interface FaultRows {
  row(name: string, body: (run: RowRun) => Promise<void>, options?: RowOptions): void;
}

/** `usualRuns`: of the rows of a file whose runs are dear and much alike; at least 40 rows keep to five. */
export function faultRows(expectedPaths: readonly string[], usualRuns = shortRuns): FaultRows {
  const firstSeed = chosenSeed();
  const visits = new Map<string, number>();
  let registered = 0;
  let rows = 0;
  let runs = 0;
  let failed = false;
  const asked = Number(process.env.IU_FAULT_RUNS) || undefined;

  afterAll(() => {
    const table = [...visits].map(([path, times]) => `${path} ${times}`).join(', ');
    console.log(`fault rows ${rows}, runs ${runs}, seed ${firstSeed}, recovery paths visited: ${table}`);
    // A single run may miss a path by chance; with a filter by name some rows did not run; after a failure it would only add to the noise.
    if (failed || rows < registered || (asked ?? shortRuns) < shortRuns) return;
    expect(expectedPaths.filter((path) => !visits.get(path))).toEqual([]);
  });

  const row: FaultRows['row'] = (name, body, options = {}) => {
    const count = Math.min(asked ?? options.runs ?? usualRuns, options.most ?? Number.POSITIVE_INFINITY);
    const timeout = 120_000 + count * (options.secondsPerRun ?? 60) * 1000;
    if (options.skip) {
      // Under its own name: where another run can run it, it is not missing.
      console.log(`skipped: ${name}: ${options.skip}`);
      test.skip(name, () => {});
      return;
    }
    registered += 1;
    const add = options.isConcurrent ? test.concurrent : test;
    add(
      name,
      async () => {
        rows += 1;
        let next = 0;
        const lane = async () => {
          while (next < count) {
            const number = next;
            next += 1;
            await oneRun(name, firstSeed + number, number, body, visits);
            runs += 1;
          }
        };
        try {
          await Promise.all(Array.from({ length: Math.min(options.atOnce ?? 5, count) }, lane));
        } catch (error) {
          failed = true;
          throw error;
        }
      },
      timeout,
    );
  };
  return { row };
}

async function oneRun(
  name: string,
  seed: number,
  number: number,
  body: (run: RowRun) => Promise<void>,
  visits: Map<string, number>,
): Promise<void> {
  const visited = (path: string, times = 1) => void (times > 0 && visits.set(path, (visits.get(path) ?? 0) + times));
  try {
    await body({ seed, number, random: seeded(seed * 31 + name.length), visited });
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw new Error(`run ${number} of "${name}" with seed ${seed}: ${text}`, { cause: error });
  }
}

/** The promise: everything emitted is decided and sent once in the books, received at least once, and explained. */
export function expectPromise(run: FaultRun, ledger: DeliveryLedger, limits: { duplicates: number }): void {
  expect(ledger).toMatchObject({
    received: ledger.emitted * run.routes.length,
    undecided: 0,
    doubleDecisions: 0,
    unsent: 0,
    doubleSent: 0,
    brokenNumbers: 0,
    phantomSent: 0,
    unrecorded: 0,
    unexplained: 0,
    changedBodies: 0,
    inversions: 0,
    deadLetters: 0,
    waiting: 0,
    leases: 0,
  });
  expect(ledger.emitted).toBeGreaterThan(0);
  expect(ledger.duplicates).toBeLessThanOrEqual(limits.duplicates);
}
