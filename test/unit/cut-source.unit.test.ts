import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { main } from '../../src/cli/main.js';
import { cutDocument } from '../../src/cut/cut-document.js';
import { readSource, readSourceFile } from '../../src/cut/read-source.js';
import { docxOf, pdfOf } from '../support/documents.js';

const folder = mkdtempSync(join(tmpdir(), 'iu-cut-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function fileOf(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const refused = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });
const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('utf8');
const utf16 = (text: string) => Buffer.from(`\uFEFF${text}`, 'utf16le');

describe('a source', () => {
  it('that is UTF-8 is cut as it came, a byte order mark included', async () => {
    const bytes = Buffer.from('\uFEFF# Ä\r\n');
    const source = await readSource(bytes, { fileName: 'a.md' });
    expect(source).toMatchObject({ textMediaType: 'text/markdown', extractor: null });
    expect(source.text).toBe(source.original.bytes);
    expect(cutDocument(source.text, { mediaType: source.textMediaType })).toMatchObject({
      hasByteOrderMark: true,
      newlineStyle: 'crlf',
    });
  });

  it.each<[string, Buffer, string | undefined, string, string]>([
    ['UTF-16 with its mark', utf16('Điều 1. Tên\n'), undefined, 'Điều 1. Tên\n', 'charset-utf-16le'],
    ['UTF-16 the other way round', utf16('Ä\n').swap16(), undefined, 'Ä\n', 'charset-utf-16be'],
    [
      'windows-1252 when it is said',
      Buffer.from([0x93, 0xc4, 0x94, 0x0a]),
      'windows-1252',
      '“Ä”\n',
      'charset-windows-1252',
    ],
    [
      'windows-1258, whose marks of tone stand alone',
      Buffer.from([0xd0, 0x69, 0xea, 0xcc, 0x75, 0x20, 0x31]),
      'CP1258',
      'Điê\u0300u 1',
      'charset-windows-1258',
    ],
    ['KOI8-R', Buffer.from([0xf0, 0xd2, 0xc1, 0xd7, 0xcf]), 'koi8-r', 'Право', 'charset-koi8-r'],
    ['windows-1251 under another name', Buffer.from([0xcf, 0xf0]), 'CP1251', 'Пр', 'charset-windows-1251'],
    ['ISO-8859-2 under another name', Buffer.from([0xa3, 0xb1]), 'ISO_8859-2', 'Łą', 'charset-iso-8859-2'],
    ['Latin 1, which is read as windows-1252', Buffer.from([0xc4]), 'latin-1', 'Ä', 'charset-windows-1252'],
    ['Shift JIS', Buffer.from([0x96, 0x40]), 'shift-jis', '法', 'charset-shift_jis'],
    ['EUC-JP', Buffer.from([0xcb, 0xa1]), 'euc-jp', '法', 'charset-euc-jp'],
    ['GBK', Buffer.from([0xb7, 0xa8, 0x80]), 'gb2312', '法€', 'charset-gbk'],
    ['GB18030', Buffer.from([0xb7, 0xa8, 0x82, 0x30, 0x81, 0x30]), 'gb18030', '法㒣', 'charset-gb18030'],
    ['Big5', Buffer.from([0xaa, 0x6b]), 'big5', '法', 'charset-big5'],
    ['EUC-KR', Buffer.from([0xb9, 0xfd]), 'ks_c_5601-1987', '법', 'charset-euc-kr'],
    [
      'code page 949',
      Buffer.from([0x8c, 0x63, 0xb9, 0xe6, 0x81, 0x41, 0xc6, 0x52, 0x20, 0xa2, 0xe6]),
      'cp949',
      '똠방갂힣 €',
      'charset-euc-kr',
    ],
    [
      'Shift JIS with the end of a file of DOS',
      Buffer.from(`${'law '.repeat(9)}\u001c\u007f\n\u001a`),
      'cp932',
      `${'law '.repeat(9)}\u001c\u007f\n\u001a`,
      'charset-shift_jis',
    ],
    ['UTF-16 without its mark when it is said', Buffer.from('Ä', 'utf16le'), 'utf-16', 'Ä', 'charset-utf-16le'],
  ])('in %s becomes a text of its own beside the bytes as they came', async (_, bytes, encoding, text, extractor) => {
    const source = await readSource(bytes, { mediaType: 'text/plain', ...(encoding ? { encoding } : {}) });
    expect(textOf(source.text)).toBe(text);
    expect(source.original.bytes).toBe(bytes);
    expect(source.extractor).toMatchObject({ name: extractor, version: expect.stringMatching(/^(icu-|1$)/) });
  });

  it.each<[string, string, string, string]>([
    ['a.htm', '<meta charset="windows-1252"><h1>\xc4</h1>', 'windows-1252', 'Ä'],
    ['a.html', '<meta charset=latin1><h1>\xc4</h1>', 'windows-1252', 'Ä'],
    ['a.xhtml', '<?xml version="1.0" encoding="ISO-8859-5"?><html><h1>\xbf</h1>', 'iso-8859-5', 'П'],
    ['a.htm', '<meta http-equiv="x" content="text/html; charset=Shift_JIS"><h1>\x96\x40</h1>', 'shift_jis', '法'],
    ['a.html', '<!-- <meta charset=big5> --><meta charset=gb2312><h1>\xb7\xa8</h1>', 'gbk', '法'],
    ['a.html', '<meta charset=iso-2022-jp><h1>\x1b$BK!\x1b(B</h1>', 'iso-2022-jp', '法'],
    ['a.html', '<meta charset=iso-2022-jp><h1>law</h1>', 'utf-8', 'law'],
  ])('takes the encoding that an HTML document declares: %s %s', async (fileName, text, encoding, title) => {
    const source = await readSource(Buffer.from(text, 'latin1'), { fileName });
    expect(source.original.encoding).toBe(encoding);
    expect(cutDocument(source.text, { mediaType: 'text/html' }).pieces.at(-1)?.title).toBe(title);
  });

  it.each<[string, Uint8Array, object, string, RegExp]>([
    ['no bytes', Buffer.alloc(0), {}, 'IU722', /no bytes/],
    [
      'a media type without a scanner',
      Buffer.from('{}'),
      { mediaType: 'application/json' },
      'IU720',
      /application\/json.*text\/markdown/,
    ],
    ['more bytes than the limit', Buffer.from('abc'), { maxBytes: 2 }, 'IU721', /3 bytes.*2/],
    ['a picture', Buffer.from('\x89PNG\r\n', 'latin1'), { fileName: 'a.md' }, 'IU723', /PNG/],
    ['a NUL byte', Buffer.from('abc\0def'), {}, 'IU723', /NUL byte at 3/],
    ['rubbish', Buffer.from('\x01\x02\x03a'.repeat(9)), {}, 'IU723', /control characters/],
    ['a NUL byte beside a byte that is no UTF-8', Buffer.from([0x61, 0xff, 0]), {}, 'IU723', /NUL byte at 2/],
    ['rubbish that is no UTF-8', Buffer.from('\xff\x01\x02a'.repeat(9), 'latin1'), {}, 'IU723', /control characters/],
    [
      'a byte that is no UTF-8',
      Buffer.concat([Buffer.from('Ä'.repeat(500)), Buffer.from([0xff])]),
      {},
      'IU724',
      /byte at 1000/,
    ],
    ['half a character', Buffer.from('Äb').subarray(0, 1), {}, 'IU724', /byte at 0/],
    ['half a UTF-16 unit', utf16('ab').subarray(0, 5), {}, 'IU724', /utf-16le/],
    ['half a character of two bytes', Buffer.from([0x96]), { encoding: 'shift_jis' }, 'IU724', /not valid shift_jis/],
    [
      'a pair of bytes outside of code page 949',
      Buffer.from([0xc6, 0x53]),
      { encoding: 'euc-kr' },
      'IU724',
      /not valid euc-kr/,
    ],
    [
      'one that begins none',
      Buffer.from([0x0a, 0x81, 0x20]),
      { encoding: 'euc-kr' },
      'IU724',
      /Line 2 .*euc-kr.*U\+0081/,
    ],
    ['a character for private use', Buffer.from([0x87, 0x40]), { encoding: 'big5' }, 'IU724', /big5.*U\+F266/],
    ['an encoding nobody knows', Buffer.from('a'), { encoding: 'klingon' }, 'IU724', /windows-1258/],
    ['a DOCX that is none', Buffer.from('PK\x03\x04rubbish'), { fileName: 'a.docx' }, 'IU728', /mammoth/],
    ['a PDF that is none', Buffer.from('%PDF-1.4 rubbish'), {}, 'IU728', /unpdf/],
    ['a PDF without text', pdfOf([]), {}, 'IU728', /no text/],
  ])('of %s is refused with the reason', async (_, bytes, options, code, message) => {
    await expect(readSource(bytes, options)).rejects.toThrow(refused(code, message));
  });

  it.each([
    ['utf-16le', Buffer.from('Grüße\n', 'utf16le')],
    ['utf-16be', Buffer.from('Grüße\n', 'utf16le').swap16()],
  ])('in %s without its mark is no text, and the option is named', async (encoding, bytes) => {
    const broken = expect.objectContaining({ code: 'IU723', hint: expect.stringContaining(`--encoding ${encoding}`) });
    await expect(readSource(bytes)).rejects.toThrow(broken);
    expect(Buffer.from((await readSource(bytes, { encoding })).text).toString()).toBe('Grüße\n');
  });

  it.each<[string, string, RegExp, RegExp]>([
    ['a.html', '<meta charset=klingon><h1>\xc4</h1>', /declares the encoding klingon\./, /no decoder for it.*koi8-r/],
    ['a.html', '<meta charset="utf-16"><h1>\xc4</h1>', /declares the encoding utf-16\./, /really: --encoding/],
    ['a.txt', '<?xml version="1.0" encoding="latin1"?>\xc4', /encoding latin1\./, /--encoding windows-1252/],
    ['a.html', '<meta charset="utf-8">\xc4', /declares the encoding utf-8\./, /really: --encoding/],
    ['a.md', 'What `<meta charset=latin1>` says: \xc4', /no character\.$/, /--encoding windows-1258/],
  ])(
    'in %s whose encoding is not taken names the one that it declares, and the option',
    async (fileName, text, message, hint) => {
      const broken = expect.objectContaining({
        code: 'IU724',
        message: expect.stringMatching(message),
        hint: expect.stringMatching(hint),
      });
      await expect(readSource(Buffer.from(text, 'latin1'), { fileName })).rejects.toThrow(broken);
    },
  );

  it('in Big5 of Hong Kong says what to do', async () => {
    const hint = expect.stringMatching(/iconv -f BIG5-HKSCS -t UTF-8/);
    const source = readSource(Buffer.from([0x0a, 0x87, 0x40]), { encoding: 'big5-hkscs' });
    await expect(source).rejects.toThrow(expect.objectContaining({ hint, message: expect.stringMatching(/^Line 2 /) }));
  });

  it('in Korean has every syllable, in the order of the code page', async () => {
    // Those that code page 949 adds stand in its order of bytes in the order of Unicode.
    const trails = [
      [0x41, 0x5a],
      [0x61, 0x7a],
      [0x81, 0xfe],
    ].flatMap(([from = 0, to = 0]) => Array.from({ length: to - from + 1 }, (_, at) => from + at));
    const pairs = Array.from({ length: 0xc6 - 0x81 + 1 }, (_, at) => 0x81 + at).flatMap((lead) =>
      trails
        .filter((trail) => (lead < 0xa1 || trail < 0xa1) && (lead < 0xc6 || trail < 0x53))
        .map((trail) => [lead, trail]),
    );
    const text = textOf((await readSource(Buffer.from(pairs.flat()), { encoding: 'uhc' })).text);
    expect(text).toMatch(/^\p{Script=Hangul}+$/u);
    expect([...new Set(text)].sort().join('')).toBe(text);
    expect(text.length).toBe(8822);
  });

  it('that is no file, or too large a one, is refused before it is read', async () => {
    await expect(readSourceFile(join(folder, 'none.md'))).rejects.toThrow(refused('IU729', /ENOENT/));
    await expect(readSourceFile(fileOf('big.txt', 'x'.repeat(50)), { maxBytes: 10 })).rejects.toThrow(
      refused('IU721', /50/),
    );
  });

  it('of DOCX is read as HTML with its headings', async () => {
    const docx = await docxOf([
      ['Heading1', 'Erster Teil'],
      [null, 'Text & mehr'],
    ]);
    const source = await readSource(docx, { fileName: 'a.docx' });
    expect(source).toMatchObject({ textMediaType: 'text/html', extractor: { name: 'mammoth', version: '1.13.0' } });
    const { pieces } = cutDocument(source.text, { mediaType: source.textMediaType });
    expect(pieces.map(({ title }) => title)).toEqual(['Erster Teil']);
    expect(textOf(source.text)).toContain('Text &amp; mehr');
  });

  it('of DOCX has the same pieces when a word processor counts footnotes and bookmarks anew', async () => {
    const note = (id: number) => `<w:r><w:footnoteReference w:id="${id}"/></w:r>`;
    const place = (id: number) => `<w:bookmarkStart w:id="${id}" w:name="_Toc${id}"/><w:bookmarkEnd w:id="${id}"/>`;
    const hashes = async (docx: Buffer) => {
      const { text, textMediaType: mediaType } = await readSource(docx, { fileName: 'a.docx' });
      return cutDocument(text, { mediaType }).pieces.map(({ normalizedSha256 }) => normalizedSha256);
    };
    const before = await docxOf(
      [
        ['Heading1', 'A', place(1)],
        [null, 'One.'],
        ['Heading1', 'B', place(2)],
        [null, 'Two.', note(1)],
        ['Heading1', 'C', place(3)],
      ],
      ['See x.'],
    );
    const after = await docxOf(
      [
        ['Heading1', 'A', place(11)],
        [null, 'One.', note(1)],
        ['Heading1', 'B', place(12)],
        [null, 'Two.', note(2)],
        ['Heading1', 'C', place(13)],
      ],
      ['See w.', 'See x.'],
    );
    const [a, b, c] = await hashes(before);
    expect(a).toMatch(/^[0-9a-f]{64}$/);
    // The footnotes themselves stand in the last piece.
    expect(await hashes(after)).toEqual([a, b, expect.not.stringMatching(`^${c}$`)]);
  });

  it('of DOCX is refused before it is unpacked when more text comes out of it than may', async () => {
    const docx = await docxOf([[null, 'x'.repeat(300_000)]]);
    expect(docx.length).toBeLessThan(100_000);
    await expect(readSource(docx, { fileName: 'a.docx', maxBytes: 100_000 })).rejects.toThrow(
      refused('IU721', /Unpacked .* 30\d{4} bytes of XML/),
    );
    expect(textOf((await readSource(docx, { fileName: 'a.docx', maxBytes: 400_000 })).text)).toContain('xxx');
  });

  it('of PDF is read as lines, the same each time', async () => {
    const pdf = pdfOf(['Article 1', 'Scope', 'Article 2', 'Terms']);
    const source = await readSource(pdf);
    expect(source).toMatchObject({ textMediaType: 'text/plain', extractor: { name: 'unpdf', version: '1.8.1' } });
    const { pieces, grammar } = cutDocument(source.text, { mediaType: source.textMediaType });
    expect(grammar?.name).toBe('eu');
    expect(pieces.map(({ title }) => title)).toEqual(['Article 1 Scope', 'Article 2 Terms']);
    expect((await readSource(pdf)).text).toEqual(source.text);
  });

  it('of PDF is read where its table of places is damaged, and no library says anything beside us', async () => {
    const damaged = pdfOf(['Article 1', 'Scope'])
      .toString('latin1')
      .replace(/startxref\n\d+/, 'startxref\n7');
    const said = [vi.spyOn(console, 'log'), vi.spyOn(console, 'warn')];
    const { text } = await readSource(Buffer.from(damaged, 'latin1'));
    expect(textOf(text)).toMatch(/Article 1\s+Scope/);
    await expect(readSource(Buffer.from('%PDF-1.4 rubbish'))).rejects.toThrow(refused('IU728', /unpdf/));
    expect(said.flatMap(({ mock }) => mock.calls)).toEqual([]);
    vi.restoreAllMocks();
  });
});

describe('iu cut preview', () => {
  async function run(...words: string[]): Promise<{ code: number; out: string; err: string }> {
    const said = { out: '', err: '' };
    const code = await main(['cut', 'preview', ...words], {
      stdout: { write: (text: string) => (said.out += text) },
      stderr: { write: (text: string) => (said.err += text) },
      environment: {},
      stopSignal: () => new AbortController().signal,
    });
    return { code, ...said };
  }
  const law = () => fileOf('law.txt', 'Luật\nChương I\nCHUNG\nĐiều 1. Một\n1. a\n2. b\nĐiều 2. Hai\n');

  it('shows the tree of a file without a database', async () => {
    const { code, out } = await run(law());
    expect(code).toBe(0);
    expect(out).toMatch(/grammar +vietnamese 1/);
    expect(out).toMatch(/1 +Chương I +chapter/);
    expect(out).toMatch(/3 +Khoản 1 +paragraph +5 +1\. a/);
  });

  it('gives one page after the other, filtered, as JSON', async () => {
    const first = await run(law(), '--kind', 'article', '--limit', '1', '--json');
    const page = JSON.parse(first.out);
    expect(page.items.map((item: { label: string }) => item.label)).toEqual(['Điều 1']);
    const second = JSON.parse(
      (await run(law(), '--kind', 'article', '--limit', '1', '--after', page.next, '--json')).out,
    );
    expect(second.items.map((item: { address: string }) => item.address)).toEqual(['chuong-i/dieu-2']);
    expect(second.next).toBeNull();
  });

  it('takes a grammar of the user, and says what is wrong with a file', async () => {
    const grammar = {
      name: 'own',
      version: '1',
      main: 'a',
      levels: [{ kind: 'a', patterns: ['luật(?!\\p{L})'], label: 'Luật' }],
    };
    expect((await run(law(), '--grammar', fileOf('own.json', JSON.stringify(grammar)))).out).toMatch(/grammar +own 1/);
    expect((await run(law(), '--grammar', 'latin')).err).toMatch(/IU725.*vietnamese/s);
    const broken = await run(fileOf('broken.txt', Buffer.from([0xc4, 0xd6])));
    expect(broken.code).toBe(1);
    expect(broken.err).toMatch(/IU724/);
  });
});
