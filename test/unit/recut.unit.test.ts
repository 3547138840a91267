import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MatchPiece, Recut } from '../../src/contract/cut/recut.js';
import { pair, recut } from '../../src/cut/match/recut.js';

const words = [
  'law',
  'court',
  'tax',
  'fee',
  'term',
  'act',
  'order',
  'right',
  'duty',
  'claim',
  'state',
  'land',
] as const;
const texts = fc.array(fc.constantFrom(...words), { maxLength: 14 }).map((found) => found.join(' '));
const seeds = fc.record({
  text: texts,
  label: fc.constantFrom('', '', 'Art. 1', 'Art. 2', 'Title'),
  kind: fc.constantFrom('article', 'article', 'article', 'chapter'),
  /** Of the pieces before it, or the document. */
  parent: fc.integer({ min: -2, max: 6 }),
});

function document(prefix: string): fc.Arbitrary<MatchPiece[]> {
  return fc.array(seeds, { maxLength: 14 }).map((found) =>
    found.map(({ text, label, kind, parent }, at) => ({
      key: `${prefix}${at}`,
      parentKey: parent < 0 || parent >= at ? null : `${prefix}${parent}`,
      kind,
      label,
      text,
    })),
  );
}

/** Pieces `key: text` directly under the document. */
function flat(prefix: string, bodies: readonly string[]): MatchPiece[] {
  return bodies.map((text, at) => ({ key: `${prefix}${at}`, parentKey: null, kind: 'article', label: '', text }));
}

const sorted = (keys: readonly string[]) => [...keys].sort();
const keysOf = (pieces: readonly MatchPiece[]) => sorted(pieces.map(({ key }) => key));
const pairsOf = (result: Recut) => result.matches.map(({ oldKey, newKey }) => `${oldKey}>${newKey}`);

/** About `count` words that no other number shares. */
const prose = (number: number, count = 30) => Array.from({ length: count }, (_, at) => `w${number}x${at}`).join(' ');

function expectPartition(olds: readonly MatchPiece[], news: readonly MatchPiece[], result: Recut): void {
  const newKeys = [
    ...result.matches.map(({ newKey }) => newKey),
    ...result.splits.flatMap((split) => split.newKeys),
    ...result.merges.map(({ newKey }) => newKey),
    ...result.born,
    ...result.doubtful.map(({ newKey }) => newKey),
  ];
  const oldKeys = [
    ...result.matches.map(({ oldKey }) => oldKey),
    ...result.splits.map(({ oldKey }) => oldKey),
    ...result.merges.flatMap((merge) => merge.oldKeys),
    ...result.gone,
  ];
  expect(sorted(newKeys)).toEqual(keysOf(news));
  expect(sorted(oldKeys)).toEqual(keysOf(olds));
  const gone = new Set(result.gone);
  for (const { candidates } of result.doubtful) {
    expect(candidates.length).toBeGreaterThan(0);
    for (const { oldKey } of candidates) expect(gone.has(oldKey)).toBe(true);
    const scores = candidates.map(({ score }) => score);
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
  }
  for (const { score } of [...result.matches, ...result.splits, ...result.merges]) {
    expect(score).toBeGreaterThan(0);
    expect(score).toBeLessThanOrEqual(1);
  }
  for (const { newKeys: parts } of result.splits) expect(parts.length).toBeGreaterThan(1);
  for (const { oldKeys: parts } of result.merges) expect(parts.length).toBeGreaterThan(1);
}

describe('re-cut matcher', () => {
  it('puts every new piece in exactly one list and every old one where the contract says, the same way each time', () => {
    fc.assert(
      fc.property(document('o'), document('n'), (olds, news) => {
        const result = recut(olds, news);
        expectPartition(olds, news, result);
        expect(recut(structuredClone(olds), structuredClone(news))).toEqual(result);
      }),
      { numRuns: 80 },
    );
  });

  it('finds in an unchanged document nothing but the same pieces', () => {
    fc.assert(
      fc.property(document('o'), (olds) => {
        const news = olds.map((piece) => ({
          ...piece,
          key: piece.key.replace('o', 'n'),
          parentKey: piece.parentKey?.replace('o', 'n') ?? null,
        }));
        const result = recut(olds, news);
        expect(pairsOf(result)).toEqual(olds.map(({ key }) => `${key}>${key.replace('o', 'n')}`));
        const wanted = { text: 'same', hasMoved: false, isReordered: false, isRelabelled: false, reason: 'same_text' };
        for (const match of result.matches) expect(match).toMatchObject(wanted);
      }),
      { numRuns: 80 },
    );
  });

  it('does what a person said before anything else', () => {
    const overridden = fc
      .tuple(fc.array(seeds, { minLength: 1, maxLength: 8 }), document('n'), fc.nat(), fc.boolean())
      .filter(([, news]) => news.length > 0);
    fc.assert(
      fc.property(overridden, ([oldSeeds, news, at, isNew]) => {
        const olds = oldSeeds.map(({ text, kind, label }, index) => ({
          key: `o${index}`,
          parentKey: null,
          text,
          kind,
          label,
        }));
        const newKey = news[at % news.length]?.key ?? '';
        const oldKey = isNew ? null : (olds[at % olds.length]?.key ?? '');
        const result = recut(olds, news, [{ newKey, oldKey }]);
        expectPartition(olds, news, result);
        if (oldKey === null) expect(result.born).toContain(newKey);
        else
          expect(result.matches).toContainEqual(
            expect.objectContaining({ oldKey, newKey, reason: 'person', score: 1 }),
          );
      }),
    );
  });

  it('takes two words about one old piece as its parts and two about one new piece as its sum', () => {
    const [olds, news] = [flat('o', ['a', 'b', 'c']), flat('n', ['d', 'e', 'f'])];
    const parts = recut(olds, news, [
      { newKey: 'n2', oldKey: 'o0' },
      { newKey: 'n1', oldKey: 'o0' },
    ]);
    expect(parts.splits).toEqual([{ oldKey: 'o0', newKeys: ['n1', 'n2'], score: 1 }]);
    const sum = recut(olds, news, [
      { newKey: 'n0', oldKey: 'o2' },
      { newKey: 'n0', oldKey: 'o1' },
    ]);
    expect(sum.merges).toEqual([{ oldKeys: ['o1', 'o2'], newKey: 'n0', score: 1 }]);
  });

  it('refuses keys that are not there or not unique and words that contradict each other', () => {
    const [olds, news] = [flat('o', ['a', 'b']), flat('n', ['a', 'b'])];
    expect(() => recut(olds, news, [{ newKey: 'n7', oldKey: null }])).toThrow(/the new piece "n7", which is not there/);
    expect(() => recut(olds, news, [{ newKey: 'n0', oldKey: 'o7' }])).toThrow(/the old piece "o7", which is not there/);
    expect(() => recut([...olds, ...olds], news)).toThrow(/two pieces have the key "o0"/);
    const both = [
      { newKey: 'n0', oldKey: null },
      { newKey: 'n0', oldKey: 'o0' },
    ];
    expect(() => recut(olds, news, both)).toThrow(/contradict/);
  });

  it('copes with nothing on either side and with a single piece', () => {
    const nothing = { matches: [], splits: [], merges: [], doubtful: [] };
    expect(recut([], [])).toMatchObject({ ...nothing, born: [], gone: [] });
    expect(recut([], flat('n', ['a']))).toMatchObject({ ...nothing, born: ['n0'], gone: [] });
    expect(recut(flat('o', ['a']), [])).toMatchObject({ ...nothing, born: [], gone: ['o0'] });
    expect(pairsOf(recut(flat('o', [prose(1)]), flat('n', [prose(2)])))).toEqual(['o0>n0']);
  });

  it('finds a split, and the merge that undoes it', () => {
    const [first, second] = [prose(1), prose(2)];
    const whole = flat('o', [prose(3), `${first} ${second}`, prose(4)]);
    const parts = flat('n', [prose(3), first, second, prose(4)]);
    expect(recut(whole, parts)).toMatchObject({
      splits: [{ oldKey: 'o1', newKeys: ['n1', 'n2'] }],
      born: [],
      gone: [],
    });
    expect(recut(parts, whole)).toMatchObject({
      merges: [{ oldKeys: ['n1', 'n2'], newKey: 'o1' }],
      born: [],
      gone: [],
    });
  });

  it('tells new numbers, another parent, another order and mere format apart', () => {
    const piece = (key: string, parentKey: string | null, label: string, body: string): MatchPiece => ({
      key,
      parentKey,
      kind: parentKey === null ? 'chapter' : 'article',
      label,
      text: `##### ${label}\n\n${body}\n`,
    });
    const olds = [
      piece('A', null, 'Chapter 1', prose(10)),
      ...[1, 2, 3, 4].map((n) => piece(`a${n}`, 'A', `Art. ${n}`, prose(n))),
      piece('B', null, 'Chapter 2', prose(20)),
      piece('b', 'B', 'Art. 5', prose(5)),
    ];
    const news = [
      piece('A', null, 'Chapter 1', prose(10)),
      piece('new', 'A', 'Art. 1', prose(99)),
      piece('a2', 'A', 'Art. 2', prose(2)),
      piece('a3', 'A', 'Art. 3', `${prose(3)} [^7]`),
      piece('a1', 'A', 'Art. 4', prose(1)),
      piece('B', null, 'Chapter 2', prose(20)),
      piece('b', 'B', 'Art. 5', prose(5)),
      piece('a4', 'B', 'Art. 6', prose(4)),
    ];
    const result = recut(olds, news);
    const flags = (key: string) => {
      const match = result.matches.find(({ newKey }) => newKey === key);
      const { text, hasMoved, isReordered, isRelabelled } = match ?? {};
      return [match?.oldKey, text, hasMoved, isReordered, isRelabelled];
    };
    expect(result.born).toEqual(['new']);
    expect(flags('a2')).toEqual(['a2', 'same', false, false, false]);
    expect(flags('a3')).toEqual(['a3', 'format', false, false, false]);
    expect(flags('a1')).toEqual(['a1', 'format', false, true, true]);
    expect(flags('a4')).toEqual(['a4', 'format', true, false, true]);
  });

  it('knows a piece by its text whose code was indented anew, and calls it changed', () => {
    const code = (indent: string) => `${prose(2)}\n\n\`\`\`python\nif ready:\n    check()\n${indent}launch()\n\`\`\`\n`;
    const { matches } = recut(flat('o', [prose(1), code('    '), prose(3)]), flat('n', [code(''), prose(9), prose(8)]));
    expect(matches).toMatchObject([{ oldKey: 'o1', newKey: 'n0', reason: 'same_text', text: 'changed' }]);
  });

  it('asks a person when one of two new pieces must be the old one and neither resembles it', () => {
    const result = recut(
      flat('o', [prose(1), prose(2), prose(3)]),
      flat('n', [prose(1), prose(8), prose(9), prose(3)]),
    );
    expect(result.doubtful.map(({ newKey, candidates }) => [newKey, candidates[0]?.oldKey])).toEqual([
      ['n1', 'o1'],
      ['n2', 'o1'],
    ]);
    expect(result.gone).toEqual(['o1']);
  });

  it('does not follow the footnotes of the last piece into a piece that was added behind it', () => {
    const notes = `\n\n[^1]: ${prose(50, 200)}\n\n[^2]: ${prose(51, 200)}\n`;
    const olds = flat('o', [prose(1), prose(2) + notes]);
    const news = flat('n', [prose(1), prose(2), prose(3) + notes]);
    expect(pairsOf(recut(olds, news))).toEqual(['o0>n0', 'o1>n1']);
  });

  it('matches a thousand equal pieces in order and calls only the surplus gone', () => {
    const result = recut(flat('o', Array(1000).fill('repealed')), flat('n', Array(999).fill('repealed')));
    expect(result.matches).toHaveLength(999);
    expect(result.gone).toHaveLength(1);
    expect(result.matches.every(({ oldKey, newKey }) => oldKey.slice(1) === newKey.slice(1))).toBe(true);
  });

  it('compares a number of pairs that grows with the pieces, not with their square', () => {
    const comparisons = (count: number) => {
      const shared = 'the authority decides within thirty days on the request of the person concerned';
      const olds = flat(
        'o',
        Array.from({ length: count }, (_, at) => `${shared} ${prose(at, 12)} end`),
      );
      const changed = (at: number) => `${prose(at, 6)} ${prose(100_000 + at, 6)} ${shared} end`;
      const shuffled = Array.from({ length: count }, (_, at) => changed((at * 7919) % count));
      return pair(olds, flat('n', shuffled)).comparer.comparisons;
    };
    const [small, large] = [comparisons(250), comparisons(1000)];
    expect(large).toBeLessThan(1000 * 30);
    expect(large / small).toBeLessThan(6);
  });

  /** Articles that own nothing but their number, each with paragraphs, which own the text. */
  const articles = (prefix: string, held: readonly (readonly string[])[]): MatchPiece[] =>
    held.flatMap((paragraphs, at) => {
      const article = {
        key: `${prefix}${at + 1}`,
        parentKey: null,
        kind: 'article',
        label: `Art. ${at + 1}`,
        text: '',
      };
      const under = paragraphs.map((text, below) => ({
        key: `${article.key}.${below + 1}`,
        parentKey: article.key,
        kind: 'paragraph',
        label: `${below + 1}`,
        text,
      }));
      return [article, ...under];
    });

  it('knows an article without text of its own by its paragraphs when the articles are counted anew', () => {
    const held = [1, 2, 3, 4, 5, 6].map((number) => [prose(number * 10), prose(number * 10 + 1)]);
    const olds = articles('o', held);
    // Article 2 is gone, and so every later one has another number; of article 5 both paragraphs are edited too.
    const kept = held.filter((_, at) => at !== 1);
    kept[3] = (kept[3] ?? []).map((text) => `${text.split(' ').slice(0, 20).join(' ')} ${prose(99, 10)}`);
    const result = recut(olds, articles('n', kept));
    expect(pairsOf(result).filter((one) => !one.includes('.'))).toEqual(['o1>n1', 'o3>n2', 'o4>n3', 'o5>n4', 'o6>n5']);
    expect(result.gone).toEqual(['o2', 'o2.1', 'o2.2']);
    expect(result.matches.filter((one) => one.hasMoved)).toEqual([]);
  });

  it('does not take paragraphs into an article that a person called new because they have the same numbers', () => {
    const olds = articles('o', [
      [prose(1), prose(2)],
      [prose(3), prose(4), prose(5)],
      [prose(6), prose(7)],
    ]);
    const held = [
      [prose(1), prose(2)],
      [prose(13), prose(14), prose(5)],
      [prose(6), prose(7)],
    ];
    const result = recut(olds, articles('n', held), [{ oldKey: null, newKey: 'n2' }]);
    expect(result.born).toEqual(['n2']);
    expect(result.gone).toEqual(['o2', 'o2.1', 'o2.2']);
    // A text that is there again has moved into it; of the others a person is asked.
    expect(result.matches.filter((one) => one.hasMoved).map((one) => one.oldKey)).toEqual(['o2.3']);
    expect(result.doubtful.map(({ newKey }) => newKey)).toEqual(['n2.1', 'n2.2']);
    expect(pairsOf(recut(olds, articles('n', held))), 'nobody said so').toContain('o2.1>n2.1');
  });

  it('knows a chain of holders by the piece at its end at a cost that grows with its depth, not with the square', () => {
    const chain = (prefix: string, depth: number): MatchPiece[] =>
      Array.from({ length: depth + 1 }, (_, at) => ({
        key: `${prefix}${at}`,
        parentKey: at === 0 ? null : `${prefix}${at - 1}`,
        kind: at < depth ? 'section' : 'article',
        label: `${prefix} ${at}`,
        text: at < depth ? '' : prose(1),
      }));
    const cost = (depth: number) => {
      const [olds, news] = [chain('o', depth), chain('n', depth)];
      const before = process.cpuUsage();
      expect(recut(olds, news).matches.filter(({ reason }) => reason === 'same_children')).toHaveLength(depth);
      const { user, system } = process.cpuUsage(before);
      return user + system;
    };
    cost(2000);
    // Eight times as deep: 4 to 11 times the cost was seen, and 65 to 79 times when every level was counted anew.
    expect(cost(8000) / cost(1000)).toBeLessThan(25);
  });

  it('does not let one paragraph that moved take its article along', () => {
    const held = [1, 2, 3, 4].map((number) => [prose(number * 10), prose(number * 10 + 1), prose(number * 10 + 2)]);
    const moved = held.map((paragraphs) => [...paragraphs]);
    moved[3]?.push(...(moved[1]?.splice(1, 1) ?? []));
    const result = recut(articles('o', held), articles('n', moved));
    expect(pairsOf(result)).toHaveLength(16);
    expect(result.matches.filter((one) => one.hasMoved).map((one) => one.oldKey)).toEqual(['o2.2']);
    // Nor where it was the article's only one.
    const alone = recut(
      articles('o', [[prose(1)], [prose(2)], [prose(3)]]),
      articles('n', [[prose(1)], [], [prose(3), prose(2)]]),
    );
    expect(pairsOf(alone)).toContain('o2>n2');
    expect(alone.matches.filter((one) => one.hasMoved).map((one) => one.oldKey)).toEqual(['o2.1']);
  });
});
