// What a cut reads: its own document, whatever else was cut before and whatever the statistics say about it.
import type pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type CutPeople, cutPeople, cutRevision, openCutGates } from '../support/cut-pipeline.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

let db: TestDatabase;
let people: CutPeople;
const pieces = 3000;

beforeAll(async () => {
  db = await createTestDatabase();
  await openCutGates(db);
  people = await cutPeople(db);
  await cut(
    'li/large',
    Array.from({ length: pieces }, (_, at) => `${at % 60 === 0 ? '#' : '##'} Piece ${at}\n`).join(''),
    '1',
  );
  // As after a bulk of one document: a run is thought to have 3,000 pieces.
  await db.pool.query('analyze');
});
afterAll(() => db.drop());

const cut = (address: string, text: string, revisionLabel: string) =>
  cutRevision(
    people,
    { address, title: address, ownerRef: 'test', actor: 'ann' },
    { bytes: Buffer.from(text), revisionLabel, mediaType: 'text/markdown' },
  );

/** Has a connection count what each call of it makes the tables of cuts and units read, by rows and entries of indexes; the most of each. */
function countReads(client: pg.Client): Map<string, number> {
  const most = new Map<string, number>();
  const query = client.query.bind(client) as (...values: readonly unknown[]) => Promise<unknown>;
  const readSoFar = async () =>
    (
      (await query(
        `select c.relname as name, pg_stat_get_xact_tuples_returned(c.oid)::int as rows
           from pg_class c left join pg_index i on i.indexrelid = c.oid
          where coalesce(i.indrelid, c.oid) = any (
            '{iu_cut_mark,iu_cut_plan_piece,iu_cut_piece,information_unit,unit_version}'::regclass[])`,
      )) as { rows: { name: string; rows: number }[] }
    ).rows;
  client.query = (async (...values: readonly unknown[]) => {
    const call = /fn_iu_cut_(?:mark|plan|advance|living_units)/.exec(String(values[0]))?.[0];
    if (call === undefined) return query(...values);
    const before = new Map((await readSoFar()).map(({ name, rows }) => [name, rows]));
    const answer = await query(...values);
    for (const { name, rows } of await readSoFar()) {
      const key = `${call} ${name}`;
      most.set(key, Math.max(most.get(key) ?? 0, rows - (before.get(name) ?? 0)));
    }
    return answer;
  }) as typeof client.query;
  return most;
}

it('is its own pieces and units, in a first cut and in the next', async () => {
  const most = countReads(people.editor);
  expect((await cut('li/small', '# Law\n## A\nx\n## B\ny\n', '1')).state).toBe('closeout_reported');
  expect((await cut('li/small', '# Law\n## A\nchanged\n## C\nz\n', '2')).state).toBe('closeout_reported');
  expect(most.size).toBeGreaterThan(0);
  expect([...most].filter(([, rows]) => rows >= pieces)).toEqual([]);
});
