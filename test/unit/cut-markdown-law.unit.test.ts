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
