import { describe, expect, test } from 'vitest';
import { createTestDatabase } from '../support/database.js';
import { prepareKeyset } from '../support/keyset-cursor.js';
import { readLedger } from '../support/ledger.js';
import { type LoadOptions, prepareLoad, runWriters, startReaders } from '../support/load-harness.js';
import { certificate, drain, prepareRace } from '../support/race.js';
import { chosenRuns, chosenSeed } from '../support/seeded.js';

const domains = ['load_a', 'load_b'];
const firstSeed = chosenSeed();

describe('overlapping writers', () => {
  test.each(Array.from({ length: chosenRuns() }, (_, run) => firstSeed + run))(
    '12 writers, 2 workers a cursor that are killed now and then: nothing lost, doubled or turned round, where a (created_at, id) cursor loses (seed %i)',
    async (seed) => {
      const db = await createTestDatabase();
      try {
        const options: LoadOptions = {
          url: db.url,
          schema: db.schema,
          seed,
          domains,
          writers: 12,
          events: 20_000,
          subjects: 400,
          abortShare: 0.05,
          longestMilliseconds: 200,
        };
        await prepareRace(db.pool);
        await prepareLoad(db.pool, options);
        await prepareKeyset(db.pool, domains);
        const passes = startReaders(options, 'pass', 2, 150);
        const keyset = startReaders(options, 'keyset', 1);
        const written = await runWriters(options);
        await passes.stop();
        await keyset.stop();
        for (const domain of domains) await drain(db.pool, 1000, `${domain}_worker`);

        const ledger = await readLedger(db.pool, 'pass');
        const earlier = await readLedger(db.pool, 'keyset');
        console.log(
          `seed ${seed}: ${JSON.stringify(written)} passes ${JSON.stringify(passes.report)}\n  pass ${JSON.stringify(ledger)}\n  keyset ${JSON.stringify(earlier)}`,
        );
        expect(ledger).toEqual({
          committed: written.committedEvents,
          decided: written.committedEvents,
          lost: 0,
          double: 0,
          inversions: 0,
        });
        expect(written.committedEvents).toBeGreaterThanOrEqual(20_000);
        expect(written.abortedTransactions).toBeGreaterThan(0);
        expect(written.rolledBackSavepoints).toBeGreaterThan(0);
        expect(passes.report.killed, 'workers killed').toBeGreaterThan(5);
        expect(passes.report.busy, 'passes that met another of their name').toBeGreaterThan(0);
        for (const domain of domains) expect(await certificate(db.pool, `${domain}_worker`)).toMatchObject({ lost: 0 });
        expect(earlier.lost, 'the load is able to show loss').toBeGreaterThan(100);
      } finally {
        await db.drop();
      }
    },
  );
});
