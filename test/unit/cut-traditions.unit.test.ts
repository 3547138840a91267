import { describe, expect, it } from 'vitest';
import { cutDocument } from '../../src/cut/cut-document.js';
import { readGrammar } from '../../src/cut/legal/grammar.js';
import { lines, outline } from '../support/cut.js';

const labels = (text: string, grammar = 'auto', mediaType = 'text/plain') =>
  outline(text, grammar, mediaType).map((one) => one.replace(/^\d+ /, ''));

describe('paragraphs whose numbers have no mark', () => {
  const article = (...text: string[]) => labels(lines('Art. 1 Zweck', ...text, 'Art. 2 Ende', 'Schluss.')).slice(1, -1);

  it('are cut where they count on from 1 behind the heading', () => {
    const text = [
      '1 Dieses Gesetz regelt das Eine.',
      '2 Es gilt für:',
      'a. Personen mit mehr als',
      '3 Angestellten;',
      'b. andere.',
      '2bis Die Behörde regelt mehr.',
      '3–5 …',
      '6 «Eines» ist etwas. Es kostet bis',
      '7 Franken.',
    ];
    const expected = ['Abs. 1', 'Abs. 2', 'Bst. a', 'Bst. b', 'Abs. 2bis', 'Abs. 3', 'Abs. 6'];
    expect(article(...text)).toEqual(expected);
    const superscript = text.map((line) =>
      line.replace(/^(\d)(\S*) /, (_, one, rest) => `${'⁰¹²³⁴⁵⁶⁷⁸⁹'[one]}${rest} `),
    );
    expect(article(...superscript.map((line) => line.replace('³–5', '³ und ⁵').replace('²bis', '2bis')))).toEqual(
      expected,
    );
  });

  it('and what was inserted among them with Latin ordinals are cut in the order in which those count', () => {
    const law = lines(
      ...['Art. 1', '1) Eins ist:', 'a) eines;', 'abis) mehr;', 'ater) noch mehr;', 'b) anderes.', '2) Zwei ist.'],
      ...[
        'Art. 1octies',
        '1) Drei ist.',
        'Art. 1undecies',
        '1) Vier ist.',
        'Art. 1abis',
        '1) Fünf ist.',
        'Art. 2',
        '1) Ende.',
      ],
    );
    const first = ['Art. 1', 'Abs. 1', 'Bst. a', 'Bst. abis', 'Bst. ater', 'Bst. b', 'Abs. 2'];
    const others = ['Art. 1octies', 'Art. 1undecies', 'Art. 1abis', 'Art. 2'].flatMap((one) => [one, 'Abs. 1']);
    expect(labels(law)).toEqual([...first, ...others]);
  });

  it('are cut with the bullets that Markdown puts before them, and a bullet alone is none', () => {
    const law = lines(
      ...[
        '##### Art. 1',
        '1) Eins ist:',
        '- a) eines;',
        '- b) anderes:',
        '- 1. erstes;',
        '- 2. zweites;',
        '- c) drittes.',
      ],
      ...['2) Zwei ist:', '- dieses;', '- jenes.', '##### Art. 2', '* a) eines;', '* b) anderes.'],
    );
    const first = ['Art. 1', 'Abs. 1', 'Bst. a', 'Bst. b', 'Ziff. 1', 'Ziff. 2', 'Bst. c', 'Abs. 2'];
    expect(labels(law, 'german', 'text/markdown')).toEqual([...first, 'Art. 2', 'Bst. a', 'Bst. b']);
  });

  it('may be superscript directly before the text, or stand on the line of the heading', () => {
    expect(article('¹Eins ist.', '²Zwei ist.')).toEqual(['Abs. 1', 'Abs. 2']);
    const text = lines('§ 1. ¹ Eins ist.', '² Zwei ist.', '§ 2. ¹ Drei ist.', '² Vier ist.');
    expect(labels(text)).toEqual(['§ 1', 'Abs. 2', '§ 2', 'Abs. 2']);
  });

  it('may be superscript in HTML and Markdown, where a linked one leads to a footnote', () => {
    const html =
      '<h6>Art. 1<i>a</i><sup><a href="#fn1">1</a></sup> Zweck</h6><p><sup>1</sup>&nbsp;Eins ist.</p><p><sup>1bis</sup> Mehr.</p>' +
      '<p><sup>2</sup>Zwei ist:</p><dl><dt>a.</dt><dd>Personen;</dd><dt>b.</dt><dd>Sachen.</dd></dl><p><sup><a href="#f">3</a></sup> Siehe dort.</p>';
    const expected = ['Art. 1a', 'Abs. 1', 'Abs. 1bis', 'Abs. 2', 'Bst. a', 'Bst. b'];
    expect(labels(html, 'german', 'text/html')).toEqual(expected);
    const markdown = lines('## Art. 1', '', '### Zweck', '', '<sup>1</sup> Eins ist.', '', '<sup>2</sup> Zwei ist.');
    expect(labels(markdown, 'german', 'text/markdown')).toEqual(['Art. 1', 'Zweck', 'Abs. 1', 'Abs. 2']);
  });

  it.each<[string, string[]]>([
    ['a year', ['Im Jahr', '2020 Personen.', '2021 Personen.']],
    ['an amount that no second follows', ['1 Person je Haushalt erhält Geld.', '20 Personen erhalten mehr.']],
    ['amounts behind text', ['Es erhalten:', '1 Person ein Haus;', '2 Personen zwei.']],
    ['amounts in the middle of sentences', ['1 Kind erhält', '2 Franken.']],
    ['what goes on in small letters', ['1 mal eins ist eins.', '2 mal zwei ist vier.']],
    ['sentences that are numbered', ['¹Eins ist eins. ²Zwei ist zwei.', '²Zwei ist mehr.']],
  ])('are no %s', (_, text) => {
    expect(article(...text)).toEqual([]);
  });

  it('do not hide the others: a paragraph between parentheses has its own numbers', () => {
    expect(article('(1) ¹Eins.', '²Zwei.', '(2) Drei.')).toEqual(['Abs. 1', 'Abs. 2']);
  });

  it('change nothing of the text when they are counted anew', () => {
    const hashes = (...text: string[]) =>
      cutDocument(Buffer.from(lines('Art. 1', ...text, 'Art. 2', 'Ende.')))
        .pieces.slice(1)
        .map(({ normalizedSha256 }) => normalizedSha256);
    const before = hashes('1 Eins ist.', '2 Zwei ist.');
    const after = hashes('¹ Neu ist.', '² Eins ist.', '³ Zwei ist.');
    expect(after.slice(1)).toEqual(before);
  });
});

describe('a level of headings', () => {
  it('has no numbers without a mark', () => {
    const level = { kind: 'rule', patterns: ['rule {number}'], numerals: ['arabic'], label: 'R', bare: ['{number} '] };
    const text = JSON.stringify({ name: 'my', version: '1', main: 'rule', levels: [level] });
    expect(() => readGrammar(text)).toThrow(expect.objectContaining({ code: 'IU726' }));
  });
});

describe('a German law as it is published', () => {
  it('has letters below numbers on lines of their own, doubled letters below those, and no date for a number', () => {
    const text = lines(
      '§ 1 Begriffe',
      '(1) Im Sinne dieses Gesetzes ist',
      ...['1.', 'Beispiel', 'a)', 'ein Fall,', 'aa)', 'der klein ist,', 'bb)', 'der groß ist,', 'b)', 'eine Lage und'],
      ...['2.', 'Gegenbeispiel das andere.'],
      '(2) Es gilt vom',
      '1. Januar 2020 an.',
      '§ 2 Inkrafttreten',
      'Das Gesetz tritt am',
      '1. Juli in Kraft.',
    );
    const inside = ['Ziff. 1', 'Bst. a', 'Bst. aa', 'Bst. bb', 'Bst. b', 'Ziff. 2'];
    expect(labels(text)).toEqual(['§ 1', 'Abs. 1', ...inside, 'Abs. 2', '§ 2']);
  });

  it('goes on behind a quotation of one line, with what the next instruction begins with', () => {
    const text = lines(
      'Artikel 1',
      'Das Gesetz wird wie folgt geändert:',
      '1. Die Übersicht wird wie folgt geändert:',
      'a) Die Angabe zu § 5 wird wie folgt gefasst:',
      '„§ 5 Neues“.',
      'b) Nach der Angabe zu § 7 wird folgende Angabe eingefügt:',
      '„§ 7a Ganz Neues“.',
      '2. § 6 wird wie folgt geändert:',
      'a) Absatz 1 wird wie folgt geändert:',
      'aa) In Satz 1 wird „alt“ durch „neu“ ersetzt.',
      'bb) Satz 2 wird aufgehoben.',
      'b) Die folgenden Absätze werden angefügt:',
      '„(3) Drei.',
      '(4) Vier.“',
      'Artikel 2',
      'Inkrafttreten.',
    );
    expect(labels(text)).toEqual([
      ...['Art. 1', 'Ziff. 1', 'Bst. a', 'Bst. b'],
      ...['Ziff. 2', 'Bst. a', 'Bst. aa', 'Bst. bb', 'Bst. b', 'quoted Abs. 3', 'Art. 2'],
    ]);
  });

  it('lists its annexes at the end of its table of contents, which stays one', () => {
    const sections = ['Abschnitt 1', 'Allgemeines', '§ 1 Zweck', '§ 2 Wort', 'Abschnitt 2', 'Ende', '§ 3 Schluss'];
    const law = sections.flatMap((line) => (line.startsWith('§') ? [line, 'Satz.'] : [line]));
    const text = lines('Gesetz', ...sections, 'Anlage 1 Gebühren', ...law, 'Anlage 1 (zu § 2)', 'Tafel');
    const pieces = ['1. Abschnitt', '§ 1', '§ 2', '2. Abschnitt', '§ 3', 'Anhang 1'];
    expect(labels(text)).toEqual(['preamble', ...pieces]);
  });

  it('is not taken for a statute of the United States, nor that for a German law, by the § of both', () => {
    const grammarOf = (...text: string[]) => cutDocument(Buffer.from(lines(...text))).grammar?.name;
    const german = [
      '§ 1 Zweck',
      '(1) Der Antrag ist bei der Behörde zu stellen. Die Frist nach',
      '§ 2 Satz 2 bleibt unberührt.',
    ];
    expect(grammarOf(...german, '§ 2 Frist', 'Die Frist ist in den Fällen des', '§ 1 Absatz 1 zu wahren.')).toBe(
      'german',
    );
    const statute = [
      '§101. Definitions',
      '(1) the name of the thing; and',
      '§§ 102, 103. Repealed',
      '§104. Rights of the owner',
    ];
    expect(grammarOf(...statute, '(1) The owner shall have the right to it.', '(2) Or not.')).toBe('us');
  });
});

describe('a German text as others publish it', () => {
  it('has recitals, roman numbers below letters and parts in letters, as in the Union', () => {
    const text = lines(
      ...['VERORDNUNG', 'in Erwägung nachstehender Gründe:', '(1) Der Schutz ist ein Recht.', '(2) Zweck der Regel.'],
      ...[
        'Artikel 1',
        'Ziele',
        '(1) Sie schützt:',
        'a) eins:',
        'i) klein;',
        'ii) fein;',
        'b) zwei.',
        'Artikel 2',
        'Ende',
      ],
      ...['Text.', 'ANHANG I', 'TEIL A', 'Liste', 'TEIL B'],
    );
    const article = ['Art. 1', 'Abs. 1', 'Bst. a', 'Ziff. i', 'Ziff. ii', 'Bst. b', 'Art. 2'];
    const recitals = ['preamble', 'Erwägungsgrund 1', 'Erwägungsgrund 2'];
    expect(labels(text)).toEqual([...recitals, ...article, 'Anhang I', 'A. Teil', 'B. Teil']);
  });

  it('has numbers below letters and ranges of repealed articles, as in Switzerland', () => {
    const text = lines(
      ...['Art. 1 Zweck', '1 Es regelt:', 'a. das Eine:', '1. klein,', '2. fein;', 'b. das Andere.', '2 Es gilt.'],
      ...['Art. 2–4', 'Aufgehoben', 'Art. 5 und 6 Aufgehoben', 'Art. 7 Ende', 'Nach den', 'Art. 2 und 3 gilt es.'],
    );
    const first = ['Art. 1', 'Abs. 1', 'Bst. a', 'Ziff. 1', 'Ziff. 2', 'Bst. b', 'Abs. 2'];
    expect(labels(text)).toEqual([...first, 'Art. 2', 'Art. 5', 'Art. 7']);
  });
});

describe('an Act of the Union', () => {
  it('has parts and sections in its annexes, in letters, which are no roman numbers', () => {
    const text = lines(
      ...['Article 1', 'Subject', 'Text.', 'Article 2', 'Entry', 'Text.'],
      ...['ANNEX I', 'PART A', 'Conditions', 'Text.', 'PART B', 'PART C Third conditions', 'Text.', 'PART D Fourth'],
      ...['ANNEX II', 'List', 'Section A. One', 'Text.', 'Section B. Two', 'Text.', 'ANNEX III', 'Part I', 'Part II'],
    );
    expect(labels(text)).toEqual([
      ...['Article 1', 'Article 2', 'Annex I', 'Part A', 'Part B', 'Part C', 'Part D'],
      ...['Annex II', 'Section A', 'Section B', 'Annex III', 'Part I', 'Part II'],
    ]);
  });

  it('has numbered points in its annexes, below the parts and sections of those, as they are cited', () => {
    const text = lines(
      ...['Article 1', 'Subject', '1. It is so.', '2. It is not.', 'Article 2', 'Entry', 'Text.'],
      ...['ANNEX I', 'Areas referred to in Article 1', 'The areas are the following:'],
      ...[
        '1.',
        '',
        'Critical infrastructure:',
        '(a) roads;',
        '',
        '(b) water:',
        '(i) clean;',
        '(ii) other.',
        '',
        '2.',
        'Law.',
      ],
      ...[
        'ANNEX II',
        'PART A',
        '1. Requirements',
        '1.1. Devices shall be safe:',
        '(a) here;',
        '(b) there.',
        '1.2.',
        'Text.',
      ],
      ...[
        '1.2.1. Design',
        '1.2.2 Make',
        '5.1 litres of it.',
        '1.3 The end',
        '(a) one;',
        '1.4.1. Nothing of 1.4.',
        '2. Others',
        '2.1. Text.',
      ],
      ...[
        'PART B',
        '(a) one;',
        '(b) two.',
        'PART C',
        '4. No list begins with it.',
        '1. But with this.',
        '2.2 kg of it.',
      ],
      ...['ANNEX III', '(1) Item:', '(a) one.', '(2) Item.', '(1) OJ L 117, 5.5.2017, p. 1.', '(3) Item.'],
    );
    const first = ['Point 1', 'Point a', 'Point b', 'Subpoint i', 'Subpoint ii', 'Point 2'];
    const second = [
      'Point 1',
      'Point 1.1',
      'Point a',
      'Point b',
      'Point 1.2',
      'Point 1.2.1',
      'Point 1.2.2',
      'Point 1.3',
    ];
    expect(labels(text)).toEqual([
      ...['Article 1', 'Paragraph 1', 'Paragraph 2', 'Article 2', 'Annex I', ...first],
      ...[
        'Annex II',
        'Part A',
        ...second,
        'Point a',
        'Point 2',
        'Point 2.1',
        'Part B',
        'Point a',
        'Point b',
        'Part C',
        'Point 1',
      ],
      ...['Annex III', 'Item 1', 'Point a', 'Item 2', 'Item 3'],
    ]);
    expect(outline(text).slice(12, 18)).toEqual([
      ...['2 Part A', '10 Point 1', '11 Point 1.1', '14 Point a', '14 Point b', '11 Point 1.2'],
    ]);
  });

  it('counts the points of an annex on through its chapters, and anew where they do', () => {
    const text = lines(
      ...['Article 1', 'Subject', 'Text.', 'Article 2', 'Entry', 'Text.'],
      ...[
        'ANNEX I',
        'CHAPTER I',
        'Devices',
        '1. One.',
        '2. Two.',
        '2.1. More.',
        'CHAPTER II',
        'Makers',
        '3. Three.',
        '3.1. More.',
      ],
      ...[
        'CHAPTER III',
        'Others',
        '5. This is no next number.',
        '4. This is.',
        'ANNEX II',
        'Lists',
        '5. Neither.',
        '1. One.',
      ],
    );
    expect(labels(text).slice(2)).toEqual([
      ...['Annex I', 'Chapter I', 'Point 1', 'Point 2', 'Point 2.1', 'Chapter II', 'Point 3', 'Point 3.1'],
      ...['Chapter III', 'Point 4', 'Annex II', 'Point 1'],
    ]);
  });

  it('keeps lists that count anew inside of the points of its annexes as text', () => {
    const entry = ['1. It shall not be used:', '(a) here;', '(b) there.', '2. It may be sold.', '3. It ends.'];
    const text = lines(
      ...['Article 1', 'Scope', 'Text.', 'Article 2', 'Entry', 'Text.', 'ANNEX I', 'Substances', '1. One', ...entry],
      ...['2. Two', '(a) first;', '(b) second.', '3. Three', ...entry, 'ANNEX II', '1. Four', '2. Five'],
    );
    expect(labels(text).slice(2)).toEqual([
      ...['Annex I', 'Point 1', 'Point 2', 'Point a', 'Point b', 'Point 3', 'Annex II', 'Point 1', 'Point 2'],
    ]);
  });

  it('has points that were inserted behind others, each behind its own letter, and nothing else in two letters', () => {
    const text = lines(
      ...[
        'Article 1',
        'Scope',
        '1. The following:',
        '(a) one:',
        '(i) first;',
        '(ia) second;',
        '(aa) two;',
        '(ab) three;',
      ],
      ...['(ba) behind no b;', '(b) four;', '(bb) five;', '(EU) No 910/2014;', '(be) six:', '(i) first.', '(c) seven;'],
      ...[
        '1a. More:',
        '(1) eight;',
        '(1a) nine;',
        '(2) ten.',
        'ANNEX I',
        '1. One:',
        '(a) here;',
        '(aa) there.',
        '1a. Two.',
      ],
    );
    expect(labels(text, 'eu')).toEqual([
      ...['Article 1', 'Paragraph 1', 'Point a', 'Subpoint i', 'Subpoint ia', 'Point aa', 'Point ab'],
      ...['Point b', 'Point bb', 'Point be', 'Subpoint i', 'Point c', 'Paragraph 1a', 'Item 1', 'Item 1a', 'Item 2'],
      ...['Annex I', 'Point 1', 'Point a', 'Point aa', 'Point 1a'],
    ]);
  });

  it('has doubled letters below a point where (bb) comes behind (aa), and behind (z) where the letters end', () => {
    const article = (...more: string[]) =>
      outline(lines('Article 1', 'Scope', 'The following:', ...more, 'Article 2', 'Text.'), 'eu').slice(1, -1);
    const points = (letters: string) => letters.split('').map((letter) => `14 Point ${letter}`);
    expect(article('(a) one:', '(aa) first;', '(bb) second.', '(b) two:', '(i) roman:', '(aa) a;', '(bb) b.')).toEqual([
      ...['14 Point a', '16 Subpoint aa', '16 Subpoint bb', '14 Point b', '15 Subpoint i', '16 Subpoint aa'],
      '16 Subpoint bb',
    ]);
    const alphabet = 'abcdefghijklmnopqrstuvwxyz';
    const list = alphabet.split('').map((letter) => `(${letter}) text;`);
    expect(article(...list, '(aa) text:', '(i) roman;', '(bb) text;', '(cc) text.')).toEqual([
      ...points(alphabet),
      ...['14 Point aa', '15 Subpoint i', '14 Point bb', '14 Point cc'],
    ]);
  });

  it('says the same when a point gets the number of one that was inserted', () => {
    const hashes = (...points: string[]) =>
      cutDocument(Buffer.from(lines('Article 1', 'The following:', ...points, 'Article 2', 'End.')), { grammar: 'eu' })
        .pieces.slice(1, -1)
        .map(({ normalizedSha256 }) => normalizedSha256);
    const before = hashes('(a) One;', '(b) two;', '(c) three.');
    expect(hashes('(a) One;', '(ab) two;', '(b) three.')).toEqual(before);
    expect(new Set(before).size).toBe(3);
  });

  it('has a point (i) behind (h), unless (ii) shows that it began to count below', () => {
    const list = 'abcdefgh'.split('').map((letter) => `(${letter}) text;`);
    const points = 'abcdefgh'.split('').map((letter) => `14 Point ${letter}`);
    const article = (...more: string[]) =>
      outline(lines('Article 1', 'Scope', 'The following:', ...list, ...more, 'Article 2', 'Text.'), 'eu').slice(1, -1);
    expect(article('(i) text;', '(j) text:', '(i) one;', '(ii) two.')).toEqual([
      ...points,
      ...['14 Point i', '14 Point j', '15 Subpoint i', '15 Subpoint ii'],
    ]);
    expect(article('(i) one;', '(ii) two;', '(i) text;', '(j) text.')).toEqual([
      ...points,
      ...['15 Subpoint i', '15 Subpoint ii', '14 Point i', '14 Point j'],
    ]);
  });
});

describe('a law of the United States', () => {
  it('is cut by the order of its regulations where those have it: (a), (1), (i), (A), (1)', () => {
    const text = lines(
      ...['PART 164—SECURITY', 'Subpart A—General Provisions', '§ 164.102   Statutory basis.', 'The text of the law.'],
      ...[
        '§ 164.104   Applicability.',
        '(a) The following:',
        '(1) A plan.',
        '(i) With one of',
        '(A) Letter',
        '(1) Deep.',
      ],
      ...['(2) Deep.', '(B) Letter', '(ii) With two.', '(2) A house.', '(b) Where provided.'],
      ...['§§ 164.107-164.109   [Reserved]', '§ 164.110   [Reserved]', 'Subpart B [Reserved]'],
      ...['Appendix A to Subpart B of Part 164—Matrix', 'Text.'],
    );
    expect(outline(text)).toEqual([
      ...['5 Part 164', '7 Subpart A', '8 § 164.102', '8 § 164.104'],
      ...['9 (a)', '10 (1)', '11 (i)', '12 (A)', '13 (1)', '13 (2)', '12 (B)', '11 (ii)', '10 (2)', '9 (b)'],
      ...['8 § 164.107', '8 § 164.110', '7 Subpart B', '6 Appendix A'],
    ]);
    expect(cutDocument(Buffer.from(text)).grammar?.name).toBe('us-regulations');
  });
});

describe('a number that Markdown escapes', () => {
  it('is one, also in what is quoted', () => {
    const law = [
      '## Điều 1. Sửa đổi',
      '1\\. Sửa đổi như sau:',
      '“Điều 3. Tên',
      '1\\. Một.”',
      '2\\. Bãi bỏ:',
      'a\\) Một;',
      'b\\) Hai.',
    ];
    const text = lines(...law.flatMap((line) => [line, '']));
    const expected = ['Điều 1', 'Khoản 1', 'quoted Điều 3', 'Khoản 2', 'Điểm a', 'Điểm b'];
    expect(labels(text, 'vietnamese', 'text/markdown')).toEqual(expected);
    const hash = (line: string) =>
      cutDocument(Buffer.from(lines('## Article 1', '', line)), { mediaType: 'text/markdown', grammar: 'eu' })
        .pieces[1];
    expect(hash('1\\. Text')?.normalizedSha256).toBe(hash('1. Text')?.normalizedSha256);
  });
});

describe('points that Markdown writes as items of a list', () => {
  const law = (mark: string) => [
    ...[
      '## Art. 1',
      '1) Es gilt:',
      `${mark}a) das Eine:`,
      `${mark}1. klein,`,
      `${mark}2. fein;`,
      `${mark}abis) das Neue;`,
    ],
    ...[`${mark}b) das Andere.`, '2) Es gilt nicht.', '## Art. 2', `${mark}1. Eins.`, `${mark}2. Zwei.`],
  ];
  const text = (...all: string[]) => all.flatMap((line) => [line, '']).join('\n');
  const cut = (...all: string[]) =>
    cutDocument(Buffer.from(text(...all)), { mediaType: 'text/markdown', grammar: 'german' }).pieces;

  it('are cut as those of a law without lists, whatever the mark of the list is', () => {
    const expected = ['Art. 1', 'Abs. 1', 'Bst. a', 'Ziff. 1', 'Ziff. 2', 'Bst. abis', 'Bst. b', 'Abs. 2'];
    for (const mark of ['', '- ', '* ', '+   ', '  - ']) {
      expect(labels(text(...law(mark)), 'german', 'text/markdown'), mark).toEqual([
        ...expected,
        ...['Art. 2', 'Ziff. 1', 'Ziff. 2'],
      ]);
    }
    const ordinals = ['1) Eins:', '- 1. eines;', '- 1bis) mehr;', '- 1ter. noch mehr;', '- 2. zwei:', '- a) eines;'];
    const inserted = ['- aquinquies) vieles;', '- asexies) alles;', '- b) zwei.', '2) Ende.'];
    expect(labels(text('## Art. 1', ...ordinals, ...inserted), 'german', 'text/markdown')).toEqual([
      ...['Art. 1', 'Abs. 1', 'Ziff. 1', 'Ziff. 1bis', 'Ziff. 1ter', 'Ziff. 2'],
      ...['Bst. a', 'Bst. aquinquies', 'Bst. asexies', 'Bst. b', 'Abs. 2'],
    ]);
    const points = ['# Article 1', '1. It is:', '- **(a)** one;', '- \\(b\\) two.', '* (c) three;', '2. It ends.'];
    expect(labels(text(...points), 'eu', 'text/markdown')).toEqual([
      ...['Article 1', 'Paragraph 1', 'Point a', 'Point b', 'Point c', 'Paragraph 2'],
    ]);
    const vietnamese = ['## Điều 1. Tên', '1. Một:', '- a) một;', '- b) hai;', '- c) ba;', '- d) bốn;', '- đ) năm.'];
    expect(labels(text(...vietnamese), 'vietnamese', 'text/markdown').slice(2)).toEqual([
      ...['Điểm a', 'Điểm b', 'Điểm c', 'Điểm d', 'Điểm đ'],
    ]);
  });

  it('say the same with and without the mark, and under another number', () => {
    const [, , , ...plain] = cut(...law(''));
    const [, , , ...listed] = cut(...law('- '));
    expect(listed.map(({ normalizedSha256 }) => normalizedSha256)).toEqual(
      plain.map(({ normalizedSha256 }) => normalizedSha256),
    );
    const bodies = (...points: string[]) => cut('## Art. 1', ...points).map(({ normalizedSha256 }) => normalizedSha256);
    const [, first, second] = bodies('- a) Eins,', '- b) zwei.');
    expect(bodies('- a) Neu,', '- b) Eins,', '- bbis) zwei.').slice(2)).toEqual([first, second]);
  });

  it('are no items without a number, nor with what is none, and none in plain text', () => {
    const items = [
      '## Art. 1',
      '1) Eins:',
      '- Art. 5 gilt;',
      '- 1.5 Liter;',
      '- z. B. hier;',
      '- (siehe oben);',
      '2) Zwei.',
    ];
    expect(labels(text(...items), 'german', 'text/markdown')).toEqual(['Art. 1', 'Abs. 1', 'Abs. 2']);
    expect(labels(text('Art. 1', '1) Eins:', '- a) hier;', '2) Zwei.', 'Art. 2'), 'german')).toEqual([
      ...['Art. 1', 'Abs. 1', 'Abs. 2', 'Art. 2'],
    ]);
  });
});

describe('a roman number with a Latin ordinal', () => {
  const text = lines(
    ...['Kapitel I', 'Altes', 'Art. I Eins', '1) Es gilt:', 'a) das Eine:', 'i) klein;', 'ii) fein;'],
    ...[
      'iii) alt.',
      'Kapitel Ibis',
      'Neues',
      'Art. Ibis Zwei',
      '1) Es gilt.',
      '2) Es gilt nicht.',
      'Art. II Drei',
      'Ende.',
    ],
  );

  it('is one of an article and a chapter', () => {
    expect(labels(text, 'german')).toEqual([
      ...['I. Kapitel', 'Art. I', 'Abs. 1', 'Bst. a', 'Ziff. i', 'Ziff. ii', 'Ziff. iii'],
      ...['Ibis. Kapitel', 'Art. Ibis', 'Abs. 1', 'Abs. 2', 'Art. II'],
    ]);
  });

  it('is no text of them', () => {
    const hashes = (law: string) =>
      cutDocument(Buffer.from(law), { grammar: 'german' }).pieces.map(({ normalizedSha256 }) => normalizedSha256);
    const renumbered = text.replace(/bis(?=\W)/g, 'ter');
    expect(hashes(renumbered)).toEqual(hashes(text));
  });
});

describe('a chapter between two', () => {
  it('has a letter behind its roman number, in a law and in what it quotes', () => {
    const text = lines(
      ...['Chương II', 'HAI', 'Điều 1. Một', 'Chữ.', 'Chương IIa', 'THÊM', 'Điều 2. Sửa đổi', '1. Bổ sung như sau:'],
      ...['“Chương Va', 'TÊN', 'Điều 9a. Tên', '1. Một.”', '2. Bãi bỏ Điều 3.'],
    );
    expect(labels(text)).toEqual([
      ...['Chương II', 'Điều 1', 'Chương IIa', 'Điều 2', 'Khoản 1', 'quoted Chương Va', 'Khoản 2'],
    ]);
  });
});
