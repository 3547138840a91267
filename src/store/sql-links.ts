import type { VIuSqlLinkResolvedRow } from './catalog.generated.js';
import { callForResult, type ListPage, type PageWishes, type Queryable, readPage } from './listing.js';
import type { Columns } from './rows.js';

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
/** What validating a link finds. */
export const linkVerdicts = ['valid', 'drifted', 'missing', 'unfingerprinted'] as const;
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
  readonly status: (typeof linkVerdicts)[number];
  readonly fingerprint: string | null;
  readonly accepted_fingerprint: string | null;
}

/** Compares a link with the live catalog; `accept` keeps what the object looks like today. */
export function validateSqlLink(database: Queryable, linkId: string, accept: boolean): Promise<LinkVerdict> {
  return callForResult(database, 'select fn_iu_sql_link_validate($1, $2)', [linkId, accept]);
}

/** A living link with what came of looking at its object. */
export interface ValidatedLink extends SqlLinkRow {
  readonly status: LinkVerdict['status'];
}

/** Which links are validated: of a unit, or of all units of a document; and which of them are given. */
export interface ValidationFilter {
  /** Address or id. */
  readonly unit?: string | undefined;
  /** Address or id of the document. */
  readonly document?: string | undefined;
  readonly status?: LinkVerdict['status'] | undefined;
}

/** So many links are looked at before the next look at how many were found. */
const linksAtOnce = 200;

/** Compares living links with the live catalog, by id; `accept` keeps what the objects of the links of this page look like today. */
export async function validateSqlLinks(
  database: Queryable,
  { status, ...filter }: ValidationFilter,
  wishes: PageWishes & { readonly accept?: boolean | undefined },
): Promise<ListPage<ValidatedLink>> {
  const found: ValidatedLink[] = [];
  let after = wishes.after;
  do {
    const page = await listSqlLinks(database, { ...filter, living: true }, { limit: linksAtOnce, after });
    const verdicts = await statusesOf(database, page.items, false);
    found.push(...page.items.flatMap((link, index) => asValidated(link, verdicts[index], status)));
    after = page.next ?? undefined;
  } while (after !== undefined && found.length <= wishes.limit);
  const items = found.slice(0, wishes.limit);
  const next = found.length > wishes.limit ? (items.at(-1)?.link_id ?? null) : null;
  if (wishes.accept !== true) return { items, next };
  const accepted = await statusesOf(database, items, true);
  return { items: items.flatMap((link, index) => asValidated(link, accepted[index], undefined)), next };
}

function asValidated(
  link: SqlLinkRow,
  status: LinkVerdict['status'] | undefined,
  wanted: LinkVerdict['status'] | undefined,
): ValidatedLink[] {
  return status === undefined || (wanted !== undefined && status !== wanted) ? [] : [{ ...link, status }];
}

/** In the order of the links. */
async function statusesOf(
  database: Queryable,
  links: readonly SqlLinkRow[],
  accept: boolean,
): Promise<readonly LinkVerdict['status'][]> {
  const { rows } = await database.query(
    `select fn_iu_sql_link_validate(l.id, $2) ->> 'status' as status from unnest($1::uuid[]) with ordinality as l (id, place) order by l.place`,
    [links.map((link) => link.link_id), accept],
  );
  return rows.map((row) => row.status);
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

/** One link with its unit. `row_pk` is JSON text; of a row `object_exists` says whether its table is there. */
export interface SqlLinkRow
  extends Columns<
    VIuSqlLinkResolvedRow,
    | 'link_id'
    | 'unit_id'
    | 'canonical_address'
    | 'unit_status'
    | 'link_role'
    | 'object_kind'
    | 'object_schema'
    | 'direction'
    | 'lifecycle_status'
    | 'enabled'
    | 'object_exists'
    | 'created_at'
    | 'created_by',
    'object_name' | 'function_identity' | 'trigger_name' | 'column_name' | 'row_pk' | 'object_fingerprint'
  > {
  readonly object_kind: SqlObjectKind;
  readonly direction: LinkDirection;
}

/** Which links a list shows. */
export interface SqlLinkFilter {
  /** Address or id. */
  readonly unit?: string | undefined;
  /** Address or id: links of all units of this document. */
  readonly document?: string | undefined;
  /** Those that are neither superseded nor retired. */
  readonly living?: boolean | undefined;
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
        [
          `unit_id in (select t.unit_id from iu_tree_path t
                        where t.root_unit_id = (select d.root_unit_id from iu_tree_path d where d.unit_id = (select fn_iu_unit_ref(?))))`,
          filter.document,
        ],
        [`(lifecycle_status in ('draft', 'enacted')) = ?`, filter.living],
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
