import { describe, expect, it } from 'vitest';
import { cutDocument } from '../../src/cut/cut-document.js';
import { readSource } from '../../src/cut/read-source.js';
import { lines, outline } from '../support/cut.js';
import { pdfOf } from '../support/documents.js';

const contents = ['Contents', '1 Purpose 1', '2 Scope 1', '2.1 Systems 2', '2.2 People 2', '3 Roles 3', '4 Review 4'];
const policy = (inScope: readonly string[] = [], inRoles: readonly string[] = []) => [
  'Security Policy',
  ...contents,
  '1 Purpose',
  'This policy sets out how the company protects what it knows, by',
  '2 Rules and no more.',
  '2 Scope',
  '2.1 Systems',
  'It covers',
  '10 servers, and 3.5 million records.',
  ...inScope,
  '2.2 People',
  'All staff.',
  '3 Roles',
  'There are two.',
  ...inRoles,
  '4 Review',
  'Each year.',
];
const expected = ['0 preamble', '1 1 Purpose', '1 2 Scope', '2 2.1 Systems', '2 2.2 People', '1 3 Roles', '1 4 Review'];
const whole = (text: readonly string[]) => [`1 ${text[0]}`];

describe('numbered headings of a text without blank lines', () => {
  it('are found where they count on from the first to the last, below their contents', () => {
    expect(outline(lines(...policy()))).toEqual(expected);
  });

  it.each<[string, string[]]>([
    ['rows of a table', ['1 Alice', '2 Bob', '3 Carol', '4 Dave']],
    ['items of a list with points', ['1. Ask', 'and wait', '2. Act', 'at once', '4. Tell', 'them']],
    ['rows with numbers inside', ['2.1 Million', '2.2 Million', '2.3 Million']],
    ['the head of each page', ['2 SCOPE', 'Systems go on.']],
  ])('are told from %s', (_, rows) => {
    expect(outline(lines(...policy(rows)))).toEqual(expected);
  });

  it.each<[string, string[]]>([
    [
      'a second line with the number of one',
      ['1 Ask first', 'and wait.', '2 Act', 'at once.', '3 Tell', 'them.', '4 End', 'it.'],
    ],
    [
      'a table of amounts',
      ['1 Income', '1.1 Sales', '1.2 Fees', '2 Costs', '2.1 Rent', '2.2 Heat', '3 Rest', 'x', '4 Sum', 'y'],
    ],
  ])('are none when it is not certain: %s', (_, rows) => {
    const text = policy([], rows);
    expect(outline(lines(...text))).toEqual(whole(text));
  });

  it.each<[string, string[]]>([
    [
      'a list',
      [
        'Steps',
        '1. Open the lid',
        'of the box',
        '2. Look inside',
        'with care',
        '3. Close it',
        'again',
        '4. Go',
        'home',
      ],
    ],
    ['a table', ['Rows', '1 One', '1.1 Two', '1.2 Three', '2 Four', '2.1 Five', '2.2 Six', '3 Seven']],
    ['sections without any inside', ['Text', '1 One', 'a', '2 Two', 'b', '3 Three', 'c', '4 Four', 'd']],
    ['numbers that leave one out', ['Text', '1 One', 'a', '1.1 Two', 'b', '1.3 Three', 'c', '3 Four', 'd', '3.2 Five']],
  ])('are not made of %s', (_, text) => {
    expect(outline(lines(...text))).toEqual(whole(text));
  });

  it('cut a PDF', async () => {
    const { text, textMediaType: mediaType } = await readSource(pdfOf(policy()));
    const { pieces } = cutDocument(text, { mediaType });
    expect(pieces.map(({ level, label }) => `${level} ${label}`)).toEqual(expected);
  });
});
