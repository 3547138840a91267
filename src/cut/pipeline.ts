import type pg from 'pg';
import type { CutPiece, DocumentCut } from '../contract/cut/piece.js';
import { type StandingUnit, sectionCodeOf } from '../contract/cut/plan.js';
import type { MatchPiece } from '../contract/cut/recut.js';
import { IuError } from '../contract/errors/index.js';
import {
  advanceCutRun,
  type CutRunAnswer,
  inTransaction,
  markCutRun,
  pinSource,
  readCutBase,
  readCutRunSource,
  readDecisions,
  readStandingUnits,
  recordCutPlan,
  startCutRun,
  takenAddresses,
} from '../store/cut.js';
import { cutMarkdownDocument } from './cut-markdown-document.js';
import { recut as recutPieces } from './match/recut.js';
import { buildPlan, firstPlan } from './plan/build-plan.js';

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
  readonly bytes: Uint8Array;
  /** Unique in the document. */
  readonly revisionLabel: string;
  readonly sourceNote?: string | undefined;
  /** Links that the bridge records: address in the document, and the object of the database. */
  readonly sqlObjects?: readonly Readonly<Record<string, unknown>>[] | undefined;
}

/**
 * Pins a source, opens its run, and records cut and plan: everything before the first gate that needs no person. What was begun or finished
 * before is found and goes on; a finished one writes nothing.
 *
 * `client` is one connection outside of a transaction; its login starts the run and cannot approve it.
 */
export async function startCut(client: pg.ClientBase, target: CutTarget, source: CutSource): Promise<CutRunAnswer> {
  refuseNoText(source.bytes);
  const cut = cutMarkdownDocument(source.bytes);
  const run = await inTransaction(client, async () => {
    const pin = await pinSource(client, source.bytes, {
      mediaType: cut.mediaType,
      newlineStyle: cut.newlineStyle,
      title: target.title,
      sourceNote: source.sourceNote ?? null,
    });
    return startCutRun(client, {
      pinId: pin.pinId,
      documentAddress: target.address,
      documentTitle: target.title,
      ownerRef: target.ownerRef,
      revisionLabel: source.revisionLabel,
      cutter: cut.cutter,
      config: { normalizer: cut.normalizer, ...(source.sqlObjects ? { sql_objects: source.sqlObjects } : {}) },
      actor: target.actor,
    });
  });
  const marked = run.waits_for === 'cut' ? await markCutRun(client, run.run_id, cut.pieces, target.actor) : run;
  if (marked.waits_for !== 'plan') return marked;
  return planPieces(client, {
    runId: run.run_id,
    documentAddress: target.address,
    bytes: source.bytes,
    cut,
    actor: target.actor,
  });
}

/** Cuts and plans a run from what is stored: after a kill, after a decision, or when the document has changed since. */
export async function planCut(client: pg.ClientBase, runId: string, actor: string): Promise<CutRunAnswer> {
  const source = await readCutRunSource(client, runId);
  if (source === undefined) throw new IuError('IU707', { message: `There is no cut run ${runId}.` });
  const { bytes, documentAddress } = source;
  const cut = cutMarkdownDocument(bytes);
  if (cut.cutter.name !== source.cutter.name || cut.cutter.version !== source.cutter.version) {
    throw new IuError('IU734', {
      message: `Run ${runId} was cut by ${source.cutter.name} ${source.cutter.version}, this program has ${cut.cutter.name} ${cut.cutter.version}.`,
      hint: 'void the run and start it again',
    });
  }
  if (source.state === 'source_pinned') await markCutRun(client, runId, cut.pieces, actor);
  return planPieces(client, { runId, documentAddress, bytes, cut, actor });
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
  readonly cut: DocumentCut;
  readonly actor: string;
}

async function planPieces(client: pg.ClientBase, planning: Planning): Promise<CutRunAnswer> {
  const { runId, documentAddress, bytes, cut, actor } = planning;
  const base = await readCutBase(client, documentAddress);
  const { normalizer } = cut;
  if (base.document_id === null) {
    const matcher = { name: 'none', version: '1' };
    const plan = { ...firstPlan(documentAddress, cut.pieces), base_hash: base.base_hash, matcher, normalizer };
    return inTransaction(client, () => recordCutPlan(client, runId, plan, actor));
  }
  const standing = await readStandingUnits(client, base.document_id);
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const textOf = (piece: CutPiece) => text.decode(bytes.subarray(piece.start, piece.end));
  const recut = recutPieces(
    standing.map(standingPiece),
    cut.pieces.map((piece) => newPiece(piece, textOf(piece))),
    await readDecisions(client, runId),
  );
  const matched = new Set(recut.matches.map((match) => match.newKey));
  const unmatched = cut.pieces.filter((piece) => !matched.has(String(piece.ordinal)));
  const plan = buildPlan({
    documentId: base.document_id,
    documentAddress,
    standing,
    pieces: cut.pieces,
    textOf,
    recut,
    freeAddresses: await freeAddresses(client, documentAddress, unmatched),
  });
  const whole = { ...plan, base_hash: base.base_hash, matcher: recut.matcher, normalizer };
  return inTransaction(client, () => recordCutPlan(client, runId, whole, actor));
}

function standingPiece(unit: StandingUnit): MatchPiece {
  return { key: unit.unitId, parentKey: unit.parentId, kind: unit.kind, label: unit.label, text: unit.body };
}

function newPiece(piece: CutPiece, text: string): MatchPiece {
  const parentKey = piece.parentOrdinal === null ? null : String(piece.parentOrdinal);
  return { key: String(piece.ordinal), parentKey, kind: piece.kind, label: sectionCodeOf(piece.label), text };
}

/** The address of each piece as it was cut, or with the first suffix `@2`, `@3` that no unit ever had. */
async function freeAddresses(
  client: pg.ClientBase,
  documentAddress: string,
  pieces: readonly CutPiece[],
): Promise<ReadonlyMap<number, string>> {
  const found = new Map<number, string>();
  const given = new Set<string>();
  let open = pieces;
  for (let form = 1; open.length > 0; form++) {
    const suffix = form === 1 ? '' : `@${form}`;
    const wish = (piece: CutPiece) => `${documentAddress}/${piece.address}${suffix}`;
    const taken = await takenAddresses(client, open.map(wish));
    const left: CutPiece[] = [];
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

/** PostgreSQL stores text without NUL, in UTF-8. */
function refuseNoText(bytes: Uint8Array): void {
  if (bytes.includes(0)) throw new IuError('IU709', { reason: 'NUL byte' });
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new IuError('IU709', { reason: 'not UTF-8' });
  }
}
