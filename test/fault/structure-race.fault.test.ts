// Operations that meet: whatever the interleaving, no tree breaks, and what two could not both have done one was refused.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StructureStep } from '../../src/contract/structure/step.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { chosenRuns, chosenSeed, seeded } from '../support/seeded.js';
import { openSessions } from '../support/sessions.js';
import {
  applyPlan,
  codeOfCall,
  openStructureGate,
  planSteps,
  readHashes,
  readTree,
  treeProblems,
} from '../support/structure.js';

let db: TestDatabase;
let documents = 0;

beforeAll(async () => {
  db = await createTestDatabase();
  await openStructureGate(db.pool);
});

afterAll(() => db.drop());

const move = (unit: string, parent: string | null): StructureStep => ({
  operation_type: 'reparent_piece',
  unit,
  parent,
});
const add = (parent: string, name: string, body = 'text of it'): StructureStep => ({
  operation_type: 'add_new_piece',
  parent,
  position: 'first',
  piece: { canonical_address: name, body },
});

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

/** Plans both while nothing is done yet, then applies both at once; the codes say which of them went through. */
async function race(steps: readonly StructureStep[]): Promise<string[]> {
  const plans: string[] = [];
  for (const step of steps) plans.push((await planSteps(db.pool, [step])).operation_id);
  return Promise.all(plans.map((id) => codeOfCall(applyPlan(db.pool, id))));
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
  it(`leave whole trees in random interleavings (seed ${seed})`, async () => {
    const random = seeded(seed);
    const rounds = (Number(process.env.IU_STRUCTURE_ROUNDS) || 600) * chosenRuns();
    const counts: Record<string, number> = {};
    const allowed: Record<string, readonly string[][]> = {
      opposite: [
        ['IU602', 'ok'],
        ['40P01', 'ok'],
      ],
      // the second finds the piece superseded, or moved since it was planned
      splits: [['IU206', 'ok']],
      inserts: [['ok', 'ok']],
      apart: [['ok', 'ok']],
      across: [
        ['IU602', 'ok'],
        ['40P01', 'ok'],
      ],
      create: [['ok', 'ok']],
    };
    for (let round = 0; round < rounds; round += 1) {
      const p = await makeDocuments();
      const kind = Object.keys(allowed)[random.between(0, 5)] ?? 'opposite';
      const split = (names: string[]): StructureStep => ({
        operation_type: 'split_large_piece',
        unit: `${p}Da`,
        offsets: [random.between(1, 8)],
        pieces: names.map((name) => ({ canonical_address: `${p}${name}` })),
      });
      const steps: Record<string, StructureStep[]> = {
        opposite: [move(`${p}Da`, `${p}Db`), move(`${p}Db`, `${p}Da`)],
        splits: [split(['s1', 's2']), split(['t1', 't2'])],
        inserts: [add(`${p}D`, `${p}i1`), add(`${p}D`, `${p}i2`)],
        apart: [move(`${p}Da`, `${p}Db`), move(`${p}Ea`, `${p}Eb`)],
        across: [move(`${p}D`, `${p}Ea`), move(`${p}E`, `${p}Da`)],
        create: [move(`${p}Da`, `${p}E`)],
      };
      const racing = race(random.chance(0.5) ? (steps[kind] ?? []) : [...(steps[kind] ?? [])].reverse());
      const creating =
        kind === 'create'
          ? codeOfCall(db.pool.query(`select fn_iu_create($1, 'text', 'me', $2)`, [`${p}new`, `${p}Da`]))
          : undefined;
      const codes = [...(await racing), ...(creating === undefined ? [] : [await creating])].sort();
      expect({
        kind,
        codes: allowed[kind]?.some((codesOf) => codesOf.join() === codes.join()) ? 'allowed' : codes,
      }).toEqual({
        kind,
        codes: 'allowed',
      });
      counts[`${kind} ${codes.join(' ')}`] = (counts[`${kind} ${codes.join(' ')}`] ?? 0) + 1;
      if (round % 100 === 99) expect(await treeProblems(db.pool)).toEqual([]);
    }
    console.log(`structure races: ${rounds} rounds, ${JSON.stringify(counts)}`);
    expect(await treeProblems(db.pool)).toEqual([]);
  }, 1_800_000);

  it('killed while it is applied, an operation has happened wholly or not at all', async () => {
    const p = await makeDocuments();
    const steps = Array.from({ length: 40 }, (_, index) => add(`${p}D`, `${p}k${index}`));
    const outcomes = new Set<string>();
    for (let round = 0; round < 12; round += 1) {
      const before = await readHashes(db.pool, p);
      const batch = steps.map((step) =>
        step.operation_type === 'add_new_piece'
          ? { ...step, piece: { ...step.piece, canonical_address: `${step.piece.canonical_address}-${round}` } }
          : step,
      );
      const { operation_id } = await planSteps(db.pool, batch);
      const client = await db.connect();
      client.on('error', () => {});
      const pid = (await client.query('select pg_backend_pid() as pid')).rows[0].pid;
      const applying = codeOfCall(applyPlan(client, operation_id));
      // Each round lets a few more statements of another session pass before the kill.
      for (let wait = 0; wait < round * 6; wait += 1) await db.pool.query('select 1');
      await db.pool.query('select pg_terminate_backend($1)', [pid]);
      const code = await applying;
      const { rows } = await db.pool.query(
        `select o.operation_status, (select count(*)::int from iu_structure_event e where e.operation_id = o.operation_id) as events
           from iu_structure_operation o where o.operation_id = $1`,
        [operation_id],
      );
      const after = await readHashes(db.pool, p);
      if (rows[0].operation_status === 'planned') {
        expect({ after, events: rows[0].events }).toEqual({ after: before, events: 0 });
      } else {
        expect(rows[0]).toEqual({ operation_status: 'enacted', events: 40 });
        expect(after).not.toEqual(before);
      }
      outcomes.add(`${rows[0].operation_status} ${code === 'ok' ? 'answered' : 'killed'}`);
    }
    expect(outcomes).toContain('planned killed');
    expect(await treeProblems(db.pool)).toEqual([]);
  });
});
