import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { IuError } from '../contract/errors/index.js';
import { usualSourceLimit } from './cut-document.js';
import type { ConvertedText, Extractor } from './encoding.js';
import { docxMediaType, pdfMediaType, type TextMediaType } from './source-kind.js';

// DOCX and PDF are read by packages that whoever needs them installs: together they are five times the size of everything else here. What
// they give is a derived text: it gets a pin of its own, and a cut is lossless for that text.

export interface ExtractedText extends ConvertedText {
  /** What the text is cut as. */
  readonly mediaType: TextMediaType;
}

interface ExtractorSpec {
  readonly packageName: string;
  readonly testedVersion: string;
  readonly mediaType: TextMediaType;
  readonly extract: (bytes: Uint8Array) => Promise<string>;
}

const extractors: Readonly<Record<string, ExtractorSpec>> = {
  [docxMediaType]: { packageName: 'mammoth', testedVersion: '1.13.0', mediaType: 'text/html', extract: docxToHtml },
  [pdfMediaType]: { packageName: 'unpdf', testedVersion: '1.8.1', mediaType: 'text/plain', extract: pdfToText },
};

/** True for a media type whose text `extractText` takes out. */
export function isExtractable(mediaType: string): boolean {
  return mediaType in extractors;
}

/** The text of a DOCX (as HTML) or PDF document (as lines). The same bytes and version give the same text. */
export async function extractText(
  bytes: Uint8Array,
  mediaType: string,
  maxBytes: number = usualSourceLimit,
): Promise<ExtractedText> {
  const spec = extractors[mediaType];
  if (spec === undefined) throw new IuError('IU720', { message: `There is no extractor for ${mediaType}.`, mediaType });
  // A few hundred kilobytes may hold gigabytes, which end the process and with it a whole folder.
  const length = mediaType === docxMediaType ? unpackedTextLength(Buffer.from(bytes)) : 0;
  if (length > maxBytes) {
    const message = `Unpacked the document has ${length} bytes of XML, the limit is ${maxBytes}.`;
    throw new IuError('IU721', { message, length, maxBytes });
  }
  const text = await extracted(spec, bytes);
  if (text.replace(/<[^>]*>/g, '').trim() === '') {
    throw new IuError('IU728', {
      message: 'The document holds no text; pages that were scanned need text recognition first.',
    });
  }
  return { text: Buffer.from(text, 'utf8'), mediaType: spec.mediaType, extractor: extractorOf(spec) };
}

async function extracted(spec: ExtractorSpec, bytes: Uint8Array): Promise<string> {
  try {
    return await spec.extract(bytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') {
      const message = `Reading this document needs the package ${spec.packageName} (tested: ${spec.testedVersion}), which is not installed.`;
      throw new IuError('IU727', { message, hint: `npm install ${spec.packageName}@${spec.testedVersion}` });
    }
    const reason = error instanceof Error ? error.message : String(error);
    throw new IuError(
      'IU728',
      { message: `${spec.packageName} could not read the document: ${reason}` },
      { cause: error },
    );
  }
}

/** How long the XML inside a ZIP archive is, as its directory says; 0 for what is none. */
function unpackedTextLength(zip: Buffer): number {
  const end = zip.lastIndexOf('PK\x05\x06', undefined, 'latin1');
  if (end < 0 || end + 20 > zip.length) return 0;
  let length = 0;
  for (let at = zip.readUInt32LE(end + 16); at + 46 <= end && zip.readUInt32BE(at) === 0x504b0102; ) {
    const nameEnd = at + 46 + zip.readUInt16LE(at + 28);
    if (/\.(?:xml|rels)$/i.test(zip.toString('latin1', at + 46, nameEnd))) length += zip.readUInt32LE(at + 24);
    at = nameEnd + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  return length;
}

async function docxToHtml(bytes: Uint8Array): Promise<string> {
  const { default: mammoth } = await import('mammoth');
  // Pictures would come as megabytes of base64 inside the text.
  const convertImage = mammoth.images.imgElement(async () => ({ src: '' }));
  const { value } = await mammoth.convertToHtml({ buffer: Buffer.from(bytes) }, { convertImage });
  return withoutCounters(value);
}

/**
 * Without what a word processor counts anew each time: one footnote more would change every piece after it, and a new table of contents every
 * heading. Footnotes get the marks that the normaliser knows. Text is escaped in this HTML, so nothing of it can look like these tags.
 */
function withoutCounters(html: string): string {
  return html
    .replace(/(?:<sup>)*<a href="#(?:foot|end)note-(\d+)" id="[^"]*">\[\d+\]<\/a>(?:<\/sup>)*/g, '[^$1]')
    .replace(/<li id="(?:foot|end)note-(\d+)">(<p>)?/g, '<li>$2[^$1]: ')
    .replace(/ ?<a href="#(?:foot|end)note-ref-\d+">↑<\/a>/g, '')
    .replace(/<a id="_(?:Toc|Ref|Hlk)\d+"><\/a>/g, '')
    .replace(/<a href="#_(?:Toc|Ref|Hlk)\d+">(.*?)<\/a>/gs, '$1');
}

async function pdfToText(bytes: Uint8Array): Promise<string> {
  const { extractText: textOfPages, getDocumentProxy } = await import('unpdf');
  // The library takes the buffer over, so it gets one of its own. Its warnings would stand on stderr, which holds one JSON object.
  const document = await getDocumentProxy(Uint8Array.from(bytes), { verbosity: 0 });
  const { text } = await textOfPages(document, { mergePages: false }).finally(() => document.loadingTask.destroy());
  return `${text.map((page) => page.replaceAll('\0', '')).join('\n')}\n`;
}

/** Name and installed version of a package; its manifest is looked for because not every package exports it. */
function extractorOf({ packageName }: ExtractorSpec): Extractor {
  const folders = createRequire(import.meta.url).resolve.paths(packageName) ?? [];
  const manifest = folders.map((folder) => join(folder, packageName, 'package.json')).find((path) => existsSync(path));
  const version = manifest === undefined ? 'unknown' : String(JSON.parse(readFileSync(manifest, 'utf8')).version);
  return { name: packageName, version };
}
