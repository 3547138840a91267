import { createRequire } from 'node:module';

interface Zip {
  file(name: string, content: string): void;
  generateAsync(options: { type: 'nodebuffer'; compression: 'DEFLATE' }): Promise<Buffer>;
}

const escaped = (text: string) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;');

/** A small DOCX of paragraphs, each with the id of its style or none, its text, and what of Word's markup stands behind it. */
export async function docxOf(
  paragraphs: readonly (readonly [style: string | null, text: string, markup?: string])[],
  footnotes: readonly string[] = [],
): Promise<Buffer> {
  const JsZip = createRequire(createRequire(import.meta.url).resolve('mammoth'))('jszip') as new () => Zip;
  const zip = new JsZip();
  const types = 'application/vnd.openxmlformats';
  zip.file(
    '[Content_Types].xml',
    `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="${types}-package.relationships+xml"/><Override PartName="/word/document.xml" ContentType="${types}-officedocument.wordprocessingml.document.main+xml"/></Types>`,
  );
  zip.file(
    '_rels/.rels',
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>',
  );
  const body = paragraphs.map(([style, text, markup = '']) => {
    const properties = style === null ? '' : `<w:pPr><w:pStyle w:val="${style}"/></w:pPr>`;
    return `<w:p>${properties}<w:r><w:t>${escaped(text)}</w:t></w:r>${markup}</w:p>`;
  });
  const word = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"';
  const notes = footnotes.map(
    (text, index) => `<w:footnote w:id="${index + 1}"><w:p><w:r><w:t>${escaped(text)}</w:t></w:r></w:p></w:footnote>`,
  );
  zip.file('word/footnotes.xml', `<w:footnotes ${word}>${notes.join('')}</w:footnotes>`);
  zip.file('word/document.xml', `<w:document ${word}><w:body>${body.join('')}</w:body></w:document>`);
  return zip.generateAsync({ type: 'nodebuffer', compression: 'DEFLATE' });
}

/** A PDF of one page with these lines. */
export function pdfOf(lines: readonly string[]): Buffer {
  const content = lines.map((line, index) => `BT /F1 12 Tf 72 ${720 - 20 * index} Td (${line}) Tj ET`).join('\n');
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>',
    `<< /Length ${content.length} >>\nstream\n${content}\nendstream`,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>',
  ];
  let text = '%PDF-1.4\n';
  const offsets = objects.map((object, index) => {
    const offset = text.length;
    text += `${index + 1} 0 obj\n${object}\nendobj\n`;
    return `${String(offset).padStart(10, '0')} 00000 n \n`;
  });
  const start = text.length;
  text += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${offsets.join('')}`;
  text += `trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${start}\n%%EOF\n`;
  return Buffer.from(text, 'latin1');
}
