import { readFileSync } from 'node:fs';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { type DefaultTreeAdapterTypes, parse } from 'parse5';
import { describe, expect, it } from 'vitest';
import { cutDocument } from '../../src/cut/cut-document.js';
import { brokenPromises, filesBelow } from '../support/cut.js';
import { chosenSeed, seeded } from '../support/seeded.js';

const root = new URL('../..', import.meta.url).pathname;

function cutText(text: string, mediaType: string) {
  const bytes = Buffer.from(text);
  const cut = cutDocument(bytes, { mediaType });
  expect(brokenPromises(bytes, cut)).toEqual([]);
  return cut;
}

const outline = (text: string, mediaType: string) =>
  cutText(text, mediaType).pieces.map(({ kind, level, title, label }) => `${kind} ${level} ${title || label}`.trim());

describe('plain text', () => {
  it('is cut by underlined, numbered and capital lines that stand alone', () => {
    const text =
      'Notes\n=====\n\nIntro text.\n\nINSTALLATION\n\n1. Download\n\ntext\n\n1.1 From source\n\nA sentence. It ends.\n\n3.5 million people use it\n\nUsage\n-----\ntext\n';
    expect(outline(text, 'text/plain')).toEqual([
      'heading 1 Notes',
      'heading 1 INSTALLATION',
      'heading 1 1. Download',
      'heading 2 1.1 From source',
      'heading 2 Usage',
    ]);
  });

  it('without any heading is cut into paragraphs named by their first words, so that an insertion renames none', () => {
    const before = cutText('One two.\nMore.\n\n\nThree four.\n', 'text/plain').pieces;
    const after = cutText('Zero.\n\nOne two.\nMore.\n\nThree four.\n', 'text/plain').pieces;
    expect(before.map(({ address }) => address)).toEqual(['one-two', 'three-four']);
    expect(after.map(({ address }) => address)).toEqual(['zero', 'one-two', 'three-four']);
    expect(after[1]?.normalizedSha256).toBe(before[0]?.normalizedSha256);
    expect(after[1]?.rawSha256).not.toBe(before[0]?.rawSha256);
  });

  it('of blank lines alone is one preamble', () => {
    expect(outline('\n \n', 'text/plain')).toEqual(['preamble 0 preamble']);
  });
});

describe('HTML', () => {
  it('is cut at headings, with the tags that open directly before one, and what is no heading is not promoted', () => {
    const text = [
      '\uFEFF<!DOCTYPE html><html><head><title>x <h1>no</h1></title></head>\r\n<body class="a">',
      '<div><h1>Điều &amp; <b>một</b> 😀</h1></div><p>text</p>',
      '<!-- <h2>no</h2> --><script>"<h2>no</h2>"</script><blockquote><h2>no</h2></blockquote>',
      '<section id="s">\r\n  <h2>Two</h2><p>1</p></section><textarea><h2>no</h2></textarea>',
      '<h2\n id=x>Three</h2></body></html>\n',
    ].join('\r\n');
    const { pieces } = cutText(text, 'text/html');
    expect(pieces.map(({ title, kind }) => title || kind)).toEqual(['front_matter', 'Điều & một 😀', 'Two', 'Three']);
    const starts = pieces.map(({ start }) => Buffer.from(text).toString('utf8', start, start + 12));
    expect(starts.slice(1).map((one) => one.slice(0, 8))).toEqual(['<body cl', '<section', '<h2\n id=']);
  });

  it('has in a title what is read there: a place where a word may be broken is nothing, the end of a line a space', () => {
    const html = '<h1>Bundes<wbr>verfassung<br>vom 18. April</h1><p>text</p>';
    const { pieces } = cutDocument(Buffer.from(html), { mediaType: 'text/html' });
    expect(pieces.map(({ label }) => label)).toEqual(['Bundesverfassung vom 18. April']);
  });

  it('without headings is cut into its blocks, and by a grammar when one is named', () => {
    const text = '<p>One <i>two</i></p>\n<ul><li>three</li></ul>four<br>five';
    expect(outline(text, 'text/html')).toEqual([
      'paragraph 1 One two',
      'paragraph 1 three',
      'paragraph 1 four',
      'paragraph 1 five',
    ]);
    const law =
      '<h1>Site</h1><p align=center><b><a name="1">Điều&nbsp;1.</a> Tên</b></p><p>1. Một</p><blockquote><p>Điều 9. X</p></blockquote><p>2. Hai</p><p>Điều 2. Y</p>';
    const cut = cutDocument(Buffer.from(law), { mediaType: 'text/html', grammar: 'vietnamese' });
    expect(brokenPromises(Buffer.from(law), cut)).toEqual([]);
    expect(cut.pieces.map(({ label }) => label)).toEqual(['preamble', 'Điều 1', 'Khoản 1', 'Khoản 2', 'Điều 2']);
    expect(law.slice(cut.pieces[1]?.utf16Start).startsWith('<p align=center>')).toBe(true);
  });

  it('reads references of any number of digits, and any number of attributes and open elements in proportion to them', () => {
    for (const digits of ['9'.repeat(400), `x${'f'.repeat(300)}`, '0'.repeat(70_000)]) {
      const text = `<h1>One &#${digits}; more</h1><p>text</p><h2>Two</h2>`;
      expect(outline(text, 'text/html')).toEqual(['heading 1 One \uFFFD more', 'heading 2 Two']);
    }
    const attributes = Array.from({ length: 200_000 }, (_, at) => `a${at}=1`).join(' ');
    const begin = performance.now();
    expect(outline(`<h1 ${attributes}>One</h1><p>1</p><h2>Two</h2>`, 'text/html')).toEqual([
      'heading 1 One',
      'heading 2 Two',
    ]);
    const open = '<div>'.repeat(120_000) + '<svg><p>'.repeat(120_000);
    expect(outline(`${open}<h1>One</h1>`, 'text/html')).toEqual(['heading 1 One']);
    expect(performance.now() - begin).toBeLessThan(15_000);
  });

  it('has the headings of a parser where quotations and drawings were not closed, or not in order', () => {
    const seed = chosenSeed();
    const random = seeded(seed);
    const parts =
      '<div> </div> <section> </section> <blockquote> </blockquote> <ul><li> </li></ul> <table><tr><td> </td></tr></table> <svg><path> </svg> <p>a </p>';
    const tags = parts.split(' ');
    for (let round = 0; round < 2000; round++) {
      let text = '<body>';
      for (let count = random.between(2, 16); count > 0; count--) {
        text += random.chance(0.25) ? `<h2>H ${count}</h2>` : tags[random.between(0, tags.length - 1)];
      }
      const found = cutText(text, 'text/html').pieces.filter(({ kind }) => kind === 'heading');
      const expected = parsedHeadings(text).map(({ title }) => title);
      expect(
        found.map(({ title }) => title),
        `seed ${seed} round ${round} ${text}`,
      ).toEqual(expected);
    }
  });

  it.each<[string, string]>([
    ['<?xml version="1.0"?><html><head><title/></head><body>', 'an empty title'],
    ['<html xmlns="http://www.w3.org/1999/xhtml"><head><script src="a.js"/></head><body>', 'a script without text'],
    ['<?xml version="1.0"?><html><body><blockquote/><h1/>', 'an empty quotation and heading'],
  ])('that is XML, with %s, is read to its end: %s', (begin) => {
    const cut = cutText(`${begin}<h1>A</h1><p>a</p><h2>B</h2><svg/><p>b</p><h2>C</h2></body></html>`, 'text/html');
    expect(cut.pieces.map(({ title }) => title).filter(Boolean)).toEqual(['A', 'B', 'C']);
  });

  it('has the headings that a parser finds in any nesting, each in the piece of its title', () => {
    const seed = chosenSeed();
    const random = seeded(seed);
    const blocks = [
      '<p>a',
      '</p>',
      '<div class="ü">',
      '</div>',
      '<section>',
      '</section>',
      '<ul><li>',
      '</li></ul>',
      '<br>',
      '<!-- <h1>c</h1> -->',
    ];
    const others = [
      'text &lt; 😀',
      '<b>x</b>',
      '<script>if (a<b) "<h2>s</h2>"</script>',
      '<style>/* <h3> */</style>',
      '<table><tr><td>',
      '</td></tr></table>',
      '\r\n',
      '\n',
    ];
    for (let round = 0; round < 300; round++) {
      let text = random.chance(0.5) ? '<!DOCTYPE html><html><head><title>T</title></head><body>' : '';
      for (let count = random.between(2, 30); count > 0; count--) {
        const level = random.between(1, 6);
        const list = random.chance(0.5) ? blocks : others;
        text += random.chance(0.3)
          ? `<h${level} id="é">H ${count}</h${level}>`
          : list[random.between(0, list.length - 1)];
      }
      const expected = parsedHeadings(text);
      const found = cutText(text, 'text/html').pieces.filter(({ kind }) => kind === 'heading');
      const about = `seed ${seed} round ${round} ${text}`;
      expect(
        found.map(({ level, title }) => `${level} ${title}`),
        about,
      ).toEqual(expected.map(({ level, title }) => `${level} ${title}`));
      for (const [index, { start }] of expected.entries()) {
        expect(found[index]?.utf16Start, about).toBeLessThanOrEqual(start);
        expect(found[index]?.utf16End, about).toBeGreaterThan(start);
      }
    }
  });
});

/** Headings outside of quotations, with their offsets as the parser of parse5 sees them, in order of the source. */
function parsedHeadings(text: string): { level: number; title: string; start: number }[] {
  const found: { level: number; title: string; start: number }[] = [];
  const visit = (node: DefaultTreeAdapterTypes.Node) => {
    const level = Number(/^h([1-6])$/.exec(node.nodeName)?.[1] ?? 0);
    const start = 'sourceCodeLocation' in node ? node.sourceCodeLocation?.startOffset : undefined;
    if (level > 0 && start !== undefined) found.push({ level, title: textOf(node).replace(/\s+/g, ' ').trim(), start });
    else if ('childNodes' in node && node.nodeName !== 'blockquote') node.childNodes.forEach(visit);
  };
  visit(parse(text, { sourceCodeLocationInfo: true }));
  return found.sort((left, right) => left.start - right.start);
}

function textOf(node: DefaultTreeAdapterTypes.Node): string {
  if ('value' in node && typeof node.value === 'string') return node.value;
  return 'childNodes' in node ? node.childNodes.map(textOf).join('') : '';
}

describe('Markdown', () => {
  it('has the headings that a CommonMark parser finds', { timeout: 120_000 }, () => {
    const own = [...filesBelow(`${root}docs`, /how-to.*\.md$/), `${root}README.md`, `${root}ARCHITECTURE.md`];
    const law = filesBelow(`${root}examples`, /(001|041)_[\d-]+\.md$/);
    for (const file of [...own, ...law]) expect(headingLines(file), file).toEqual(parsedHeadingLines(file));
  });
});

/** Lines of every kind of block in any order; left out is what only few write: bullets without text, tabs, indented headings. */
const markdownLines = [
  ...['# H', '## H ##', '#', '####### no', '\\# no', 'text', '  text', '', '', '    indented'],
  ...['===', '---', '***', '* * *', '- item', '  - sub', '> quote'],
  ...['```', '~~~', '```js', '<div>', '</div>', '<!-- c', '-->', '<b>x</b>', '| a | b |', '|---|---|'],
  ...['[a]: /b', '[a]: /b "c"', '"c"', '[a]:', '[a] b', '[a]: <b c> d'],
];

describe('Markdown of lines in any order', () => {
  it('has the headings of a parser', () => {
    const seed = chosenSeed();
    const random = seeded(seed);
    for (let round = 0; round < 5000; round++) {
      const count = random.between(1, 8);
      const lines = Array.from({ length: count }, () => markdownLines[random.between(0, markdownLines.length - 1)]);
      // Front matter is no Markdown.
      const text = `${['text', ...lines].join('\n')}\n`;
      expect(headingLinesOf(text), `seed ${seed} round ${round} ${JSON.stringify(text)}`).toEqual(parsedLinesOf(text));
    }
  });
});

function headingLines(file: string): string[] {
  return headingLinesOf(readFileSync(file, 'utf8'));
}

function headingLinesOf(text: string): string[] {
  const cut = cutDocument(Buffer.from(text), { mediaType: 'text/markdown' });
  const headings = cut.pieces.filter(({ kind }) => kind === 'heading');
  return headings.map(({ utf16Start, level }) => {
    const before = text.slice(utf16Start).search(/\S/);
    return `${level} ${text.slice(0, utf16Start + before).split('\n').length}`;
  });
}

/** Front matter is no Markdown, so its lines are blank for the parser. */
function parsedHeadingLines(file: string): string[] {
  return parsedLinesOf(
    readFileSync(file, 'utf8').replace(/^---\n[\s\S]*?\n---\n/, (front) => front.replace(/[^\n]/g, '')),
  );
}

function parsedLinesOf(text: string): string[] {
  return fromMarkdown(text).children.flatMap((node) =>
    // Definitions of links that stand before a name are no part of it; the parser counts them to its heading.
    node.type === 'heading' ? [`${node.depth} ${(node.children[0] ?? node).position?.start.line}`] : [],
  );
}

const corpora = process.env.IU_CORPORA;
it.skipIf(!corpora)('no file of the corpora loses a byte, by its format or by a grammar', { timeout: 600_000 }, () => {
  let files = 0;
  for (const file of filesBelow(corpora ?? '', /\.(md|txt)$/)) {
    const bytes = readFileSync(file);
    const grammars = file.includes('/li/') && files % 10 === 0 ? ['auto', 'german'] : ['auto'];
    for (const grammar of grammars) {
      expect(brokenPromises(bytes, cutDocument(bytes, { fileName: file, grammar })), file).toEqual([]);
    }
    files++;
  }
  expect(files).toBeGreaterThan(1000);
});
