// Operations that meet: whatever the interleaving, no tree breaks, and what two could not both have done one was refused.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { chosenRuns, chosenSeed, seeded } from '../support/seeded.js';
import { openSessions } from '../support/sessions.js';
import { codeOfCall, move, openStructureGate, planSteps, readTree, treeProblems } from '../support/structure.js';
import { isAllowed, prepareRaces, runRace } from '../support/structure-race.js';

let db: TestDatabase;
let documents = 0;

beforeAll(async () => {
  db = await createTestDatabase();
  await openStructureGate(db.pool);
});

afterAll(() => db.drop());

/** Two documents with a and b below each; returns the prefix of their addresses. */
async function makeDocuments(): Promise<string> {
  documents += 1;
  const prefix = `R${documents}-`;
  const units = ['D', 'E'].flatMap((name) => [
    { canonical_address: `${prefix}${name}`, body: 'document' },
    ...['a', 'b'].map((piece) => ({
      canonical_address: `${prefix}${name}${piece}`,
      parent_address: `${prefix}${name}`,
      body: 'some text',
    })),
  ]);
  await db.pool.query('select from fn_iu_create_many($1, $2)', [JSON.stringify(units), 'tester']);
  return prefix;
}

/** Documents and collections with these prefixes whose proof fails. */
async function brokenDocuments(prefixes: readonly string[]): Promise<string[]> {
  const { rows } = await db.pool.query(
    `select u.canonical_address from information_unit u
      where u.canonical_address = any ($1) and u.parent_or_container_ref is null and not (fn_iu_tree_verify(u.id) ->> 'ok')::boolean`,
    [prefixes.flatMap((prefix) => ['D', 'E', 'S', 'T'].map((name) => prefix + name))],
  );
  return rows.map((row) => row.canonical_address);
}

describe('structure operations at the same time', () => {
  it('of two opposite moves one waits, sees the other and is refused', async () => {
    const p = await makeDocuments();
    const { a, b } = await openSessions(db, 'a', 'b');
    const first = (await planSteps(db.pool, [move(`${p}Da`, `${p}Db`)])).operation_id;
    const second = (await planSteps(db.pool, [move(`${p}Db`, `${p}Da`)])).operation_id;
    await a.run('begin');
    await a.run(`select fn_iu_structure_op_apply($1, 'a', 'A')`, [first]);
    const waiting = b.start(`select fn_iu_structure_op_apply($1, 'b', 'A')`, [second]);
    await waiting.blocked();
    await a.run('commit');
    expect(await waiting.code).toBe('IU602');
    expect(await treeProblems(db.pool)).toEqual([]);
  });

  it('a move whose document was moved meanwhile starts again with the document of now', async () => {
    const p = await makeDocuments();
    const { a, b } = await openSessions(db, 'a', 'b');
    const first = (await planSteps(db.pool, [move(`${p}D`, `${p}Ea`)])).operation_id;
    const second = (await planSteps(db.pool, [move(`${p}Db`, `${p}Da`)])).operation_id;
    await a.run('begin');
    await a.run(`select fn_iu_structure_op_apply($1, 'a', 'A')`, [first]);
    const waiting = b.start(`select fn_iu_structure_op_apply($1, 'b', 'A')`, [second]);
    await waiting.blocked();
    await a.run('commit');
    expect(await waiting.code).toBe('none');
    const tree = await readTree(db.pool, p);
    expect([tree.units.get(`${p}D`)?.container, tree.units.get(`${p}Db`)?.container]).toEqual([`${p}Ea`, `${p}Da`]);
    expect(await treeProblems(db.pool)).toEqual([]);
  });

  it('refuses to work in a transaction that cannot see what others committed', async () => {
    const p = await makeDocuments();
    const client = await db.connect();
    await client.query('begin isolation level repeatable read');
    expect(await codeOfCall(planSteps(client, [move(`${p}Da`, `${p}Db`)]))).toBe('IU301');
    await client.query('rollback');
  });

  const seed = chosenSeed();
  const rounds = (Number(process.env.IU_STRUCTURE_ROUNDS) || 1_000) * chosenRuns();
  it(`leave whole trees in ${rounds} random interleavings (seed ${seed})`, async () => {
    const random = seeded(seed);
    const lanes = 4;
    const counts = new Map<string, number>();
    const clients = await Promise.all(Array.from({ length: lanes * 2 }, () => db.connect()));
    // Who loses a deadlock is found after 20 ms instead of a second.
    for (const client of clients) await client.query(`set deadlock_timeout = '20ms'`);
    let begun = 0;
    const lane = async (number: number) => {
      const [a, b] = [clients[number * 2], clients[number * 2 + 1]];
      if (a === undefined || b === undefined) throw new Error('a lane has two connections');
      while (begun < rounds) {
        const from = begun;
        begun = Math.min(rounds, begun + 50);
        const prefixes = Array.from({ length: begun - from }, (_, index) => `L${from + index}-`);
        for (const race of await prepareRaces(db, random, prefixes)) {
          const codes = await runRace(race, a, b);
          const what = `${race.kind} ${race.meeting} ${[...codes].sort().join(' ')}`;
          expect(isAllowed(race, codes) ? 'allowed' : what).toBe('allowed');
          counts.set(what, (counts.get(what) ?? 0) + 1);
        }
        expect(await brokenDocuments(prefixes)).toEqual([]);
      }
    };
    await Promise.all(Array.from({ length: lanes }, (_, number) => lane(number)));
    const found = Object.fromEntries([...counts].sort(([one], [other]) => (one < other ? -1 : 1)));
    console.log(`structure races: ${rounds} interleavings, ${JSON.stringify(found)}`);
    expect([...counts.values()].reduce((sum, count) => sum + count, 0)).toBe(rounds);
    expect(await treeProblems(db.pool)).toEqual([]);
  }, 3_600_000);
});
