import type { Pairing } from './pairing.js';
import { definitionsOf, type Prepared, wordsBesideDefinitions } from './prepare.js';
import { leastOfPairs, leastOfWords, Remainder } from './remainder.js';
import { mostParts } from './split-merge.js';

/** With more words of its own a piece is known by them. */
const mostOwnWords = 5;
const leastDefinitionWords = 6;

/** One side of the revision, as parts of what stands on the other one. */
interface Side {
  readonly parts: readonly Prepared[];
  readonly wholes: readonly Prepared[];
  readonly isFree: (part: number) => boolean;
  /** The piece that a part comes from, with all parts that are known; null for none, and where a person has said it. */
  readonly wholeOf: (part: number) => { readonly whole: number; readonly known: readonly number[] } | null;
  readonly join: (whole: number, parts: readonly number[], score: number) => void;
}

/**
 * Parts of nothing but footnotes and link definitions. Those are left out of every comparison, because they stand in whatever piece is the last one;
 * what holds nothing else is asked here whether they are those that its neighbour's old piece has lost.
 */
export function joinDefinitions(pairing: Pairing): void {
  const { newOf, oldOf, olds, news } = pairing;
  joinTo({
    parts: news,
    wholes: olds,
    isFree: (now) => pairing.isNewFree(now),
    wholeOf: (now) => {
      const split = pairing.splits.find((one) => one.news.includes(now));
      if (split) return split.isSaid ? null : { whole: split.old, known: split.news };
      const old = oldOf[now] ?? -1;
      return old < 0 || pairing.reasonOf(now) === 'person' ? null : { whole: old, known: [now] };
    },
    join: (old, parts, score) => pairing.splitAgain({ old, news: parts, score }),
  });
  joinTo({
    parts: olds,
    wholes: news,
    isFree: (old) => pairing.isOldFree(old),
    wholeOf: (old) => {
      const merge = pairing.merges.find((one) => one.olds.includes(old));
      if (merge) return merge.isSaid ? null : { whole: merge.now, known: merge.olds };
      const now = newOf[old] ?? -1;
      return now < 0 || pairing.reasonOf(now) === 'person' ? null : { whole: now, known: [old] };
    },
    join: (now, parts, score) => pairing.mergeAgain({ olds: parts, now, score }),
  });
}

function joinTo({ parts, wholes, isFree, wholeOf, join }: Side): void {
  for (const part of parts) {
    if (!isFree(part.index) || !isOfDefinitions(part)) continue;
    const { index, previousSibling, nextSibling } = part;
    for (const beside of new Set([index - 1, previousSibling, index + 1, nextSibling])) {
      const found = parts[beside] === undefined || isFree(beside) ? null : wholeOf(beside);
      const whole = wholes[found?.whole ?? -1];
      if (!found || !whole || found.known.length >= mostParts) continue;
      const score = shareOf(
        whole,
        found.known.map((one) => parts[one] as Prepared),
        part,
      );
      if (score === 0) continue;
      join(
        whole.index,
        [...found.known, index].sort((left, right) => left - right),
        score,
      );
      break;
    }
  }
}

function isOfDefinitions({ piece }: Prepared): boolean {
  return definitionsOf(piece).flat().length >= leastDefinitionWords && wordsBesideDefinitions(piece) <= mostOwnWords;
}

/** How much of the definitions of a part comes from the whole; 0 when it is not enough. */
function shareOf(whole: Prepared, known: readonly Prepared[], part: Prepared): number {
  const all = definitionsOf(whole.piece);
  const lost = new Remainder(weightsIn(all), Int32Array.from(all.flat()));
  for (const { piece } of known) lost.take(Int32Array.from(definitionsOf(piece).flat()));
  const { words, pairs } = lost.shareOf(Int32Array.from(definitionsOf(part.piece).flat()));
  return words < leastOfWords || pairs < leastOfPairs ? 0 : words;
}

/** Footnotes are written by a rule (`Art. 3 changed by …`): what stands in all of them says little. */
function weightsIn(definitions: readonly (readonly number[])[]) {
  const times = new Map<number, number>();
  for (const word of definitions.flatMap((one) => [...new Set(one)])) times.set(word, (times.get(word) ?? 0) + 1);
  return { weightOf: (word: number) => Math.log(1 + definitions.length / (times.get(word) ?? 1)) };
}
