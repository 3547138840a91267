import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { readLedger } from '../support/ledger.js';
import { type LoadOptions, type LoadReport, prepareLoad, runWriters, startReaders } from '../support/load-harness.js';
import { certificate, domain, drain, emit, expectWhole, pass, prepareRace, worker } from '../support/race.js';
import { chosenSeed } from '../support/seeded.js';
import { openSessions } from '../support/sessions.js';
import { waitFor } from '../support/wait.js';

const domains = ['load_a', 'load_b'];
let db: TestDatabase;
let options: LoadOptions;

beforeEach(async () => {
  db = await createTestDatabase();
  await prepareRace(db.pool);
  options = {
    url: db.url,
    schema: db.schema,
    seed: chosenSeed(),
    domains,
    writers: 6,
    events: 1_500,
    subjects: 60,
    abortShare: 0.05,
    longestMilliseconds: 60,
  };
});
afterEach(async () => {
  await db.drop();
});

async function expectLedgerWhole(written: LoadReport): Promise<void> {
  const ledger = await readLedger(db.pool, 'pass');
  expect(ledger, `seed ${options.seed}`).toEqual({
    committed: written.committedEvents,
    decided: written.committedEvents,
    lost: 0,
    double: 0,
    inversions: 0,
  });
}

/** Repeats a change of cursors until no window is open, as an operator does. */
async function retryAtBoundary(sql: string): Promise<void> {
  await waitFor(
    () =>
      db.pool.query(sql).then(
        () => true,
        (error: { code?: string }) => {
          if (error.code === 'IU309') return false;
          throw error;
        },
      ),
    { timeoutSeconds: 60, what: sql, intervalMilliseconds: 1 },
  );
}

describe('moves while writers run', () => {
  test('a rebase with writers running loses, doubles and turns round nothing', async () => {
    await prepareLoad(db.pool, options);
    const readers = startReaders(options, 'pass', 1);
    const writing = runWriters(options);
    for (let at = 0; at < 6; at += 1) {
      await db.pool.query(`select fn_iu_route_worker_rebase($1, 'race test')`, [`${domains[at % 2]}_worker`]);
    }
    const written = await writing;
    await readers.stop();
    for (const domain of domains) await drain(db.pool, 1000, `${domain}_worker`);
    await expectLedgerWhole(written);
    for (const domain of domains) expect(await certificate(db.pool, `${domain}_worker`)).toMatchObject({ lost: 0 });
  });

  test('a rebase waits for a writer that has written, and a writer that comes meanwhile is decided later', async () => {
    await prepareLoad(db.pool, options);
    const { early, late, operator } = await openSessions(db, 'early', 'late', 'operator');
    const send = (subject: string) => `select fn_iu_emit('load_a', 'changed', 'thing', '${subject}')`;
    await early.run('begin');
    await early.run(send('early'));
    const rebase = operator.start(`select fn_iu_route_worker_rebase('load_a_worker', 'race test') as r`);
    await rebase.blocked();
    await late.run('begin');
    const writing = late.start(send('late'));
    await writing.blocked();
    await early.run('commit');
    await rebase.done;
    await writing.done;
    const decided = async () => (await db.pool.query('select count(*)::integer as n from iu_route_attempt')).rows[0].n;
    expect(await decided(), 'the early one by the rebase').toBe(1);
    await late.run('commit');
    await drain(db.pool, 10, 'load_a_worker');
    expect(await decided()).toBe(2);
  });

  test('a domain split off from the worker of every domain and given back with writers running is whole', async () => {
    await prepareLoad(db.pool, { ...options, domains: [] });
    for (const domain of domains) {
      await db.pool.query('select fn_iu_event_type_add($1, $2)', [domain, 'changed']);
      await db.pool.query('insert into load_subject (domain, id) select $1, n from generate_series(1, $2::integer) n', [
        domain,
        options.subjects,
      ]);
    }
    await db.pool.query(`select fn_iu_route_worker_register('every_worker', '*', 'beginning')`);
    let stopping = false;
    const loop = async (name: string) => {
      while (!stopping) await pass(db.pool, 200, name);
    };
    const loops = [loop('every_worker'), loop('every_worker')];
    const writing = runWriters(options);
    for (let at = 0; at < 4; at += 1) {
      await retryAtBoundary(`select fn_iu_route_worker_transfer('load_a', 'every_worker', 'a_worker', 'race test')`);
      for (let passes = 0; passes < 5; passes += 1) await pass(db.pool, 50, 'a_worker');
      await waitFor(async () => (await pass(db.pool, 10_000, 'a_worker')).window_complete, { intervalMilliseconds: 1 });
      await retryAtBoundary(`select fn_iu_route_worker_transfer('load_a', 'a_worker', 'every_worker', 'race test')`);
    }
    const written = await writing;
    stopping = true;
    await Promise.all(loops);
    await drain(db.pool, 1000, 'every_worker');
    await expectLedgerWhole(written);
    expect(await certificate(db.pool, 'every_worker')).toMatchObject({ lost: 0 });
  });

  test('a transfer is refused while a window is open', async () => {
    await db.pool.query(`select fn_iu_route_worker_register('every_worker', '*', 'beginning')`);
    await db.pool.query(`select fn_iu_event_type_add('load_a', 'changed')`);
    for (let at = 0; at < 3; at += 1) await db.pool.query(`select fn_iu_emit('load_a', 'changed', 'thing', '${at}')`);
    expect(await pass(db.pool, 1, 'every_worker')).toMatchObject({ seen: 1, window_complete: false });
    const transfer = `select fn_iu_route_worker_transfer('load_a', 'every_worker', 'a_worker', 'race test')`;
    await expect(db.pool.query(transfer)).rejects.toMatchObject({ code: 'IU309' });
    await drain(db.pool, 10, 'every_worker');
    await db.pool.query(transfer);
    expect(await certificate(db.pool, 'every_worker')).toMatchObject({ lost: 0 });
    expect(await certificate(db.pool, 'a_worker')).toMatchObject({ lost: 0 });
  });

  test('events that the giving worker decided are not decided again by the taking one, even for a route added since', async () => {
    await db.pool.query(`select fn_iu_event_type_add('load_a', 'changed')`);
    await db.pool.query(`select fn_iu_route_worker_register('a_worker', 'load_a', 'beginning')`);
    await db.pool.query(`select fn_iu_route_worker_register('every_worker', '*', 'beginning')`);
    await db.pool.query(`select fn_iu_emit('load_a', 'changed', 'thing', 'x')`);
    await drain(db.pool, 10, 'a_worker');
    await db.pool.query(
      `select fn_iu_route_add('{"route_code": "late", "event_domain": "load_a", "target_kind": "webhook", "target_ref": "https://sink.test/x"}')`,
    );
    await db.pool.query(`select fn_iu_route_worker_transfer('load_a', 'a_worker', 'every_worker', 'race test')`);
    await drain(db.pool, 10, 'every_worker');
    const { rows } = await db.pool.query('select route_code, reason from iu_route_attempt');
    expect(rows).toEqual([{ route_code: '-', reason: 'no_route' }]);
    expect(await certificate(db.pool, 'every_worker')).toMatchObject({ lost: 0 });
  });

  test('a domain is not given back in a restored copy before both workers are rebased there', async () => {
    await db.pool.query(`select fn_iu_route_worker_register('every_worker', '*', 'beginning')`);
    await emit(db.pool, 'not decided before the copy');
    await db.pool.query("update iu_route_worker_cursor set system_identifier = 'the former cluster'");
    const transfer = `select fn_iu_route_worker_transfer('${domain}', '${worker}', 'every_worker', 'race test')`;
    await db.pool.query(`select fn_iu_route_worker_rebase('every_worker', 'race test')`);
    await expect(db.pool.query(transfer)).rejects.toMatchObject({ code: 'IU309' });
    await db.pool.query(`select fn_iu_route_worker_rebase('${worker}', 'race test')`);
    await db.pool.query(transfer);
    await drain(db.pool, 10, 'every_worker');
    await expectWhole(db.pool, 1);
  });
});
