import type pg from 'pg';
import { describe, expect, it } from 'vitest';
import { loadChanges, migrateUp, migrateVerify } from '../../src/install/migrate/index.js';
import { advisoryLocks, catalogOf, type Fingerprint } from '../support/catalog.js';
import { createEmptyDatabase } from '../support/database.js';

const names = loadChanges().map((change) => change.name);

/** A full, undisturbed installation: its catalog and how many statements it took. */
async function reference(): Promise<{ catalog: Fingerprint[]; statements: number }> {
  const db = await createEmptyDatabase();
  try {
    const client = await db.connect();
    let statements = 0;
    await migrateUp(client, {
      schema: db.schema,
      onStatement: () => {
        statements += 1;
      },
    });
    return { catalog: await catalogOf(client, db.schema), statements };
  } finally {
    await db.drop();
  }
}

/** Installs with a runner whose backend is killed before statement number `at`, then again, and compares. */
async function killAndRunAgain(at: number, expected: Fingerprint[]): Promise<void> {
  const db = await createEmptyDatabase();
  try {
    const [victim, survivor] = [await db.connect(), await db.connect()];
    const { pid } = (await victim.query('select pg_backend_pid() as pid')).rows[0];
    let number = 0;
    let place = '';
    const killed = migrateUp(victim, {
      schema: db.schema,
      onStatement: async (step) => {
        number += 1;
        if (number !== at) return;
        place = step.place ?? step.text;
        // with a time limit the call returns only when the backend is gone
        await survivor.query('select pg_terminate_backend($1, 5000)', [pid]);
      },
    });
    await expect(killed, `statement ${at}`).rejects.toThrow();
    await migrateUp(survivor, { schema: db.schema });
    expect(await catalogOf(survivor, db.schema), `killed at ${place}`).toEqual(expected);
    expect((await migrateVerify(survivor, { schema: db.schema })).failures, `killed at ${place}`).toEqual([]);
  } finally {
    await db.drop();
  }
}

describe('installers at the same time', () => {
  it('20 on one empty database agree: each change is applied once', async () => {
    const db = await createEmptyDatabase();
    const runners: pg.Client[] = [];
    for (let number = 0; number < 20; number += 1) runners.push(await db.connect());
    const results = await Promise.all(runners.map((runner) => migrateUp(runner, { schema: db.schema })));
    expect(results.flatMap((result) => result.changes)).toEqual(names);
    const [first] = runners;
    if (first === undefined) throw new Error('no runner');
    expect((await migrateVerify(first, { schema: db.schema })).failures).toEqual([]);
    const log = await first.query('select change from iu_migration_log order by log_id');
    expect(log.rows.map((row) => row.change)).toEqual(names);
    expect(await advisoryLocks(first)).toBe(0);
    await db.drop();
  });

  it('20 on four databases and two schemas each agree', async () => {
    const databases = await Promise.all([1, 2, 3, 4].map(() => createEmptyDatabase()));
    const jobs = databases.flatMap((db) => ['one_schema', 'two_schema'].map((schema) => ({ db, schema })));
    const results = await Promise.all(
      Array.from({ length: 20 }, async (_, number) => {
        const job = jobs[number % jobs.length];
        if (job === undefined) throw new Error('no job');
        return (await migrateUp(await job.db.connect(), { schema: job.schema })).changes;
      }),
    );
    expect(results.flat().sort()).toEqual(jobs.flatMap(() => names).sort());
    const catalogs = await Promise.all(jobs.map(async ({ db, schema }) => catalogOf(await db.connect(), schema)));
    for (const catalog of catalogs) expect(catalog).toEqual(catalogs[0]);
    for (const db of databases) await db.drop();
  });

  it('one that is killed at a statement can be run again, with the identical catalog', {
    timeout: 1_800_000,
  }, async () => {
    const { catalog, statements } = await reference();
    // every statement with IU_TEST_KILL=all; otherwise a sample spread over all of them, first and last included
    const sample = process.env.IU_TEST_KILL === 'all' ? statements : 24;
    const points = new Set(
      Array.from({ length: sample }, (_, n) => 1 + Math.round((n * (statements - 1)) / (sample - 1))),
    );
    for (const point of points) await killAndRunAgain(point, catalog);
  });
});
