import type pg from 'pg';
import { type CutPlan, type PlannablePiece, type StandingUnit, unitKindOf } from '../contract/cut/plan.js';
import type { MatchOverride } from '../contract/cut/recut.js';
import type { FnIuSourcePinRow } from './catalog.generated.js';
import { callForResult, type Queryable } from './listing.js';
import type { Columns } from './rows.js';

/** A source kept by its hash. */
export interface PinnedSource {
  readonly pinId: string;
  readonly sha256: string;
  readonly isNew: boolean;
}

export interface SourceDescription {
  readonly mediaType: string;
  readonly newlineStyle: string | null;
  readonly title: string | null;
  readonly sourceNote: string | null;
  /** Of text that is not UTF-8; null when nobody knows, or when it is no text. */
  readonly encoding?: string | null;
}

/** Keeps the bytes of a source, once. */
export async function pinSource(
  database: Queryable,
  bytes: Uint8Array,
  about: SourceDescription,
): Promise<PinnedSource> {
  const values = [bytes, about.mediaType, about.newlineStyle, about.title, about.sourceNote, about.encoding ?? null];
  const { rows } = await database.query('select * from fn_iu_source_pin($1, $2, $3, $4, $5, $6)', values);
  const [pin] = rows as [Columns<FnIuSourcePinRow, 'pin_id' | 'sha256' | 'is_new'>];
  return { pinId: pin.pin_id, sha256: pin.sha256, isNew: pin.is_new };
}

/** Where a cut run stands: what every step of the pipeline answers. */
export interface CutRunAnswer {
  readonly run_id: string;
  readonly run_key: string;
  readonly document_address: string;
  /** null until the document exists. */
  readonly document_id: string | null;
  readonly revision_label: string;
  readonly state: string;
  /** What it needs from outside: cut, plan, decisions, gate 1, gate 2, person; null when it goes on by itself or is finished. */
  readonly waits_for: string | null;
  readonly is_birth: boolean | null;
  readonly piece_count: number | null;
  readonly counts: {
    readonly created: number;
    readonly revised: number;
    readonly deprecated: number;
    readonly moved: number;
    readonly anchors_only: number;
  };
  readonly manifest: Readonly<Record<string, unknown>>;
  /** What an approval names. */
  readonly manifest_digest: string;
  readonly doubts: number;
  /** Database login that started it, and therefore approves nothing of it. */
  readonly created_by: string;
  readonly detail: Readonly<Record<string, unknown>>;
  /** Of a start. */
  readonly is_new?: boolean;
  /** Of an advance. */
  readonly moved?: boolean;
  /** Of an advance in which the run stopped or failed. */
  readonly code?: string;
  readonly replayed?: boolean;
}

export interface CutStart {
  readonly pinId: string;
  readonly documentAddress: string;
  readonly documentTitle: string;
  readonly ownerRef: string;
  readonly revisionLabel: string;
  readonly cutter: { readonly name: string; readonly version: string };
  readonly config: Readonly<Record<string, unknown>>;
  readonly actor: string;
}

/** Opens the run of a revision, or finds it. */
export function startCutRun(database: Queryable, start: CutStart): Promise<CutRunAnswer> {
  return callForResult(database, 'select fn_iu_cut_start($1, $2, $3, $4, $5, $6, $7, $8, $9)', [
    start.pinId,
    start.documentAddress,
    start.documentTitle,
    start.ownerRef,
    start.revisionLabel,
    start.cutter.name,
    start.cutter.version,
    JSON.stringify(start.config),
    start.actor,
  ]);
}

/** Records the pieces of the cut. */
export function markCutRun(
  database: Queryable,
  runId: string,
  pieces: readonly PlannablePiece[],
  actor: string,
): Promise<CutRunAnswer> {
  const rows = pieces.map((piece) => ({
    ordinal: piece.ordinal,
    parent_ordinal: piece.parentOrdinal,
    byte_start: piece.start,
    byte_end: piece.end,
    kind: piece.kind,
    unit_kind: unitKindOf(piece.kind),
    level: piece.level,
    title: piece.title,
    label: piece.label,
    address: piece.address,
    sha256: piece.rawSha256,
    normalized_sha256: piece.normalizedSha256,
  }));
  return callForResult(database, 'select fn_iu_cut_mark($1, $2, $3)', [runId, JSON.stringify(rows), actor]);
}

/** Records a plan. */
export function recordCutPlan(
  database: Queryable,
  runId: string,
  plan: CutPlan & {
    readonly base_hash: string;
    readonly matcher: { readonly name: string; readonly version: string };
    readonly normalizer: { readonly name: string; readonly version: string };
  },
  actor: string,
): Promise<CutRunAnswer> {
  return callForResult(database, 'select fn_iu_cut_plan($1, $2, $3)', [runId, JSON.stringify(plan), actor]);
}

/** Takes a run one state further, or says what it waits for. */
export function advanceCutRun(database: Queryable, runId: string, actor: string): Promise<CutRunAnswer> {
  return callForResult(database, 'select fn_iu_cut_advance($1, $2)', [runId, actor]);
}

/** A word about a piece that counted until another one was said. */
export interface ReplacedDecision {
  readonly unit_ids: readonly string[];
  /** Their addresses; empty: it was new. */
  readonly units: readonly string[];
  readonly decided_by: string;
  readonly decided_at: string;
}

export interface CutDecision {
  readonly decision_id: string;
  readonly ordinal: number;
  readonly unit_ids: readonly string[] | null;
  readonly decided_by: string;
  /** Pieces that are the same unit by the word of a person: it is split into them. */
  readonly others: readonly number[];
  readonly replaces: ReplacedDecision | null;
}

/** A person's whole word about one piece. */
export function decideCutPiece(
  database: Queryable,
  decision: {
    readonly runId: string;
    readonly ordinal: number;
    /** The unit it is, or several that are merged; none: it is new; null: the word before is withdrawn. */
    readonly unitIds: readonly string[] | null;
    readonly note: string | null;
    readonly actor: string;
  },
): Promise<CutDecision> {
  const { runId, ordinal, unitIds, note, actor } = decision;
  return callForResult(database, 'select fn_iu_cut_decide($1, $2, $3, $4, $5)', [runId, ordinal, unitIds, note, actor]);
}

/** An approval as the database recorded it. */
export interface CutApproval {
  readonly approval_id: string;
  readonly run_id: string;
  readonly gate: 1 | 2;
  readonly approved_by: string;
  readonly manifest_digest: string;
  readonly reference: string;
}

/** Passes a run through the gate at which it waits, as the login of this connection. */
export function approveCutRun(
  database: Queryable,
  runId: string,
  seen: { readonly gate: string | number; readonly manifestDigest: string; readonly note: string },
  actor: string,
): Promise<CutApproval> {
  const values = [runId, seen.gate, seen.manifestDigest, seen.note, actor];
  return callForResult(database, 'select fn_iu_cut_approve($1, $2, $3, $4, $5)', values);
}

/** Undoes a written run as a whole. */
export function rollBackCutRun(
  database: Queryable,
  runId: string,
  approvalRef: string,
  reason: string | null,
  actor: string,
): Promise<CutRunAnswer & { readonly tree_hash: string | null; readonly text_hash: string | null }> {
  return callForResult(database, 'select fn_iu_cut_rollback($1, $2, $3, $4)', [runId, approvalRef, reason, actor]);
}

/** Gives up a run that has written nothing. */
export function voidCutRun(database: Queryable, runId: string, reason: string, actor: string): Promise<CutRunAnswer> {
  return callForResult(database, 'select fn_iu_cut_void($1, $2, $3)', [runId, reason, actor]);
}

/** On what a plan builds. */
export interface CutBase {
  /** null when the document does not exist yet. */
  readonly document_id: string | null;
  readonly tree_hash: string | null;
  readonly text_hash: string | null;
  readonly base_hash: string;
}

/** The document as it stands, by its hashes. */
export function readCutBase(database: Queryable, documentAddress: string): Promise<CutBase> {
  return callForResult(database, 'select fn_iu_cut_base($1)', [documentAddress]);
}

/** The living units below a document, in tree order. */
export async function readStandingUnits(database: Queryable, documentId: string): Promise<readonly StandingUnit[]> {
  const { rows } = await database.query(
    `select l.unit_id, nullif(l.parent_id, $1) as parent_id, l.canonical_address, l.body, coalesce(u.section_type, u.unit_kind) as kind,
            coalesce(u.section_code, '') as label,
            (select p.normalized_sha256 from iu_cut_piece p where p.unit_id = l.unit_id and p.version_id = l.version_id and p.anchor = 'exact'
              order by p.run_id desc limit 1) as normalized_sha256
       from fn_iu_cut_living_units($1) l
      -- by key, one by one: a join would read the units of all documents
      cross join lateral (select i.section_type, i.unit_kind, i.section_code from information_unit i where i.id = l.unit_id offset 0) u
      where l.unit_id <> $1 order by l.position`,
    [documentId],
  );
  return rows.map((row) => ({
    unitId: row.unit_id,
    parentId: row.parent_id,
    canonicalAddress: row.canonical_address,
    kind: row.kind,
    label: row.label,
    body: row.body,
    normalizedSha256: row.normalized_sha256,
  }));
}

/** Which of these addresses a unit has or had, or a document that is being cut. */
export async function takenAddresses(database: Queryable, addresses: readonly string[]): Promise<ReadonlySet<string>> {
  const { rows } = await database.query(
    `select u.canonical_address as address from unnest($1::text[]) as a (address) join information_unit u on u.canonical_address = a.address
     union
     select r.document_address from unnest($1::text[]) as a (address) join iu_cut_run r on r.document_address = a.address and r.state !~ '^voided_'`,
    [addresses],
  );
  return new Set(rows.map((row) => row.address));
}

/** What people decided about the pieces of a run, as far as it counts. Several units are an override each. */
export async function readDecisions(database: Queryable, runId: string): Promise<readonly MatchOverride[]> {
  const { rows } = await database.query('select ordinal, unit_ids from fn_iu_cut_words($1)', [runId]);
  return (rows as { ordinal: number; unit_ids: string[] }[]).flatMap(({ ordinal, unit_ids: units }) =>
    [...(units.length === 0 ? [null] : units)].map((oldKey) => ({ newKey: `${ordinal}`, oldKey })),
  );
}

/** A match that a person has to decide. */
export interface CutDoubt {
  readonly ordinal: number;
  /** Best first. */
  readonly candidates: readonly { readonly unit_id: string; readonly score: number; readonly reason: string }[];
}

/** The doubtful matches of a run's plan. */
export async function readDoubts(database: Queryable, runId: string): Promise<readonly CutDoubt[]> {
  const { rows } = await database.query(
    'select ordinal, candidates::text as candidates from iu_cut_doubt where run_id = $1 order by ordinal',
    [runId],
  );
  return rows.map((row) => ({ ordinal: row.ordinal, candidates: JSON.parse(row.candidates) }));
}

/** What a run was started with, and its source: enough to plan it again. */
export interface CutRunSource {
  readonly state: string;
  readonly documentAddress: string;
  readonly mediaType: string;
  readonly cutter: { readonly name: string; readonly version: string };
  readonly normalizer: { readonly name: string; readonly version: string };
  /** null when the format's own headings decided; `text` only for a grammar that is none of the package. */
  readonly grammar: { readonly name: string; readonly version: string; readonly text?: string } | null;
  readonly bytes: Buffer;
}

/** Reads what a run is about; undefined when there is no such run. */
export async function readCutRunSource(database: Queryable, runId: string): Promise<CutRunSource | undefined> {
  const { rows } = await database.query(
    `select r.state, r.document_address, coalesce(r.config ->> 'media_type', p.media_type) as media_type, r.cutter_name, r.cutter_version,
            r.config #>> '{normalizer,name}' as normalizer_name,
            r.config #>> '{normalizer,version}' as normalizer_version, nullif(r.config -> 'grammar', 'null')::text as grammar,
            encode(p.bytes, 'base64') as bytes
       from iu_cut_run r join iu_source_pin p on p.pin_id = r.pin_id where r.run_id = $1`,
    [runId],
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  return {
    state: row.state,
    documentAddress: row.document_address,
    mediaType: row.media_type,
    cutter: { name: row.cutter_name, version: row.cutter_version },
    normalizer: { name: row.normalizer_name, version: row.normalizer_version },
    grammar: row.grammar === null ? null : JSON.parse(row.grammar),
    bytes: Buffer.from(row.bytes, 'base64'),
  };
}

/** The pieces that a run recorded, in order. */
export async function readCutMarks(database: Queryable, runId: string): Promise<readonly PlannablePiece[]> {
  const { rows } = await database.query(
    `select ordinal, parent_ordinal as "parentOrdinal", byte_start as start, byte_end as end, kind, level, title, label, address,
            sha256 as "rawSha256", normalized_sha256 as "normalizedSha256" from iu_cut_mark where run_id = $1 order by ordinal`,
    [runId],
  );
  return rows as PlannablePiece[];
}

/** Runs `work` in one READ COMMITTED transaction on a connection the caller keeps. */
export async function inTransaction<Result>(client: pg.ClientBase, work: () => Promise<Result>): Promise<Result> {
  await client.query('begin isolation level read committed');
  try {
    const result = await work();
    await client.query('commit');
    return result;
  } catch (error) {
    // A lost connection has rolled back by itself; the first error is the one to report.
    await client.query('rollback').catch(() => {});
    throw error;
  }
}
