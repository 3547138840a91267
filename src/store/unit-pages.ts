import type { InformationUnitRow, UnitVersionRow } from './catalog.generated.js';
import { isoTimes, type ListPage, type PageWishes, type Queryable, readPage } from './listing.js';

/** One information unit of a list. A deleted unit stands in no tree; its row, versions and address stay. */
export interface UnitRow
  extends Pick<
    InformationUnitRow,
    'canonical_address' | 'id' | 'unit_kind' | 'lifecycle_status' | 'owner_ref' | 'updated_at' | 'deleted_at'
  > {
  readonly title: string | null;
  readonly version_seq: number | null;
  readonly parent_id: string | null;
}

/** Which units a list shows. */
export interface UnitFilter {
  readonly kind?: string | undefined;
  readonly status?: string | undefined;
  readonly under?: string | undefined;
  readonly documents?: boolean | undefined;
  /** Only deleted ones; left out, only those that are not. */
  readonly deleted?: boolean | undefined;
}

const columns = `u.canonical_address, u.id, u.unit_kind, u.identity_profile ->> 'title' as title, u.lifecycle_status, v.version_seq,
  u.owner_ref, u.parent_or_container_ref as parent_id, u.updated_at, u.deleted_at`;
const from = 'information_unit u left join unit_version v on v.id = u.version_anchor_ref';

/** Units by address. */
export function listUnits(database: Queryable, filter: UnitFilter, wishes: PageWishes): Promise<ListPage<UnitRow>> {
  return readPage(
    database,
    {
      columns,
      from,
      conditions: [
        ['u.unit_kind = ?', filter.kind],
        ['u.lifecycle_status = ?', filter.status],
        [
          `u.id in (select b.id from information_unit p cross join lateral (
             select c.id from information_unit c where c.parent_or_container_ref = p.id
             union all select d.document_id from iu_collection_path d where d.collection_id = p.id) b where p.canonical_address = ?)`,
          filter.under,
        ],
        ['(u.parent_or_container_ref is null) = ?', filter.documents],
        ['(u.deleted_at is not null) = ?', filter.deleted ?? false],
      ],
      key: 'u.canonical_address',
      keyType: 'text',
      keyColumn: 'canonical_address',
      descending: false,
    },
    wishes,
  );
}

/** One version of a unit, without its body. */
export interface VersionRow
  extends Pick<
    UnitVersionRow,
    'version_seq' | 'id' | 'lifecycle_status' | 'content_hash' | 'created_by' | 'created_at' | 'enacted_at'
  > {
  readonly body_bytes: number;
}

/** One unit with its versions, oldest first. */
export interface UnitDetail {
  readonly unit: UnitRow & {
    /** Pieces below it and, of a collection, documents in it. */
    readonly children: string;
    /** The collection that a document stands in. */
    readonly collection_address: string | null;
  };
  readonly versions: readonly VersionRow[];
}

/** The unit with this address or id; undefined when there is none. */
export async function findUnit(database: Queryable, addressOrId: string): Promise<UnitDetail | undefined> {
  const found = await database.query(
    `select ${columns}, (select count(*) from information_unit c where c.parent_or_container_ref = u.id and c.deleted_at is null)
              + (select count(*) from iu_collection_path d where d.collection_id = u.id) as children,
            (select k.canonical_address from iu_collection_path d join information_unit k on k.id = d.collection_id
              where d.document_id = u.id) as collection_address
       from ${from} where u.id = coalesce((select a.id from information_unit a where a.canonical_address = $1),
                                          case when $1 ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then $1::uuid end)`,
    [addressOrId],
  );
  const row = found.rows[0];
  if (row === undefined) return undefined;
  const versions = await database.query(
    `select version_seq, id, lifecycle_status, content_hash, octet_length(body) as body_bytes, created_by, created_at, enacted_at
       from unit_version where unit_id = $1 order by version_seq`,
    [row.id],
  );
  return {
    unit: isoTimes(row) as unknown as UnitDetail['unit'],
    versions: versions.rows.map((version) => isoTimes(version) as unknown as VersionRow),
  };
}

/** The text of one version of a unit; undefined when there is none. */
export async function versionBody(
  database: Queryable,
  unitId: string,
  versionSeq: number,
): Promise<string | undefined> {
  const text = 'select body from unit_version where unit_id = $1 and version_seq = $2';
  return (await database.query(text, [unitId, versionSeq])).rows[0]?.body;
}
