// Plans of arbitrary re-cuts: whatever a matcher says became of the pieces, the steps give the new source and go back to the old one.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MergeFound, PieceMatch, Recut, SplitFound } from '../../src/contract/cut/recut.js';
import { carryThrough } from '../../src/cut/carry-through.js';
import { startCut } from '../../src/cut/pipeline.js';
import { buildPlan } from '../../src/cut/plan/build-plan.js';
import { readCutBase, readCutMarks, readStandingUnits, recordCutPlan, rollBackCutRun } from '../../src/store/cut.js';
import { type CutPeople, createCutSetting, cutRevision, markdown } from '../support/cut-pipeline.js';
import type { TestDatabase } from '../support/database.js';
import { chosenRuns, chosenSeed, type Seeded, seeded } from '../support/seeded.js';

let db: TestDatabase;
let people: CutPeople;

beforeAll(async () => {
  ({ db, people } = await createCutSetting());
});

afterAll(() => db.drop());

const words = 'state law people prince diet court right duty freedom property office vote budget treaty'.split(' ');
const word = (random: Seeded) => words[random.between(0, words.length - 1)] ?? '';

/** A law of random depth; every piece has a text of several lines. */
function randomLaw(random: Seeded, name: string): string {
  const pieces = Array.from({ length: random.between(3, 14) }, (_, index) => {
    const lines = Array.from(
      { length: random.between(1, 4) },
      () => `${word(random)} ${word(random)} ${random.between(1, 99)}.`,
    );
    return `${'#'.repeat(random.between(1, 5))} ${name} ${index}\n${lines.join('\n')}\n`;
  });
  return pieces.join('');
}

/** Any answer that a matcher may give: matches across the document, splits, merges, and the rest born or gone. */
function randomRecut(random: Seeded, oldKeys: readonly string[], newCount: number): Recut {
  const olds = [...oldKeys].sort(() => random.next() - 0.5);
  const news = Array.from({ length: newCount }, (_, index) => String(index)).sort(() => random.next() - 0.5);
  const take = (list: string[], count: number) => list.splice(0, Math.min(count, list.length));
  const matches: PieceMatch[] = [];
  const splits: SplitFound[] = [];
  const merges: MergeFound[] = [];
  while (olds.length > 0 && news.length > 0 && random.chance(0.9)) {
    const kind = random.between(0, 5);
    if (kind === 0 && news.length > 1) {
      const newKeys = take(news, random.between(2, 3)).sort((left, right) => Number(left) - Number(right));
      splits.push({ oldKey: take(olds, 1)[0] ?? '', newKeys, score: 0.7 });
    } else if (kind === 1 && olds.length > 1) {
      merges.push({ oldKeys: take(olds, random.between(2, 3)), newKey: take(news, 1)[0] ?? '', score: 0.7 });
    } else {
      const flags = { hasMoved: true, isReordered: true, isRelabelled: random.chance(0.5) };
      matches.push({
        oldKey: take(olds, 1)[0] ?? '',
        newKey: take(news, 1)[0] ?? '',
        reason: 'similar',
        score: 0.8,
        text: 'changed',
        ...flags,
      });
    }
  }
  return { matcher: { name: 'random', version: '1' }, matches, splits, merges, born: news, gone: olds, doubtful: [] };
}

describe('a plan of a re-cut', () => {
  it('gives the new source whatever became of the pieces, and its rollback the old one', async () => {
    const done: Record<string, number> = {};
    const firstSeed = chosenSeed();
    for (let round = 0; round < 10 * chosenRuns(); round++) {
      const seed = firstSeed + round;
      const random = seeded(seed);
      const target = { address: `law-${round}`, title: 'Law', ownerRef: 'test', actor: 'ann' };
      const source = (name: string) => markdown(randomLaw(random, name), name);
      await cutRevision(people, target, source('first'));
      const before = await readCutBase(people.editor, target.address);
      const second = source('second');
      const run = await startCut(people.editor, target, second);
      const [standing, pieces] = [
        await readStandingUnits(people.editor, before.document_id ?? ''),
        await readCutMarks(people.editor, run.run_id),
      ];
      const recut = randomRecut(
        random,
        standing.map((unit) => unit.unitId),
        pieces.length,
      );
      const plan = buildPlan({
        documentId: before.document_id,
        documentAddress: target.address,
        standing,
        pieces,
        textOf: (piece) => second.bytes.toString('utf8', piece.start, piece.end),
        recut,
        freeAddresses: new Map(pieces.map((piece) => [piece.ordinal, `${target.address}/new/${piece.ordinal}`])),
      });
      for (const { action } of plan.steps) done[action] = (done[action] ?? 0) + 1;
      const whole = {
        ...plan,
        base_hash: before.base_hash,
        matcher: recut.matcher,
        normalizer: { name: 'text', version: '1' },
      };
      const planned = await recordCutPlan(people.editor, run.run_id, whole, 'ann');
      const approver = { database: people.approver, actor: 'bob', note: 'random' };
      const end = await carryThrough(people.editor, planned, 'ann', approver).catch((error: Error) => {
        throw new Error(`seed ${seed}: ${error.message}`, { cause: error });
      });
      // The run closes only when the living units in tree order, joined, are the second source.
      expect(end.state, `seed ${seed}`).toBe('closeout_reported');
      await rollBackCutRun(people.editor, run.run_id, 'R', 'random', 'ann').catch((error: Error) => {
        throw new Error(`seed ${seed}: ${error.message}`, { cause: error });
      });
      expect(await readCutBase(people.editor, target.address), `seed ${seed}`).toEqual(before);
    }
    expect(Object.keys(done).sort()).toEqual(['add', 'deprecate', 'merge', 'move', 'renumber', 'split']);
  }, 120_000);
});
