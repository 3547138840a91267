import type pg from 'pg';
import type { StructureStep } from '../../src/contract/structure/step.js';
import type { Tree, TreeUnit } from '../../src/contract/structure/tree.js';

/** Anything that runs a query. */
export type Runs = pg.Pool | pg.ClientBase;

/** What a structure function answered. */
export interface Answer {
  readonly operation_id: string;
  readonly status: string;
  readonly replayed: boolean;
  readonly step_count: number;
  readonly event_emitted?: boolean;
  readonly preview?: unknown;
  readonly hash?: string | null;
  readonly expected_hash?: string | null;
  readonly impact: {
    readonly documents: Record<string, { before_hash: string | null; after_hash: string | null }>;
    readonly [key: string]: unknown;
  };
}

/** Calls one function that returns jsonb. */
export async function callJson<Result = Answer>(
  db: Runs,
  sql: string,
  values: readonly unknown[] = [],
): Promise<Result> {
  const { rows } = await db.query<{ result: string }>(`select ${sql} as result`, [...values]);
  return JSON.parse(rows[0]?.result ?? 'null');
}

export const planSteps = (db: Runs, steps: readonly StructureStep[], request = '') =>
  callJson(db, 'fn_iu_structure_op_plan($1, $2, $3, $4)', [JSON.stringify(steps), 'editor', 'a test', request]);

export const applyPlan = (db: Runs, operationId: string) =>
  callJson(db, 'fn_iu_structure_op_apply($1, $2, $3)', [operationId, 'editor', 'A-1']);

export const rollBack = (db: Runs, operationId: string) =>
  callJson(db, 'fn_iu_structure_op_rollback($1, $2, $3, $4)', [operationId, 'editor', 'A-2', 'a test']);

/** Plans and applies; returns the id of the operation. */
export async function doSteps(db: Runs, steps: readonly StructureStep[], request = ''): Promise<string> {
  const { operation_id } = await planSteps(db, steps, request);
  await applyPlan(db, operation_id);
  return operation_id;
}

export const openStructureGate = (db: Runs) =>
  db.query(`select fn_iu_gate_set('iu_core.structure_ops_enabled', true, 'test')`);

/** The code of a refusal, or ok. */
export function codeOfCall(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'ok',
    (error: { code?: string; message: string }) => error.code ?? error.message,
  );
}

/** The living and dead units whose address begins so, as the model has them. */
export async function readTree(db: Runs, prefix: string): Promise<Tree> {
  const { rows } = await db.query(
    `select u.canonical_address as address, p.canonical_address as container, c.document_id is not null as in_collection,
            u.unit_kind as kind, u.lifecycle_status as status, u.section_code as code, v.body
       from information_unit u
       join unit_version v on v.id = u.version_anchor_ref
       left join iu_collection_path c on c.document_id = u.id
       left join information_unit p on p.id = coalesce(u.parent_or_container_ref, c.collection_id)
      where starts_with(u.canonical_address, $1) and u.deleted_at is null
      order by coalesce(c.sibling_rank, u.sibling_rank) collate "C"`,
    [prefix],
  );
  const units = new Map<string, TreeUnit>();
  const order = new Map<string, string[]>();
  for (const row of rows) {
    const { in_collection: inCollection, ...rest } = row;
    units.set(row.address, { ...rest, inCollection });
    if (row.container !== null) order.set(row.container, [...(order.get(row.container) ?? []), row.address]);
  }
  return { units, order };
}

/** Tree hashes of all documents whose address begins so. */
export async function readHashes(db: Runs, prefix: string): Promise<string[]> {
  const { rows } = await db.query<{ line: string }>(
    `select canonical_address || ' ' || fn_iu_tree_hash(id) as line from information_unit
      where parent_or_container_ref is null and deleted_at is null and starts_with(canonical_address, $1) order by 1`,
    [prefix],
  );
  return rows.map((row) => row.line);
}

/** Problems of all trees; empty when every one is proven. */
export async function treeProblems(db: Runs): Promise<unknown> {
  return (await callJson<{ problems: unknown }>(db, 'fn_iu_tree_verify()')).problems;
}
