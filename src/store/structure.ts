import type { StructureStep } from '../contract/structure/step.js';
import type { VIuStructureOperationLogRow } from './catalog.generated.js';
import { callForResult, isoTimes, type ListPage, type PageWishes, type Queryable, readPage } from './listing.js';
import type { Columns } from './rows.js';

/** One line of the preview of a document. */
export interface PreviewLine {
  readonly address: string;
  readonly depth: number;
  readonly number: string | null;
  readonly status: string;
}

/** What a structure operation would do or did. */
export interface StructureImpact {
  readonly units: number;
  readonly units_born: number;
  readonly tree_rows: number;
  readonly sql_links: number;
  readonly relations: number;
  /** Of the relations those that are no place. */
  readonly lineage: number;
  readonly events: number;
  readonly reviews: readonly Readonly<Record<string, unknown>>[];
  /** Tree hashes of the whole documents, as the plan saw them. */
  readonly documents: Readonly<
    Record<string, { readonly before_hash: string | null; readonly after_hash: string | null }>
  >;
  /** Hash over the touched units as they stood before, and as they stand after; a rollback has to give the first again. */
  readonly before_hash: string | null;
  readonly after_hash: string | null;
}

/** One document of a preview: whole, or of a large one what is touched, above it and beside it. */
export interface PreviewTree {
  readonly document: string;
  /** How many units it has; more than there are lines when it is shown in part. */
  readonly units: number;
  /** Address of the collection it stands in, and its place there, from 1. */
  readonly collection: string | null;
  readonly place: number | null;
  readonly lines: readonly PreviewLine[];
}

/** The documents before and after, as the plan saw them. */
export interface StructurePreview {
  readonly before: readonly PreviewTree[];
  readonly after: readonly PreviewTree[];
}

/** Answer of plan, apply, rollback and withdrawal. */
export interface StructureAnswer {
  readonly operation_id: string;
  readonly operation_type: string;
  readonly status: string;
  readonly idempotency_key: string;
  /** True when the call found everything done already. */
  readonly replayed: boolean;
  readonly step_count: number;
  readonly impact: StructureImpact;
  /** Of a plan. */
  readonly preview?: StructurePreview;
  /** Of apply and rollback. */
  readonly event_emitted?: boolean;
  readonly events?: readonly {
    readonly step_no: number;
    readonly event_type: string;
    readonly event_id: string | null;
  }[];
  /** Of a rollback: the hash that had to come out, and the one that did. */
  readonly expected_hash?: string | null;
  readonly hash?: string | null;
}

/** What verify found. */
export interface StructureVerdict {
  readonly operation_id: string;
  readonly status: string;
  readonly ok: boolean;
  readonly tree_path_ok: boolean;
  readonly tree_acyclic: boolean;
  readonly relation_ok: boolean;
  readonly lifecycle_ok: boolean;
  readonly link_ok: boolean;
  readonly text_ok: boolean;
  readonly event_ok: boolean;
  readonly problems: readonly string[];
  readonly later_change: string | null;
  /** Tree hash of today of each document that it touched, by id. */
  readonly documents: Readonly<Record<string, string | null>>;
}

/** Proof of the projection of one document or of everything. */
export interface TreeProof {
  readonly ok: boolean;
  readonly documents: number;
  readonly units: number;
  readonly problems: readonly string[];
}

/** Records an operation and says what it would do. */
export function planStructureOperation(
  database: Queryable,
  steps: readonly StructureStep[],
  actor: string,
  reason: string | null,
  request: string,
): Promise<StructureAnswer> {
  const values = [JSON.stringify(steps), actor, reason, request];
  return callForResult(database, 'select fn_iu_structure_op_plan($1, $2, $3, $4)', values);
}

/** Does what was planned. */
export function applyStructureOperation(
  database: Queryable,
  operationId: string,
  actor: string,
  approvalRef: string,
): Promise<StructureAnswer> {
  return callForResult(database, 'select fn_iu_structure_op_apply($1, $2, $3)', [operationId, actor, approvalRef]);
}

/** Undoes what was applied. */
export function rollBackStructureOperation(
  database: Queryable,
  operationId: string,
  actor: string,
  approvalRef: string,
  reason: string | null,
): Promise<StructureAnswer> {
  const values = [operationId, actor, approvalRef, reason];
  return callForResult(database, 'select fn_iu_structure_op_rollback($1, $2, $3, $4)', values);
}

/** Takes back a plan that was never applied. */
export function withdrawStructureOperation(
  database: Queryable,
  operationId: string,
  actor: string,
  reason: string,
): Promise<StructureAnswer> {
  return callForResult(database, 'select fn_iu_structure_op_withdraw($1, $2, $3)', [operationId, actor, reason]);
}

/** Looks whether an operation still stands and is whole. */
export function verifyStructureOperation(database: Queryable, operationId: string): Promise<StructureVerdict> {
  return callForResult(database, 'select fn_iu_structure_op_verify($1)', [operationId]);
}

/** Proves the tree of one document (address or id), or of everything. */
export function verifyTree(database: Queryable, document: string | undefined): Promise<TreeProof> {
  const text = 'select fn_iu_tree_verify(case when $1::text is not null then fn_iu_unit_ref($1) end)';
  return callForResult(database, text, [document ?? null]);
}

/** Where an operation stands. */
export const operationStatuses = ['planned', 'enacted', 'rolled_back', 'withdrawn'] as const;
export type OperationStatus = (typeof operationStatuses)[number];

/** One structure operation: who planned, applied, rolled back or withdrew it, when and why. Logins are those of the database. */
export interface OperationRow
  extends Columns<
    VIuStructureOperationLogRow,
    | 'operation_id'
    | 'operation_type'
    | 'operation_status'
    | 'step_count'
    | 'actor_ref'
    | 'created_by'
    | 'events'
    | 'suppressed_events'
    | 'created_at',
    | 'reason'
    | 'units'
    | 'enacted_at'
    | 'applied_by'
    | 'applied_login'
    | 'approval_ref'
    | 'rolled_back_at'
    | 'rolled_back_by'
    | 'rolled_back_login'
    | 'rollback_approval_ref'
    | 'rollback_reason'
    | 'withdrawn_at'
    | 'withdrawn_by'
    | 'withdrawn_login'
    | 'withdraw_reason'
  > {
  readonly operation_status: OperationStatus;
}

const operationColumns = `operation_id, operation_type, operation_status, step_count, actor_ref, created_by, reason, units, events, suppressed_events,
  created_at, enacted_at, applied_by, applied_login, approval_ref,
  rolled_back_at, rolled_back_by, rolled_back_login, rollback_approval_ref, rollback_reason,
  withdrawn_at, withdrawn_by, withdrawn_login, withdraw_reason`;

/** Which operations a list shows. */
export interface OperationFilter {
  readonly status?: OperationStatus | undefined;
  /** A type of step, or `batch`. */
  readonly type?: string | undefined;
  /** Who planned. */
  readonly actor?: string | undefined;
}

/** Operations, newest first. */
export function listOperations(
  database: Queryable,
  filter: OperationFilter,
  wishes: PageWishes,
): Promise<ListPage<OperationRow>> {
  return readPage(
    database,
    {
      columns: operationColumns,
      from: 'v_iu_structure_operation_log',
      conditions: [
        ['operation_status = ?', filter.status],
        ['operation_type = ?', filter.type],
        ['actor_ref = ?', filter.actor],
      ],
      key: 'operation_id',
      keyType: 'bigint',
      keyColumn: 'operation_id',
      descending: true,
    },
    wishes,
  );
}

/** One operation as it was planned: its steps (JSON text, with the keys they were given), impact and preview. */
export interface OperationDetail extends OperationRow {
  readonly steps: string;
  readonly impact: StructureImpact;
  readonly preview: StructurePreview;
}

/** One operation with its steps, impact and preview; undefined when there is none. */
export async function findOperation(database: Queryable, operationId: string): Promise<OperationDetail | undefined> {
  const found = await database.query(
    `select l.*, o.payload as steps, o.impact_summary as impact, o.preview
       from (select ${operationColumns} from v_iu_structure_operation_log where operation_id = $1) l
       join iu_structure_operation o using (operation_id)`,
    [operationId],
  );
  const [row] = found.rows;
  if (row === undefined) return undefined;
  return { ...isoTimes(row), impact: JSON.parse(row.impact), preview: JSON.parse(row.preview) } as OperationDetail;
}
