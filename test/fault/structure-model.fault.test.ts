// Random operations of all types against the pure model: same trees, same refusals, same way back, one event each.
import { availableParallelism } from 'node:os';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { IuError } from '../../src/contract/errors/index.js';
import type { StructureStep } from '../../src/contract/structure/step.js';
import { applyStep, type Tree, treeLines } from '../../src/contract/structure/tree.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { chosenRuns, chosenSeed } from '../support/seeded.js';
import {
  applyPlan,
  codeOfCall,
  doSteps,
  openStructureGate,
  planSteps,
  readHashes,
  readTree,
  rollBack,
  treeProblems,
} from '../support/structure.js';
import { startingSteps, startingTree, stepOf, type Wish, wishArbitrary } from '../support/structure-program.js';

/** Programs of one world run one after the other in a database of its own; the worlds run side by side. */
interface World {
  readonly db: TestDatabase;
  programs: number;
  stepsDone: number;
  refusals: number;
}

const worlds: World[] = [];

beforeAll(async () => {
  for (let count = Math.max(1, Math.min(4, availableParallelism())); count > 0; count -= 1) {
    const db = await createTestDatabase();
    await openStructureGate(db.pool);
    worlds.push({ db, programs: 0, stepsDone: 0, refusals: 0 });
  }
});

afterAll(async () => {
  for (const world of worlds) await world.db.drop();
});

interface Done {
  readonly operationId: string;
  /** Before the operation. */
  readonly lines: string[];
  readonly hashes: string[];
}

const codeOfModel = (tree: Tree, step: StructureStep): string => {
  try {
    applyStep(tree, step);
    return 'ok';
  } catch (error) {
    return error instanceof IuError ? error.code : String(error);
  }
};

async function booksOf({ db }: World, prefix: string) {
  const { rows } = await db.pool.query(
    `select (select count(*)::int from event_outbox where event_type like 'structure\\_%' and starts_with(canonical_address, $1)) as events,
            (select count(*)::int from iu_suppressed_event where event_type like 'structure\\_%' and starts_with(canonical_address, $1)) as suppressed`,
    [prefix],
  );
  return rows[0] as { events: number; suppressed: number };
}

/** Problems of the documents and collections of one program; everything is proven at the end. */
async function problemsOf({ db }: World, prefix: string): Promise<unknown[]> {
  const { rows } = await db.pool.query(
    `select fn_iu_tree_verify(id) ->> 'problems' as problems from information_unit
      where parent_or_container_ref is null and deleted_at is null and starts_with(canonical_address, $1)`,
    [prefix],
  );
  return rows.map((row) => row.problems).filter((problems) => problems !== '[]');
}

/** Applies a batch, now and then with recording switched off. */
async function applyBatch({ db }: World, operationId: string, silent: boolean): Promise<void> {
  const record = (on: boolean) =>
    db.pool.query(`update dot_config set value = $1 where key = 'iu_core.emission_enabled'`, [String(on)]);
  if (silent) await record(false);
  const applied = await applyPlan(db.pool, operationId);
  expect(applied).toMatchObject({ status: 'enacted', replayed: false, event_emitted: !silent });
  if (silent) await record(true);
}

/** Takes everything back in reverse: after each step the trees are what they were before that operation. */
async function undoAll({ db }: World, prefix: string, done: readonly Done[]): Promise<void> {
  for (const operation of done)
    expect(await applyPlan(db.pool, operation.operationId)).toMatchObject({ replayed: true });
  for (const operation of [...done].reverse()) {
    const { hash, expected_hash } = await rollBack(db.pool, operation.operationId);
    expect(hash).toBe(expected_hash);
    expect(await readHashes(db.pool, prefix)).toEqual(operation.hashes);
    expect(treeLines(await readTree(db.pool, prefix))).toEqual(operation.lines);
  }
  for (const operation of done)
    expect(await rollBack(db.pool, operation.operationId)).toMatchObject({ replayed: true });
}

/** Runs a program in batches and takes everything back in reverse; what differs from the model fails. */
async function runProgram(world: World, wishes: readonly Wish[], batchSize: number): Promise<void> {
  const { db } = world;
  world.programs += 1;
  const prefix = `M${world.programs}-`;
  let made = 0;
  const address = () => `${prefix}n${++made}`;
  await doSteps(db.pool, startingSteps(prefix));
  let tree = startingTree(prefix);
  let written = startingSteps(prefix).length;
  const done: Done[] = [];
  let batch: StructureStep[] = [];
  let ahead = tree;
  const flush = async () => {
    if (batch.length === 0) return;
    const before = { lines: treeLines(tree), hashes: await readHashes(db.pool, prefix) };
    const planned = await planSteps(db.pool, batch, `batch ${done.length}`);
    expect(await readHashes(db.pool, prefix)).toEqual(before.hashes);
    await applyBatch(world, planned.operation_id, done.length % 5 === 4);
    done.push({ operationId: planned.operation_id, ...before });
    world.stepsDone += batch.length;
    written += batch.length * 2;
    tree = ahead;
    batch = [];
    expect(treeLines(await readTree(db.pool, prefix))).toEqual(treeLines(tree));
  };
  for (const wish of wishes) {
    const step = stepOf(wish, ahead, address);
    const code = codeOfModel(ahead, step);
    if (code === 'ok') {
      ahead = applyStep(ahead, step);
      batch.push(step);
    } else if (batch.length === 0) {
      world.refusals += 1;
      const refused = await codeOfCall(planSteps(db.pool, [step], `refused ${world.refusals}`));
      expect({ step, code: refused }).toEqual({ step, code });
    }
    if (batch.length >= batchSize) await flush();
  }
  await flush();
  await undoAll(world, prefix, done);
  expect(await problemsOf(world, prefix)).toEqual([]);
  const books = await booksOf(world, prefix);
  expect(books.events + books.suppressed).toBe(written);
}

describe('random structure operations', () => {
  const seed = chosenSeed();
  const wanted = Number(process.env.IU_STRUCTURE_STEPS) || 1_000 * chosenRuns();

  it(`give the model's trees, refusals and events, and any prefix undone in reverse the same hashes (seed ${seed})`, async () => {
    let round = 0;
    const total = (of: (world: World) => number) => worlds.reduce((sum, world) => sum + of(world), 0);
    // A program has 80 wishes, about two of three possible; programs run until enough steps were applied.
    const run = async (world: World) => {
      while (total((one) => one.stepsDone) < wanted) {
        round += 1;
        const batchSize = round % 8 === 0 ? 1 : 25;
        await fc.assert(
          fc.asyncProperty(fc.array(wishArbitrary, { minLength: 80, maxLength: 80 }), (wishes) =>
            runProgram(world, wishes, batchSize),
          ),
          { numRuns: 1, seed: seed + round, endOnFailure: true },
        );
      }
    };
    await Promise.all(worlds.map(run));
    for (const world of worlds) expect(await treeProblems(world.db.pool)).toEqual([]);
    const [steps, refusals, programs] = [
      total((one) => one.stepsDone),
      total((one) => one.refusals),
      total((one) => one.programs),
    ];
    console.log(`structure model: ${steps} steps applied and undone, ${refusals} refusals, ${programs} programs`);
    expect(steps).toBeGreaterThanOrEqual(wanted);
    expect(refusals).toBeGreaterThan(0);
  }, 7_200_000);
});
