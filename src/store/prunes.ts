import type pg from 'pg';
import type { IuPruneRunRow } from './catalog.generated.js';
import { callForResult, isoTimesDeep, type ListPage, type PageWishes, type Queryable, readPage } from './listing.js';
import { withRetry, withTransaction } from './transaction.js';

/** What a prune would take, and why the rest stays. */
export interface PrunePreview {
  readonly cutoff_at: string;
  readonly examined: number;
  readonly events: number;
  /** Of payloads as stored. */
  readonly bytes: string;
  readonly first_seq: string | null;
  readonly last_seq: string | null;
  /** Events that are old enough and stay, by reason. */
  readonly held: Readonly<Record<string, number>>;
  /** How many of `events` the server was not asked about, for time or a lock: foreign keys may hold them. */
  readonly not_asked: number;
  /** Foreign keys on events, and what a delete does to their rows. */
  readonly referencing: readonly string[];
  /** False when it stopped before it had looked at everything that is old enough. */
  readonly complete: boolean;
}

/** A prune as its functions answer with it. */
export interface PruneProgress {
  readonly run_id: string;
  readonly status: 'started' | 'stepped' | 'done' | 'cancelled' | 'busy';
  readonly state: 'running' | 'done' | 'cancelled';
  readonly archive: 'none' | 'table' | 'folder';
  readonly archive_place: string | null;
  readonly cutoff_at: string;
  readonly batches: number;
  readonly examined: number;
  readonly events: number;
  readonly attempts: number;
  readonly others: number;
  readonly held: Readonly<Record<string, number>>;
  readonly position_seq: string;
  readonly ceiling_seq: string;
  readonly installation: string;
}

/** What one step took: a number when it took something. */
export interface PruneStep extends PruneProgress {
  readonly batch_no: number | null;
  readonly rows: number;
}

/** A file that a step was archived in. */
export interface ArchivedFile {
  readonly file: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly rows: number;
}

export async function previewPrune(database: Queryable, olderThanDays: number): Promise<PrunePreview> {
  // A statement of its own: it locks the cursors, and no pass has to wait until everything was looked at.
  await database.query('select fn_iu_prune_certify()');
  return callForResult(database, 'select fn_iu_prune_preview($1)', [olderThanDays]);
}

/** Begins a prune; nothing is taken yet. */
export function startPrune(
  database: Queryable,
  wishes: {
    readonly olderThanDays: number;
    readonly reason: string | undefined;
    readonly archive: PruneProgress['archive'];
    readonly place: string | undefined;
  },
): Promise<PruneProgress> {
  const values = [wishes.olderThanDays, wishes.reason ?? null, wishes.archive, wishes.place ?? null];
  return callForResult(database, 'select fn_iu_prune_start($1, $2, $3, $4)', values);
}

export function cancelPrune(database: Queryable, runId: string, reason: string): Promise<PruneProgress> {
  return callForResult(database, 'select fn_iu_prune_cancel($1, $2)', [runId, reason]);
}

/**
 * One step, one transaction. For an archive in a folder `archive` gets the rows as text and has to have them safely on disk when it
 * resolves; only then the step commits, so what is deleted is always in a file.
 */
export function stepPrune(
  pool: pg.Pool,
  runId: string,
  limit: number,
  archive: (step: PruneStep, lines: readonly string[]) => Promise<ArchivedFile>,
): Promise<PruneStep> {
  return withRetry(() =>
    withTransaction(pool, async (client) => {
      const { rows } = await client.query<{ line: string }>('select fn_iu_prune_step($1, $2) as line', [runId, limit]);
      const [head, ...lines] = rows.map((row) => row.line);
      const step = isoTimesDeep(JSON.parse(head ?? '')) as PruneStep;
      if (step.archive === 'folder' && step.batch_no !== null) {
        const { file, sha256, bytes, rows: archived } = await archive(step, lines);
        const values = [runId, step.batch_no, file, sha256, bytes, archived];
        await client.query('select fn_iu_prune_archived($1, $2, $3, $4, $5, $6)', values);
      }
      return step;
    }),
  );
}

/** One prune of a list. */
export type PruneRunRow = Pick<
  IuPruneRunRow,
  | 'run_id'
  | 'state'
  | 'cutoff_at'
  | 'archive'
  | 'archive_place'
  | 'reason'
  | 'started_by'
  | 'started_at'
  | 'worked_at'
  | 'batches'
  | 'examined'
  | 'events'
  | 'attempts'
  | 'others'
  | 'held'
  | 'ended_by'
  | 'ended_at'
  | 'end_reason'
>;

const columns = `r.run_id, r.state, r.cutoff_at, r.archive, r.archive_place, r.reason, r.started_by, r.started_at, r.worked_at, r.batches,
  r.examined, r.events, r.attempts, r.others, r.held, r.ended_by, r.ended_at, r.end_reason`;

/** Prunes, newest first. */
export function listPrunes(
  database: Queryable,
  filter: { readonly state?: string | undefined; readonly id?: string | undefined },
  wishes: PageWishes,
): Promise<ListPage<PruneRunRow>> {
  return readPage(
    database,
    {
      columns,
      from: 'iu_prune_run r',
      conditions: [
        ['r.state = ?', filter.state],
        ['r.run_id = ?', filter.id],
      ],
      key: 'r.run_id',
      keyType: 'bigint',
      keyColumn: 'run_id',
      descending: true,
    },
    wishes,
  );
}

/** The files of a prune, in order. */
export async function filesOfPrune(
  database: Queryable,
  runId: string,
): Promise<(ArchivedFile & { batch_no: number })[]> {
  const text = `select batch_no, archive_file as file, archive_sha256 as sha256, archive_bytes as bytes, rows from iu_prune_batch
     where run_id = $1 and archive_file is not null order by batch_no`;
  return (await database.query(text, [runId])).rows.map((row) => ({ ...row, bytes: Number(row.bytes) }));
}
