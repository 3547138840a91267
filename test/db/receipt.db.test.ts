import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dedupeById, receiptTableDdl } from '../../src/client/index.js';
import { createEmptyDatabase, type TestDatabase } from '../support/database.js';
import { waitFor } from '../support/wait.js';

let db: TestDatabase;
beforeAll(async () => {
  // A receiver's database has nothing of ours but this table.
  db = await createEmptyDatabase();
  await db.pool.query(receiptTableDdl('public.iu_receipt'));
  await db.pool.query('create schema inbox');
  await db.pool.query(receiptTableDdl('inbox.seen'));
});
afterAll(() => db.drop());

const table = 'public.iu_receipt';

describe('dedupeById', () => {
  it('is true once for an id, and its table may be made twice', async () => {
    await db.pool.query(receiptTableDdl(table));
    const client = await db.connect();
    await client.query('begin');
    expect(await dedupeById(client, 'shop_hook:1', { table })).toBe(true);
    expect(await dedupeById(client, 'shop_hook:1', { table })).toBe(false);
    expect(await dedupeById(client, 'shop_hook:2', { table })).toBe(true);
    await client.query('commit');
    expect(await dedupeById(client, 'shop_hook:1', { table })).toBe(false);
    expect(await dedupeById(client, 'shop_hook:1', { table: 'inbox.seen' })).toBe(true);
  });

  it('forgets an id whose transaction is rolled back', async () => {
    const client = await db.connect();
    await client.query('begin');
    expect(await dedupeById(client, 'shop_hook:rolled-back', { table })).toBe(true);
    await client.query('rollback');
    expect(await dedupeById(client, 'shop_hook:rolled-back', { table })).toBe(true);
  });

  it('lets the second of two at once wait, and be new only if the first fails', async () => {
    for (const [end, isSecondNew] of [
      ['commit', false],
      ['rollback', true],
    ] as const) {
      const id = `shop_hook:race-${end}`;
      const first = await db.connect();
      const second = await db.connect();
      await first.query('begin');
      await second.query('begin');
      expect(await dedupeById(first, id, { table })).toBe(true);
      const waiting = dedupeById(second, id, { table });
      const pid = (await first.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]?.pid;
      await waitFor(
        async () =>
          (
            await db.pool.query(
              'select 1 from pg_stat_activity where $1 = any (pg_blocking_pids(pid)) and datname = current_database()',
              [pid],
            )
          ).rowCount === 1,
        { what: 'the second to wait for the first' },
      );
      await first.query(end);
      expect([end, await waiting]).toEqual([end, isSecondNew]);
      await second.query('commit');
    }
  });

  it('refuses ids and table names that are none', async () => {
    const client = await db.connect();
    for (const id of ['', 'x'.repeat(501)]) {
      await expect(dedupeById(client, id, { table })).rejects.toMatchObject({ code: 'IU465' });
    }
    for (const name of ['', 'a b', 'a;drop table a', 'A', 'a.b.c', '"a"', "a'b", '1a']) {
      await expect(dedupeById(client, 'id', { table: name })).rejects.toMatchObject({ code: 'IU465' });
      expect(() => receiptTableDdl(name)).toThrow(expect.objectContaining({ code: 'IU465' }));
    }
  });
});
