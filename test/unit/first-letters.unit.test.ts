import { describe, expect, it } from 'vitest';
import { firstLetters, PatternsByLetter } from '../../src/cut/legal/first-letters.js';
import { shippedGrammar, shippedGrammarNames } from '../../src/cut/legal/grammar.js';

describe('the letters with which a pattern of a grammar begins', () => {
  it.each<[string, string | null]>([
    ['^(?:art(?:ikel|\\.) ?(?<number>[0-9]{1,4}))', 'a'],
    ['^(?:(?<number>[0-9]{1,2}|[ivx]{1,9}|(?:erster|zweiter))\\.? teil)', '0123456789ivxez'],
    ['^(?:(?:khoản )?(?<number>[0-2])\\.)', 'k012'],
    ['^(?:§§? ?[0-9])', '§'],
    ['^(?:\\((?<number>[a-c])\\))', '('],
    ['^(?:Ö)', 'ö'],
    ['^(?:a?)', null],
    ['^(?:a{0,2}b)', null],
    ['^(?:a|)', null],
    ['^(?:(?!a)b)', null],
    ['^(?:[^a]b)', null],
    ['^(?:\\p{Lu}b)', null],
    ['^(?:.b)', null],
    ['^(?:\u212a)', null],
    ['a(', 'a'],
  ])('of %s are %s', (source, letters) => {
    expect(firstLetters(source)).toEqual(letters === null ? null : new Set(letters));
  });

  it('leave out no pattern that matches, whatever a line begins with', () => {
    const rests = [
      'rt. 5 X',
      '. Teil',
      ') x',
      '1) x',
      '. x',
      ' 5',
      'nhang 1',
      ' 1 A',
      '1.1 Scope',
      'hapter I',
      'iều 1. A',
      'hương II',
    ];
    const letters = Array.from({ length: 0x200 }, (_, code) => String.fromCharCode(code));
    let left = 0;
    for (const grammar of shippedGrammarNames().map(shippedGrammar)) {
      for (const view of letters.flatMap((letter) => rests.map((rest) => letter + rest))) {
        const tried = new Set(grammar.patternsByLetter.for(view).flatMap(({ patterns }) => patterns));
        for (const pattern of grammar.levels.flatMap(({ patterns }) => patterns)) {
          if (tried.has(pattern)) continue;
          if (pattern.test(view)) expect.fail(`${grammar.name}: ${pattern} is not tried for ${view}`);
          left++;
        }
      }
    }
    expect(left).toBeGreaterThan(100_000);
  });

  it('are the same for all letters that case folding takes for one', () => {
    const all = Array.from({ length: 0xd800 }, (_, code) => String.fromCharCode(code)).join('');
    const [level] = shippedGrammar('german').levels;
    if (level === undefined) throw new Error('the grammar has no level');
    for (let code = 0x61; code < 0x180; code++) {
      const first = String.fromCharCode(code);
      for (const letter of all.match(new RegExp(`\\u{${code.toString(16)}}`, 'giu')) ?? []) {
        // Only letters: a mark would have to be escaped and has no relatives.
        if (!/\p{L}/u.test(letter)) continue;
        const patterns = [new RegExp(`^(?:${letter}x)`, 'iu')];
        const tried = new PatternsByLetter([{ ...level, patterns }]).for(`${first}x`);
        expect([first, letter, tried.length]).toEqual([first, letter, 1]);
      }
    }
  });
});
