// The cutter before the database: what a cut of a document costs, next to a parser alone in the same process.
import { fork } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { parse } from 'parse5';
import { cutDocument } from '../dist/cut/cut-document.js';
import { figure, median, seconds, spread } from './measure.mjs';

const MiB = 1024 * 1024;
const lawFolder = new URL('../examples/liechtenstein-constitution/', import.meta.url);

/** The laws of the examples, repeated to about so many bytes: real paragraphs, footnotes, and letters outside ASCII. */
function markdownOf(bytes) {
  const files = readdirSync(lawFolder).filter((name) => /^\d{3}_.*\.md$/.test(name));
  const laws = Buffer.concat(files.map((name) => readFileSync(new URL(name, lawFolder))).map(withoutFrontMatter));
  return repeated(laws, bytes);
}

function withoutFrontMatter(bytes) {
  return Buffer.from(bytes.toString().replace(/^---\n[\s\S]*?\n---\n/, ''));
}

function repeated(bytes, length) {
  return Buffer.concat(Array.from({ length: Math.max(1, Math.ceil(length / bytes.length)) }, () => bytes));
}

const plainOf = (markdown) =>
  Buffer.from(
    markdown
      .toString()
      .replace(/^#+ (.*)$/gm, '$1\n')
      .replace(/^\*\*(.*)\*\*$/gm, '$1'),
  );

/** The same text as a page: headings, paragraphs, and the attributes that pages have. */
function htmlOf(markdown) {
  const body = markdown
    .toString()
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .split(/\n{2,}/)
    .map((block, index) => {
      const heading = /^(#+) (.*)/.exec(block);
      if (!heading) return `<p class="text" id="p${index}">${block.replace(/\*\*(.*?)\*\*/g, '<b>$1</b>')}</p>`;
      return `<section><h${heading[1].length} id="h${index}">${heading[2]}</h${heading[1].length}></section>`;
    });
  return Buffer.from(
    `<!DOCTYPE html><html><head><title>Law</title></head><body>\n${body.join('\n')}\n</body></html>\n`,
  );
}

async function rates(rounds, bytes, work) {
  const found = [];
  for (let round = -1; round < rounds; round += 1) {
    const took = await seconds(work);
    if (round >= 0) found.push(bytes.length / 1e6 / took);
  }
  return found;
}

/** Highest resident memory of a process of its own that cuts one document, above what it held before the cut. */
function memoryOfCut(mediaType, mebibytes) {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(new URL('./cut-memory.mjs', import.meta.url)), [mediaType, String(mebibytes)]);
    child.once('message', resolve);
    child.once('error', reject);
    child.once('exit', (code) => code !== 0 && reject(new Error(`cut-memory ended with ${code}`)));
  });
}

export function documentOf(mediaType, bytes) {
  const markdown = markdownOf(bytes);
  if (mediaType === 'text/markdown') return markdown;
  return mediaType === 'text/html' ? htmlOf(markdown) : plainOf(markdown);
}

/** MB/s of whole cuts (scan, both hashes of each piece, hash of the source, labels, addresses) and of a parser alone. */
export async function benchCut(_cluster, { say, quick }) {
  const rounds = quick ? 1 : 5;
  const size = quick ? 2 * MiB : 24 * MiB;
  const figures = [];
  const measure = async (what, mediaType, grammar, goal, peer) => {
    say(`${what}`);
    const bytes = documentOf(mediaType, size);
    let pieces = 0;
    const own = await rates(rounds, bytes, () => {
      pieces = cutDocument(bytes, { mediaType, grammar }).pieces.length;
    });
    const note = `spread ${spread(own, 1)}, ${Math.round(bytes.length / pieces)} bytes a piece`;
    figures.push(figure(what, median(own), 'MB/s', goal, note));
    if (peer === undefined) return;
    const part = bytes.subarray(0, quick ? MiB / 2 : 4 * MiB);
    const others = await rates(rounds, part, () => peer.parse(part.toString()));
    figures.push(figure(`  ${peer.name} alone`, median(others), 'MB/s', undefined, `spread ${spread(others, 1)}`));
  };
  await measure('cut Markdown', 'text/markdown', 'none', '>= 50', { name: 'mdast', parse: fromMarkdown });
  await measure('cut plain text', 'text/plain', 'none', '>= 50');
  await measure('cut plain text by a grammar', 'text/plain', 'german');
  const withPositions = (text) => parse(text, { sourceCodeLocationInfo: true });
  await measure('cut HTML', 'text/html', 'none', '>= 5', { name: 'parse5 with positions', parse: withPositions });
  for (const mediaType of ['text/markdown', 'text/html']) {
    const mebibytes = quick ? 8 : 100;
    say(`memory of a cut of ${mebibytes} MiB of ${mediaType}`);
    const { peakBytes, pieces } = await memoryOfCut(mediaType, mebibytes);
    const note = `above the ${mebibytes} MiB of the source, ${pieces} pieces`;
    figures.push(figure(`memory of a cut of ${mediaType}`, peakBytes / MiB, 'MiB', undefined, note));
  }
  return figures;
}
