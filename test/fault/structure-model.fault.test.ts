// Random operations of all types against the pure model: same trees, same refusals, same way back, one event each.
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

let db: TestDatabase;
let programs = 0;
let stepsDone = 0;
let refusals = 0;

beforeAll(async () => {
  db = await createTestDatabase();
  await openStructureGate(db.pool);
});

afterAll(() => db.drop());

interface Done {
  readonly operationId: string;
  readonly steps: number;
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

async function booksOf(prefix: string) {
  const { rows } = await db.pool.query(
    `select (select count(*)::int from event_outbox where event_type like 'structure\\_%' and starts_with(canonical_address, $1)) as events,
            (select count(*)::int from iu_suppressed_event where event_type like 'structure\\_%' and starts_with(canonical_address, $1)) as suppressed`,
    [prefix],
  );
  return rows[0] as { events: number; suppressed: number };
}

/** Runs a program in batches and takes everything back in reverse; what differs from the model fails. */
async function runProgram(wishes: readonly Wish[], batchSize: number): Promise<void> {
  programs += 1;
  const prefix = `M${programs}-`;
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
    const silent = done.length % 5 === 4;
    await db.pool.query(`update dot_config set value = $1 where key = 'iu_core.emission_enabled'`, [String(!silent)]);
    const applied = await applyPlan(db.pool, planned.operation_id);
    expect(applied).toMatchObject({ status: 'enacted', replayed: false, event_emitted: !silent });
    expect(applied.impact.documents).toEqual(planned.impact.documents === undefined ? {} : expect.anything());
    await db.pool.query(`update dot_config set value = 'true' where key = 'iu_core.emission_enabled'`);
    done.push({ operationId: planned.operation_id, steps: batch.length, ...before });
    stepsDone += batch.length;
    written += batch.length;
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
      refusals += 1;
      expect({ step, code: await codeOfCall(planSteps(db.pool, [step], `refused ${refusals}`)) }).toEqual({
        step,
        code,
      });
    }
    if (batch.length >= batchSize) await flush();
  }
  await flush();
  const first = done[0];
  if (first !== undefined) expect(await applyPlan(db.pool, first.operationId)).toMatchObject({ replayed: true });
  for (const operation of [...done].reverse()) {
    await rollBack(db.pool, operation.operationId);
    written += operation.steps;
    expect(await readHashes(db.pool, prefix)).toEqual(operation.hashes);
    expect(treeLines(await readTree(db.pool, prefix))).toEqual(operation.lines);
  }
  if (first !== undefined) expect(await rollBack(db.pool, first.operationId)).toMatchObject({ replayed: true });
  expect(await treeProblems(db.pool)).toEqual([]);
  const books = await booksOf(prefix);
  expect(books.events + books.suppressed).toBe(written);
}

describe('random structure operations', () => {
  const seed = chosenSeed();
  const wanted = Number(process.env.IU_STRUCTURE_STEPS) || 1_000 * chosenRuns();

  it(`give the model's trees, refusals and events, and any prefix undone in reverse the same hashes (seed ${seed})`, async () => {
    let round = 0;
    // A program has 80 wishes, about two of three possible; programs run until enough steps were applied.
    while (stepsDone < wanted) {
      round += 1;
      const batchSize = round % 8 === 0 ? 1 : 25;
      await fc.assert(
        fc.asyncProperty(fc.array(wishArbitrary, { minLength: 80, maxLength: 80 }), (wishes) =>
          runProgram(wishes, batchSize),
        ),
        { numRuns: 1, seed: seed + round, endOnFailure: true },
      );
    }
    console.log(`structure model: ${stepsDone} steps applied and undone, ${refusals} refusals, ${programs} programs`);
    expect(stepsDone).toBeGreaterThanOrEqual(wanted);
    expect(refusals).toBeGreaterThan(0);
  }, 1_800_000);
});
