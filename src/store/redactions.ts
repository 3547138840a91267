import type { IuRedactedCopyRow, IuRedactionRow } from './catalog.generated.js';
import { callForResult, isoTimes, type ListPage, type PageWishes, type Queryable, readPage } from './listing.js';

/** One value that a redaction would overwrite, or has: where it stands, its hash and length, never the value. */
export type RedactionCopy = Pick<
  IuRedactedCopyRow,
  'table_name' | 'row_key' | 'column_name' | 'sha256' | 'byte_length'
>;

/** What holds the text or something of it and is not overwritten, and what a person does about it. */
export interface RedactionLeftover {
  readonly code: 'original_source' | 'piece_title';
  readonly ref: string | null;
  readonly count: number;
  readonly action: string;
}

/** What a redaction would overwrite, and what stands in its way. */
export interface RedactionPlan {
  readonly subject_kind: string;
  readonly subject_ref: string;
  readonly copies: readonly RedactionCopy[];
  readonly blockers: readonly { readonly code: string; readonly count: number }[];
  readonly archive_files: readonly string[];
  readonly leftovers: readonly RedactionLeftover[];
}

/** One redaction of a list. */
export type RedactionRow = Pick<
  IuRedactionRow,
  | 'redaction_id'
  | 'subject_kind'
  | 'subject_ref'
  | 'reason'
  | 'legal_ref'
  | 'state'
  | 'requested_by'
  | 'requested_at'
  | 'approved_by'
  | 'approved_at'
  | 'approval_note'
  | 'rejected_by'
  | 'rejected_at'
  | 'rejection_note'
  | 'applied_by'
  | 'applied_at'
>;

/** What applying one answers. */
export interface RedactionApplied extends RedactionRow {
  readonly overwritten: number;
  readonly archive_files: readonly string[];
  readonly leftovers: readonly RedactionLeftover[];
}

export function planRedaction(database: Queryable, kind: string, ref: string): Promise<RedactionPlan> {
  return callForResult(database, 'select fn_iu_redaction_plan($1, $2)', [kind, ref]);
}

export function requestRedaction(
  database: Queryable,
  wishes: { readonly kind: string; readonly ref: string; readonly reason: string; readonly legalRef: string },
): Promise<RedactionRow> {
  const values = [wishes.kind, wishes.ref, wishes.reason, wishes.legalRef];
  return callForResult(database, 'select fn_iu_redaction_request($1, $2, $3, $4)', values);
}

export function approveRedaction(database: Queryable, id: string, note: string): Promise<RedactionRow> {
  return callForResult(database, 'select fn_iu_redaction_approve($1, $2)', [id, note]);
}

export function rejectRedaction(database: Queryable, id: string, note: string): Promise<RedactionRow> {
  return callForResult(database, 'select fn_iu_redaction_reject($1, $2)', [id, note]);
}

export function applyRedaction(database: Queryable, id: string): Promise<RedactionApplied> {
  return callForResult(database, 'select fn_iu_redaction_apply($1)', [id]);
}

const columns = `r.redaction_id, r.subject_kind, r.subject_ref, r.reason, r.legal_ref, r.state, r.requested_by, r.requested_at, r.approved_by,
  r.approved_at, r.approval_note, r.rejected_by, r.rejected_at, r.rejection_note, r.applied_by, r.applied_at`;

/** Redactions, newest first. */
export function listRedactions(
  database: Queryable,
  filter: { readonly state?: string | undefined; readonly kind?: string | undefined },
  wishes: PageWishes,
): Promise<ListPage<RedactionRow>> {
  return readPage(
    database,
    {
      columns,
      from: 'iu_redaction r',
      conditions: [
        ['r.state = ?', filter.state],
        ['r.subject_kind = ?', filter.kind],
      ],
      key: 'r.redaction_id',
      keyType: 'bigint',
      keyColumn: 'redaction_id',
      descending: true,
    },
    wishes,
  );
}

/** One redaction with what it overwrote; undefined when there is none. */
export async function findRedaction(
  database: Queryable,
  id: string,
): Promise<(RedactionRow & { readonly copies: readonly RedactionCopy[] }) | undefined> {
  const row = (await database.query(`select ${columns} from iu_redaction r where r.redaction_id = $1`, [id])).rows[0];
  if (row === undefined) return undefined;
  const text = `select table_name, row_key, column_name, sha256, byte_length from iu_redacted_copy where redaction_id = $1 order by 1, 2, 3`;
  const copies = (await database.query<RedactionCopy>(text, [id])).rows;
  return { ...(isoTimes(row) as unknown as RedactionRow), copies };
}
