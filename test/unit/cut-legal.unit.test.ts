import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cutDocument } from '../../src/cut/cut-document.js';
import { grammarNamed, readGrammar, shippedGrammar, shippedGrammarNames } from '../../src/cut/legal/grammar.js';
import { filesBelow, lines, outline } from '../support/cut.js';

describe('Vietnamese law', () => {
  const law = lines(
    'LUẬT ĐO LƯỜNG',
    'Chương I',
    'NHỮNG QUY ĐỊNH CHUNG',
    'Điều 1. Phạm vi điều chỉnh',
    'Luật này quy định về đo lường theo Điều 2 và',
    'Điều 3 của Luật này.',
    'Điều 2. Giải thích từ ngữ',
    '1. Đo lường là việc xác định giá trị:',
    'a) Giá trị một;',
    'đ) Không phải điểm kế tiếp;',
    'b) Giá trị hai, 1.000 đồng.',
    '1.000 đồng không phải khoản.',
    '2. Chuẩn là vật.',
    'Mục 1: CHUẨN',
    'Điều 3.',
    'Yêu cầu',
    'Điều 3a. Bổ sung',
    'PHỤ LỤC I',
    'Danh mục',
  );
  const expected = [
    '0 preamble',
    '3 Chương I',
    '6 Điều 1',
    '6 Điều 2',
    '7 Khoản 1',
    '8 Điểm a',
    '8 Điểm b',
    '7 Khoản 2',
    '4 Mục 1',
    '6 Điều 3',
    '6 Điều 3a',
    '1 Phụ lục I',
  ];

  it('is cut by its own structure, and a reference at the beginning of a line is none', () => {
    expect(outline(law)).toEqual(expected);
  });

  it('is cut alike in decomposed letters, with CRLF, a byte order mark and the Icelandic letter that old files have', () => {
    const old = `\uFEFF${law.replace(/Đ/g, 'Ð').normalize('NFD').replace(/\n/g, '\r\n')}`;
    expect(outline(old)).toEqual(expected);
    const cut = cutDocument(Buffer.from(old));
    expect(cut.newlineStyle).toBe('crlf');
    expect(Buffer.from(old).subarray(cut.pieces[2]?.start, cut.pieces[2]?.end).toString().normalize('NFC')).toMatch(
      /^Ðiều 1\. /,
    );
  });

  it('keeps the name of a chapter on its second line as title, so that the number alone is the label', () => {
    const { pieces } = cutDocument(Buffer.from(law));
    expect(pieces[1]).toMatchObject({ kind: 'chapter', label: 'Chương I', title: 'Chương I NHỮNG QUY ĐỊNH CHUNG' });
    expect(pieces.map(({ address }) => address)).toContain('chuong-i/dieu-2/khoan-1/diem-b');
  });

  it('lists older layouts: the number alone, in capitals, with a dash or a colon', () => {
    const old = lines(
      'ĐIỀU 1',
      'Việc này.',
      'Điều 2.- Tên',
      'Điều 3: Tên',
      'Điều  4 - Tên',
      'Điều 5 Tên điều',
      'Ðiều thứ 6',
      'Xong.',
    );
    expect(outline(old)).toEqual(['6 Điều 1', '6 Điều 2', '6 Điều 3', '6 Điều 4', '6 Điều 5', '6 Điều 6']);
  });

  it('does not take a table of contents for the law', () => {
    expect(
      outline(lines('MỤC LỤC', 'Điều 1. Một ........ 3', 'Điều 2. Hai …… 4', 'Điều 1. Một', 'a', 'Điều 2. Hai', 'b')),
    ).toEqual(['0 preamble', '6 Điều 1', '6 Điều 2']);
  });
});

describe('a law that quotes another', () => {
  const amending = (...quoted: string[]) =>
    outline(
      lines(
        'Điều 1. Sửa đổi, bổ sung một số điều của Luật cũ',
        '1. Sửa đổi, bổ sung Điều 5 như sau:',
        ...quoted,
        '2. Bãi bỏ khoản 3 Điều 9.',
        'Điều 2. Hiệu lực thi hành',
        'Luật này có hiệu lực.',
      ),
    );
  const own = ['6 Điều 1', '7 Khoản 1', '7 Khoản 2', '6 Điều 2'];
  const withQuoted = [...own.slice(0, 2), '8 quoted Điều 5', ...own.slice(2)];

  it.each<[string, string[], string[]]>([
    ['several articles in one quotation', ['“Điều 5. Tên', '1. Một;', '2. Hai.', 'Điều 6. Tên', 'Chữ.”.'], withQuoted],
    ['an opening mark before every paragraph', ['“Điều 5. Tên', '“1. Một;', '“2. Hai.”;'], withQuoted],
    ['words in marks inside the quotation', ['“Điều 5. Tên', '1. Gọi là “súng”;', '2. Hai.”'], withQuoted],
    ['straight marks', ['"Điều 5. Tên', '1. Một;', '2. Hai."'], withQuoted],
    ['a quotation on one line', ['“Điều 5. Tên. Chữ.”.'], own],
    ['no marks at all', ['Điều 5. Tên', '1. Một;', '2. Hai.'], own],
    ['a closing mark that was forgotten', ['“Điều 5. Tên', '1. Một;', '2. Hai.'], own],
  ])('promotes nothing of it: %s', (_, quoted, expected) => {
    expect(amending(...quoted)).toEqual(expected);
  });

  it('that Acts of the Union set between ‘ and ’, which are apostrophes too', () => {
    const text = lines(
      'Article 1',
      'Amendments',
      'Regulation (EU) No 910/2014 is amended as follows:',
      '(1) Articles 1 and 2 are replaced by the following:',
      '‘Article 1',
      'Subject matter',
      'This Regulation binds a Member State’s authorities.',
      'Article 2',
      'Scope',
      '1. Member States’ schemes are in its scope.',
      '2. It does not apply to trust services.’;',
      '(2) in Article 3, point (4) is replaced by the following:',
      '‘(4) ‘identification’ means the process of it;’;',
      '(3) the following Section is inserted:',
      '‘SECTION 2',
      'WALLETS',
      'Article 5a',
      'Wallets',
      '1. A wallet is a wallet.’;',
      '(4) Article 6 is deleted.',
      'Article 2',
      'This Regulation shall enter into force.',
    );
    expect(outline(text)).toEqual([
      '8 Article 1',
      '13 Item 1',
      '14 quoted Article 1',
      '13 Item 2',
      '13 Item 3',
      '14 quoted Section 2',
      '13 Item 4',
      '8 Article 2',
    ]);
  });

  it.each<[string, string, string]>([
    ['two grave accents and two apostrophes', '``', "''"],
    ['doubled marks', '‘‘', '’’'],
    ['marks of their own', '“', '”'],
  ])('that statutes of the United States set between %s, before every paragraph', (_, open, close) => {
    const text = lines(
      'SECTION 1. SHORT TITLE.',
      `    This Act may be cited as the ${open}Grants Act${close}.`,
      'SEC. 2. GRANTS.',
      '    (a) In General.--Section 3 of the Airports Act is',
      'amended to read as follows:',
      '',
      `${open}SEC. 3. GRANTS TO AIRPORTS.`,
      '',
      `    ${open}(a) In General.--The Secretary may make grants.`,
      `    ${open}(b) Limits.--`,
      `            ${open}(1) A grant may not exceed $5,000.`,
      `            ${open}(2) Paragraph (1) does not apply to a grant`,
      `        described in section 4.${close}; and`,
      '    (b) Reports.--The Airports Act is amended by adding at',
      'the end the following:',
      `${open}SEC. 4. REPORTS.`,
      'SEC. 5. CONTENTS.',
      '    (a) The report shall include a number.',
      `    ${open}(b) It shall be public.${close}; and`,
      '    (c) Money.--There is none.',
      'SEC. 3. DEFINITIONS.',
      `    (1) The term ${open}grant${close} means`,
      `${open}grant of money${close} of a State's own.`,
      '    (2) Two.',
    );
    expect(outline(text)).toEqual([
      '8 § 1',
      '8 § 2',
      '9 (a)',
      '10 quoted § 3',
      '9 (b)',
      '10 quoted § 4',
      '9 (c)',
      '8 § 3',
      '10 (1)',
      '10 (2)',
    ]);
  });

  it('takes no mark for a quotation that nobody announced when its own articles go on inside', () => {
    const text = lines(
      'Điều 1. Từ ngữ',
      '“Hàng là vật;',
      '“Dịch vụ” là việc.',
      'Điều 2. Phạm vi',
      '1. Gọi là hàng”.',
      '2. Hai.',
      'Điều 3. Xong',
    );
    expect(outline(text)).toEqual(['6 Điều 1', '6 Điều 2', '7 Khoản 1', '7 Khoản 2', '6 Điều 3']);
  });

  it('goes on with its own structure when one of two quotations lost its end', () => {
    const text = lines(
      'Điều 1. Sửa đổi, bổ sung Luật cũ',
      '1. Sửa đổi Điều 5 như sau:',
      '“Điều 5. Tên',
      'Chữ.',
      '2. Sửa đổi, bổ sung Điều 7 như sau:',
      '“Điều 7. Tên',
      '1. Chữ.”.',
      'Điều 2. Hiệu lực',
    );
    expect(outline(text)).toEqual(['6 Điều 1', '7 Khoản 1', '7 Khoản 2', '8 quoted Điều 7', '6 Điều 2']);
  });
});

describe('a law in which much was repealed', () => {
  const law = (...middle: string[]) =>
    outline(
      lines(
        '§ 1 Eins',
        'a',
        '§ 2 Zwei',
        'b',
        ...middle,
        '§ 31 Drei',
        '(1) c',
        '(2) d',
        '§ 32 Vier',
        'e',
        '§ 33 Fünf',
        'f',
      ),
    );
  const after = ['9 § 31', '10 Abs. 1', '10 Abs. 2', '9 § 32', '9 § 33'];

  it('goes on behind the last number of a range', () => {
    expect(law('§§ 3 bis 30 (weggefallen)')).toEqual(['9 § 1', '9 § 2', '9 § 3', ...after]);
  });

  it('goes on where two numbers follow each other again', () => {
    expect(law()).toEqual(['9 § 1', '9 § 2', ...after]);
  });
});

describe('a table of contents', () => {
  const sections = ['§ 1 Zweck', '§ 2 Begriffe', '§ 3 Behörde', 'Abschnitt 2', 'Verfahren', '§ 4 Antrag'];

  it('without dots is not taken for the law, and the grammar is chosen by both', () => {
    const body = sections.flatMap((line) => (line.startsWith('§') ? [line, '(1) Satz.', '(2) Satz.'] : [line]));
    const text = lines('Gesetz', 'Abschnitt 1', 'Allgemeines', ...sections, 'Abschnitt 1', 'Allgemeines', ...body);
    const paragraphs = ['10 Abs. 1', '10 Abs. 2'];
    expect(outline(text)).toEqual([
      '0 preamble',
      '6 1. Abschnitt',
      ...['9 § 1', ...paragraphs, '9 § 2', ...paragraphs, '9 § 3', ...paragraphs],
      '6 2. Abschnitt',
      ...['9 § 4', ...paragraphs],
    ]);
  });

  it('inside the first section of a statute stays with it', () => {
    const text = lines(
      'SECTION 1. SHORT TITLE; TABLE OF CONTENTS.',
      '(a) Short Title.--This is an Act.',
      '(b) Table of Contents.--The table of contents is as follows:',
      ...['Sec. 1. Short title; table of contents.', 'Sec. 2. Definitions.', 'TITLE I--GRANTS', 'Sec. 101. Grants.'],
      ...[
        'SEC. 2. DEFINITIONS.',
        'In this Act:',
        'TITLE I--GRANTS',
        'SEC. 101. GRANTS.',
        '(a) In General.--There are.',
      ],
    );
    expect(outline(text)).toEqual(['8 § 1', '9 (a)', '9 (b)', '8 § 2', '1 Title I', '8 § 101', '9 (a)']);
  });

  it('is none where headings without text have no others of their name behind them', () => {
    const repealed = ['§ 1 Zweck', 'a', '§ 2 (weggefallen)', '§ 3 (weggefallen)', '§ 4 (weggefallen)', '§ 5 Ende', 'b'];
    expect(outline(lines(...repealed))).toEqual(['9 § 1', '9 § 2', '9 § 3', '9 § 4', '9 § 5']);
    const twoLaws = [
      'Artikel 1',
      'Gesetz',
      '§ 1 A',
      '§ 2 B',
      '§ 3 C',
      'Artikel 2',
      'Verordnung',
      '§ 1 D',
      '§ 2 E',
      '§ 3 F',
    ];
    expect(outline(lines(...twoLaws))).toHaveLength(8);
  });
});

describe('other traditions', () => {
  it('cuts German law, § and Art., with Abs., numbers and letters', () => {
    const text = lines(
      'Gesetz über Beispiele',
      'Erster Teil',
      'Allgemeines',
      '1. Abschnitt Grundsätze',
      '§ 1 Zweck',
      '(1) Dieses Gesetz regelt:',
      '1. erstens;',
      'a) klein;',
      'b) fein;',
      '2. zweitens.',
      '(2) Satz.',
      '§ 2 Abs. 1 gilt entsprechend.',
      '§ 2a Begriffe',
      '§§ 3 bis 5 (weggefallen)',
      '§ 6',
      'Inkrafttreten',
      'Anlage 1',
      'Liste',
    );
    expect(outline(text)).toEqual([
      '0 preamble',
      '3 erster Teil',
      '6 1. Abschnitt',
      '9 § 1',
      '10 Abs. 1',
      '11 Ziff. 1',
      '15 Bst. a',
      '15 Bst. b',
      '11 Ziff. 2',
      '10 Abs. 2',
      '9 § 2a',
      '9 § 3',
      '9 § 6',
      '1 Anhang 1',
    ]);
  });

  it('cuts an act of the European Union with its recitals', () => {
    const text = lines(
      'REGULATION (EU) 2016/679',
      'Whereas:',
      '(1) The protection is a right.',
      '(2) The principles apply.',
      'HAVE ADOPTED THIS REGULATION:',
      'CHAPTER I',
      'General provisions',
      'Article 1',
      'Subject-matter',
      '1. This Regulation lays down:',
      '(a) rules;',
      '(b) rights.',
      '2. It protects.',
      'Article 2',
      'Scope',
      'ANNEX I',
    );
    expect(outline(text)).toEqual([
      '0 preamble',
      '7 Recital 1',
      '7 Recital 2',
      '4 Chapter I',
      '8 Article 1',
      '9 Paragraph 1',
      '14 Point a',
      '14 Point b',
      '9 Paragraph 2',
      '8 Article 2',
      '1 Annex I',
    ]);
  });

  it('cuts a statute of the United States, where (i) follows (h) or begins to count, as its place says', () => {
    const text = lines(
      'TITLE 5—GOVERNMENT',
      'CHAPTER 1—GENERAL',
      '§ 101. Definitions',
      '(a) In general.—Text.',
      '(1) One:',
      '(A) Letter:',
      '(i) roman;',
      '(ii) roman.',
      '(B) Letter.',
      '(2) Two.',
      '(b) Other.',
      '§ 102a. More',
    );
    expect(outline(text)).toEqual([
      '1 Title 5',
      '3 Chapter 1',
      '8 § 101',
      '9 (a)',
      '10 (1)',
      '11 (A)',
      '12 (i)',
      '12 (ii)',
      '11 (B)',
      '10 (2)',
      '9 (b)',
      '8 § 102a',
    ]);
  });

  it('names the headings of Markdown and cuts the paragraphs inside, when the grammar is named', () => {
    const text = lines(
      '# Verfassung',
      '## V. Hauptstück',
      '##### Art. 4a[^1]',
      '',
      '1) Eins.',
      '',
      '2) Zwei.',
      '',
      '##### Art. 5',
      '',
      '[^1]: LGBl.',
    );
    expect(outline(text, 'german', 'text/markdown')).toEqual([
      '1 Verfassung',
      '2 V. Hauptstück',
      '5 Art. 4a',
      '16 Abs. 1',
      '16 Abs. 2',
      '5 Art. 5',
    ]);
  });

  it('cuts nothing in the code of Markdown', () => {
    const code = ['```', 'Article 2', '1. One', '2. Two', '# Three', '```', '', '    Article 2', '    1. One', ''];
    const text = lines(
      'Text',
      '',
      ...code,
      'Article 1',
      '',
      '1. A',
      '',
      '   - x',
      '',
      ...code,
      '2. B',
      '',
      'Article 2',
    );
    expect(outline(text, 'eu', 'text/markdown')).toEqual([
      '0 preamble',
      '8 Article 1',
      '9 Paragraph 1',
      '9 Paragraph 2',
      '8 Article 2',
    ]);
    const headed = lines('# Law', '## Article 1', ...code, '', '1. A', '', '2. B', '## Article 2', ...code);
    expect(outline(headed, 'eu', 'text/markdown').map((one) => one.replace(/^\d+ /, ''))).toEqual([
      'Law',
      'Article 1',
      'Paragraph 1',
      'Paragraph 2',
      'Article 2',
    ]);
  });

  it('counts on behind a first number on the line of what it stands in', () => {
    const austria = ['§ 1. (1) Dieses Gesetz gilt:', '1. a) hier;', 'b) dort;', '2. sonst.', '(2) Satz.', '§ 2. Satz.'];
    expect(outline(lines(...austria), 'german')).toEqual([
      '9 § 1',
      '11 Ziff. 1',
      '15 Bst. b',
      '11 Ziff. 2',
      '10 Abs. 2',
      '9 § 2',
    ]);
    const statute = ['§ 1. Rules', '(a)(1)(A) One.', '(B) Two.', '(2) Three.', '(b) Four.', '§ 2. Fees', 'Five.'];
    expect(outline(lines(...statute))).toEqual(['8 § 1', '9 (a)', '11 (B)', '10 (2)', '9 (b)', '8 § 2']);
  });

  it('costs in proportion to the lines where each may begin to count', () => {
    const begin = performance.now();
    outline('(1) x\n'.repeat(40_000), 'eu');
    expect(performance.now() - begin).toBeLessThan(10_000);
  });

  it('leaves text alone that follows no grammar', () => {
    expect(cutDocument(Buffer.from('1. one\n2. two\n\na) x\n')).grammar).toBeNull();
  });
});

describe('a grammar is data', () => {
  const byelaws = {
    name: 'byelaws',
    version: '1',
    main: 'rule',
    ordinals: ['primo', 'secundo'],
    levels: [
      { kind: 'book', patterns: ['liber {number}'], numerals: ['word'], label: 'Liber {number}' },
      {
        kind: 'rule',
        patterns: ['regula {number}'],
        numerals: ['arabic', 'roman'],
        label: 'Regula {number}',
        titleOnNextLine: true,
      },
      {
        kind: 'part',
        patterns: ['{number}\\)'],
        numerals: ['letter'],
        label: '{number}',
        sequence: 'strict',
        under: ['rule'],
      },
    ],
  };

  it('that a user writes in a file', () => {
    const grammar = readGrammar(JSON.stringify(byelaws));
    const cut = cutDocument(Buffer.from('Liber primo\nRegula 1\nDe rebus\na) x\nb) y\nRegula II. Z\n'), { grammar });
    expect(cut.grammar).toEqual({ name: 'byelaws', version: '1', text: JSON.stringify(byelaws) });
    expect(cut.pieces.map(({ address }) => address)).toEqual([
      'liber-primo',
      'liber-primo/regula-1',
      'liber-primo/regula-1/a',
      'liber-primo/regula-1/b',
      'liber-primo/regula-ii',
    ]);
  });

  const wrong = (change: object) => () => readGrammar(JSON.stringify({ ...byelaws, ...change }), 'my.json');
  it.each<[string, () => unknown, RegExp]>([
    ['no JSON', () => readGrammar('{', 'my.json'), /my\.json: /],
    ['an unknown member', wrong({ levles: [] }), /levles/],
    [
      'a pattern that is no regular expression',
      wrong({ main: 'book', levels: [{ ...byelaws.levels[0], patterns: ['({number}'] }] }),
      /levels\.book\.patterns/,
    ],
    [
      'a pattern without its number',
      wrong({ main: 'book', levels: [{ ...byelaws.levels[0], patterns: ['liber'] }] }),
      /\{number\}/,
    ],
    [
      'two levels of one kind',
      wrong({ levels: [...byelaws.levels, byelaws.levels[0]] }),
      /two levels are of kind book/,
    ],
    [
      'a third form of the main level',
      wrong({ levels: [byelaws.levels[0], byelaws.levels[1], byelaws.levels[1], byelaws.levels[1]] }),
      /two levels are of kind rule/,
    ],
    ['a main level that is none', wrong({ main: 'law' }), /main: /],
    ['a parent that is none', wrong({ levels: [{ ...byelaws.levels[1], under: ['law'] }] }), /under/],
    ['words without a list of them', wrong({ ordinals: [] }), /ordinals/],
  ])('is refused with its fault: %s', (_, read, message) => {
    expect(read).toThrow(expect.objectContaining({ code: 'IU726', message: expect.stringMatching(message) }));
  });

  it('is named when there is none', () => {
    expect(() => grammarNamed('latin')).toThrow(/german/);
    expect(() => grammarNamed('./none.json')).toThrow(expect.objectContaining({ code: 'IU725' }));
    expect(shippedGrammarNames().map((name) => shippedGrammar(name).name)).toEqual([
      'eu',
      'german',
      'us',
      'us-regulations',
      'vietnamese',
    ]);
  });
});

describe('articles against the anchors of a publisher', () => {
  const folder = join(process.env.IU_CORPORA ?? '', 'vn');
  it.skipIf(!process.env.IU_CORPORA || !existsSync(folder))(
    'are found, all and no others, at their very offsets',
    () => {
      for (const file of filesBelow(folder, /\.txt$/)) {
        const text = readFileSync(file, 'utf8');
        const gold: { anchor: string; offset: number }[] = JSON.parse(
          readFileSync(file.replace(/\.txt$/, '.gold.json'), 'utf8'),
        );
        const articles = cutDocument(Buffer.from(text), { fileName: file }).pieces.filter(
          ({ kind }) => kind === 'article',
        );
        const found = articles.map(({ label, utf16Start }) => ({
          anchor: label.replace('Điều ', 'dieu_'),
          offset: utf16Start,
        }));
        // An anchor behind the text marks nothing.
        expect(found).toEqual(gold.filter(({ offset }) => offset < text.length - 1));
      }
    },
  );
});
