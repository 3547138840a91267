import type pg from 'pg';
import type { StructureStep } from '../../src/contract/structure/step.js';
import type { Tree, TreeLink, TreeUnit, TreeVersion } from '../../src/contract/structure/tree.js';

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

export const move = (unit: string, parent: string | null): StructureStep => ({
  operation_type: 'reparent_piece',
  unit,
  parent,
});

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

/** What the database holds of the units whose address begins so. */
export interface Corpus {
  readonly tree: Tree;
  readonly ids: ReadonlyMap<string, string>;
  /** Place of each among its siblings. */
  readonly ranks: ReadonlyMap<string, string>;
  /** Ids of SQL links by address of the unit and key of the link. */
  readonly links: ReadonlyMap<string, string>;
}

/** Undone births are no units any more; deleted units keep their address only. */
export async function readCorpus(db: Runs, prefix: string): Promise<Corpus> {
  const { rows } = await db.query(
    `select u.id, u.canonical_address as address, p.canonical_address as container, c.document_id is not null as in_collection,
            u.unit_kind as kind, u.lifecycle_status as status, u.section_code as code, u.deleted_at is not null as is_deleted,
            coalesce(c.sibling_rank, u.sibling_rank) as rank,
            (select jsonb_agg(jsonb_build_object('text', v.body, 'status', v.lifecycle_status)
                              order by v.id = u.version_anchor_ref, v.version_seq) from unit_version v where v.unit_id = u.id) as versions
       from information_unit u
       left join iu_collection_path c on c.document_id = u.id
       left join information_unit p on p.id = coalesce(u.parent_or_container_ref, c.collection_id)
      where starts_with(u.canonical_address collate "C", $1)
      order by coalesce(c.sibling_rank, u.sibling_rank) collate "C"`,
    [prefix],
  );
  const units = new Map<string, TreeUnit>();
  const order = new Map<string, string[]>();
  const deleted = new Set<string>();
  const ids = new Map<string, string>();
  const ranks = new Map<string, string>();
  const { linksOf, linkIds } = await readLinks(db, prefix);
  for (const row of rows) {
    if (row.is_deleted) {
      if (!row.address.includes('~undone-')) deleted.add(row.address);
      continue;
    }
    const { address, container, kind, status, code } = row;
    const versions: TreeVersion[] = JSON.parse(row.versions);
    const links = linksOf.get(address) ?? [];
    units.set(address, { address, container, inCollection: row.in_collection, kind, status, code, versions, links });
    if (container !== null) order.set(container, [...(order.get(container) ?? []), address]);
    ids.set(address, row.id);
    ranks.set(address, row.rank);
  }
  return { tree: { units, order, deleted }, ids, ranks, links: linkIds };
}

async function readLinks(db: Runs, prefix: string) {
  const { rows } = await db.query(
    `select l.id, l.idempotency_key as key, l.lifecycle_status as status, l.enabled, u.canonical_address as address
       from iu_sql_link l join information_unit u on u.id = l.unit_id where starts_with(u.canonical_address collate "C", $1)`,
    [prefix],
  );
  const byId = new Map(rows.map((row) => [row.id, row]));
  const keyOf = (row: { key: string; address: string }): string => {
    const [, from] = /^iu_op:.*:(.*)$/.exec(row.key) ?? [];
    return from === undefined ? row.key : `${keyOf(byId.get(from))}>${row.address}`;
  };
  const linksOf = new Map<string, TreeLink[]>();
  const linkIds = new Map<string, string>();
  for (const row of rows) {
    const link = { key: keyOf(row), status: row.status, enabled: row.enabled };
    linksOf.set(row.address, [...(linksOf.get(row.address) ?? []), link]);
    linkIds.set(`${row.address} ${link.key}`, row.id);
  }
  return { linksOf, linkIds };
}

export const readTree = async (db: Runs, prefix: string): Promise<Tree> => (await readCorpus(db, prefix)).tree;

/** Which text came from which and who replaced whom, as it counts now. */
export async function readLineage(db: Runs, prefix: string): Promise<string[]> {
  const { rows } = await db.query<{ line: string }>(
    `select concat_ws(' ', f.canonical_address, r.relation_type, t.canonical_address) as line from information_unit f
       join iu_relation r on r.from_unit_id = f.id join information_unit t on t.id = r.to_unit_id
      where starts_with(f.canonical_address collate "C", $1) and r.relation_type <> 'contains' and r.relation_status = 'active'`,
    [prefix],
  );
  return rows.map((row) => row.line).sort();
}

/** Tree hashes of all documents whose address begins so. */
export async function readHashes(db: Runs, prefix: string): Promise<string[]> {
  const { rows } = await db.query<{ line: string }>(
    `select canonical_address || ' ' || fn_iu_tree_hash(id) as line from information_unit
      where parent_or_container_ref is null and deleted_at is null and starts_with(canonical_address collate "C", $1) order by 1`,
    [prefix],
  );
  return rows.map((row) => row.line);
}

/** Problems of all trees; empty when every one is proven. */
export async function treeProblems(db: Runs): Promise<unknown> {
  return (await callJson<{ problems: unknown }>(db, 'fn_iu_tree_verify()')).problems;
}

/** The tree as lines in reading order, one document after the other: what two equal trees have in common. */
export function treeLines(tree: Tree): string[] {
  const lines: string[] = [];
  const walk = (address: string, path: string) => {
    const unit = tree.units.get(address);
    if (unit === undefined) return;
    const here = `${path}>${address}`;
    const versions = unit.versions.map((version) => `${version.status}:${version.text}`).join('|');
    const links = unit.links.map((link) => `${link.key}=${link.status}${link.enabled ? '+' : ''}`).sort();
    lines.push([here, unit.kind, unit.status, unit.code ?? '-', versions, ...links].join(' '));
    for (const child of tree.order.get(address) ?? []) walk(child, here);
  };
  const tops = [...tree.units.values()].filter((unit) => unit.container === null).map((unit) => unit.address);
  for (const top of tops.sort()) walk(top, '');
  return lines;
}
