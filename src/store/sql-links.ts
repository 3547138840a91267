import { callForResult, type ListPage, type PageWishes, type Queryable, readPage } from './listing.js';

/** What a link may point to. */
export const sqlObjectKinds = [
  'schema',
  'table',
  'view',
  'function',
  'trigger',
  'column',
  'row',
  'directus_collection',
] as const;
export type SqlObjectKind = (typeof sqlObjectKinds)[number];
export const linkDirections = ['outbound', 'inbound', 'bidirectional'] as const;
export type LinkDirection = (typeof linkDirections)[number];

/** A link to be made; which names it needs depends on the kind of the object. Without a schema that of the installation. */
export interface NewSqlLink {
  /** Address or id of a living unit. */
  readonly unit: string;
  /** What the unit is to the object, such as `governs`. */
  readonly link_role: string;
  readonly object_kind: SqlObjectKind;
  readonly object_schema?: string | undefined;
  readonly object_name?: string | undefined;
  readonly collection_name?: string | undefined;
  /** Primary key of a row as JSON text: column to value. */
  readonly row_pk?: string | undefined;
  readonly function_identity?: string | undefined;
  readonly trigger_name?: string | undefined;
  readonly column_name?: string | undefined;
  readonly direction?: LinkDirection | undefined;
  readonly lifecycle_status?: 'draft' | 'enacted' | undefined;
  readonly enabled?: boolean | undefined;
}

/** What became of a wish for a link. */
export interface NewLinkAnswer {
  readonly status: 'created' | 'known';
  readonly link_id: string;
  readonly unit_id: string;
  readonly object_exists: boolean;
}

/** Links a unit to an object of the database; the same link is made once while it lives. */
export function addSqlLink(database: Queryable, link: NewSqlLink, actor: string): Promise<NewLinkAnswer> {
  const { row_pk, ...rest } = link;
  const text = `select fn_iu_sql_link_add($1::jsonb || jsonb_strip_nulls(jsonb_build_object('row_pk', $2::jsonb)), $3)`;
  return callForResult(database, text, [JSON.stringify(rest), row_pk ?? null, actor]);
}

/** A link beside the object of today. */
export interface LinkVerdict {
  readonly link_id: string;
  readonly object_kind: SqlObjectKind;
  readonly object_exists: boolean;
  readonly status: 'valid' | 'drifted' | 'missing' | 'unfingerprinted';
  readonly fingerprint: string | null;
  readonly accepted_fingerprint: string | null;
}

/** Compares a link with the live catalog; `accept` keeps what the object looks like today. */
export function validateSqlLink(database: Queryable, linkId: string, accept: boolean): Promise<LinkVerdict> {
  return callForResult(database, 'select fn_iu_sql_link_validate($1, $2)', [linkId, accept]);
}

/** What became of the wish to end a link. */
export interface RetiredLinkAnswer {
  readonly status: 'retired' | 'unchanged';
  readonly link_id: string;
  readonly unit_id: string;
}

/** Ends a link. */
export function retireSqlLink(
  database: Queryable,
  linkId: string,
  actor: string,
  reason: string,
): Promise<RetiredLinkAnswer> {
  return callForResult(database, 'select fn_iu_sql_link_retire($1, $2, $3)', [linkId, actor, reason]);
}

/** One link with its unit. */
export interface SqlLinkRow {
  readonly link_id: string;
  readonly unit_id: string;
  readonly canonical_address: string;
  readonly unit_status: string;
  readonly link_role: string;
  readonly object_kind: SqlObjectKind;
  readonly object_schema: string;
  readonly object_name: string | null;
  readonly function_identity: string | null;
  readonly trigger_name: string | null;
  readonly column_name: string | null;
  /** JSON text. */
  readonly row_pk: string | null;
  readonly direction: LinkDirection;
  readonly lifecycle_status: string;
  readonly enabled: boolean;
  readonly object_fingerprint: string | null;
  /** Of a row: whether its table is there. */
  readonly object_exists: boolean;
  readonly created_at: string;
  readonly created_by: string;
}

/** Which links a list shows. */
export interface SqlLinkFilter {
  /** Address or id. */
  readonly unit?: string | undefined;
  readonly status?: string | undefined;
  readonly kind?: SqlObjectKind | undefined;
  /** Those whose object is there, or is not. */
  readonly exists?: boolean | undefined;
}

/** SQL links, by id. */
export function listSqlLinks(
  database: Queryable,
  filter: SqlLinkFilter,
  wishes: PageWishes,
): Promise<ListPage<SqlLinkRow>> {
  return readPage(
    database,
    {
      columns: `link_id, unit_id, canonical_address, unit_status, link_role, object_kind, object_schema, object_name, function_identity, trigger_name,
        column_name, row_pk, direction, lifecycle_status, enabled, object_fingerprint, object_exists, created_at, created_by`,
      from: 'v_iu_sql_link_resolved',
      conditions: [
        ['unit_id = (select fn_iu_unit_ref(?))', filter.unit],
        ['lifecycle_status = ?', filter.status],
        ['object_kind = ?', filter.kind],
        ['object_exists = ?', filter.exists],
      ],
      key: 'link_id',
      keyType: 'uuid',
      keyColumn: 'link_id',
      descending: false,
    },
    wishes,
  );
}
