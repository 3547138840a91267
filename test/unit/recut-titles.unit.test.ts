import { describe, expect, it } from 'vitest';
import type { MatchPiece, Recut } from '../../src/contract/cut/recut.js';
import { recut } from '../../src/cut/match/recut.js';

/** Words that no other number shares. */
const prose = (number: number, count = 30) => Array.from({ length: count }, (_, at) => `w${number}x${at}`).join(' ');
const pairsOf = (result: Recut) => result.matches.map(({ oldKey, newKey }) => `${oldKey}>${newKey}`);

/** A law written as `# Title` and `label|text` lines, each title holding the articles after it. */
function law(prefix: string, lines: readonly string[], showLabels = true): MatchPiece[] {
  let title: string | null = null;
  return lines.map((line, at) => {
    const key = `${prefix}${at}`;
    if (line.startsWith('#')) {
      title = key;
      return { key, parentKey: null, kind: 'heading', label: showLabels ? line.slice(2) : '', text: `#${line}\n\n` };
    }
    const [label = '', text = ''] = line.split('|');
    const heading = `##### ${showLabels ? label : ''}`.trim();
    return {
      key,
      parentKey: title,
      kind: 'heading',
      label: showLabels ? label : '',
      text: `${heading}\n\n${text}\n\n`,
    };
  });
}

const flat = (prefix: string, texts: readonly string[]): MatchPiece[] =>
  texts.map((text, at) => ({ key: `${prefix}${at}`, parentKey: null, kind: 'rule', label: '', text }));

describe('a title that slid across articles whose texts are new', () => {
  const articles = (texts: readonly number[], from = 1) => texts.map((text, at) => `Art. ${from + at}|${prose(text)}`);
  const kept = [1, 2, 3, 4];
  const old = ['# Scope', ...articles(kept), ...articles([5, 6, 7], 5), '# Fees', ...articles([8, 9, 10], 8)];
  const slid = ['# Scope', ...articles(kept), '# Fees', ...articles([15, 16, 17], 5), ...articles([8, 9, 10], 8)];

  it('leaves the articles their numbers', () => {
    const result = recut(law('o', old), law('n', slid));
    expect(pairsOf(result)).toEqual(expect.arrayContaining(['o5>n6', 'o6>n7', 'o7>n8', 'o8>n5']));
  });

  it('leaves a single one its number, unless the articles were counted anew', () => {
    const olds = ['# Scope', ...articles([1, 2, 3, 4]), '# Fees', ...articles([5, 6, 7, 8], 5)];
    const news = ['# Scope', ...articles([1, 2, 3]), '# Fees', ...articles([14, 5, 6, 7, 8], 4)];
    expect(pairsOf(recut(law('o', olds), law('n', news)))).toContain('o4>n5');
    const shifted = [...news, ...articles([9], 9), '# End', ...articles([21, 22], 10)];
    const before = [...olds, ...articles([9], 9), '# End', ...articles([20, 21, 22], 10)];
    expect(pairsOf(recut(law('o', before), law('n', shifted)))).not.toContain('o4>n5');
  });

  it('leaves the articles in their order where nobody sees their numbers', () => {
    const result = recut(law('o', old, false), law('n', slid, false));
    expect(pairsOf(result)).toEqual(expect.arrayContaining(['o5>n6', 'o6>n7', 'o7>n8', 'o8>n5']));
  });

  it('does not make one of two articles of which one may be gone on this side and the other new on that one', () => {
    const olds = ['# Scope', ...articles([1, 2, 3, 4]), '# Fees', ...articles([5, 6, 7])];
    const news = ['# Scope', ...articles([1, 2, 3]), '# Fees', ...articles([14, 5, 6, 7])];
    expect(pairsOf(recut(law('o', olds, false), law('n', news, false)))).not.toContain('o4>n5');
  });
});

describe('a title and a text', () => {
  it('are not one for their place alone', () => {
    const article = (number: number) => `Art. ${number}|${prose(number)}`;
    const olds = law('o', ['# Scope', article(1), '# Fees of the court', '# End', article(2)], false);
    const news = law('n', ['# Scope', article(1), article(3), '# End', article(2)], false);
    const result = recut(olds, news);
    expect(pairsOf(result)).toEqual(['o0>n0', 'o1>n1', 'o3>n3', 'o4>n4']);
    expect(result.gone).toEqual(['o2']);
    expect(result.born).toEqual(['n2']);
  });

  it('that were one piece are its parts, and the other way round', () => {
    const whole = `## Not running\n\n${prose(1)} running\n`;
    const [title, body] = ['## Not running\n', `### By hand\n\n${prose(1)} running\n`];
    const [old, now] = [flat('o', [prose(2), whole, prose(3)]), flat('n', [prose(2), title, body, prose(3)])];
    expect(recut(old, now).splits).toMatchObject([{ oldKey: 'o1', newKeys: ['n1', 'n2'] }]);
    expect(recut(now, old).merges).toMatchObject([{ oldKeys: ['n1', 'n2'], newKey: 'o1' }]);
  });

  it('are no parts of a piece that still has its title', () => {
    const whole = `## Not running\n\n${prose(1)}\n`;
    const edited = `## Not running\n\n${prose(1)} and more\n`;
    const result = recut(flat('o', [prose(2), whole]), flat('n', [prose(2), '## Not running\n', edited]));
    expect(result.splits).toEqual([]);
    expect(pairsOf(result)).toContain('o1>n2');
  });
});

describe('pieces that say the same', () => {
  it('are those at their places when one more says so now', () => {
    const repealed = (count: number) => Array.from({ length: count }, () => 'Repealed by the act');
    const olds = flat('o', [prose(1), prose(2), ...repealed(3), prose(3), prose(4)]);
    const news = flat('n', [prose(1), ...repealed(4), prose(5), prose(4)]);
    const inOrder = (from: string, to: string) => olds.map((_, at) => `${from}${at}>${to}${at}`);
    expect(pairsOf(recut(olds, news))).toEqual(inOrder('o', 'n'));
    expect(pairsOf(recut(news, olds))).toEqual(inOrder('n', 'o'));
  });
});

describe('footnotes and link definitions', () => {
  const notes = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, at) => `[n${from + at}]: pages/${prose(50 + from + at, 4)}.md\n`).join('');
  const whole = `${prose(2)}\n\n${notes(0, 6)}`;

  it('that were cut off a piece are part of it, and were part of it when they are joined to it', () => {
    const old = flat('o', [prose(1), whole, prose(3)]);
    const now = flat('n', [prose(1), `${prose(2)}\n\n${notes(0, 2)}`, notes(2, 6), prose(3)]);
    expect(recut(old, now).splits).toMatchObject([{ oldKey: 'o1', newKeys: ['n1', 'n2'] }]);
    expect(recut(now, old).merges).toMatchObject([{ oldKeys: ['n1', 'n2'], newKey: 'o1' }]);
  });

  it('are the third part of a split', () => {
    const old = flat('o', [prose(1), `${prose(2)} ${prose(4)}\n\n${notes(0, 6)}`, prose(3)]);
    const now = flat('n', [prose(1), prose(2), prose(4), notes(0, 6), prose(3)]);
    expect(recut(old, now).splits).toMatchObject([{ oldKey: 'o1', newKeys: ['n1', 'n2', 'n3'] }]);
  });

  it('are new where the piece before them still has its own', () => {
    const result = recut(flat('o', [prose(1), whole]), flat('n', [prose(1), whole, notes(3, 6)]));
    expect(result.splits).toEqual([]);
    expect(pairsOf(result)).toEqual(['o0>n0', 'o1>n1']);
  });

  it('do not follow what a person matched', () => {
    const [old, now] = [flat('o', [prose(1), whole]), flat('n', [prose(1), prose(2), notes(0, 6)])];
    expect(recut(old, now).splits).toHaveLength(1);
    expect(recut(old, now, [{ oldKey: 'o1', newKey: 'n1' }]).splits).toEqual([]);
  });
});
