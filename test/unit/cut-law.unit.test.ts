import { describe, expect, it } from 'vitest';
import { lines, outline } from '../support/cut.js';

const tree = (text: string, grammar: string) => outline(text, grammar, 'text/markdown');

describe('the headings of a law in Markdown', () => {
  it('that have one number of marks stand as the grammar says', () => {
    const text = lines(
      '# Act',
      '## Contents',
      '## Part I General',
      '## Chapter 1 Scope',
      '## Article 1 Purpose',
      '1. One',
      '2. Two',
      '## Article 2 Terms',
      '## Chapter 2 Duties',
      '## Overview',
      '## Article 3 Duty',
      '## Part II Last',
      '## Article 4 End',
      '## Annex I',
      '## List',
    );
    expect(tree(text, 'eu')).toEqual([
      '1 Act',
      '5 Contents',
      '3 Part I',
      '4 Chapter 1',
      '5 Article 1',
      '18 Paragraph 1',
      '18 Paragraph 2',
      '5 Article 2',
      '4 Chapter 2',
      '5 Overview',
      '5 Article 3',
      '3 Part II',
      '5 Article 4',
      '2 Annex I',
      '5 List',
    ]);
  });

  it('of which only some share theirs stand by their marks first', () => {
    const text = lines('# Luật', '## Chương I', '## Mục 1', '### Điều 1', '1. a', '### Lời', '## Mục 2', '### Điều 2');
    expect(tree(text, 'vietnamese')).toEqual([
      '1 Luật',
      '2 Chương I',
      '3 Mục 1',
      '4 Điều 1',
      '14 Khoản 1',
      '4 Lời',
      '3 Mục 2',
      '4 Điều 2',
    ]);
  });

  it('stand by their marks alone where those tell the levels apart, also against the order of the grammar', () => {
    const text = lines(
      '# Act',
      '## Chapter 1',
      '### Part A',
      '#### § 1. Name',
      '## Preface',
      '## Chapter 2',
      '### Part B',
    );
    expect(tree(text, 'us')).toEqual([
      '1 Act',
      '2 Chapter 1',
      '3 Part A',
      '4 § 1',
      '2 Preface',
      '2 Chapter 2',
      '3 Part B',
    ]);
  });

  it('may give an article or an annex its name, and what is numbered below is its own', () => {
    const text = lines('# Act', '## Article 1', '### Scope', '1. a', '2. b', '## Annex', '### List', '1. c', '2. d');
    expect(tree(text, 'eu')).toEqual([
      '1 Act',
      '3 Article 1',
      '4 Scope',
      '16 Paragraph 1',
      '16 Paragraph 2',
      '2 Annex',
      '4 List',
      '17 Point 1',
      '17 Point 2',
    ]);
  });

  it('of both forms of the main level stand one below the other', () => {
    const text = lines(
      '# Gesetz',
      '## Artikel 1',
      '## § 1 A',
      '(1) a',
      '(2) b',
      '## § 2 B',
      '## Artikel 2',
      '## § 1 C',
    );
    expect(tree(text, 'german')).toEqual([
      '1 Gesetz',
      '2 Art. 1',
      '3 § 1',
      '17 Abs. 1',
      '17 Abs. 2',
      '3 § 2',
      '2 Art. 2',
      '3 § 1',
    ]);
  });
});

describe('numbered headings that have the marks of the articles', () => {
  const law = (...section: string[]) =>
    tree(lines('# Gesetz', '## I. Teil', '### Art. 1', 'Satz.', '## II. Teil', ...section), 'german').slice(4);

  it('stand above those where they count from 1 and each stands before one', () => {
    const section = ['### 1. Allgemeines', '### Art. 2', '1) Eins.', '2) Zwei.', '### Art. 3', '### 2. Besonderes[^1]'];
    const more = [
      '### Art. 4',
      '### 2a. Neues',
      '### Art. 5',
      '## III. Teil',
      '### Art. 6',
      '### 1. Ende',
      '### Art. 7',
    ];
    expect(law(...section, ...more, '### 2. Schluss', '### Art. 8')).toEqual([
      ...['3 1. Allgemeines', '4 Art. 2', '17 Abs. 1', '17 Abs. 2', '4 Art. 3', '3 2. Besonderes'],
      ...['4 Art. 4', '3 2a. Neues', '4 Art. 5', '2 III. Teil', '4 Art. 6', '3 1. Ende', '4 Art. 7'],
      ...['3 2. Schluss', '4 Art. 8'],
    ]);
  });

  it.each<[string, string[]]>([
    ['there is only one', ['### 1. Allgemeines', '### Art. 2', '### Art. 3']],
    ['they do not count from 1', ['### 2. Eins', '### Art. 2', '### 3. Zwei', '### Art. 3']],
    ['one is missing', ['### 1. Eins', '### Art. 2', '### 3. Drei', '### Art. 3']],
    ['one stands before no article', ['### 1. Eins', '### Art. 2', '### 2. Zwei', '### 3. Drei', '### Art. 3']],
    ['others have no number', ['### 1. Eins', '### Art. 2', '### 2. Zwei', '### Art. 3', '### Schluss', '### Art. 4']],
    ['articles have more marks', ['### 1. Eins', '#### Art. 2', '### 2. Zwei', '#### Art. 3']],
  ])('stay where they are when %s', (_, section) => {
    const marks = section.map((one) => one.indexOf(' '));
    expect(law(...section).map((one) => Number(one.split(' ')[0]))).toEqual(marks);
  });
});

describe('a regulation of the United States', () => {
  it('is cut at sections whose names end with a full stop, and not at references', () => {
    const text = lines(
      'PART 164—SECURITY AND PRIVACY',
      '',
      'Subpart A—General Provisions',
      '',
      '§ 164.102 Statutory basis.',
      '',
      'The rules are adopted under the law, and those of',
      '§ 164.104 Stay as they are.',
      '',
      '§ 164.104 Applicability.',
      '',
      '(a) The rules apply as',
      '§ 164.106 applies.',
      '',
      '(b) Two.',
      '',
      'Subpart C—Standards',
      '',
      '§ 164.302 Duties, and who has them.',
      '',
      'One must comply.',
    );
    expect(outline(text)).toEqual([
      ...['5 Part 164', '7 Subpart A', '8 § 164.102', '8 § 164.104', '9 (a)', '9 (b)'],
      ...['7 Subpart C', '8 § 164.302'],
    ]);
  });
});

describe('a list that "the following" announces', () => {
  it('is cut in an Act of the Union, and what an amendment announces without marks is not', () => {
    const text = lines(
      'Article 6',
      '1. Processing is lawful if one of the following applies:',
      '(a) consent was given;',
      '(b) it is necessary.',
      '2. Two.',
      'Article 7',
      'For this Regulation, the following definitions apply:',
      '(1) ‘widget’ means a thing;',
      '(2) ‘operator’ means a person.',
      'Article 8',
      'Regulation X is amended as follows:',
      '(1) Article 3 is replaced by the following:',
      'Article 3',
      '1. One.',
      '(2) in Article 4, the following paragraph is added:',
      '3. Three.',
      '(3) Article 9 is deleted.',
      'Article 9',
      'It enters into force.',
    );
    expect(outline(text)).toEqual([
      ...['8 Article 6', '9 Paragraph 1', '14 Point a', '14 Point b', '9 Paragraph 2'],
      ...['8 Article 7', '13 Item 1', '13 Item 2'],
      ...['8 Article 8', '13 Item 1', '13 Item 2', '13 Item 3', '8 Article 9'],
    ]);
  });

  it('is cut in a statute of the United States, and what an amendment announces without marks is not', () => {
    const text = lines(
      'SEC. 1. REPORTS.',
      '(a) Contents.--The report shall include the following:',
      '(1) A number.',
      '(2) A name.',
      '(b) Terms.--The following definitions apply:',
      '(1) A grant.',
      'SEC. 2. AMENDMENTS.',
      '(a) Section 9 is amended to read as follows:',
      'SEC. 9. OTHER.',
      '(a) One.',
      '(b) Section 10 is amended by adding at the end the',
      'following new subsection:',
      '(c) Three.',
      '(c) Section 11 is repealed.',
      'SEC. 3. DATE.',
    );
    expect(outline(text)).toEqual([
      ...['8 § 1', '9 (a)', '10 (1)', '10 (2)', '9 (b)', '10 (1)'],
      ...['8 § 2', '9 (a)', '9 (b)', '9 (c)', '8 § 3'],
    ]);
  });
});
