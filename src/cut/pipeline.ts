import type pg from 'pg';
import { type PlannablePiece, type StandingUnit, sectionCodeOf } from '../contract/cut/plan.js';
import type { MatchOverride, MatchPiece } from '../contract/cut/recut.js';
import { IuError } from '../contract/errors/index.js';
import {
  advanceCutRun,
  type CutRunAnswer,
  type CutRunSource,
  inTransaction,
  markCutRun,
  pinSource,
  readCutBase,
  readCutMarks,
  readCutRunSource,
  readDecisions,
  readStandingUnits,
  recordCutPlan,
  startCutRun,
  takenAddresses,
} from '../store/cut.js';
import { type CutOptions, cutDocument } from './cut-document.js';
import { fittingAddress } from './label.js';
import type { ChosenGrammar } from './legal/choose.js';
import { readGrammar, shippedGrammar } from './legal/grammar.js';
import { recut as recutPieces } from './match/recut.js';
import { buildPlan, firstPlan } from './plan/build-plan.js';
import { newlineStyleOf } from './source-kind.js';

/** The document that a source is cut into. */
export interface CutTarget {
  readonly address: string;
  readonly title: string;
  readonly ownerRef: string;
  /** Who cuts; stands beside the database login. */
  readonly actor: string;
}

/** One revision of it. */
export interface CutSource {
  /** UTF-8 text; what is not, `readSource` turns into it first. */
  readonly bytes: Uint8Array;
  /** Unique in the document. */
  readonly revisionLabel: string;
  readonly sourceNote?: string | undefined;
  /** Told from the name and the content unless said. */
  readonly mediaType?: string | undefined;
  readonly fileName?: string | undefined;
  readonly grammar?: CutOptions['grammar'] | undefined;
  /** Larger text is refused; `usualSourceLimit` unless said. */
  readonly maxBytes?: number | undefined;
  /** What the text was made of, when it is not the source itself: pinned beside it. */
  readonly original?: {
    readonly bytes: Uint8Array;
    readonly mediaType: string;
    /** Of text in another encoding than UTF-8; null of what is no text. */
    readonly encoding?: string | null;
    readonly extractor: { readonly name: string; readonly version: string };
  };
  /** Links that the bridge records: address in the document, and the object of the database. */
  readonly sqlObjects?: readonly Readonly<Record<string, unknown>>[] | undefined;
}

/**
 * Pins a source, opens its run, and records cut and plan: everything before the first gate that needs no person. What was begun or finished
 * before is found and goes on; a finished one writes nothing.
 *
 * `client` is one connection outside of a transaction; its login starts the run and cannot approve it. `onState` hears of each step that was
 * taken now.
 */
export async function startCut(
  client: pg.ClientBase,
  target: CutTarget,
  source: CutSource,
  onState: (run: CutRunAnswer) => void = () => {},
): Promise<CutRunAnswer> {
  const { bytes, revisionLabel, mediaType, fileName, grammar, maxBytes } = source;
  refuseNul(bytes);
  const options: CutOptions = {
    ...(mediaType === undefined ? {} : { mediaType }),
    ...(fileName === undefined ? {} : { fileName }),
    ...(grammar === undefined ? {} : { grammar }),
    ...(maxBytes === undefined ? {} : { maxBytes }),
  };
  const cut = cutDocument(bytes, options);
  const run = await inTransaction(client, async () => {
    const note = source.sourceNote ?? null;
    const { newlineStyle } = cut;
    const pin = await pinSource(client, bytes, {
      mediaType: cut.mediaType,
      newlineStyle,
      title: target.title,
      sourceNote: note,
    });
    return startCutRun(client, {
      pinId: pin.pinId,
      documentAddress: target.address,
      documentTitle: target.title,
      ownerRef: target.ownerRef,
      revisionLabel,
      cutter: cut.cutter,
      config: {
        ...(await configOf(client, target, source)),
        media_type: cut.mediaType,
        normalizer: cut.normalizer,
        grammar: cut.grammar,
      },
      actor: target.actor,
    });
  });
  const { actor } = target;
  const { run_id: runId } = run;
  const { pieces, normalizer } = cut;
  let now = run;
  if (now.waits_for === 'cut') {
    onState(now);
    now = await markCutRun(client, runId, pieces, actor);
  }
  if (now.waits_for !== 'plan') return now;
  onState(now);
  now = await planPieces(client, { runId, documentAddress: target.address, bytes, pieces, normalizer, actor });
  onState(now);
  return now;
}

/** What else belongs to the key of a run: the original that the text was made of, and the links that were asked for. */
async function configOf(client: pg.ClientBase, target: CutTarget, source: CutSource): Promise<Record<string, unknown>> {
  const config: Record<string, unknown> = {};
  if (source.sqlObjects !== undefined) config.sql_objects = source.sqlObjects;
  if (source.original === undefined) return config;
  const { bytes, mediaType, encoding = null, extractor } = source.original;
  // Another encoding has the lines of the text that was made of it.
  const newlineStyle = encoding === null ? null : newlineStyleOf(source.bytes);
  const about = { mediaType, newlineStyle, title: target.title, sourceNote: source.sourceNote ?? null, encoding };
  const pin = await pinSource(client, bytes, about);
  return { ...config, original: { pin_id: pin.pinId, sha256: pin.sha256, media_type: mediaType, extractor } };
}

/** Plans a run from what is stored: after a kill, after a decision, or when the document has changed since. */
export async function planCut(client: pg.ClientBase, runId: string, actor: string): Promise<CutRunAnswer> {
  const source = await readCutRunSource(client, runId);
  if (source === undefined) throw new IuError('IU707', { message: `There is no cut run ${runId}.` });
  const { bytes, documentAddress, normalizer } = source;
  if (source.state === 'source_pinned') {
    const grammar = grammarOfRun(runId, source.grammar);
    const cut = cutDocument(bytes, { mediaType: source.mediaType, grammar, maxBytes: bytes.length });
    if (cut.cutter.name !== source.cutter.name || cut.cutter.version !== source.cutter.version) {
      throw new IuError('IU734', {
        message: `Run ${runId} was begun by ${source.cutter.name} ${source.cutter.version}, this program has ${cut.cutter.name} ${cut.cutter.version}.`,
        hint: 'void the run and start it again',
      });
    }
    await markCutRun(client, runId, cut.pieces, actor);
  }
  const pieces = await readCutMarks(client, runId);
  return planPieces(client, { runId, documentAddress, bytes, pieces, normalizer, actor });
}

/** The grammar with which a run was begun: its own text, or one of the package when that has not changed since. */
function grammarOfRun(runId: string, grammar: CutRunSource['grammar']): ChosenGrammar {
  if (grammar === null) return 'none';
  if (grammar.text !== undefined) return readGrammar(grammar.text, `the grammar of cut run ${runId}`);
  const shipped = shippedGrammar(grammar.name);
  if (shipped.version === grammar.version) return shipped;
  throw new IuError('IU734', {
    message: `Run ${runId} was begun with the grammar ${grammar.name} ${grammar.version}, this program has ${shipped.version}.`,
    hint: 'void the run and start it again',
  });
}

/** Takes a run as far as it goes without a person; throws the code when it stopped or failed on the way. */
export async function advanceCut(
  client: pg.ClientBase,
  runId: string,
  actor: string,
  onState: (run: CutRunAnswer) => void = () => {},
): Promise<CutRunAnswer> {
  for (;;) {
    const run = await inTransaction(client, () => advanceCutRun(client, runId, actor));
    if (run.code !== undefined) {
      throw new IuError(run.code, { message: `Cut run ${runId} is ${run.state}: ${JSON.stringify(run.detail)}.` });
    }
    if (run.moved !== true) return run;
    onState(run);
  }
}

interface Planning {
  readonly runId: string;
  readonly documentAddress: string;
  readonly bytes: Uint8Array;
  readonly pieces: readonly PlannablePiece[];
  readonly normalizer: { readonly name: string; readonly version: string };
  readonly actor: string;
}

async function planPieces(client: pg.ClientBase, planning: Planning): Promise<CutRunAnswer> {
  const { runId, documentAddress, bytes, pieces, normalizer, actor } = planning;
  const base = await readCutBase(client, documentAddress);
  if (base.document_id === null) {
    const matcher = { name: 'none', version: '1' };
    const addresses = await freeAddresses(client, documentAddress, pieces);
    const plan = { ...firstPlan(pieces, addresses), base_hash: base.base_hash, matcher, normalizer };
    return inTransaction(client, () => recordCutPlan(client, runId, plan, actor));
  }
  const standing = await readStandingUnits(client, base.document_id);
  const decisions = await readDecisions(client, runId);
  requireLiving(decisions, standing, planning);
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const textOf = (piece: PlannablePiece) => text.decode(bytes.subarray(piece.start, piece.end));
  const recut = recutPieces(
    standing.map(standingPiece),
    pieces.map((piece) => newPiece(piece, textOf(piece))),
    decisions,
  );
  const matched = new Set(recut.matches.map((match) => match.newKey));
  const unmatched = pieces.filter((piece) => !matched.has(String(piece.ordinal)));
  const plan = buildPlan({
    documentId: base.document_id,
    documentAddress,
    standing,
    pieces,
    textOf,
    recut,
    freeAddresses: await freeAddresses(client, documentAddress, unmatched),
  });
  const whole = { ...plan, base_hash: base.base_hash, matcher: recut.matcher, normalizer };
  return inTransaction(client, () => recordCutPlan(client, runId, whole, actor));
}

/** A unit that a person named may have ended since. */
function requireLiving(
  decisions: readonly MatchOverride[],
  standing: readonly StandingUnit[],
  { runId, documentAddress }: Planning,
): void {
  const living = new Set(standing.map(({ unitId }) => unitId));
  const dead = decisions.find(({ oldKey }) => oldKey !== null && !living.has(oldKey));
  if (dead === undefined) return;
  throw new IuError('IU738', {
    message: `Piece ${dead.newKey} of cut run ${runId} was decided to be ${dead.oldKey}, which is no living unit of ${documentAddress} any more.`,
    hint: `decide it anew: iu cut decide ${runId} ${dead.newKey} --as UNIT (or --new, or --withdraw) --actor NAME`,
  });
}

function standingPiece(unit: StandingUnit): MatchPiece {
  return { key: unit.unitId, parentKey: unit.parentId, kind: unit.kind, label: unit.label, text: unit.body };
}

function newPiece(piece: PlannablePiece, text: string): MatchPiece {
  const parentKey = piece.parentOrdinal === null ? null : String(piece.parentOrdinal);
  return { key: String(piece.ordinal), parentKey, kind: piece.kind, label: sectionCodeOf(piece.label), text };
}

/** The address of each piece as it was cut, or with the first suffix `@2`, `@3` that no unit ever had. */
async function freeAddresses(
  client: pg.ClientBase,
  documentAddress: string,
  pieces: readonly PlannablePiece[],
): Promise<ReadonlyMap<number, string>> {
  const found = new Map<number, string>();
  const given = new Set<string>();
  let open = pieces;
  for (let form = 1; open.length > 0; form++) {
    const suffix = form === 1 ? '' : `@${form}`;
    const wish = (piece: PlannablePiece) => `${fittingAddress(`${documentAddress}/${piece.address}`)}${suffix}`;
    const taken = await takenAddresses(client, open.map(wish));
    const left: PlannablePiece[] = [];
    for (const piece of open) {
      const address = wish(piece);
      if (taken.has(address) || given.has(address)) left.push(piece);
      else {
        found.set(piece.ordinal, address);
        given.add(address);
      }
    }
    open = left;
  }
  return found;
}

/** PostgreSQL stores text without NUL. */
function refuseNul(bytes: Uint8Array): void {
  if (bytes.includes(0)) throw new IuError('IU709', { reason: 'NUL byte' });
}
