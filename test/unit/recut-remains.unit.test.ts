import { describe, expect, it } from 'vitest';
import type { MatchPiece, Recut } from '../../src/contract/cut/recut.js';
import { recut } from '../../src/cut/match/recut.js';

/** About `count` words that no other number shares. */
const prose = (number: number, count = 30) => Array.from({ length: count }, (_, at) => `w${number}x${at}`).join(' ');

/** The same text with every fifth word another one, from the third on. */
const edited = (text: string, mark: string) =>
  text
    .split(' ')
    .map((word, at) => (at % 5 === 2 ? `${mark}${at}` : word))
    .join(' ');

function flat(prefix: string, bodies: readonly string[], labels: readonly string[] = []): MatchPiece[] {
  return bodies.map((text, at) => ({
    key: `${prefix}${at}`,
    parentKey: null,
    kind: 'article',
    label: labels[at] ?? '',
    text,
  }));
}

const pairsOf = (result: Recut) => result.matches.map(({ oldKey, newKey }) => `${oldKey}>${newKey}`);

describe('what is left over in a re-cut', () => {
  const [first, second] = [prose(1, 40), prose(2, 14)];
  const whole = flat('o', [prose(3), `${first} ${second}`, prose(4)]);

  it('is part of a split beside a piece that lost it, where the part is short and every fifth word of it was changed', () => {
    const parts = flat('n', [prose(3), edited(first, 'a'), edited(second, 'b'), prose(4)]);
    expect(recut(whole, parts)).toMatchObject({
      splits: [{ oldKey: 'o1', newKeys: ['n1', 'n2'] }],
      born: [],
      gone: [],
    });
    const before = flat('n', [prose(3), edited(second, 'b'), edited(first, 'a'), prose(4)]);
    expect(recut(whole, before).splits).toMatchObject([{ oldKey: 'o1', newKeys: ['n1', 'n2'] }]);
  });

  it('is part of a merge, the other way round', () => {
    const olds = flat('o', [prose(3), first, second, prose(4)]);
    const news = flat('n', [prose(3), `${edited(first, 'a')} ${edited(second, 'b')}`, prose(4)]);
    expect(recut(olds, news)).toMatchObject({ merges: [{ oldKeys: ['o1', 'o2'], newKey: 'n1' }], born: [], gone: [] });
  });

  it('is the third part of a split that was found without it', () => {
    const olds = flat('o', [prose(3), `${first} ${prose(5, 40)} ${second}`, prose(4)]);
    const news = flat('n', [prose(3), first, prose(5, 40), edited(second, 'b'), prose(4)]);
    expect(recut(olds, news).splits).toMatchObject([{ oldKey: 'o1', newKeys: ['n1', 'n2', 'n3'] }]);
  });

  it('is new beside a piece that was edited and lost single words only', () => {
    const text = `${first} ${second}`;
    const result = recut(whole, flat('n', [prose(3), edited(text, 'a'), prose(6, 14), prose(4)]));
    expect(pairsOf(result)).toEqual(['o0>n0', 'o1>n1', 'o2>n3']);
    expect(result.splits).toEqual([]);
    expect(result.born).toEqual(['n2']);
  });

  it('is new beside a piece that was cut short, when it says something else', () => {
    const result = recut(whole, flat('n', [prose(3), edited(first, 'a'), prose(6, 14), prose(4)]));
    expect(pairsOf(result)).toContain('o1>n1');
    expect(result.splits).toEqual([]);
  });

  it('does not make a split of what a person matched, nor add a part to a split that a person made', () => {
    const parts = flat('n', [prose(3), edited(first, 'a'), edited(second, 'b'), prose(4)]);
    const said = recut(whole, parts, [{ oldKey: 'o1', newKey: 'n1' }]);
    expect(said.splits).toEqual([]);
    expect(said.matches).toContainEqual(expect.objectContaining({ oldKey: 'o1', newKey: 'n1', reason: 'person' }));
    const three = flat('n', [prose(3), first.slice(0, 80), first.slice(80), edited(second, 'b'), prose(4)]);
    const two = [
      { oldKey: 'o1', newKey: 'n1' },
      { oldKey: 'o1', newKey: 'n2' },
    ];
    expect(recut(whole, three, two).splits).toEqual([{ oldKey: 'o1', newKeys: ['n1', 'n2'], score: 1 }]);
  });

  it('takes a split across a piece that was moved between its parts', () => {
    const chapters: MatchPiece[] = ['A', 'B'].map((key) => ({
      key,
      parentKey: null,
      kind: 'chapter',
      label: key,
      text: prose(key.charCodeAt(0)),
    }));
    const under = (parentKey: string, prefix: string, texts: readonly string[]) =>
      flat(prefix, texts).map((piece) => ({ ...piece, parentKey }));
    const [a, b] = chapters as [MatchPiece, MatchPiece];
    const olds = [
      a,
      ...under('A', 'oa', [prose(3), `${first} ${second}`, prose(4)]),
      b,
      ...under('B', 'ob', [prose(7), prose(8)]),
    ];
    const news = [
      a,
      ...under('A', 'na', [prose(3), edited(first, 'a'), prose(8), edited(second, 'b'), prose(4)]),
      b,
      ...under('B', 'nb', [prose(7)]),
    ];
    const result = recut(olds, news);
    expect(result.splits).toMatchObject([{ oldKey: 'oa1', newKeys: ['na1', 'na3'] }]);
    expect(result.matches.filter((one) => one.hasMoved).map((one) => one.oldKey)).toEqual(['ob1']);
  });
});

describe('a piece that moved and was edited', () => {
  it('is not the new one that stands at its place', () => {
    const texts = [1, 2, 3, 4, 5, 6].map((number) => prose(number));
    const news = texts.with(1, prose(50));
    news.splice(5, 0, edited(prose(2), 'a'));
    const result = recut(flat('o', texts), flat('n', news));
    expect(pairsOf(result)).toContain('o1>n5');
    expect(result.born).toEqual(['n1']);
  });

  it('is still the one at its place when nothing elsewhere resembles it', () => {
    const texts = [1, 2, 3].map((number) => prose(number));
    expect(pairsOf(recut(flat('o', texts), flat('n', texts.with(1, prose(50)))))).toEqual(['o0>n0', 'o1>n1', 'o2>n2']);
  });
});

describe('an article with a title of its own that holds its text in paragraphs', () => {
  const article = (key: string, number: number, title: string, paragraphs: readonly string[]): MatchPiece[] => [
    { key, parentKey: null, kind: 'article', label: `Art. ${number}`, text: `##### Art. ${number}\n\n${title}\n` },
    ...paragraphs.map((text, at) => ({
      key: `${key}.${at}`,
      parentKey: key,
      kind: 'paragraph',
      label: `Abs. ${at + 1}`,
      text,
    })),
  ];

  it('is known by its paragraphs and not by its number, which an article before it has now', () => {
    const olds = [
      ...article('o1', 1, 'on the purpose of this law and its scope', [prose(1), prose(2)]),
      ...article('o2', 2, 'on the duties of those who hold a permit', [prose(3), prose(4)]),
      ...article('o3', 3, 'on the fees that the office takes for it', [prose(5), prose(6)]),
    ];
    const news = [
      ...article('n1', 1, 'on the purpose of this law and its scope', [prose(1), prose(2)]),
      ...article('n9', 2, prose(9), []),
      ...article('n2', 3, prose(10, 9), [prose(3), prose(4)]),
      ...article('n3', 4, 'on the fees that the office takes for it', [prose(5), prose(6)]),
    ];
    const result = recut(olds, news);
    expect(pairsOf(result).filter((one) => !one.includes('.'))).toEqual(['o1>n1', 'o2>n2', 'o3>n3']);
    expect(result.matches.filter((one) => one.hasMoved)).toEqual([]);
    expect(result.born).toEqual(['n9']);
  });
});

describe('footnotes and link definitions that became a piece of their own', () => {
  const notes = (from: number, to: number) =>
    Array.from(
      { length: to - from + 1 },
      (_, at) =>
        `[^${from + at}]: Art. ${from + at} changed by [LGBl. ${2000 + from + at}](https://example.org/${from + at}).`,
    ).join('\n\n');
  const links =
    '[Grammar]: grammar.md#the-rules\n[items.fn]: items/functions.md\n[`Copy`]: ../std/marker/trait.Copy.html';
  const last = `## End\n\n${prose(5)}`;
  const whole = flat('o', [prose(3), `${last}\n\n${notes(1, 6)}`]);

  it('are a part of the piece beside that lost them, and merged with it the other way round', () => {
    const parts = flat('n', [prose(3), last, `## End of the whole law, with a long name\n\n${notes(1, 6)}\n`]);
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
    const book = flat('o', [prose(3), `${prose(5)}\n\n${links}`]);
    expect(recut(book, flat('n', [prose(3), prose(5), links])).splits).toMatchObject([{ newKeys: ['n1', 'n2'] }]);
    const three = flat('n', [prose(3), `${last}\n\n${notes(1, 1)}`, notes(2, 3), notes(4, 6)]);
    expect(recut(whole, three).splits).toMatchObject([{ oldKey: 'o1', newKeys: ['n1', 'n2', 'n3'] }]);
  });

  it('are none where they stand behind a new text, are others, or are still there', () => {
    for (const added of [`## Next\n\n${prose(6)}\n\n${notes(1, 6)}`, `## Next\n\n${notes(11, 16)}`]) {
      const result = recut(whole, flat('n', [prose(3), last, added]));
      expect(result, added).toMatchObject({ splits: [], born: ['n2'], gone: [] });
    }
    const copied = recut(whole, flat('n', [prose(3), `${last}\n\n${notes(1, 6)}`, `## Next\n\n${notes(1, 6)}`]));
    expect(copied).toMatchObject({ splits: [], born: ['n2'] });
  });

  it('are what a person said they are', () => {
    const parts = flat('n', [prose(3), last, notes(1, 6)]);
    expect(recut(whole, parts, [{ oldKey: 'o1', newKey: 'n1' }])).toMatchObject({ splits: [], born: ['n2'] });
    expect(recut(whole, parts, [{ oldKey: null, newKey: 'n2' }])).toMatchObject({ splits: [], born: ['n2'] });
  });
});
