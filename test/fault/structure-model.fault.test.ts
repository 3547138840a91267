// Random operations of all types, with revisions, enactments, links and ends of units between them, against the pure model: same answers,
// same corpus, same events, same way back.
import { availableParallelism } from 'node:os';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { chosenRuns, chosenSeed } from '../support/seeded.js';
import { openStructureGate, treeProblems } from '../support/structure.js';
import { calmProgram, disturbedProgram, startingSteps, type Turn } from '../support/structure-program.js';
import { StructureRun } from '../support/structure-run.js';

/** Programs of one world run one after the other in a database of its own; the worlds run side by side. */
interface World {
  readonly db: TestDatabase;
  readonly runs: StructureRun[];
}

const worlds: World[] = [];

beforeAll(async () => {
  for (let count = Math.max(1, Math.min(4, availableParallelism())); count > 0; count -= 1) {
    const db = await createTestDatabase();
    await openStructureGate(db.pool);
    // a program is read after every call, beside all programs before it
    await db.pool.query('create index test_address_idx on information_unit (canonical_address collate "C")');
    worlds.push({ db, runs: [] });
  }
});

afterAll(async () => {
  for (const world of worlds) await world.db.drop();
});

/** Events of operations and their rollbacks, in the log and kept out of it. */
async function eventsIn({ db }: World): Promise<number> {
  const { rows } = await db.pool.query(
    `select (select count(*) from event_outbox where event_type like 'structure\\_%')
          + (select count(*) from iu_suppressed_event where event_type like 'structure\\_%') as events`,
  );
  return Number(rows[0].events);
}

async function runProgram(world: World, turns: readonly Turn[]): Promise<void> {
  const run = await StructureRun.begin(world.db, `M${world.runs.length + 1}-`);
  world.runs.push(run);
  for (const turn of turns) await run.take(turn);
  await run.end();
  // where only operations followed each other, each of them goes back
  const isCalm = turns.slice(6).every((turn) => turn.kind === 'batch');
  if (isCalm) expect(run.stepsUndone).toBe(run.stepsDone);
}

describe('random structure operations', () => {
  const seed = chosenSeed();
  const wanted = Number(process.env.IU_STRUCTURE_STEPS) || 1_000 * chosenRuns();

  it(`give the model's answers, trees, links, lives and events, and any prefix undone in reverse what was before (seed ${seed})`, async () => {
    let round = 0;
    const runs = () => worlds.flatMap((world) => world.runs);
    const total = (of: (run: StructureRun) => number) => runs().reduce((sum, run) => sum + of(run), 0);
    // two of three programs are calm: all their operations are undone in reverse; programs run until enough steps were applied
    const programs = [calmProgram(2, 45), calmProgram(2, 45), disturbedProgram];
    let isBroken = false;
    const work = async (world: World) => {
      while (!isBroken && total((run) => run.stepsDone) < wanted) {
        round += 1;
        const program = programs[round % programs.length] ?? disturbedProgram;
        await fc.assert(
          fc.asyncProperty(program, (turns) => runProgram(world, turns)),
          { numRuns: 1, seed: seed + round, endOnFailure: true },
        );
      }
    };
    const failure = (world: World) =>
      work(world).then(undefined, (error: unknown) => {
        isBroken = true;
        return error;
      });
    for (const error of await Promise.all(worlds.map(failure))) if (error !== undefined) throw error;
    for (const world of worlds) {
      expect(await treeProblems(world.db.pool)).toEqual([]);
      const told = world.runs.reduce((sum, run) => sum + run.stepsDone + run.stepsUndone, 0);
      expect(await eventsIn(world)).toBe(told + world.runs.length * startingSteps('').length);
    }
    const codes = new Map<string, number>();
    for (const run of runs()) for (const [code, count] of run.codes) codes.set(code, (codes.get(code) ?? 0) + count);
    const said = [...codes].sort().map(([code, count]) => `${code} ${count}`);
    console.log(
      `structure model: ${total((run) => run.stepsDone)} steps applied, ${total((run) => run.stepsUndone)} undone, ${runs().length} programs; answers: ${said.join(', ')}`,
    );
    expect(total((run) => run.stepsDone)).toBeGreaterThanOrEqual(wanted);
    expect(total((run) => run.refusals)).toBeGreaterThan(0);
  }, 7_200_000);
});
