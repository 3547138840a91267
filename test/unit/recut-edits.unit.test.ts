import { describe, expect, it } from 'vitest';
import { compareEdits, editDocument, seededNumbers } from '../../bench/recut-edits.mjs';
import type { MatchPiece } from '../../src/contract/cut/recut.js';
import { recut } from '../../src/cut/match/recut.js';
import { chosenSeed } from '../support/seeded.js';

const subjects = [
  'The authority',
  'The court',
  'Every owner',
  'The applicant',
  'The commission',
  'A member',
  'The state',
];
const verbs = ['decides on', 'reports', 'may refuse', 'publishes', 'keeps a record of', 'has to pay for', 'supervises'];

/** A law of chapters with articles of sentences; every sentence has words of its own, as sentences of laws do. */
function inventLaw(next: () => number, name: string): MatchPiece[] {
  const pick = (list: readonly string[]) => list[Math.floor(next() * list.length)] ?? '';
  const word = () =>
    `${pick(['re', 'con', 'de', 'ab', 'per', 'sub'])}${pick(['fund', 'term', 'part', 'cess', 'vis', 'mand', 'tract'])}${Math.floor(next() * 400)}`;
  const sentence = () =>
    `${pick(subjects)} ${pick(verbs)} ${Array.from({ length: 8 }, word).join(' ')} within ${word()}.`;
  const pieces: MatchPiece[] = [];
  let number = 0;
  for (let chapter = 1; chapter <= 8; chapter++) {
    const parentKey = `${name}c${chapter}`;
    pieces.push({
      key: parentKey,
      parentKey: null,
      kind: 'chapter',
      label: `Chapter ${chapter}`,
      text: `## Chapter ${chapter}\n\n${sentence()}\n`,
    });
    for (let article = 1; article <= 12; article++) {
      number += 1;
      const paragraphs = Array.from({ length: 1 + Math.floor(next() * 4) }, () => `${sentence()} ${sentence()}`);
      const text = `##### Art. ${number}\n\n${paragraphs.join('\n\n')}\n\n`;
      pieces.push({ key: `${name}a${number}`, parentKey, kind: 'article', label: `Art. ${number}`, text });
    }
  }
  return pieces;
}

describe('re-cut of randomly edited documents', () => {
  it('finds splits, merges, moves and new numbers with F1 of at least 0.9 each', () => {
    const seed = chosenSeed();
    console.log(`seed ${seed} (IU_FAULT_SEED repeats it)`);
    const next = seededNumbers(seed);
    const rates = {
      split: 0.05,
      merge: 0.05,
      move: 0.03,
      insert: 0.05,
      delete: 0.04,
      edit: 0.2,
      words: 0.08,
      renumber: true,
    };
    const sums = new Map<string, [number, number, number]>();
    const foreign = inventLaw(next, 'f').map(({ text }) => text.replace(/^#.*\n/, '').trim());
    // About 200 splits; of 30 a seed had an F1 below 0.9 by chance, of 200 the worst of eight seeds had 0.956.
    for (let round = 0; round < 60; round++) {
      const olds = inventLaw(next, 'o');
      const { pieces, truth } = editDocument(olds, next, rates, foreign);
      for (const [kind, [right, found, all]] of Object.entries(compareEdits(recut(olds, pieces), truth))) {
        const before = sums.get(kind) ?? [0, 0, 0];
        sums.set(kind, [before[0] + right, before[1] + found, before[2] + all]);
      }
    }
    for (const kind of ['splits', 'merges', 'moves', 'relabels', 'pairs']) {
      const [right, found, all] = sums.get(kind) ?? [0, 0, 0];
      expect(all, kind).toBeGreaterThan(4);
      expect((2 * right) / (found + all), `F1 of ${kind}`).toBeGreaterThanOrEqual(0.9);
    }
  }, 60_000);
});
