import { type Command, InvalidArgumentError } from 'commander';
import type { CutPiece } from '../../contract/cut/piece.js';
import { cutDocument, type DocumentCutResult } from '../../cut/cut-document.js';
import { type ReadSource, readSourceFile } from '../../cut/read-source.js';
import { largestText, type SourceOptions } from '../../cut/source-options.js';
import { type CliContext, withExamples } from '../context.js';
import { commandLineWithout, type PageOptions, withPaging } from '../paging.js';
import type { Column } from '../table.js';
import { withSourceOptions } from './source-options.js';

const sampleBytes = 160;
const sampleLength = 60;

interface PreviewOptions extends PageOptions, SourceOptions {
  readonly kind?: string;
}

/** A piece as it is shown: where it is and how it begins. */
interface PreviewRow extends CutPiece {
  readonly bytes: number;
  /** How many pieces are above it. */
  readonly depth: number;
  readonly sample: string;
}

const columns: readonly Column<PreviewRow>[] = [
  { title: 'piece', value: (row) => row.ordinal, align: 'right' },
  { title: 'label', value: (row) => `${'  '.repeat(row.depth)}${row.label}` },
  { title: 'kind', value: (row) => row.kind },
  { title: 'bytes', value: (row) => row.bytes, align: 'right' },
  { title: 'begins with', value: (row) => row.sample },
];

function ordinalSeen(text: string): string {
  if (!/^[0-9]{1,9}$/.test(text)) throw new InvalidArgumentError('It is the number that the page before ends with.');
  return text;
}

/** `iu cut preview`: how a file would be cut; nothing is written and no database is needed. */
export function registerCutPreview(cut: Command, context: CliContext): void {
  const preview = cut
    .command('preview')
    .description('How a file would be cut: its tree, sizes and first words. Nothing is written, no database is needed')
    .argument('<file>', 'Markdown, HTML, plain text, DOCX or PDF')
    .option('--kind <kind>', 'only pieces of this kind');
  withExamples(
    withPaging(withSourceOptions(preview, 'file'), ordinalSeen),
    'iu cut preview law.txt --grammar vietnamese --kind article',
  ).action(async (file: string, options: PreviewOptions, command: Command) => {
    const source = await readSourceFile(file, options);
    const cutting = {
      mediaType: source.textMediaType,
      grammar: options.grammar,
      maxBytes: largestText(options),
    };
    show(context, command, source, cutDocument(source.text, cutting), options);
  });
}

function show(
  context: CliContext,
  command: Command,
  source: ReadSource,
  cut: DocumentCutResult,
  options: PreviewOptions,
): void {
  const printer = context.printer(command);
  const { pieces, ...whole } = cut;
  const matching = pieces.filter(({ kind }) => options.kind === undefined || kind === options.kind);
  const after = options.after === undefined ? -1 : Number(options.after);
  const rest = matching.filter(({ ordinal }) => ordinal > after);
  const depths: number[] = [];
  for (const { parentOrdinal } of pieces) depths.push(parentOrdinal === null ? 0 : (depths[parentOrdinal] ?? 0) + 1);
  const items = rest.slice(0, options.limit).map((piece) => rowOf(piece, depths[piece.ordinal] ?? 0, source.text));
  const next = rest.length > items.length ? String(items.at(-1)?.ordinal) : null;
  const { mediaType: originalMediaType, encoding } = source.original;
  const facts = { ...whole, originalMediaType, encoding, extractor: source.extractor, pieceCount: pieces.length };
  printer.result({ ...facts, items, next }, () => [
    ...printer.facts({
      media: originalMediaType === cut.mediaType ? cut.mediaType : `${originalMediaType} read as ${cut.mediaType}`,
      encoding: encoding ?? undefined,
      extractor: source.extractor ? `${source.extractor.name} ${source.extractor.version}` : undefined,
      grammar: cut.grammar ? `${cut.grammar.name} ${cut.grammar.version}` : 'none: the headings of the format',
      bytes: cut.length,
      sha256: cut.sha256,
      newlines: cut.newlineStyle,
      pieces: pieces.length === matching.length ? pieces.length : `${matching.length} of ${pieces.length}`,
    }),
    '',
    ...(items.length === 0 ? ['No piece matches.'] : printer.table(columns, items)),
  ]);
  if (next !== null) printer.note(`more: ${commandLineWithout(context.words, ['--after'])} --after ${next}`);
}

function rowOf(piece: CutPiece, depth: number, text: Uint8Array): PreviewRow {
  const begin = Buffer.from(text.subarray(piece.start, Math.min(piece.end, piece.start + sampleBytes))).toString(
    'utf8',
  );
  const words = begin
    .replace(/[\uFEFF\uFFFD]/g, '')
    .replace(/\s+/gu, ' ')
    .trim();
  const sample = [...words].slice(0, sampleLength).join('');
  return { ...piece, bytes: piece.end - piece.start, depth, sample };
}
