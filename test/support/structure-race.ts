import type pg from 'pg';
import type { StructureStep } from '../../src/contract/structure/step.js';
import type { TestDatabase } from './database.js';
import type { Seeded } from './seeded.js';
import { applyPlan, codeOfCall, move } from './structure.js';

const addFirst = (parent: string, name: string): StructureStep => ({
  operation_type: 'add_new_piece',
  parent,
  position: 'first',
  piece: { canonical_address: name, body: 'text of it' },
});

/**
 * How two operations meet. `together`: both are sent at once. `held`: the first has applied and not yet committed when the second comes.
 * `undone`: the same, and then the first rolls its transaction back.
 */
export type Meeting = 'together' | 'held' | 'undone';

const kinds = ['opposite', 'splits', 'inserts', 'apart', 'across', 'create', 'shelves'] as const;
export type RaceKind = (typeof kinds)[number];

/** One meeting of two operations on documents of its own. */
export interface Race {
  readonly prefix: string;
  readonly kind: RaceKind;
  readonly meeting: Meeting;
  readonly steps: readonly [StructureStep, StructureStep];
  /** Operations planned for the steps. */
  readonly plans: readonly [string, string];
}

/** What may come out: the codes of both, sorted. A deadlock is ended by the server, and nothing of the loser has happened. */
const outcomes: Record<RaceKind, readonly string[]> = {
  opposite: ['IU602 ok', '40P01 ok'],
  // the second finds the piece superseded
  splits: ['IU206 ok'],
  inserts: ['ok ok'],
  apart: ['ok ok'],
  across: ['IU602 ok', '40P01 ok'],
  // a birth below a piece that moves to another document
  create: ['ok ok'],
  // two collections, each into the other
  shelves: ['IU602 ok', '40P01 ok'],
};

/** True when the codes are what the kind allows; an undone first leaves the second alone. */
export function isAllowed(race: Race, codes: readonly string[]): boolean {
  if (race.meeting === 'undone') return codes.join(' ') === 'undone ok';
  return outcomes[race.kind].includes([...codes].sort().join(' '));
}

function stepsOf(kind: RaceKind, p: string, random: Seeded): [StructureStep, StructureStep] {
  const split = (names: readonly string[]): StructureStep => ({
    operation_type: 'split_large_piece',
    unit: `${p}Da`,
    offsets: [random.between(1, 8)],
    pieces: names.map((name) => ({ canonical_address: `${p}${name}` })),
  });
  switch (kind) {
    case 'opposite':
      return [move(`${p}Da`, `${p}Db`), move(`${p}Db`, `${p}Da`)];
    case 'splits':
      return [split(['s1', 's2']), split(['t1', 't2'])];
    case 'inserts':
      return [addFirst(`${p}D`, `${p}i1`), addFirst(`${p}D`, `${p}i2`)];
    case 'apart':
      return [move(`${p}Da`, `${p}Db`), move(`${p}Ea`, `${p}Eb`)];
    case 'across':
      return [move(`${p}D`, `${p}Ea`), move(`${p}E`, `${p}Da`)];
    case 'create':
      return [move(`${p}Da`, `${p}E`), addFirst(`${p}Da`, `${p}new`)];
    case 'shelves':
      return [move(`${p}S`, `${p}T`), move(`${p}T`, `${p}S`)];
  }
}

/** Two documents with a and b below each, and two collections, a race; all births in one call and all plans in one more. */
export async function prepareRaces(
  db: TestDatabase,
  random: Seeded,
  prefixes: readonly string[],
): Promise<readonly Race[]> {
  const units = prefixes.flatMap((p) => [
    ...['D', 'E'].flatMap((name) => [
      { canonical_address: `${p}${name}`, body: 'document' },
      ...['a', 'b'].map((piece) => ({
        canonical_address: `${p}${name}${piece}`,
        parent_address: `${p}${name}`,
        body: 'some text',
      })),
    ]),
    ...['S', 'T'].map((name) => ({ canonical_address: `${p}${name}`, body: name, unit_kind: 'collection' })),
  ]);
  await db.pool.query('select from fn_iu_create_many($1, $2)', [JSON.stringify(units), 'tester']);
  const drafts = prefixes.map((prefix) => {
    const kind = kinds[random.between(0, kinds.length - 1)] ?? 'opposite';
    const [first, second] = stepsOf(kind, prefix, random);
    const steps: [StructureStep, StructureStep] = random.chance(0.5) ? [first, second] : [second, first];
    const meeting: Meeting = random.chance(0.4) ? 'together' : random.chance(0.8) ? 'held' : 'undone';
    return { prefix, kind, meeting, steps };
  });
  const { rows } = await db.pool.query<{ id: string }>(
    `select fn_iu_structure_op_plan(step, 'editor', 'a race') ->> 'operation_id' as id
       from jsonb_array_elements($1) with ordinality as s (step, place) order by place`,
    [JSON.stringify(drafts.flatMap((draft) => draft.steps))],
  );
  return drafts.map((draft, index) => ({
    ...draft,
    plans: [rows[index * 2]?.id ?? '', rows[index * 2 + 1]?.id ?? ''],
  }));
}

/** Lets the two operations of a race meet; the codes say what became of each. */
export async function runRace(race: Race, a: pg.Client, b: pg.Client): Promise<string[]> {
  const [first, second] = race.plans;
  if (race.meeting === 'together') {
    return Promise.all([codeOfCall(applyPlan(a, first)), codeOfCall(applyPlan(b, second))]);
  }
  await a.query('begin');
  const firstCode = await codeOfCall(applyPlan(a, first));
  const waiting = codeOfCall(applyPlan(b, second));
  await a.query(race.meeting === 'undone' || firstCode !== 'ok' ? 'rollback' : 'commit');
  return [race.meeting === 'undone' && firstCode === 'ok' ? 'undone' : firstCode, await waiting];
}
