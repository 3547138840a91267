import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cutDocument } from '../../src/cut/cut-document.js';
import { labelOf, slugOf } from '../../src/cut/label.js';
import { brokenPromises } from '../support/cut.js';

const cutMarkdown = (bytes: Uint8Array) => cutDocument(bytes, { mediaType: 'text/markdown' });

function outline(text: string): string[] {
  const bytes = Buffer.from(text);
  const cut = cutMarkdown(bytes);
  expect(brokenPromises(bytes, cut)).toEqual([]);
  return cut.pieces.map((piece) => (piece.kind === 'heading' ? `${piece.level} ${piece.title}` : piece.kind));
}

function addresses(text: string): string[] {
  return cutMarkdown(Buffer.from(text)).pieces.map((piece) => piece.address);
}

function markdownFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(md|txt)$/.test(name))
    .map((name) => join(folder, name));
}

describe('boundaries of a Markdown cut', () => {
  it.each<[string, string, string[]]>([
    ['blank lines alone are a preamble', '\n\n', ['preamble']],
    ['text without a heading is a preamble', 'text\n', ['preamble']],
    [
      'headings of all six levels',
      '# a\n## b\n### c\n#### d\n##### e\n###### f\n',
      '123456'.split('').map((n, i) => `${n} ${'abcdef'[i]}`),
    ],
    ['seven marks are text', '# a\n####### b\n', ['1 a']],
    ['a mark without a space is text', '# a\n#b\n', ['1 a']],
    ['an empty heading', '# a\n##\n', ['1 a', '2 ']],
    ['closing marks are no title', '# a ##  \n## b#\n', ['1 a', '2 b#']],
    ['up to three spaces before the marks', '   # a\n    # b\n', ['1 a']],
    ['blank lines before the first heading belong to it', '\n\n# a\n', ['1 a']],
    ['text before the first heading is a preamble', 'text\n\n# a\n', ['preamble', '1 a']],
    [
      'front matter is a piece, and its lines are no headings',
      '---\n# x\ntitle: y\n---\n# a\n',
      ['front_matter', '1 a'],
    ],
    ['front matter closed by dots', '---\na: b\n...\n\n# a\n', ['front_matter', '1 a']],
    ['front matter with plus signs', '+++\na = "b"\n+++\n# a\n', ['front_matter', '1 a']],
    ['front matter followed by text', '---\na: b\n---\ntext\n# a\n', ['front_matter', 'preamble', '1 a']],
    ['front matter that never ends is no front matter', '---\na: b\n\n# a\n', ['preamble', '1 a']],
    ['a byte order mark belongs to the first piece', '\uFEFF# a\ntext\n', ['1 a']],
    ['a byte order mark before front matter', '\uFEFF---\na: b\n---\n# a\n', ['front_matter', '1 a']],
    ['CRLF ends lines', '# a\r\ntext\r\n## b\r\n', ['1 a', '2 b']],
    ['a lone CR ends lines', '# a\rtext\r## b\r', ['1 a', '2 b']],
    ['a heading without newline at the end of the file', 'text\n\n# a', ['preamble', '1 a']],
    ['setext headings', 'a\n=\n\ntext\n\nb\n---\n', ['1 a', '2 b']],
    ['a setext heading of two lines begins at the first', '# x\n\na\nb\n===\n', ['1 x', '1 a b']],
    ['a definition of a link before a break is no heading', '# x\n\n[a]: /b\n---\n\n[c]: <d e>\n"f"\n===\n', ['1 x']],
    ['definitions before a heading are not its name', '# x\n\n[a]: /b\u00e0b "c"\n[d]:\n/e\ny\n---\n', ['1 x', '2 y']],
    ['what is no definition is', '[a] b\n---\n\n[a]: b c\n---\n\n[ ]: b\n---\n', ['2 [a] b', '2 [a]: b c', '2 [ ]: b']],
    ['dashes after a blank line are a break', '# a\n\n---\n\ntext\n', ['1 a']],
    ['dashes after a list item are a break', '# a\n\n- b\n---\n', ['1 a']],
    ['dashes after a quote are a break', '# a\n\n> b\n---\n', ['1 a']],
    ['a fence hides headings', '# a\n```\n# b\n```\n# c\n', ['1 a', '1 c']],
    ['a longer fence hides a shorter one', '````\n```\n# b\n````\n# c\n', ['preamble', '1 c']],
    ['a fence of tildes is not closed by backticks', '~~~\n```\n# b\n~~~\n# c\n', ['preamble', '1 c']],
    ['a fence that is never closed hides the rest', '# a\n```\n# b\n', ['1 a']],
    ['a closing fence has no info', '```\n``` js\n# b\n```\n# c\n', ['preamble', '1 c']],
    ['an inline code span opens no fence', '# a\n``` x ``` y\n# b\n', ['1 a', '1 b']],
    ['a comment hides headings', '# a\n<!--\n# b\n\n# c\n-->\n# d\n', ['1 a', '1 d']],
    ['a comment on one line hides nothing after it', '<!-- x -->\n# a\n', ['preamble', '1 a']],
    ['a block tag hides headings to the next blank line', '<div>\n# a\n\n# b\n', ['preamble', '1 b']],
    ['a heading in a list item is not promoted', '# a\n\n- x\n\n  # b\n\n# c\n', ['1 a', '1 c']],
    ['a heading in a quote is not promoted', '# a\n\n> # b\n\n# c\n', ['1 a', '1 c']],
    ['a fence in a list item ends with the item', '# a\n\n- ```\n  # b\n\n# c\n', ['1 a', '1 c']],
    ['a heading in a footnote is not promoted', '# a\n\n[^1]: x\n\n    # b\n\n# c\n', ['1 a', '1 c']],
    ['a heading ends a list without a blank line', '# a\n- x\n# b\n', ['1 a', '1 b']],
    ['indented code is no heading', '# a\n\n\t# b\n', ['1 a']],
  ])('%s', (_, text, expected) => {
    expect(outline(text)).toEqual(expected);
  });
});

describe('labels and addresses', () => {
  it.each([
    ['Art. 4a[^12]', 'Art. 4a', 'art-4a'],
    ['Art. 13bis ', 'Art. 13bis', 'art-13bis'],
    ['Art. 1[^1],[^2]', 'Art. 1', 'art-1'],
    ['Art. 63septies', 'Art. 63septies', 'art-63septies'],
    ['Art. 72abis[^3]', 'Art. 72abis', 'art-72abis'],
    ['Art. 3quaterdecies Zweck', 'Art. 3quaterdecies', 'art-3quaterdecies'],
    ['Art. 4 bis 6[^7]', 'Art. 4', 'art-4'],
    ['Art. 90 bis Art. 115[^4]', 'Art. 90', 'art-90'],
    ['§ 4 bis § 6', '§ 4', 'par-4'],
    ['**Art. 9** Zweck', 'Art. 9', 'art-9'],
    ['**Art. 12a**[^3] *Begriffe*', 'Art. 12a', 'art-12a'],
    ['**Teil 1**', 'Teil 1', 'teil-1'],
    ['__Scope__ and aim', 'Scope and aim', 'scope-and-aim'],
    ['`*const T` and `*mut T`', '`*const T` and `*mut T`', 'const-t-and-mut-t'],
    ['2 * 3 * 4', '2 * 3 * 4', '2-3-4'],
    ['**', '**', 'untitled'],
    ['§ 5 Geltungsbereich', '§ 5', 'par-5'],
    ['Artikel 12 Zuständigkeit', 'Artikel 12', 'artikel-12'],
    ['Điều 3. Giải thích từ ngữ', 'Điều 3', 'dieu-3'],
    ['A. Vom Landtag', 'A. Vom Landtag', 'a-vom-landtag'],
    ['V. Hauptstück', 'V. Hauptstück', 'v-hauptstueck'],
    ['Artenschutz', 'Artenschutz', 'artenschutz'],
    ['***', '***', 'untitled'],
  ])('the heading %s has the label %s', (title, label, slug) => {
    expect(labelOf(title)).toBe(label);
    expect(slugOf(labelOf(title))).toBe(slug);
  });

  it('makes addresses of labels on the way down, without the title of the document', () => {
    expect(addresses('---\n---\n# Law\n## I. Part\n##### Art. 1\n##### Art. 2\n## II. Part\n##### Art. 3\n')).toEqual([
      'front-matter',
      'title',
      'i-part',
      'i-part/art-1',
      'i-part/art-2',
      'ii-part',
      'ii-part/art-3',
    ]);
  });

  it('tells repeated labels apart by their parents, then by order of appearance', () => {
    const text = '# Law\n## A. Vom Landtag\n### Art. 5\n### Art. 5\n## B\n### Art. 5\n## A. Vom Landtag\n### Art. 5\n';
    expect(addresses(text)).toEqual([
      'title',
      'a-vom-landtag',
      'a-vom-landtag/art-5',
      'a-vom-landtag/art-5~2',
      'b',
      'b/art-5',
      'a-vom-landtag~2',
      'a-vom-landtag~2/art-5',
    ]);
  });

  it('moves no address when a section is inserted, removed, or the title changes', () => {
    const before = addresses('# Law of 1921\n## A\n### Art. 1\n## C\n### Art. 9\n');
    const after = addresses('# Law of 2003\n## A\n### Art. 1\n### Art. 1a\n## B\n### Art. 5\n## C\n### Art. 9\n');
    expect(after).toEqual(expect.arrayContaining(before));
  });

  it('hangs a piece under the nearest heading of a lower level', () => {
    const { pieces } = cutMarkdown(Buffer.from('text\n# a\n#### b\n## c\n# d\n'));
    expect(pieces.map((piece) => piece.parentOrdinal)).toEqual([null, null, 1, 1, null]);
  });

  it('recognises how lines end', () => {
    const styles = ['a', 'a\n', 'a\r\nb\r\n', 'a\r', 'a\nb\r\n'].map(
      (text) => cutMarkdown(Buffer.from(text)).newlineStyle,
    );
    expect(styles).toEqual(['none', 'lf', 'crlf', 'cr', 'mixed']);
  });
});

describe('the 41 revisions of the constitution', () => {
  it('have one piece for each heading and one for the front matter', () => {
    const files = markdownFiles(new URL('../../examples/liechtenstein-constitution', import.meta.url).pathname);
    const revisions = files.filter((file) => /\d{3}_[\d-]+\.md$/.test(file));
    expect(revisions).toHaveLength(41);
    for (const file of revisions) {
      const bytes = readFileSync(file);
      const cut = cutMarkdown(bytes);
      expect(brokenPromises(bytes, cut)).toEqual([]);
      expect(cut.pieces.length).toBe((bytes.toString().match(/^#{1,6} /gm)?.length ?? 0) + 1);
    }
  });
});
