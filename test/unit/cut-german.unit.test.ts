import { describe, expect, it } from 'vitest';
import { cutDocument } from '../../src/cut/cut-document.js';
import { lines, outline } from '../support/cut.js';

describe('an act of Artikel that hold laws of their own', () => {
  const omnibus = [
    'Artikel 1',
    'Gesetz über Eins',
    '§ 1 Zweck',
    '(1) Satz.',
    '(2) Satz.',
    '§ 2 Begriffe',
    'Satz.',
    'Artikel 2',
    'Änderung des Zweigesetzes',
    '1. § 7 wird aufgehoben.',
    '2. § 8 wird aufgehoben.',
    'Artikel 3',
    'Gesetz über Drei',
    '§ 1 Zweck',
    'Satz.',
    '§ 2 Ende',
    'Satz.',
  ];
  const addresses = (...text: string[]) =>
    cutDocument(Buffer.from(lines(...text)), { mediaType: 'text/plain' }).pieces.map(({ address }) => address);

  it('has § below its Artikel, and they count anew under each', () => {
    expect(outline(lines(...omnibus))).toEqual([
      ...['9 Art. 1', '18 § 1', '19 Abs. 1', '19 Abs. 2', '18 § 2'],
      ...['9 Art. 2', '20 Ziff. 1', '20 Ziff. 2'],
      ...['9 Art. 3', '18 § 1', '18 § 2'],
    ]);
    expect(addresses(...omnibus)).toEqual([
      ...['art-1', 'art-1/par-1', 'art-1/par-1/abs-1', 'art-1/par-1/abs-2', 'art-1/par-2'],
      ...['art-2', 'art-2/ziff-1', 'art-2/ziff-2'],
      ...['art-3', 'art-3/par-1', 'art-3/par-2'],
    ]);
  });

  it('counts its Artikel in roman numbers too', () => {
    const text = [
      'Artikel I',
      '§ 1. Eins.',
      '§ 2. Zwei.',
      'Art. II Übergang',
      'Satz.',
      'Artikel III',
      '§ 1. Eins.',
      '§ 2. Zwei.',
    ];
    expect(addresses(...text)).toEqual([
      ...['art-i', 'art-i/par-1', 'art-i/par-2', 'art-ii'],
      ...['art-iii', 'art-iii/par-1', 'art-iii/par-2'],
    ]);
  });

  it('keeps sections and annexes of a law in the Artikel of that law', () => {
    const law = [
      'Abschnitt 1',
      'Allgemeines',
      '§ 1 A',
      'Satz.',
      'Abschnitt 2',
      'Ende',
      '§ 2 B',
      'Satz.',
      'Anlage 1',
      'Liste.',
    ];
    const text = [
      'Artikel 1',
      'Gesetz',
      ...law,
      'Artikel 2',
      'Gesetz',
      ...law,
      'Artikel 3',
      'Inkrafttreten',
      'Satz.',
      'Anlage',
      'x',
    ];
    const inside = (artikel: string) =>
      ['', '/1-abschnitt', '/1-abschnitt/par-1', '/2-abschnitt', '/2-abschnitt/par-2', '/anhang-1'].map(
        (one) => artikel + one,
      );
    expect(addresses(...text)).toEqual([...inside('art-1'), ...inside('art-2'), 'art-3', 'anhang']);
  });

  it('has Artikel below its parts where they stand there, and § below one of them', () => {
    const text = [
      'Erster Teil',
      'Art. 1 A',
      'a',
      'Art. 2 B',
      '§ 1 Eins',
      'b',
      '§ 2 Zwei',
      'c',
      'Zweiter Teil',
      'Art. 3 C',
      'd',
    ];
    expect(addresses(...text)).toEqual([
      ...[
        'erster-teil',
        'erster-teil/art-1',
        'erster-teil/art-2',
        'erster-teil/art-2/par-1',
        'erster-teil/art-2/par-2',
      ],
      ...['zweiter-teil', 'zweiter-teil/art-3'],
    ]);
  });

  it('promotes no § that another law is to read, when the marks of quotation are missing', () => {
    const text = ['Artikel 1', 'Das Gesetz wird wie folgt gefasst:', '§ 1 Neu', 'Satz.', 'Artikel 2', 'Satz.'];
    expect(addresses(...text)).toEqual(['art-1', 'art-2']);
  });

  it('is listed in a table of contents, of itself or of a law inside, that is not taken for it', () => {
    const law = ['§ 1 Zweck', '§ 2 Begriffe', '§ 3 Behörde'];
    const body = law.flatMap((line) => [line, 'Satz.']);
    const pieces = ['', '/par-1', '/par-2', '/par-3'];
    const [one, two] = ['art-1', 'art-2'].map((artikel) => pieces.map((piece) => artikel + piece));
    const act = ['Artikel 1', 'Gesetz A', ...body, 'Artikel 2', 'Gesetz B', ...body];
    const contents = ['Artikel 1', 'Gesetz A', ...law, 'Artikel 2', 'Gesetz B', ...law];
    expect(addresses('Mantelgesetz', ...contents, ...act)).toEqual(['preamble', ...(one ?? []), ...(two ?? [])]);
    expect(addresses('Artikel 1', 'Gesetz A', ...law, ...body, 'Artikel 2', 'Gesetz B', ...body)).toEqual([
      ...(one ?? []),
      ...(two ?? []),
    ]);
  });

  it('is no text of § alone or of Artikel alone', () => {
    expect(outline(lines('§ 1 A', '(1) a', '§ 2 B', 'b'), 'german')).toEqual(['9 § 1', '10 Abs. 1', '9 § 2']);
    expect(outline(lines('Art. 1 A', '1) a', 'Art. 2 B', 'b'), 'german')).toEqual([
      '9 Art. 1',
      '10 Abs. 1',
      '9 Art. 2',
    ]);
  });
});

describe('an annex of a German law', () => {
  const labels = (text: string, mediaType = 'text/plain') =>
    outline(text, 'german', mediaType).map((one) => one.replace(/^\d+ /, ''));
  const annex = (...text: string[]) => labels(lines('§ 1 Eins', 'Satz.', '§ 2 Zwei', 'Satz.', ...text)).slice(2);

  it('has numbered points, as they are cited, below its sections too', () => {
    const text = [
      ...[
        'Anlage 1 (zu § 1)',
        'Anforderungen',
        '1. Allgemeines',
        '1.1 Die Anlage ist sicher:',
        'a) hier;',
        'aa) oben;',
      ],
      ...[
        'bb) unten;',
        'b) dort.',
        '1.2. Mehr.',
        '1.2.1 Noch mehr.',
        '2.1 gehört nicht hierher.',
        '1a. Neues',
        '2. Ende',
      ],
      ...[
        'Anlage 2',
        'Teil A',
        '1. Eins',
        '2. Zwei',
        'Teil B',
        '1. Anders',
        '2. Nochmals',
        'Anhang',
        'a) eines;',
        'b) anderes.',
      ],
    ];
    const first = ['Ziff. 1', 'Ziff. 1.1', 'Bst. a', 'Bst. aa', 'Bst. bb', 'Bst. b', 'Ziff. 1.2', 'Ziff. 1.2.1'];
    expect(annex(...text)).toEqual([
      ...['Anhang 1', ...first, 'Ziff. 1a', 'Ziff. 2', 'Anhang 2', 'A. Teil', 'Ziff. 1', 'Ziff. 2'],
      ...['B. Teil', 'Ziff. 1', 'Ziff. 2', 'Anhang', 'Bst. a', 'Bst. b'],
    ]);
    expect(outline(lines('§ 1 Eins', 'Satz.', ...text), 'german').slice(1, 4)).toEqual([
      ...['1 Anhang 1', '12 Ziff. 1', '13 Ziff. 1.1'],
    ]);
  });

  it('has them where Markdown writes them as items of a list, and none in what a heading quotes', () => {
    const law = [
      '# Gesetz',
      '## Art. 1',
      'Satz.',
      '## Anhang 1',
      '- 1. Eins:',
      '- a) hier;',
      '- b) dort.',
      '- 2. Zwei',
    ];
    const text = lines(...law, '### Tarif', '- 1. Drei', '- 2. Vier', '### "Art. 5', '- 1. Fremdes', '- 2. Anderes');
    expect(labels(text, 'text/markdown')).toEqual([
      ...['Gesetz', 'Art. 1', 'Anhang 1', 'Ziff. 1', 'Bst. a', 'Bst. b', 'Ziff. 2', 'Tarif', 'Ziff. 1', 'Ziff. 2'],
      '"Art. 5',
    ]);
  });

  it('goes on behind what was left out, and takes no header of a table for it', () => {
    expect(annex('Anlage', '1. bis 4. …', '5. Eins', '6. und 7. (weggefallen)', '8. Zwei', '9. bis 18. Monat')).toEqual(
      [...['Anhang', 'Ziff. 1', 'Ziff. 5', 'Ziff. 6', 'Ziff. 8']],
    );
  });

  it('keeps lists inside of its points as text, where they count anew', () => {
    const text = [
      'Anlage',
      '1. Eins:',
      '1. klein;',
      '2. fein;',
      '3. mein.',
      '2. Zwei',
      '3. Drei:',
      '1. klein;',
      '2. fein.',
    ];
    expect(annex(...text, 'Anlage 2', '1. Vier', '2. Fünf')).toEqual([
      ...['Anhang', 'Ziff. 1', 'Ziff. 2', 'Ziff. 3', 'Anhang 2', 'Ziff. 1', 'Ziff. 2'],
    ]);
  });

  it('stays text where lists stand one after the other and nothing says whose numbers they are', () => {
    const lists = ['Gebühren:', '1. Eins', 'a) hier;', '2. Zwei', 'Auslagen:', '1. Drei', '2. Vier', '3. Fünf'];
    expect(annex('Anlage 1', ...lists, 'Anlage 2', ...lists)).toEqual(['Anhang 1', 'Anhang 2']);
    expect(annex('Anlage 1', '1. Eins:', '1. klein;', '2. fein;', '2. Zwei', '3. Drei')).toEqual(['Anhang 1']);
    expect(annex('Anlage 1', '1. Eins', 'a) hier;', 'b) dort;', 'oder', 'a) da;', '2. Zwei')).toEqual([
      ...['Anhang 1', 'Ziff. 1', 'Ziff. 2'],
    ]);
  });

  it('has articles of its own, with all that those have', () => {
    expect(annex('Anhang', 'Abkommen', 'Art. 1 Eins', '(1) Satz.', '1. a', '2. b', '(2) Satz.', 'Art. 2 Zwei')).toEqual(
      [...['Anhang', 'Art. 1', 'Abs. 1', 'Ziff. 1', 'Ziff. 2', 'Abs. 2', 'Art. 2']],
    );
  });
});
