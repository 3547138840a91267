import type pg from 'pg';
import { IuError } from '../contract/errors/index.js';
import {
  beginCutRun,
  type CutRun,
  type CutRunCounts,
  countCutChanges,
  finishCutRun,
  freeAddress,
  inTransaction,
  pinSource,
  readLivingUnits,
  tryLockDocument,
  unlockDocument,
} from '../store/cut.js';
import { createUnit, createUnits, deprecateUnit, enactUnits, type NewUnit, reviseUnit } from '../store/units.js';
import { cutMarkdown, type MarkdownCut, markdownCutter, type Piece } from './markdown.js';
import { type LivingUnit, planRevision } from './revision-plan.js';

/** The document a revision belongs to. The first revision creates it. */
export interface DocumentTarget {
  /** Canonical address; its units are named `address/piece address`. */
  readonly address: string;
  readonly title: string;
  /** Who owns the units. */
  readonly ownerRef: string;
  /** Recorded as actor beside the database's own session_user. */
  readonly actorRef: string;
}

/** One revision of the document, as bytes. */
export interface RevisionSource {
  readonly bytes: Uint8Array;
  /** Unique in the document, for example `014_1976-08-17`. */
  readonly revisionLabel: string;
  readonly sourceNote?: string;
}

/** Where a revision stands; the last one has `done === total`. */
export interface RevisionProgress {
  readonly revisionLabel: string;
  readonly done: number;
  readonly total: number;
}

export interface RevisionResult {
  readonly runId: string;
  readonly documentId: string;
  /** False when this revision had been applied before: then nothing was written. */
  readonly applied: boolean;
  readonly pieces: number;
  readonly sha256: string;
  /** Of the whole run, interrupted parts included. */
  readonly counts: CutRunCounts;
}

export interface ReviseOptions {
  readonly onProgress?: (progress: RevisionProgress) => void;
}

/**
 * Brings a document to a revision: changed pieces become new versions, new ones units, vanished ones are deprecated, every change
 * in a transaction of its own together with its event. The first revision creates the document and all its units in one.
 *
 * Interrupted anywhere it goes on when called again, because what is left to do is found by comparing the living units with the
 * pieces. The run closes only when the database has proven that they join to the source (P11). A revision that is done writes
 * nothing. A piece that comes back after it was deprecated is a new unit, its address followed by `@2`.
 *
 * `client` is one connection of its own, outside a transaction: it holds the lock that keeps a second process out.
 */
export async function reviseDocument(
  client: pg.ClientBase,
  document: DocumentTarget,
  source: RevisionSource,
  options: ReviseOptions = {},
): Promise<RevisionResult> {
  const text = new SourceText(source.bytes);
  const cut = cutMarkdown(source.bytes);
  if (!(await tryLockDocument(client, document.address))) throw new IuError('IU710', { document: document.address });
  try {
    const run = await beginRun(client, document, source, cut);
    const reviser = new Reviser({ client, document, cut, text, run, options, revisionLabel: source.revisionLabel });
    const documentId = await reviser.apply();
    const { counts } = reviser;
    const applied = run.status === 'running';
    return { runId: run.runId, documentId, applied, pieces: cut.pieces.length, sha256: cut.sha256, counts };
  } finally {
    // On a lost connection the server has released the lock already; the first error is the one to report.
    await unlockDocument(client, document.address).catch(() => {});
  }
}

function beginRun(
  client: pg.ClientBase,
  document: DocumentTarget,
  source: RevisionSource,
  cut: MarkdownCut,
): Promise<CutRun> {
  return inTransaction(client, async () => {
    const pin = await pinSource(client, source.bytes, {
      mediaType: 'text/markdown',
      newlineStyle: cut.newlineStyle,
      title: document.title,
      sourceNote: source.sourceNote ?? null,
    });
    return beginCutRun(client, {
      pinId: pin.pinId,
      documentAddress: document.address,
      revisionLabel: source.revisionLabel,
      cutterName: markdownCutter.name,
      cutterVersion: markdownCutter.version,
      pieceCount: cut.pieces.length,
    });
  });
}

/** The source as text that PostgreSQL can store. */
class SourceText {
  private readonly bytes: Uint8Array;
  // Keeps a byte order mark, and refuses what it would otherwise replace.
  private readonly decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    if (bytes.includes(0)) throw new IuError('IU709', { reason: 'NUL byte' });
    try {
      this.decoder.decode(bytes);
    } catch {
      throw new IuError('IU709', { reason: 'not UTF-8' });
    }
  }

  of(piece: Piece): string {
    return this.decoder.decode(this.bytes.subarray(piece.start, piece.end));
  }
}

interface RevisionContext {
  readonly client: pg.ClientBase;
  readonly document: DocumentTarget;
  readonly cut: MarkdownCut;
  readonly text: SourceText;
  readonly run: CutRun;
  readonly options: ReviseOptions;
  readonly revisionLabel: string;
}

interface PlacedUnit {
  readonly unitId: string;
  readonly address: string;
}

/** The steps of one run. Every change is one transaction: the unit, its event and the count, or nothing. */
class Reviser {
  counts: CutRunCounts;
  private done = 0;
  private total = 0;
  private readonly canonicalAddresses = new Map<string, string>();

  constructor(private readonly context: RevisionContext) {
    this.counts = context.run.counts;
  }

  async apply(): Promise<string> {
    const { run, client } = this.context;
    if (run.status === 'done' && run.documentId !== null) return run.documentId;
    const documentId = run.documentId ?? (await this.createDocument());
    const unitIds = await this.revise(documentId);
    const { pieces } = this.context.cut;
    await inTransaction(client, () =>
      finishCutRun(
        client,
        run.runId,
        documentId,
        pieces.map((piece, index) => ({
          ordinal: piece.ordinal,
          byte_start: piece.start,
          byte_end: piece.end,
          address: piece.address,
          unit_id: unitIds[index] ?? '',
          sha256: piece.sha256,
        })),
      ),
    );
    return documentId;
  }

  /** The document and all its units, in one transaction: there is no half of a first revision. */
  private async createDocument(): Promise<string> {
    const { client, document, cut } = this.context;
    const units = [
      documentUnit(document),
      ...cut.pieces.map((piece) => {
        const parent = piece.parentOrdinal === null ? undefined : cut.pieces[piece.parentOrdinal];
        return this.unitOf(piece, this.addressOf(piece), parent ? this.addressOf(parent) : document.address);
      }),
    ];
    this.expect(units.length);
    return this.change({ created: units.length }, async () => {
      const [documentId = ''] = await createUnits(client, units, document.actorRef);
      await this.enact(units.map((unit) => unit.canonicalAddress));
      return documentId;
    });
  }

  /** Does what is left to do; returns the unit of every piece. */
  private async revise(documentId: string): Promise<readonly string[]> {
    const { document, cut } = this.context;
    const plan = planRevision(cut.pieces, await this.livingUnits(documentId));
    this.expect(plan.deprecate.length + plan.steps.filter((step) => step.kind !== 'keep').length);
    for (const unit of plan.deprecate) await this.deprecate(unit);
    const units: PlacedUnit[] = [];
    const leftSiblings = new Map<number | null, PlacedUnit>();
    for (const step of plan.steps) {
      const { piece } = step;
      const parent = piece.parentOrdinal === null ? undefined : units[piece.parentOrdinal];
      const unit =
        step.kind === 'create'
          ? await this.create(piece, parent?.address ?? document.address, leftSiblings.get(piece.parentOrdinal))
          : { unitId: step.unitId, address: this.canonicalAddresses.get(step.unitId) ?? '' };
      if (step.kind === 'revise') await this.reviseUnit(piece, unit.address);
      units.push(unit);
      leftSiblings.set(piece.parentOrdinal, unit);
    }
    return units.map((unit) => unit.unitId);
  }

  private async livingUnits(documentId: string): Promise<readonly LivingUnit[]> {
    const prefix = `${this.context.document.address}/`;
    const rows = await readLivingUnits(this.context.client, documentId);
    for (const row of rows) this.canonicalAddresses.set(row.unitId, row.canonicalAddress);
    return rows.map((row) => ({
      unitId: row.unitId,
      parentId: row.parentId === documentId ? null : row.parentId,
      address: pieceAddress(row.canonicalAddress, prefix),
      bodySha256: row.bodySha256,
    }));
  }

  private create(piece: Piece, parentAddress: string, left: PlacedUnit | undefined): Promise<PlacedUnit> {
    const { client, document } = this.context;
    return this.change({ created: 1 }, async () => {
      const address = await freeAddress(client, this.addressOf(piece));
      const unit = this.unitOf(piece, address, parentAddress);
      const unitId = await createUnit(client, unit, left?.address ?? null, document.actorRef);
      await this.enact([address]);
      return { unitId, address };
    });
  }

  private async reviseUnit(piece: Piece, address: string): Promise<void> {
    const { client, document, text } = this.context;
    await this.change({ revised: 1 }, async () => {
      const now = { body: text.of(piece), title: titleOf(piece) };
      await reviseUnit(client, address, now, document.actorRef, this.reason());
      await this.enact([address]);
    });
  }

  private async deprecate(unit: LivingUnit): Promise<void> {
    const { client, document } = this.context;
    const address = this.canonicalAddresses.get(unit.unitId) ?? '';
    await this.change({ deprecated: 1 }, () => deprecateUnit(client, address, document.actorRef, this.reason()));
  }

  /** The review an enactment names is the cut run: its proof is what stands behind the text. */
  private enact(addresses: readonly string[]): Promise<void> {
    const { client, document, run } = this.context;
    return enactUnits(client, addresses, document.actorRef, `iu_cut_run:${run.runId}`, this.reason());
  }

  private reason(): string {
    return `revision ${this.context.revisionLabel}`;
  }

  private async change<Result>(counts: Partial<CutRunCounts>, work: () => Promise<Result>): Promise<Result> {
    const { client, run } = this.context;
    const result = await inTransaction(client, async () => {
      const done = await work();
      await countCutChanges(client, run.runId, counts);
      return done;
    });
    const { created = 0, revised = 0, deprecated = 0 } = counts;
    this.counts = {
      created: this.counts.created + created,
      revised: this.counts.revised + revised,
      deprecated: this.counts.deprecated + deprecated,
    };
    this.done += created + revised + deprecated;
    this.report();
    return result;
  }

  private expect(changes: number): void {
    this.total += changes;
    this.report();
  }

  private report(): void {
    const { options, revisionLabel } = this.context;
    options.onProgress?.({ revisionLabel, done: this.done, total: this.total });
  }

  private addressOf(piece: Piece): string {
    return `${this.context.document.address}/${piece.address}`;
  }

  private unitOf(piece: Piece, canonicalAddress: string, parentAddress: string): NewUnit {
    return {
      canonicalAddress,
      title: titleOf(piece),
      body: this.context.text.of(piece),
      unitKind: unitKinds[piece.kind],
      sectionType: piece.kind,
      ownerRef: this.context.document.ownerRef,
      parentAddress,
    };
  }
}

const unitKinds = { front_matter: 'piece', preamble: 'preamble', heading: 'section' } as const;

function documentUnit(document: DocumentTarget): NewUnit {
  const { address, title, ownerRef } = document;
  const kind = 'document';
  return {
    canonicalAddress: address,
    title,
    body: '',
    unitKind: kind,
    sectionType: kind,
    ownerRef,
    parentAddress: null,
  };
}

function titleOf(piece: Piece): string {
  return piece.title || piece.label;
}

/** Address inside the document, without the suffixes of units that came back. */
function pieceAddress(canonicalAddress: string, prefix: string): string {
  return canonicalAddress.slice(prefix.length).replace(/@\d+$/, '');
}
