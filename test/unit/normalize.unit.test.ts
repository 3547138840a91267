import fc from 'fast-check';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { describe, expect, it } from 'vitest';
import { partsOf } from '../../src/contract/cut/code.js';
import { cleanText, isClean, normalizeText } from '../../src/contract/cut/normalize.js';
import { cutDocument } from '../../src/cut/cut-document.js';
import { brokenPromises, lines } from '../support/cut.js';
import { chosenSeed, seeded } from '../support/seeded.js';

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
    ['a number without a mark', '2 Der Rat', 'Der Rat', 'Abs. 2'],
    ['a superscript number', '¹²Der Rat', 'Der Rat', 'Abs. 12'],
    ['a number with a letter and a Latin ordinal', 'Art. 72abis Zweck', 'Zweck', 'Art. 72abis'],
    ['an emphasised number', '##### **Art. 4a** Zweck', 'Zweck', 'Art. 4a'],
    ['an emphasised number and its mark', '**4.** Zweck', 'Zweck', 'Ziff. 4'],
    ['a letter behind a bullet', '- b) der Rat', 'der Rat', 'Bst. b'],
    ['a letter with a Latin ordinal', 'abis) der Rat', 'der Rat', 'Bst. abis'],
    ['a doubled letter', 'aa) der Rat', 'der Rat', 'Bst. aa'],
    ['a letter after its word', 'TEIL A Liste', 'Liste', 'A. Teil'],
    ['a number before its word', '2. Abschnitt: Grundsätze', 'Grundsätze', '2. Abschnitt'],
  ])('is without %s', (_, text, expected, label) => {
    expect(normalizeText(text, label)).toBe(expected);
  });

  it.each<[string, string, string]>([
    ['a title that is the label', '## Vom Landtag\n\ntext', 'Vom Landtag'],
    ['a longer number that begins like the label', 'Art. 41 text', 'Art. 4'],
    ['a longer superscript number', '¹² text', 'Abs. 1'],
    ['an emphasised title that begins like the label', '**Art. 4 Zweck** text', 'Art. 4'],
    ['a bullet before another number', '- c) der Rat', 'Bst. b'],
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

  it('orders the marks of a letter, and of one with more marks than any has only a part at a time', () => {
    const marks = (count: number) => `a${'\u0315\u0300'.repeat(count)} b`;
    expect(normalizeText(marks(500))).toBe(marks(500).normalize('NFC'));
    const begin = performance.now();
    expect(normalizeText(marks(300_000))).toHaveLength(marks(300_000).length - 1);
    expect(performance.now() - begin).toBeLessThan(10_000);
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

const python = (...body: string[]) => lines('Text', '', '```python', ...body, '```', '', 'More text');
const page = (...body: string[]) => `<p>Text</p>${body.join('\n')}<p>More  text</p>`;
const matter = (...body: string[]) => lines('---', ...body, '---', '', '# Title');

/** Two texts, and whether only their format differs. */
const changesOfCode: readonly (readonly [string, string, string, 'format' | 'content'])[] = [
  ['a line of a fence dedented', python('if a:', '    b()', '    c()'), python('if a:', '    b()', 'c()'), 'content'],
  ['a tab for spaces', python('a:', '\tb'), python('a:', '    b'), 'content'],
  ['a line break inside', python('a', 'b'), python('a b'), 'content'],
  ['a blank line inside', python('a', 'b'), python('a', '', 'b'), 'content'],
  ['a line of a fence of tildes', lines('~~~', '  a', '~~~'), lines('~~~', 'a', '~~~'), 'content'],
  ['a line of a fence that nothing closes', lines('```', '  a'), lines('```', 'a'), 'content'],
  [
    'a line that shows a fence',
    lines('```', '  a', '    ```', '  b', '```'),
    lines('```', '  a', '    ```', 'b', '```'),
    'content',
  ],
  ['a fence in a quotation', lines('> ```', '>   a', '> ```'), lines('> ```', '> a', '> ```'), 'content'],
  ['a fence in a list', lines('- ```', '    a', '  ```'), lines('- ```', '  a', '  ```'), 'content'],
  ['preformatted text', page('<pre>a', '  b</pre>'), page('<pre>a', 'b</pre>'), 'content'],
  ['its first line', page('<pre class="x">  a', 'b</PRE>'), page('<pre class="x">a', 'b</PRE>'), 'content'],
  [
    'a second one on the line where the first ends',
    page('<pre>a', '</pre><PRE>', ' b</pre>'),
    page('<pre>a', '</pre><PRE>', 'b</pre>'),
    'content',
  ],
  ['front matter', matter('a:', '  b: 1', 'c: 2'), matter('a:', 'b: 1', 'c: 2'), 'content'],
  [
    'front matter of the other kind, behind a byte order mark',
    '\uFEFF+++\na = 1\n b = 2\n+++\n',
    '\uFEFF+++\na = 1\nb = 2\n+++\n',
    'content',
  ],
  ['what looks like a marker in a fence', python('[^a-z] + 1'), python('[^0-9] + 1'), 'content'],
  ['the same in front matter', matter('a: "[^b]"'), matter('a: "[^c]"'), 'content'],
  ['the same in preformatted text', page('<pre>a', '[^b]</pre>'), page('<pre>a', '[^c]</pre>'), 'content'],
  ['the same between backticks', lines('a `[^b]` c'), lines('a `[^d]` c'), 'content'],
  ['a definition between backticks', lines('a `[^b]: d` c'), lines('a `[^d]: d` c'), 'content'],
  ['between two backticks, with one inside', lines('``a`[^b]`` c'), lines('``a`[^d]`` c'), 'content'],
  ['between backticks over two lines', lines('`a', '[^b]` c'), lines('`a', '[^d]` c'), 'content'],
  ['in an element of code', page('<code>[^b]</code>'), page('<code>[^c]</code>'), 'content'],
  ['in a program', page('<script>a[^b]</script>'), page('<script>a[^c]</script>'), 'content'],
  ['a marker between two spans', lines('`a` b[^1] `c`'), lines('`a` b[^2] `c`'), 'format'],
  ['a marker behind a backtick alone', lines('a ` b[^1] c'), lines('a ` b[^2] c'), 'format'],
  ['a marker behind backticks that others close', lines('``a` b[^1]`'), lines('``a` b[^2]`'), 'content'],
  ['a marker between backticks of two items', lines('- ` b[^1]', '- c `'), lines('- ` b[^2]', '- c `'), 'format'],
  ['a marker behind an escaped backtick', lines('\\`a[^1]` b'), lines('\\`a[^2]` b'), 'format'],
  ['a marker behind a tag that nothing closes', page('<code>b[^1]'), page('<code>b[^2]'), 'format'],
  ['the kind of line breaks', python('a', '  b'), python('a', '  b').replaceAll('\n', '\r\n'), 'format'],
  ['old line breaks', python('a', '  é'), python('a', '  é').replaceAll('\n', '\r'), 'format'],
  ['white space at the end of a line or in it', python('a =  1', ''), python('a = 1 \t', '   '), 'format'],
  ['a fence put deeper as a whole', python('a:', '  b'), python('a:', '  b').replace(/^(?=[`a ])/gm, '   '), 'format'],
  [
    'the prose around',
    python(' a'),
    python(' a').replace('Text\n\n', '\n  Text\n').replace('More text', ' More\n text'),
    'format',
  ],
  [
    'prose between two fences',
    python('a') + python('b'),
    python('a') + python('b').replace('Text\n\n', '\n Text\n'),
    'format',
  ],
  ['paragraphs without code', lines('a', '  b'), lines('a b'), 'format'],
  ['code inside a line', lines('a ``` b', '  c'), lines('a ``` b c'), 'format'],
  ['a fence that has its mark on its line', lines('```a``` b', '  c'), lines('```a``` b c'), 'format'],
  [
    'a heading of plain text and its underline',
    lines('Title', '~~~~~', '  a', 'b'),
    lines('Title', '~~~~~', 'a', '  b'),
    'format',
  ],
  [
    'what stands behind the mention of a tag',
    lines('The `<pre>` tag', '  a', '`</pre>`'),
    lines('The `<pre>` tag', 'a', '`</pre>`'),
    'format',
  ],
  ['a tag that is closed on its line', page('<pre>a</pre>', '  b'), page('<pre>a</pre>', 'b'), 'format'],
  ['a tag that nothing closes', page('<pre>a', '  b'), page('<pre>a', 'b'), 'format'],
  ['a thematic break', lines('---', '  a'), lines('---', 'a'), 'format'],
];

/** The same in Markdown, where indentation makes code. */
const changesOfIndentedCode: readonly (readonly [string, string, string, 'format' | 'content'])[] = [
  ['a line dedented', lines('a', '', '    if b:', '        c'), lines('a', '', '    if b:', '    c'), 'content'],
  ['a line break', lines('a', '', '    b', '    c'), lines('a', '', '    b c'), 'content'],
  ['a blank line inside', lines('a', '', '    b', '    c'), lines('a', '', '    b', '', '    c'), 'content'],
  ['text that becomes code', lines('a', '', '  b', '  c'), lines('a', '', '    b', '    c'), 'content'],
  ['a marker in it', lines('a', '', '    [^a]'), lines('a', '', '    [^b]'), 'content'],
  ['behind a heading', lines('# a', '    b', '      c'), lines('# a', '    b', '    c'), 'content'],
  ['behind a break', lines('a', '***', '    b', '      c'), lines('a', '***', '    b', '    c'), 'content'],
  ['behind a fence', lines('```', '```', '    b', '      c'), lines('```', '```', '    b', '    c'), 'content'],
  ['in a list item', lines('- a', '', '      b', '        c'), lines('- a', '', '      b', '      c'), 'content'],
  ['in a nested one', lines('- 1. a', '', '         b', '          c'), lines('- 1. a', '', '         b c'), 'content'],
  ['in a footnote', lines('[^1]: a', '', '        b', '         c'), lines('[^1]: a', '', '        b c'), 'content'],
  ['behind a list', lines('- a', '', 'b', '', '    c', '    d'), lines('- a', '', 'b', '', '    c d'), 'content'],
  [
    'behind a number that begins no list',
    lines('a', '2. b', '', '    c', '     d'),
    lines('a', '2. b', '', '    c d'),
    'content',
  ],
  [
    'behind one that does',
    lines('a', '', '2. b', '', '    c', '     d'),
    lines('a', '', '2. b', '', '    c d'),
    'format',
  ],
  ['a tab for its four columns', lines('a', '', '    b', '      c'), lines('a', '', '\tb', '\t  c'), 'format'],
  [
    'blank lines around',
    lines('a', '', '    b', '    c', 'd'),
    lines('a', '', '', '    b', '    c', '', 'd'),
    'format',
  ],
  [
    'that stands deeper with its list item',
    lines('- a', '', '      b', '        c'),
    lines('-   a', '', '        b', '          c'),
    'format',
  ],
  ['behind a byte order mark', lines('\uFEFF    a', '      b'), lines('\uFEFF    a', '    b'), 'content'],
  ['in a quotation', lines('> a', '>', '>     b', '>       c'), lines('> a', '>', '>     b', '>     c'), 'content'],
  ['at the beginning of one', lines('a', '>     b', '>       c'), lines('a', '>     b', '>     c'), 'content'],
  ['in one inside of another', lines('> >     b', '> >       c'), lines('> >     b', '> >     c'), 'content'],
  ['in one inside of a list item', lines('- >     b', '  >       c'), lines('- >     b', '  >     c'), 'content'],
  [
    'in a list item of one',
    lines('> - a', '>', '>       b', '>        c'),
    lines('> - a', '>', '>       b c'),
    'content',
  ],
  ['behind one', lines('> a', '', '    b', '      c'), lines('> a', '', '    b c'), 'content'],
  ['a fence in one', lines('> ```', '>   a', '> ```'), lines('> ```', '> a', '> ```'), 'content'],
  ['a tab for the columns in one', lines('>     b', '>       c'), lines('>\t\tb', '>       c'), 'format'],
  ['lines of a paragraph in one', lines('> a', '>     b', '>       c'), lines('> a', '> b', '> c'), 'format'],
  ['lines that only go on in one', lines('> a', '    b', '      c'), lines('> a', 'b', 'c'), 'format'],
  ['text behind a fence that ends with one', lines('> ```', '> a', 'b', '  c'), lines('> ```', '> a', 'b c'), 'format'],
  ['a fence that shows one in one', lines('```', '> ```', '  a', '```'), lines('```', '> ```', 'a', '```'), 'content'],
  ['lines of a paragraph', lines('a', '    b', '      c'), lines('a b', 'c'), 'format'],
  ['lines of a paragraph in an item', lines('- a', '       b'), lines('- a', '  b'), 'format'],
  ['lines of a paragraph that an item began', lines('- a', 'b', '        c'), lines('- a', 'b', 'c'), 'format'],
  ['text of a list item', lines('1.  a', '', '    b', '    c'), lines('1. a', '', '   b', '   c'), 'format'],
  ['nested items', lines('- a', '    - b', '        - c'), lines('- a', '   - b', '      - c'), 'format'],
  ['text of a footnote', lines('[^1]: a', '', '    b', '    c'), lines('[^1]: a', '', '     b c'), 'format'],
];

/** Numbers of the lines of code; blank ones between two of them left out. */
function codeLines(text: string): number[] {
  const parts = partsOf(text, 0, true).filter(({ isCode, start, end }) => isCode && hasText(text.slice(start, end)));
  return parts.map(({ start }) => text.slice(0, start).split('\n').length);
}

/** More than white space and the marks of quotations. */
function hasText(line: string): boolean {
  return /[^\s>]/.test(line);
}

function parsedCodeLines(text: string): number[] {
  const found: number[] = [];
  const isText = (line: number) => hasText(text.split('\n')[line - 1] ?? '');
  const visit = (node: Node) => {
    const { start, end } = node.position ?? { start: { line: 0 }, end: { line: -1 } };
    if (node.type === 'code') for (let line = start.line; line <= end.line; line++) if (isText(line)) found.push(line);
    for (const child of node.children ?? []) visit(child);
  };
  visit(fromMarkdown(text));
  return found;
}

interface Node {
  readonly type: string;
  readonly position?:
    | { readonly start: { readonly line: number }; readonly end: { readonly line: number } }
    | undefined;
  readonly children?: readonly Node[];
}

describe('white space of indented code', () => {
  it.each(changesOfIndentedCode)('is compared as it is read: %s', (_, before, after, difference) => {
    expect(after).not.toBe(before);
    const [one, other] = [before, after].map((text) => normalizeText(text, undefined, true));
    expect(one === other ? 'format' : 'content').toBe(difference);
  });

  it('directly behind a number is compared alike by the bytes and by the text', () => {
    const bytes = Buffer.from(lines('## Art. 1', '     \t- â', '## Art. 2', '    \v\f: b'));
    expect(brokenPromises(bytes, cutDocument(bytes, { mediaType: 'text/markdown' }))).toEqual([]);
  });

  it('is format in a text that is no Markdown', () => {
    expect(normalizeText('a\n\n    b\n      c')).toBe('a b c');
  });

  it('begins where a parser of CommonMark sees it', () => {
    const seed = chosenSeed();
    const random = seeded(seed);
    const kinds = [
      '',
      'a',
      'a',
      'a',
      '- a',
      '1. a',
      '1) a',
      '1.  a',
      '# a',
      '* - a',
      '-   a',
      '---',
      '===',
      '>',
      '> a',
      '>     a',
      '>  > a',
      '>- a',
      '- > a',
      '>\ta',
      '> \t a',
    ];
    for (let round = 0; round < 3000; round++) {
      const rows = Array.from({ length: random.between(2, 9) }, () => {
        const row = kinds[random.between(0, kinds.length - 1)] ?? '';
        return row === '' ? '' : `${' '.repeat(random.between(0, 9))}${row}`;
      });
      const text = lines('word', ...rows);
      const about = `seed ${seed} round ${round} ${JSON.stringify(text)}`;
      expect(codeLines(text), about).toEqual(parsedCodeLines(text));
    }
  });
});

describe('code', () => {
  it.each(changesOfCode)('is compared as it is read: %s', (_, before, after, difference) => {
    expect(after).not.toBe(before);
    expect(normalizeText(after) === normalizeText(before) ? 'format' : 'content').toBe(difference);
  });

  it('is compared alike by the bytes and by the text, around letters of all kinds', () => {
    const parts = ['', '[^1]', 'é', 'e\u0301', '\u00a0', '\u200b', '한', '[^2]: ', '“', '#'];
    for (const [what, ...texts] of [...changesOfCode, ...changesOfIndentedCode]) {
      for (const text of texts.slice(0, 2)) {
        for (const part of parts) {
          const bytes = Buffer.from(`${text}${part}\n${text.replaceAll('a', `a${part} `)}`);
          for (const mediaType of ['text/markdown', 'text/html', 'text/plain']) {
            const cut = cutDocument(bytes, { mediaType, grammar: 'none' });
            expect(brokenPromises(bytes, cut), `${what}, ${mediaType}`).toEqual([]);
          }
        }
      }
    }
  });

  it.each<[string, string]>([
    ['fences that nothing closes', '~~~ a\n'.repeat(100_000)],
    ['tags that nothing closes', '<pre>\n'.repeat(100_000)],
    ['tags that open again', '<pre>\n</pre><pre>\n'.repeat(50_000)],
    ['lines that end as they did long ago', '```\na\r'.repeat(100_000)],
    ['backticks of every length', Array.from({ length: 2000 }, (_, length) => '`'.repeat(length)).join(' [^1]')],
    ['tags of code that nothing closes', '<code>[^1]'.repeat(100_000)],
    ['code that is indented between blank lines', '    a\n\n\n'.repeat(50_000)],
    ['lists in lists', `${Array.from({ length: 2000 }, (_, depth) => `${'  '.repeat(depth)}- a`).join('\n')}\n`],
    ['one line of marks before a fence', `${'> - '.repeat(300_000)}\`\`\``],
  ])('costs in proportion to the text: %s', (_, text) => {
    const begin = performance.now();
    normalizeText(text, undefined, true);
    expect(performance.now() - begin).toBeLessThan(5000);
  });
});
