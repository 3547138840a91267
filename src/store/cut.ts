import type pg from 'pg';

/** A source kept by its hash. */
export interface PinnedSource {
  readonly pinId: string;
  readonly sha256: string;
  readonly isNew: boolean;
}

export interface SourceDescription {
  readonly mediaType: string;
  readonly newlineStyle: string;
  readonly title: string | null;
  readonly sourceNote: string | null;
}

/** Keeps the bytes of a source, once. */
export async function pinSource(
  client: pg.ClientBase,
  bytes: Uint8Array,
  about: SourceDescription,
): Promise<PinnedSource> {
  const row = await oneRow<{ pin_id: string; sha256: string; is_new: boolean }>(
    client,
    'select * from fn_iu_source_pin($1, $2, $3, $4, $5)',
    [bytes, about.mediaType, about.newlineStyle, about.title, about.sourceNote],
  );
  return { pinId: row.pin_id, sha256: row.sha256, isNew: row.is_new };
}

/** How many units a run has changed. */
export interface CutRunCounts {
  readonly created: number;
  readonly revised: number;
  readonly deprecated: number;
}

/** The cut of one revision of a document. */
export interface CutRun {
  readonly runId: string;
  readonly status: 'running' | 'done';
  /** null until the document exists. */
  readonly documentId: string | null;
  readonly isNew: boolean;
  /** So far, however often the run was interrupted. */
  readonly counts: CutRunCounts;
}

export interface CutRunRequest {
  readonly pinId: string;
  readonly documentAddress: string;
  readonly revisionLabel: string;
  readonly cutterName: string;
  readonly cutterVersion: string;
  readonly pieceCount: number;
}

/** Opens the run of a revision, or finds it. */
export async function beginCutRun(client: pg.ClientBase, request: CutRunRequest): Promise<CutRun> {
  const { pinId, documentAddress, revisionLabel, cutterName, cutterVersion, pieceCount } = request;
  const row = await oneRow<CutRunRow>(client, 'select * from fn_iu_cut_begin($1, $2, $3, $4, $5, $6)', [
    pinId,
    documentAddress,
    revisionLabel,
    cutterName,
    cutterVersion,
    pieceCount,
  ]);
  const counts = { created: row.units_created, revised: row.units_revised, deprecated: row.units_deprecated };
  return { runId: row.run_id, status: row.status, documentId: row.document_id, isNew: row.is_new, counts };
}

interface CutRunRow {
  run_id: string;
  status: CutRun['status'];
  document_id: string | null;
  is_new: boolean;
  units_created: number;
  units_revised: number;
  units_deprecated: number;
}

/** Adds to the counts of an unfinished run, in the transaction of the change. */
export async function countCutChanges(
  client: pg.ClientBase,
  runId: string,
  changes: Partial<CutRunCounts>,
): Promise<void> {
  const { created = 0, revised = 0, deprecated = 0 } = changes;
  await client.query('select fn_iu_cut_count($1, $2, $3, $4)', [runId, created, revised, deprecated]);
}

/** A piece as it is recorded: which bytes, and whose current version they became. */
export interface RecordedPiece {
  readonly ordinal: number;
  readonly byte_start: number;
  readonly byte_end: number;
  readonly address: string;
  readonly unit_id: string;
  readonly sha256: string;
}

/** Records the pieces, proves that nothing was lost and closes the run. Throws IU706 when the proof fails. */
export async function finishCutRun(
  client: pg.ClientBase,
  runId: string,
  documentId: string,
  pieces: readonly RecordedPiece[],
): Promise<void> {
  await client.query('select fn_iu_cut_finish($1, $2, $3)', [runId, documentId, JSON.stringify(pieces)]);
}

/** A living unit of a document, the document itself left out. */
export interface LivingUnitRow {
  readonly unitId: string;
  readonly parentId: string;
  readonly canonicalAddress: string;
  readonly bodySha256: string;
}

/** The living units below a document, in tree order. */
export async function readLivingUnits(client: pg.ClientBase, documentId: string): Promise<readonly LivingUnitRow[]> {
  const found = await client.query<{
    unit_id: string;
    parent_id: string;
    canonical_address: string;
    body_sha256: string;
  }>(
    'select unit_id, parent_id, canonical_address, body_sha256 from fn_iu_cut_living_units($1) where unit_id <> $1 order by position',
    [documentId],
  );
  return found.rows.map((row) => ({
    unitId: row.unit_id,
    parentId: row.parent_id,
    canonicalAddress: row.canonical_address,
    bodySha256: row.body_sha256,
  }));
}

/** The address itself, or with the first suffix `@2`, `@3` that no unit ever had. */
export async function freeAddress(client: pg.ClientBase, address: string): Promise<string> {
  const row = await oneRow<{ address: string }>(client, 'select fn_iu_cut_free_address($1) as address', [address]);
  return row.address;
}

/** Takes the session's lock on revising one document; false when another session has it. */
export async function tryLockDocument(client: pg.ClientBase, documentAddress: string): Promise<boolean> {
  const row = await oneRow<{ locked: boolean }>(
    client,
    "select pg_try_advisory_lock(hashtextextended('iu_cut:' || current_schema() || ':' || $1, 0)) as locked",
    [documentAddress],
  );
  return row.locked;
}

/** Gives the lock back. */
export async function unlockDocument(client: pg.ClientBase, documentAddress: string): Promise<void> {
  await client.query("select pg_advisory_unlock(hashtextextended('iu_cut:' || current_schema() || ':' || $1, 0))", [
    documentAddress,
  ]);
}

async function oneRow<Row extends pg.QueryResultRow>(
  client: pg.ClientBase,
  text: string,
  values: readonly unknown[],
): Promise<Row> {
  const { rows } = await client.query<Row>(text, [...values]);
  const [row] = rows;
  if (row === undefined) throw new Error(`no row from: ${text}`);
  return row;
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
