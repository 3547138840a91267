import { describe, expect, it } from 'vitest';
import { previewLines } from '../../src/cli/tree-preview.js';
import type { PreviewTree } from '../../src/store/structure.js';

/** A document from lines such as `  a (3)`: two blanks a level, the number in brackets. */
function tree(...texts: string[]): PreviewTree {
  const lines = texts.map((text) => {
    const [, blanks = '', address = '', number = null] = /^( *)(\S+)(?: \((.*)\))?$/.exec(text) ?? [];
    return { address, depth: blanks.length / 2, number, status: 'enacted' };
  });
  return { document: lines[0]?.address ?? '', units: lines.length, collection: null, place: null, lines };
}

const numbered = (from: number, to: number, indent = '    ') =>
  Array.from({ length: to - from + 1 }, (_, index) => `${indent}p${from + index}`);
const side = (text: readonly string[], name: 'before' | 'after') => {
  const start = text.indexOf(`${name}:`) + 1;
  const end = name === 'before' ? text.indexOf('after:') : text.length;
  return text.slice(start, end).map((line) => line.slice(2));
};

describe('the preview of a plan', () => {
  it('shows of a large document what changes, what that stands below, and its neighbours', () => {
    const before = tree('law', '  one', ...numbered(1, 20), '  two', ...numbered(21, 40));
    const after = tree(
      'law',
      '  one',
      ...numbered(1, 9),
      ...numbered(11, 20),
      '  two',
      ...numbered(21, 29),
      '    p10',
      ...numbered(30, 40),
    );
    const text = previewLines({ before: [before], after: [after] });
    expect(side(text, 'before')).toEqual([
      'law',
      '  one',
      '    … 8 more',
      '    p9',
      '    p10',
      '    p11',
      '… 30 more',
      '(5 of 43 units of law; --json has 43)',
    ]);
    expect(side(text, 'after')).toEqual([
      'law',
      '  … 20 more',
      '  two',
      '    … 8 more',
      '    p29',
      '    p10',
      '    p30',
      '… 10 more',
      '(5 of 43 units of law; --json has 43)',
    ]);
  });

  it('shows of siblings in another order those that moved, and a new number', () => {
    const before = tree('law', ...numbered(1, 20, '  '));
    const after = tree('law', '  p20', ...numbered(1, 11, '  '), '  p12 (12a)', ...numbered(13, 19, '  '));
    const text = previewLines({ before: [before], after: [after] });
    expect(side(text, 'after')).toEqual([
      'law',
      '  p20',
      '  p1',
      '  … 9 more',
      '  p11',
      '  p12 (12a)',
      '  p13',
      '… 6 more',
      '(6 of 21 units of law; --json has 21)',
    ]);
  });

  it('shows a small document and a new one whole, and no character that a terminal obeys', () => {
    const text = previewLines({ before: [tree('a', '  b\u001b[2J')], after: [tree('a', '  b\u001b[2J'), tree('new')] });
    expect(text).toEqual(['before:', '  a', '    b\\u001b[2J', 'after:', '  a', '    b\\u001b[2J', '  new']);
  });
});
