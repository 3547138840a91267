// Random edits of a document with known truth. The truth comes from what was done, never from comparing texts.

const wordsOf = (text) => text.match(/[\p{L}\p{N}]+/gu) ?? [];
/** Shorter parts are headings and numbers: a split there is no split of text. */
const leastPartWords = 12;
const numbered = /^(Art\. |§ )([0-9]+)([a-z]*)$/u;

/** mulberry32: numbers from 0 to 1 that a seed repeats. */
export function seededNumbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/**
 * A revision of `pieces`: `rates` say what share of the leaves is split, merged with the next one, moved under another parent, deleted,
 * inserted before, and has `words` of its words changed (`edit`). With `renumber` the numbered labels are counted anew afterwards.
 * `foreign` are texts to insert.
 */
export function editDocument(pieces, next, rates, foreign) {
  const nodes = pieces.map((piece) => ({ ...piece, from: [piece.key], parts: 1 }));
  const parents = new Set(pieces.map((piece) => piece.parentKey));
  const isLeaf = (node) => !parents.has(node.from[0]) && node.kind !== 'front_matter';
  const chance = (rate = 0) => next() < rate;
  const edited = [];
  for (let at = 0; at < nodes.length; at++) {
    const node = nodes[at];
    if (chance(rates.insert) && foreign.length > 0 && isLeaf(node)) edited.push(inserted(node, foreign, next));
    const following = nodes[at + 1];
    if (!isLeaf(node)) edited.push(node);
    else if (chance(rates.delete)) continue;
    else if (chance(rates.split) && splitPlaces(node.text).length > 0) edited.push(...splitNode(node, next));
    else if (
      following &&
      isLeaf(following) &&
      following.parentKey === node.parentKey &&
      isLong(node) &&
      isLong(following) &&
      chance(rates.merge)
    ) {
      edited.push(mergedNode(node, following));
      at++;
    } else edited.push(node);
  }
  const placed = moveNodes(edited, next, rates.move, isLeaf);
  if (rates.renumber) renumber(placed);
  for (const node of placed) if (chance(rates.edit)) node.text = changeWords(node.text, next, rates.words ?? 0.1);
  return finish(pieces, placed);
}

const isLong = (node) => wordsOf(bodyOf(node)).length >= leastPartWords;

/** The text below the heading. */
function bodyOf({ text }) {
  return text.startsWith('#') ? text.slice(text.indexOf('\n') + 1) : text;
}

function headingOf({ text }) {
  return text.startsWith('#') ? text.slice(0, text.indexOf('\n') + 1) : '';
}

function inserted(beside, foreign, next) {
  const source = foreign[Math.floor(next() * foreign.length)];
  const label = beside.label === '' ? '' : 'Art. 9999';
  const text = label === '' ? source : `##### ${label}\n\n${source}`;
  return { ...beside, label, text, from: [], parts: 1 };
}

/** Ends of paragraphs and sentences with enough words on both sides. */
function splitPlaces(text) {
  const places = [];
  for (const { index, 0: found } of text.matchAll(/\n\n+|(?<=[\p{Ll})][.;])\s+(?=\p{Lu})/gu)) {
    const at = index + found.length;
    if (wordsOf(text.slice(0, at)).length >= leastPartWords && wordsOf(text.slice(at)).length >= leastPartWords)
      places.push(at);
  }
  return places;
}

function splitNode(node, next) {
  const places = splitPlaces(node.text);
  let cuts = [places[Math.floor(next() * places.length)]];
  const second = places.find(
    (place) => place > cuts[0] && wordsOf(node.text.slice(cuts[0], place)).length >= leastPartWords,
  );
  if (second !== undefined && next() < 0.3) cuts = [cuts[0], second];
  const ends = [...cuts, node.text.length];
  return ends.map((end, at) => {
    const text = node.text.slice(at === 0 ? 0 : ends[at - 1], end);
    if (at === 0 || node.label === '') return { ...node, text, parts: ends.length };
    const label = `${node.label}${'abc'[at - 1]}`;
    return { ...node, label, text: `##### ${label}\n\n${text}`, parts: ends.length };
  });
}

function mergedNode(first, second) {
  const text = `${first.text.trimEnd()}\n\n${bodyOf(second).trimStart()}`;
  return { ...first, text, from: [...first.from, ...second.from] };
}

/** Takes leaves out and puts each behind a leaf of another parent. */
function moveNodes(nodes, next, rate, isLeaf) {
  const canMove = (node) => node.from.length === 1 && node.parts === 1 && isLeaf(node) && isLong(node);
  const stay = [];
  const moving = [];
  for (const node of nodes) (next() < (rate ?? 0) && canMove(node) ? moving : stay).push(node);
  for (const node of moving) {
    const places = stay.flatMap((other, at) =>
      other.parentKey !== node.parentKey && other.from.length > 0 && isLeaf(other) && other.kind === node.kind
        ? [at]
        : [],
    );
    const at = places.length === 0 ? stay.length - 1 : places[Math.floor(next() * places.length)];
    const parentKey = places.length === 0 ? node.parentKey : stay[at].parentKey;
    stay.splice(at + 1, 0, { ...node, parentKey, isMoved: parentKey !== node.parentKey });
  }
  return stay;
}

function renumber(nodes) {
  let number = 0;
  for (const node of nodes) {
    const found = numbered.exec(node.label);
    if (!found) continue;
    number += 1;
    const label = `${found[1]}${number}`;
    node.text = headingOf(node).replace(node.label, label) + bodyOf(node);
    node.label = label;
  }
}

function changeWords(text, next, share) {
  const vocabulary = wordsOf(text);
  const heading = text.startsWith('#') ? text.indexOf('\n') + 1 : 0;
  const changed = text.slice(heading).replace(/[\p{L}\p{N}]+/gu, (word) => {
    if (next() >= share) return word;
    const dice = next();
    const other = vocabulary[Math.floor(next() * vocabulary.length)];
    return dice < 0.25 ? '' : dice < 0.5 ? `${word} ${other}` : dice < 0.75 ? other : `${word}x`;
  });
  return text.slice(0, heading) + changed;
}

/** Gives the nodes their new keys and says what became of what. */
function finish(pieces, nodes) {
  const keyed = nodes.map((node, at) => ({ ...node, newKey: `n${at}` }));
  const newKeyOf = new Map();
  for (const node of keyed) for (const from of node.from) if (!newKeyOf.has(from)) newKeyOf.set(from, node.newKey);
  const labels = new Map(pieces.map(({ key, label }) => [key, label]));
  const truth = { matches: [], splits: [], merges: [], born: [], gone: [], moved: [], relabelled: [] };
  const splits = new Map();
  for (const { from, newKey, parts, isMoved, label } of keyed) {
    const [oldKey] = from;
    if (oldKey === undefined) truth.born.push(newKey);
    else if (from.length > 1) truth.merges.push({ oldKeys: from, newKey });
    else if (parts > 1) splits.set(oldKey, [...(splits.get(oldKey) ?? []), newKey]);
    else {
      truth.matches.push({ oldKey, newKey });
      if (isMoved) truth.moved.push(newKey);
      if (labels.get(oldKey) !== label) truth.relabelled.push(newKey);
    }
  }
  truth.splits = [...splits].map(([oldKey, newKeys]) => ({ oldKey, newKeys }));
  truth.gone = pieces.flatMap(({ key }) => (newKeyOf.has(key) ? [] : [key]));
  const result = keyed.map(({ newKey, parentKey, kind, label, text }) => ({
    key: newKey,
    parentKey: parentKey === null ? null : (newKeyOf.get(parentKey) ?? null),
    kind,
    label,
    text,
  }));
  return { pieces: result, truth };
}

/** What was found of splits, merges, moves, new numbers and pairs: [right, found, true] each. */
export function compareEdits(result, truth) {
  const splitKey = ({ oldKey, newKeys }) => `${oldKey}>${newKeys.join()}`;
  const mergeKey = ({ oldKeys, newKey }) => `${oldKeys.join()}>${newKey}`;
  const pairKey = ({ oldKey, newKey }) => `${oldKey}>${newKey}`;
  const flagged = (flag) => result.matches.filter((match) => match[flag]).map(({ newKey }) => newKey);
  const counts = (found, expected) => {
    const wanted = new Set(expected);
    return [found.filter((one) => wanted.has(one)).length, found.length, wanted.size];
  };
  return {
    splits: counts(result.splits.map(splitKey), truth.splits.map(splitKey)),
    merges: counts(result.merges.map(mergeKey), truth.merges.map(mergeKey)),
    moves: counts(flagged('hasMoved'), truth.moved),
    relabels: counts(flagged('isRelabelled'), truth.relabelled),
    pairs: counts(result.matches.map(pairKey), truth.matches.map(pairKey)),
    born: counts([...result.born], truth.born),
    gone: counts([...result.gone], truth.gone),
  };
}
