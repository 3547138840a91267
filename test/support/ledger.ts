interface Queries {
  query(sql: string, parameters?: unknown[]): Promise<{ rows: Record<string, unknown>[] }>;
}

/** What was promised to be decided, against what was decided. */
export interface Ledger {
  /** Committed changes, counted in the subjects' own rows and not in the log. */
  readonly committed: number;
  readonly decided: number;
  /** Changes without a decision. */
  readonly lost: number;
  /** Changes with more than one. */
  readonly double: number;
  /** Decisions about a subject that came after one about a later change of it. */
  readonly inversions: number;
}

const passDecisions = `select a.attempt_id as place, a.event_ref from iu_route_attempt a where a.attempt_no = 1 and a.route_kind = 'outbound'`;
const keysetDecisions = 'select d.decided_id as place, d.event_ref from keyset_decided d';

/** Each subject counts its committed changes from 1; so every (subject, number) up to its counter must be decided once, in order. */
export async function readLedger(queries: Queries, reader: 'pass' | 'keyset'): Promise<Ledger> {
  const { rows } = await queries.query(
    `with decision as materialized (
       select d.place, e.event_domain as domain, e.event_subject_ref::integer as id, (e.safe_payload ->> 'n')::integer as n
         from (${reader === 'pass' ? passDecisions : keysetDecisions}) d
         join event_outbox e on e.id = d.event_ref and e.event_subject_table = 'load_subject'
     ), ordered as (
       select n, max(n) over (partition by domain, id order by place rows between unbounded preceding and 1 preceding) as highest from decision
     ), counted as (
       select domain, id, n, count(*) as times from decision group by domain, id, n
     )
     select (select sum(n) from load_subject)::integer as committed,
            (select count(*) from decision)::integer as decided,
            (select count(*) from load_subject s cross join lateral generate_series(1, s.n) as g(n)
              where not exists (select from counted c where (c.domain, c.id, c.n) = (s.domain, s.id, g.n)))::integer as lost,
            (select count(*) from counted where times > 1)::integer as double,
            (select count(*) from ordered where n < highest)::integer as inversions`,
  );
  const row = rows[0] ?? {};
  return {
    committed: Number(row.committed),
    decided: Number(row.decided),
    lost: Number(row.lost),
    double: Number(row.double),
    inversions: Number(row.inversions),
  };
}
