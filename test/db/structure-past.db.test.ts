// What stood where at a moment, when it stands somewhere else today.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { doSteps, move, openStructureGate } from '../support/structure.js';

let db: TestDatabase;

beforeAll(async () => {
  db = await createTestDatabase();
  await openStructureGate(db.pool);
});

afterAll(() => db.drop());

const create = (address: string, parent: string | null = null, code: string | null = null) =>
  db.pool.query('select fn_iu_create($1, $1, $2, $3, p_section_code => $4)', [address, 'tester', parent, code]);
const now = async () => (await db.pool.query('select clock_timestamp() as now')).rows[0].now;
const at = async (address: string, moment: string) =>
  (
    await db.pool.query(
      'select canonical_address, number_path, version_seq from fn_iu_unit_at($1, $2) order by canonical_address',
      [address, moment],
    )
  ).rows;

describe('what was in force', () => {
  it('is the version enacted last by then, whatever draft stood beside it, and none before and after its life', async () => {
    const call = (sql: string) => db.pool.query(`select ${sql}`);
    await create('LAW');
    await create('LAW/1', 'LAW', '1');
    const moments: [string, string, number, number | null][] = [['draft', await now(), 1, null]];
    await call(`fn_iu_enact('LAW/1', 'me', 'R1')`);
    moments.push(['enacted', await now(), 1, 1]);
    await call(`fn_iu_revise('LAW/1', 'a draft', 'me')`);
    moments.push(['enacted', await now(), 2, 1]);
    await call(`fn_iu_revise('LAW/1', 'another', 'me')`);
    await call(`fn_iu_enact('LAW/1', 'me', 'R2')`);
    moments.push(['enacted', await now(), 3, 3]);
    await call(`fn_iu_deprecate('LAW/1', 'me', 'gone')`);
    moments.push(['deprecated', await now(), 3, null]);
    const id = (await call(`fn_iu_unit_ref('LAW') as id`)).rows[0].id;
    const columns = 'lifecycle_status, version_seq, enacted_seq';
    for (const [lifecycle_status, moment, version_seq, enacted_seq] of moments) {
      const expected = [{ lifecycle_status, version_seq, enacted_seq }];
      const unit = `select ${columns} from fn_iu_unit_at('LAW/1', $1)`;
      expect((await db.pool.query(unit, [moment])).rows).toEqual(expected);
      const tree = `select ${columns} from fn_iu_tree_at($1, $2) where canonical_address = 'LAW/1'`;
      expect((await db.pool.query(tree, [id, moment])).rows).toEqual(expected);
    }
  });
});

describe('what was at an address', () => {
  it('is found in the document in which it stood, wherever it stands today', async () => {
    // addresses as the user writes them: the document is no prefix up to a slash
    for (const document of ['D38', 'D44']) await create(document);
    await create('D38-ART5', 'D38', '5');
    await create('D38-ART5-P1', 'D38-ART5', '1');
    const before = await now();
    await doSteps(db.pool, [move('D38-ART5', 'D44')]);
    const between = await now();
    await doSteps(db.pool, [move('D38', 'D44')]);
    const after = await now();
    const article = { canonical_address: 'D38-ART5', version_seq: 1 };
    expect(await at('D38-ART5', before)).toEqual([{ ...article, number_path: 'D38/5' }]);
    expect(await at('D38/5', before)).toEqual([{ ...article, number_path: 'D38/5' }]);
    expect(await at('D38-ART5-P1', before)).toMatchObject([{ number_path: 'D38/5/1' }]);
    expect(await at('D38-ART5', between)).toEqual([{ ...article, number_path: 'D44/5' }]);
    expect(await at('D38/5', between)).toEqual([]);
    expect(await at('D38', between)).toMatchObject([{ canonical_address: 'D38', number_path: 'D38' }]);
    expect(await at('D38', after)).toMatchObject([{ canonical_address: 'D38', number_path: 'D44' }]);
  });

  it('is nothing before its birth and after its deletion', async () => {
    const before = await now();
    await create('short-lived');
    const alive = await now();
    const id = (await db.pool.query(`select fn_iu_unit_ref('short-lived') as id`)).rows[0].id;
    await db.pool.query(`select fn_iu_soft_delete('short-lived', 'me', 'a mistake')`);
    const after = await now();
    expect(await at('short-lived', before)).toEqual([]);
    expect(await at('short-lived', alive)).toHaveLength(1);
    expect(await at('short-lived', after)).toEqual([]);
    const tree = 'select canonical_address from fn_iu_tree_at($1, $2)';
    expect((await db.pool.query(tree, [id, alive])).rows).toHaveLength(1);
    expect((await db.pool.query(tree, [id, after])).rows).toEqual([]);
  });
});
