import { isUtf8 } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { IuError } from '../../src/contract/errors/index.js';
import { cutDocument } from '../../src/cut/cut-document.js';
import { brokenPromises } from '../support/cut.js';
import { chosenSeed, type Seeded, seeded } from '../support/seeded.js';

/** Inputs in all; IU_CUT_INPUTS asks for more. */
const inputs = Number(process.env.IU_CUT_INPUTS ?? 100_000);

const shared = [
  'a',
  'Art. 4',
  'x y',
  'ü',
  'ế'.normalize('NFD'),
  'Điều',
  '😀',
  '\u00a0',
  '\ufeff',
  ' ',
  '\t',
  '[^1]',
  '[^1]: ',
  '“',
  '”',
  '"',
  '.',
];
const newlines = ['\n', '\n', '\r\n', '\r', '\n\n', '\r\n\r\n', '\u2028', ''];
const marks: Readonly<Record<string, readonly string[]>> = {
  'text/markdown': [
    '# a',
    '## Art. 1',
    '---',
    '===',
    '```',
    '~~~~',
    '> ',
    '- ',
    '1. ',
    '    ',
    '<!--',
    '-->',
    '<div>',
    '+++',
    '...',
    '[^[^1]^2]:',
    '\t',
    '<pre>',
    '</pre>',
    '> ```',
    '`',
    '``',
    '<code>',
    '</code>',
    '     ',
    '\t- ',
  ],
  'text/html': [
    '<h1>',
    '</h1>',
    '<h2 id="x">',
    '</h2>',
    '<p>',
    '</p>',
    '<section>',
    '</section>',
    '<blockquote>',
    '</blockquote>',
    '<body>',
    '</head>',
    '<!--',
    '-->',
    '<script>',
    '</script>',
    '<svg>',
    '</svg>',
    '<![CDATA[',
    ']]>',
    '<br>',
    '&amp;',
    '&#x1F600;',
    '<textarea>',
    '</textarea>',
    '<',
    '>',
    '"',
    '<template>',
    '<pre>  ',
    '</PRE>',
    '```',
    '<title>',
  ],
  'text/plain': [
    'Điều 1. A',
    'Điều 2',
    'Chương I',
    '1. b',
    '2. c',
    'a) d',
    'b) e',
    '§ 1 A',
    '(1) b',
    '“Điều 9. C',
    '”.',
    'TITLE',
    '=====',
    '-----',
    '1.2 Scope',
    'như sau:',
    'sửa đổi như sau:',
  ],
};
const grammars = ['auto', 'none', 'vietnamese', 'german', 'eu', 'us'];

function fuzzed(random: Seeded, mediaType: string): Buffer {
  const pick = (list: readonly string[]) => list[random.between(0, list.length - 1)] ?? '';
  const own = marks[mediaType] ?? [];
  const parts: Buffer[] = [];
  if (random.chance(0.05)) parts.push(Buffer.from('\ufeff'));
  if (random.chance(0.05)) parts.push(Buffer.from('---\n'));
  for (let count = random.between(1, 14); count > 0; count--) {
    const text = random.chance(0.6) ? pick(own) : pick(shared);
    parts.push(Buffer.from(random.chance(0.1) ? text.normalize('NFD') : text));
    if (random.chance(0.6)) parts.push(Buffer.from(pick(newlines)));
    if (random.chance(0.02)) parts.push(Buffer.from([random.between(0, 255), random.between(0, 255)]));
  }
  const joined = Buffer.concat(parts);
  // Cut off anywhere: in the middle of a character, of a tag, of a newline.
  return random.chance(0.2) ? joined.subarray(0, random.between(0, joined.length)) : joined;
}

const isControl = (byte: number) => byte < 0x20 && (byte < 0x09 || byte > 0x0d) && byte !== 0x1b;

/** What is wrong with the answer to one input; undefined when it is cut losslessly or refused with the right reason. */
function faultOf(bytes: Buffer, mediaType: string, grammar: string, alsoNormalised = false): string | undefined {
  try {
    return brokenPromises(bytes, cutDocument(bytes, { mediaType, grammar }), alsoNormalised)[0];
  } catch (error) {
    if (!(error instanceof IuError)) return String(error);
    const isRight =
      (error.code === 'IU722' && bytes.length === 0) ||
      (error.code === 'IU724' && !isUtf8(bytes) && error.details.offset !== undefined) ||
      (error.code === 'IU723' && (bytes.some(isControl) || bytes.toString('latin1', 0, 2) === 'MZ'));
    return isRight ? undefined : `refused with ${error.code} ${error.message}`;
  }
}

describe('a cut of anything', () => {
  it('is lossless, or refused with the reason', { timeout: 300_000 }, () => {
    const seed = chosenSeed();
    const random = seeded(seed);
    const types = Object.keys(marks);
    let cuts = 0;
    for (let index = 0; index < inputs; index++) {
      const mediaType = types[index % types.length] ?? '';
      const grammar = grammars[random.between(0, grammars.length - 1)] ?? 'auto';
      const bytes = fuzzed(random, mediaType);
      // The slow way of the normalised hash is compared for one in four.
      const fault = faultOf(bytes, mediaType, grammar, random.chance(0.25));
      if (fault !== undefined) {
        expect.fail(
          `seed ${seed} input ${index}: ${fault}\n${mediaType} ${grammar} ${JSON.stringify(bytes.toString('latin1'))}`,
        );
      }
      if (isUtf8(bytes)) cuts++;
    }
    console.log(`${inputs} fuzzed inputs, ${cuts} of them valid UTF-8, seed ${seed}`);
    expect(cuts).toBeGreaterThan(inputs / 2);
  });

  it.each<[string, string, string]>([
    ['one line of ten megabytes as text', 'text/plain', 'ab é '.repeat(1_700_000)],
    ['one line of ten megabytes as Markdown', 'text/markdown', `# ${'x'.repeat(10_000_000)}`],
    ['one line of five million dashes', 'text/markdown', `# a\n\n${'- '.repeat(5_000_000)}\n`],
    ['one tag of five million attributes', 'text/markdown', `# a\n\n<a${' b'.repeat(5_000_000)}>\n`],
    ['two million footnotes in a row', 'text/markdown', `# e\u0301\n\n${'[^1], '.repeat(2_000_000)}\n`],
    ['one tag of a megabyte', 'text/html', `<p title="${'x'.repeat(1_000_000)}">\n<h1>a</h1>\n`],
    ['a line of quotation marks', 'text/plain', `“${'“'.repeat(300_000)}\nx\n`],
    ['many quotations that never end', 'text/plain', '“Điều 1. x\n"y\n«z\n'.repeat(10_000)],
    ['many fences', 'text/markdown', '```\n# a\n````\n# b\n'.repeat(20_000)],
    ['many open tags', 'text/html', '<div><p><blockquote>'.repeat(20_000)],
  ])('ends in good time for %s', { timeout: 120_000 }, (_, mediaType, text) => {
    const bytes = Buffer.from(text);
    for (const grammar of ['none', 'vietnamese']) expect(faultOf(bytes, mediaType, grammar)).toBeUndefined();
  });
});
