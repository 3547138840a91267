// The matcher of a re-cut: what it finds of known truth, beside simple matchers in the same run, and by what it is unsure of.
//
//   npm run bench recut [-- --json] [--quick] [--corpus DIR] [--seed N]
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { normalizeText } from '../dist/contract/cut/normalize.js';
import { recut } from '../dist/cut/match/recut.js';
import { figure } from './measure.mjs';
import { books, cutByGrammar, laws } from './recut-corpora.mjs';
import { compareEdits, editDocument, seededNumbers } from './recut-edits.mjs';
import { buckets, Score } from './recut-score.mjs';

const option = (name) => {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
};
/** Random pairs of revisions of a law, over all laws together. */
const randomPairs = 700;
/** Edits go on, with other seeds, until so many of each kind are true or the documents were edited so many times: of ten, one is a tenth. */
const enoughTrue = 100;
const mostRounds = 40;

/** Quality of the matcher; needs no database. */
export function benchRecut({ say, quick }) {
  const folder = resolve(option('--corpus') ?? '../shared/corpora');
  const seed = Number(option('--seed') ?? 20_261_126);
  if (!existsSync(folder)) throw new Error(`no corpora at ${folder}: give a folder with --corpus DIR`);
  say(`re-cut: corpora of ${folder}, seed ${seed}`);
  const lawsFound = laws(folder);
  const booksFound = books(folder);
  const groups = [...scoreLaws(lawsFound, seed, quick), ...scoreBooks(booksFound, quick)].filter(
    (one) => one.pairs > 0,
  );
  const figures = groups.flatMap((group) => figuresOf(group, say));
  return [...figures, ...scoreEdits(lawsFound, booksFound, cutByGrammar(folder), seed, quick, say)];
}

function run(score, name, old, now) {
  const started = process.hrtime.bigint();
  const result = recut(old.pieces, now.pieces);
  score.add(name, old, now, result, Number(process.hrtime.bigint() - started) / 1e9);
}

/** Laws in two halves by their place in the alphabet: thresholds were chosen on the first, the second is the check. */
function scoreLaws(found, seed, quick) {
  const groups = [];
  for (const [half, name] of ['first half', 'second half'].entries()) {
    const mine = found.filter((_, at) => at % 2 === half);
    if (mine.length === 0) continue;
    for (const mode of ['hidden', 'visible']) {
      const label = (what) => new Score(`laws, ${what}, numbers ${mode}, ${name} of the laws`);
      const [next, apart, first] = [
        label('neighbouring revisions'),
        label('random revisions'),
        label('from the first revision'),
      ];
      for (const law of mine) scoreNeighbours(law, law[mode], { next, first }, quick);
      const random = seededNumbers(seed + half);
      for (let pair = 0; pair < (quick ? 60 : randomPairs / 2); pair++) scoreRandomPair(mine, mode, random, apart);
      groups.push(next, apart, first);
    }
  }
  return groups;
}

/** From the first revision some headings are missing in the source: scored apart, and in no other group. */
function scoreNeighbours(law, revisions, { next, first }, quick) {
  for (let at = 1; at < revisions.length; at += quick ? 5 : 1) {
    run(at === 1 ? first : next, `${law.files[at - 1]} > ${law.files[at]}`, revisions[at - 1](), revisions[at]());
  }
}

function scoreRandomPair(mine, mode, random, score) {
  const law = mine[Math.floor(random() * mine.length)];
  const revisions = law[mode];
  const [one, other] = [random(), random()].map((value) => 1 + Math.floor(value * (revisions.length - 1)));
  const [from, to] = [Math.min(one, other), Math.max(one, other)];
  if (from < to && to < revisions.length)
    run(score, `${law.files[from]} > ${law.files[to]}`, revisions[from](), revisions[to]());
}

function scoreBooks(found, quick) {
  const groups = new Map();
  for (const [at, from] of found.entries()) {
    for (const to of found.slice(at + 1)) {
      const apart = to.month - from.month;
      const name =
        apart === 1
          ? 'a month apart'
          : apart >= 5 && apart <= 6
            ? 'five or six months apart'
            : apart === 12
              ? 'a year apart'
              : null;
      if (name === null || (quick && groups.has(name))) continue;
      if (!groups.has(name)) groups.set(name, new Score(`book by rules, ${name}, ids hidden`));
      run(groups.get(name), `${from.name} > ${to.name}`, from.read(), to.read());
    }
  }
  return [...groups.values()];
}

const share = (part, all) => (all === 0 ? 1 : part / all);
const four = (value) => value.toFixed(4);

function figuresOf(score, say) {
  const recall = (tally) => share(tally.found, score.gold);
  const precision = (tally) => share(tally.right, tally.judged);
  const uncontradicted = (tally) => share(tally.judged - tally.contradicted, tally.judged);
  const line = (tally) => `${four(recall(tally))} / ${four(precision(tally))} / ${four(uncontradicted(tally))}`;
  say(`  ${score.what}: ${score.pairs} pairs, ${score.seconds.toFixed(1)} s`);
  const spread = (counts, keys) =>
    keys
      .flatMap((key) => (counts.has(key) ? [`${key}: ${counts.get(key)[0]} of ${counts.get(key)[1]}`] : []))
      .join(', ');
  return [
    figure(
      score.what,
      score.gold,
      'true pairs',
      undefined,
      `of them changed ${score.changed}; pairs of revisions ${score.pairs}`,
    ),
    exact(
      '  equal text alone: recall',
      recall(score.hash),
      `recall / precision / not contradicted ${line(score.hash)}`,
    ),
    exact('  and gaps in order', recall(score.gap), line(score.gap)),
    exact('  and likeness, greedy', recall(score.alike), line(score.alike)),
    exact('  matcher: recall, doubtful ones missed', recall(score.all), line(score.all)),
    exact('  matcher: recall, doubtful ones left out', share(score.all.found, score.gold - score.goldInReview)),
    exact('  matcher: matches only, splits and merges missed', recall(score.matches), line(score.matches)),
    exact(
      '  called new',
      share(score.calledNew, score.newPieces),
      `truly new ${four(share(score.trulyNew, score.newPieces))}, wrongly ${score.wronglyNew}`,
    ),
    exact(
      '  sent to a person',
      share(score.reviewed, score.reviewedPieces),
      `${score.reviewed} pieces; of ${score.goldInReview} with a true pair ${score.rightAmongCandidates} have it among the candidates`,
    ),
    figure(
      '  splits and merges found',
      score.splits + score.merges,
      '',
      undefined,
      `${score.splits} and ${score.merges}`,
    ),
    figure(
      '  right by score',
      share(score.matches.right, score.matches.judged),
      '',
      undefined,
      spread(score.calibration, buckets),
    ),
    figure(
      '  right by reason',
      share(score.matches.right, score.matches.judged),
      '',
      undefined,
      spread(score.reasons, [...score.reasons.keys()]),
    ),
  ];
}

/** Four digits: three would hide what is left to find. */
function exact(what, value, note) {
  return { ...figure(what, value, '', undefined, note), value: Number(value.toFixed(4)) };
}

const scenarios = {
  'splits alone, 8 % of the pieces': { split: 0.08 },
  'merges alone, 8 %': { merge: 0.08 },
  'moves alone, 5 %': { move: 0.05 },
  'insertions 3 % and deletions 2 %, numbers counted anew': { insert: 0.03, delete: 0.02, renumber: true },
  'all, 3 % each, one piece in ten with 5 % of its words changed': edits(0.03, 0.1, 0.05),
  'all, 5 % each, three in ten with 10 % of their words': edits(0.05, 0.3, 0.1),
  'all, 8 % each, six in ten with 15 % of their words': edits(0.08, 0.6, 0.15),
};

function edits(rate, edit, words) {
  return { split: rate, merge: rate, move: rate / 2, insert: rate, delete: rate, edit, words, renumber: true };
}

const kinds = { splits: 'splits', merges: 'merges', moves: 'moves', relabels: 'new numbers', pairs: 'pairs' };

function scoreEdits(lawsFound, booksFound, byGrammar, seed, quick, say) {
  const pick = (mode) =>
    lawsFound.flatMap((law) => {
      const last = law[mode].length - 1;
      return [...new Set(quick ? [last] : [Math.min(2, last), last >> 1, last])].map((at) => law[mode][at]().pieces);
    });
  const documents = { 'numbers visible': pick('visible'), 'numbers hidden': pick('hidden') };
  if (booksFound.length > 0)
    documents['book by rules'] = booksFound.slice(quick ? -1 : 0).map((book) => book.read().pieces);
  for (const [name, pieceLists] of Object.entries(byGrammar)) if (pieceLists.length > 0) documents[name] = pieceLists;
  const foreign = documents['numbers hidden'].flatMap((pieces) =>
    pieces.flatMap(({ kind, text }) =>
      kind === 'heading' && text.length > 200 && text.length < 2500
        ? [{ text: withoutHeading(text), plain: normalizeText(withoutHeading(text), '') }]
        : [],
    ),
  );
  for (const [name, pieceLists] of Object.entries(documents)) documents[name] = withOthers(pieceLists, foreign);
  const figures = [];
  for (const [scenario, rates] of Object.entries(scenarios)) {
    for (const [name, edited] of Object.entries(documents)) {
      const sums = editedSums(edited, rates, seededNumbers(seed), quick ? 1 : mostRounds);
      say(`  edits, ${scenario}, ${name}: done`);
      for (const [kind, what] of Object.entries(kinds)) {
        const [right, found, truth] = sums[kind] ?? [0, 0, 0];
        if (truth === 0) continue;
        const goal = kind === 'pairs' ? undefined : '>= 0.9';
        figures.push(
          figure(
            `edits, ${scenario}, ${name}: F1 of ${what}`,
            (2 * right) / (found + truth),
            '',
            goal,
            `precision ${(right / Math.max(1, found)).toFixed(3)}, recall ${(right / truth).toFixed(3)}, ${truth} true`,
          ),
        );
      }
    }
  }
  return figures;
}

function withoutHeading(text) {
  return text.replace(/^#.*\n/, '').trim();
}

function editedSums(documents, rates, next, rounds) {
  const sums = {};
  const isEnough = () =>
    ['split', 'merge', 'move'].every((kind) => !rates[kind] || (sums[`${kind}s`]?.[2] ?? 0) >= enoughTrue);
  for (let round = 0; round < rounds && (round === 0 || !isEnough()); round++)
    for (const { pieces, others } of documents) {
      const edited = editDocument(pieces, next, rates, others);
      const compared = compareEdits(recut(pieces, edited.pieces), edited.truth);
      for (const [kind, counts] of Object.entries(compared))
        sums[kind] = (sums[kind] ?? [0, 0, 0]).map((sum, at) => sum + counts[at]);
    }
  return sums;
}

/** Each document with texts that it does not hold: the same text with another footnote would be an old piece, put in again. */
function withOthers(pieceLists, foreign) {
  return pieceLists.map((pieces) => {
    const own = new Set(pieces.map(({ text }) => normalizeText(withoutHeading(text), '')));
    return { pieces, others: foreign.flatMap(({ text, plain }) => (own.has(plain) ? [] : [text])) };
  });
}
