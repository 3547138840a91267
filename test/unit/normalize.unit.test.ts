import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cleanText, isClean, normalizeText } from '../../src/contract/cut/normalize.js';

describe('the normalised text of a piece', () => {
  it.each<[string, string, string, string | undefined]>([
    ['another kind of newline and indentation', 'a\r\n\r\n  b\t\n', 'a b', undefined],
    ['a no-break space and a byte order mark', '\uFEFFa\u00A0b', 'a b', undefined],
    ['letters in decomposed form', 'Điều kiện'.normalize('NFD'), 'Điều kiện', undefined],
    ['soft hyphens', 'Ver\u00ADord\u00ADnung', 'Verordnung', undefined],
    ['footnote markers, joined ones too', 'Law [^1],[^22] and[^x] more', 'Law and more', undefined],
    ['the number of a footnote, not its text', '[^12]: LGBl. 1991', '[^]: LGBl. 1991', undefined],
    ['the marks of a heading', '##### Art. 4\n\ntext', 'text', 'Art. 4'],
    [
      'the number of an article, not its title',
      'Điều 3. Giải thích từ ngữ\nVăn bản',
      'Giải thích từ ngữ Văn bản',
      'Điều 3',
    ],
    ['the number of a paragraph named by its label', '2. Vũ khí', 'Vũ khí', 'Khoản 2'],
    ['a number in brackets', '(2) Der Rat', 'Der Rat', 'Abs. 2'],
    ['a letter with a bracket', 'đ) các loại', 'các loại', 'Điểm đ'],
    ['a bare number', '(iv) the term', 'the term', '(iv)'],
    ['a number under another word than that of the label', 'Artikel IV Zweck', 'Zweck', 'Art. IV'],
    ['the number of a §', '§ 4a Zweck', 'Zweck', '§ 4a'],
    ['the first number of some §§, without a space', '§§4 bis 7 (weggefallen)', 'bis 7 (weggefallen)', '§ 4'],
    ['a section in capitals', 'SEC. 101. GRANTS.', 'GRANTS.', '§ 101'],
    ['the number of a recital, an item or a letter', '(3) the term', 'the term', 'Recital 3'],
    ['a number before its word', '2. Abschnitt: Grundsätze', 'Grundsätze', '2. Abschnitt'],
  ])('is without %s', (_, text, expected, label) => {
    expect(normalizeText(text, label)).toBe(expected);
  });

  it.each<[string, string, string]>([
    ['a title that is the label', '## Vom Landtag\n\ntext', 'Vom Landtag'],
    ['a longer number that begins like the label', 'Art. 41 text', 'Art. 4'],
    ['a number in the middle', 'after Art. 4 text', 'Art. 4'],
    ['a title with a number that numbers nothing', 'Windows 10 text', 'Windows 10'],
    ['a title of the letters of roman numbers', '## Civil\n\ntext', 'Civil'],
    ['a title of two letters', '## EU\n\ntext', 'EU'],
    ['a title that is a word for numbers in the plural', '## Parts\n\ntext', 'Parts'],
  ])('keeps %s', (_, text, label) => {
    expect(normalizeText(text, label)).toBe(normalizeText(text));
    expect(normalizeText(text, label)).not.toBe('text');
  });

  it('costs no more for a long run of white space than for as many letters', () => {
    const begin = performance.now();
    expect(normalizeText(`e\u0301${' '.repeat(300_000)}x`)).toBe('é x');
    expect(performance.now() - begin).toBeLessThan(2000);
  });

  it('is looked for by the long way in every text that it would change', () => {
    // A text that is not clean is never taken for one: a second letter before it makes it differ from what it is tried against.
    const byTheLongWay = (text: string) => cleanText(`[^x]: ${text}`).slice('[^]: '.length);
    const letters = Array.from({ length: 0x10000 }, (_, code) => String.fromCharCode(code));
    const clean = letters.filter((letter) => isClean(letter));
    expect(clean.length).toBeGreaterThan(1000);
    const changed = (letter: string) =>
      [`a${letter}`, `${letter}b`, `a ${letter} b`].find((text) => isClean(text) && byTheLongWay(text) !== text);
    expect(letters.map(changed).filter((text) => text !== undefined)).toEqual([]);
    // What composes with a letter before it would be found here: every letter once after every tenth of the others.
    const pairs = clean.flatMap((first, at) =>
      at % 10 === 0 ? [clean.map((second) => first + second).join(' ')] : [],
    );
    expect(pairs.filter((text) => byTheLongWay(text) !== text)).toEqual([]);
    for (const text of ['', ' a', 'a ', 'a  b', 'a\nb', 'a[^1]', 'a\u00adb', 'e\u0301'])
      expect(isClean(text)).toBe(false);
  });

  it('is the same however a text is composed and spaced, and differs when a word does', () => {
    const word = fc.stringMatching(/^[a-zà-ỹ]{1,8}$/u);
    fc.assert(
      fc.property(
        fc.array(word, { minLength: 1, maxLength: 12 }),
        word,
        fc.constantFrom('\n', '\r\n', '  '),
        (words, other, gap) => {
          const text = normalizeText(words.join(' '));
          expect(normalizeText(` ${words.join(gap).normalize('NFD')}${gap}`)).toBe(text);
          expect(normalizeText([...words, other].join(' '))).not.toBe(text);
        },
      ),
    );
  });
});
