import pg from 'pg';

interface Queries {
  query(sql: string, parameters?: unknown[]): Promise<{ rows: Record<string, unknown>[] }>;
}

/** A row of iu_route_approval to put in; the route's present version and people `ann` and `bob` unless said. */
export type ForgedApproval = Readonly<Record<string, string | number | null>>;

/**
 * Runs SQL as the owner of the tables could: with the guards of approvals switched off, in one implicit transaction. What is put in like
 * this is outside of the promise (P6); tests of what comes after an approval begin here.
 */
export async function pastTheGuards(queries: Queries, sql: string): Promise<void> {
  await queries.query(`alter table iu_route_approval disable trigger user;
    ${sql};
    alter table iu_route_approval enable always trigger trg_iu_route_approval_guard;
    alter table iu_route_approval enable always trigger trg_iu_route_approval_journal;
    alter table iu_route_approval enable always trigger trg_iu_route_approval_keep`);
}

/** Puts an approval in, and its step in iu_evidence when verify is not to notice. Gives its id. */
export async function forgeApproval(
  queries: Queries,
  routeCode: string,
  row: ForgedApproval = {},
  isJournaled = true,
): Promise<string> {
  const { route_version: version = null, ...rest } = row;
  const values: Record<string, string | number | null> = { requested_by: 'ann', approved_by: 'bob', ...rest };
  const literal = (value: string | number | null) => (value === null ? 'null' : pg.escapeLiteral(String(value)));
  const names = Object.keys(values).map((name) => pg.escapeIdentifier(name));
  const code = pg.escapeLiteral(routeCode);
  await pastTheGuards(
    queries,
    `insert into iu_route_approval (route_id, route_version, target_sha256, approved_at, ${names.join(', ')})
     select route_id, coalesce(${literal(version)}::integer, version), fn_iu_target_sha256(target_kind, target_ref),
            ${values.approved_by === null ? 'null' : 'now()'}::timestamptz,
            ${Object.values(values).map(literal).join(', ')} from iu_outbound_route where route_code = ${code}`,
  );
  const { rows } = await queries.query('select max(approval_id)::text as id from iu_route_approval');
  const id = String(rows[0]?.id);
  if (isJournaled) {
    await queries.query(
      `insert into iu_evidence (kind, route_id, route_version, passed, installation, detail, recorded_by)
       select 'approval', route_id, route_version, true, fn_iu_installation_mark(),
              jsonb_build_object('step', 'approved', 'approval_id', approval_id::text), approved_by
         from iu_route_approval where approval_id = $1 and approved_by is not null`,
      [id],
    );
  }
  return id;
}
