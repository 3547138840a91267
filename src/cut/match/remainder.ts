import type { Comparer } from './similarity.js';

/** So much of a part's words and of its pairs of words comes from what no other part has of the whole; a text of the same subject has less. */
export const leastOfWords = 0.6;
export const leastOfPairs = 0.4;

/** How much of a part comes from a whole, each as the words in their order: of its words, the rare ones counting more, and of its pairs of words. 0 to 1. */
export interface PartShare {
  readonly words: number;
  readonly pairs: number;
}

/** The words of a whole, and its pairs of words, that no part has taken yet. */
export class Remainder {
  private readonly words: Map<number, number>;
  private readonly pairs: Map<number, number>;
  private readonly all: number;
  private taken = 0;

  constructor(
    private readonly comparer: Pick<Comparer, 'weightOf'>,
    whole: Int32Array,
  ) {
    this.words = countsOf(whole);
    this.pairs = countsOf(pairsOf(whole));
    this.all = whole.reduce((sum, word) => sum + comparer.weightOf(word), 0);
  }

  /** How much of the whole is taken, 0 to 1. */
  get covered(): number {
    return this.all === 0 ? 0 : this.taken / this.all;
  }

  shareOf(part: Int32Array): PartShare {
    return this.compare(part, false);
  }

  /** The same, and what the part has is nobody else's any more. */
  take(part: Int32Array): PartShare {
    return this.compare(part, true);
  }

  private compare(sequence: Int32Array, isTaken: boolean): PartShare {
    let [all, shared] = [0, 0];
    for (const [word, count] of countsOf(sequence)) {
      const left = this.words.get(word) ?? 0;
      const weight = this.comparer.weightOf(word);
      all += weight * count;
      shared += weight * Math.min(count, left);
      if (isTaken && left > 0) this.words.set(word, Math.max(0, left - count));
    }
    let sharedPairs = 0;
    for (const [pair, count] of countsOf(pairsOf(sequence))) {
      const left = this.pairs.get(pair) ?? 0;
      sharedPairs += Math.min(count, left);
      if (isTaken && left > 0) this.pairs.set(pair, Math.max(0, left - count));
    }
    if (isTaken) this.taken += shared;
    return { words: all === 0 ? 0 : shared / all, pairs: sharedPairs / Math.max(1, sequence.length - 1) };
  }
}

function countsOf(values: Iterable<number>): Map<number, number> {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

function* pairsOf(words: Int32Array): Iterable<number> {
  for (let at = 1; at < words.length; at++)
    yield Math.imul((words[at - 1] ?? 0) ^ 0x2545f491, 0x9e3779b1) ^ (words[at] ?? 0);
}
