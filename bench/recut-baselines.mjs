// Matchers to compare with, each as simple as it is described: equal text, gaps of equal length in order, shingles with neighbours.
import { normalizeText } from '../dist/contract/cut/normalize.js';
import { heaviestChain } from '../dist/cut/heaviest-chain.js';

/** Pairs by unique normalised text; then by equal gaps; then by likeness. Each holds what the ones before it found. */
export function baselines(old, now) {
  const texts = (side) => side.pieces.map((piece) => normalizeText(piece.text, piece.label));
  const [olds, news] = [texts(old), texts(now)];
  const newOf = new Map();
  const keyed = () => [...newOf].map(([from, to]) => ({ oldKey: old.pieces[from].key, newKey: now.pieces[to].key }));
  matchUnique(newOf, olds, news);
  const hash = keyed();
  fillGaps(newOf, olds.length, news.length);
  const gap = keyed();
  matchAlike(newOf, { old, now, olds, news });
  return { hash, gap, alike: keyed() };
}

function matchUnique(newOf, olds, news) {
  const places = (texts) => {
    const found = new Map();
    for (const [index, text] of texts.entries()) found.set(text, found.has(text) ? -1 : index);
    return found;
  };
  const newPlaces = places(news);
  for (const [text, index] of places(olds)) {
    const other = newPlaces.get(text) ?? -1;
    if (index >= 0 && other >= 0) newOf.set(index, other);
  }
}

function fillGaps(newOf, oldCount, newCount) {
  const taken = new Set(newOf.values());
  const chain = heaviestChain([...newOf].map(([from, to]) => ({ old: from, new: to, weight: 1 })));
  let [oldAt, newAt] = [0, 0];
  for (const { old, new: now } of [...chain, { old: oldCount, new: newCount }]) {
    const olds = [];
    const news = [];
    for (let at = oldAt; at < old; at++) if (!newOf.has(at)) olds.push(at);
    for (let at = newAt; at < now; at++) if (!taken.has(at)) news.push(at);
    if (olds.length === news.length) for (const [at, index] of olds.entries()) newOf.set(index, news[at]);
    [oldAt, newAt] = [old + 1, now + 1];
  }
}

const shinglesOf = (text) => {
  const words = text.toLowerCase().match(/[\p{L}\p{N}_]+/gu) ?? [];
  const found = new Set();
  for (let at = 0; at + 3 <= Math.max(3, words.length); at++) found.add(words.slice(at, at + 3).join(' '));
  return found;
};

/** max(Jaccard, 0.8 containment) + 0.05 same file + 0.2 per agreeing neighbour, greedy from 0.4. */
function matchAlike(newOf, { old, now, olds, news }) {
  const taken = new Set(newOf.values());
  const free = news.flatMap((text, index) => (taken.has(index) ? [] : [{ index, shingles: shinglesOf(text) }]));
  const newsWith = new Map();
  for (const { index, shingles } of free)
    for (const one of shingles) newsWith.set(one, [...(newsWith.get(one) ?? []), index]);
  const sizes = new Map(free.map(({ index, shingles }) => [index, shingles.size]));
  const pairs = [];
  for (const [from, text] of olds.entries()) {
    if (newOf.has(from)) continue;
    const shingles = shinglesOf(text);
    const shared = new Map();
    for (const one of shingles) for (const to of newsWith.get(one) ?? []) shared.set(to, (shared.get(to) ?? 0) + 1);
    for (const [to, count] of shared) {
      const [left, right] = [shingles.size, sizes.get(to)];
      const likeness = Math.max(count / (left + right - count), (0.8 * count) / Math.min(left, right));
      const isSameFile = old.pieces[from].parentKey === now.pieces[to].parentKey;
      const neighbours = (newOf.get(from - 1) === to - 1 ? 1 : 0) + (newOf.get(from + 1) === to + 1 ? 1 : 0);
      pairs.push({ from, to, score: likeness + (isSameFile ? 0.05 : 0) + 0.2 * neighbours });
    }
  }
  pairs.sort((a, b) => b.score - a.score || a.from - b.from || a.to - b.to);
  for (const { from, to, score } of pairs) {
    if (score < 0.4 || newOf.has(from) || taken.has(to)) continue;
    newOf.set(from, to);
    taken.add(to);
  }
}
