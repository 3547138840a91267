import type pg from 'pg';

/**
 * The claim rule of the earlier system, kept to show that the load can fail: events after the last `(created_at, id)`,
 * locked with SKIP LOCKED, and the cursor moved over what was seen.
 */
export async function prepareKeyset(
  queries: { query(sql: string, parameters?: unknown[]): Promise<unknown> },
  domains: readonly string[],
): Promise<void> {
  await queries.query(`create table keyset_cursor (domain text primary key, at timestamptz not null default '-infinity',
    id uuid not null default '00000000-0000-0000-0000-000000000000')`);
  await queries.query(
    'create table keyset_decided (decided_id bigint generated always as identity, event_ref uuid primary key)',
  );
  await queries.query('create index keyset_idx on event_outbox (event_domain, created_at, id)');
  for (const domain of domains) await queries.query('insert into keyset_cursor (domain) values ($1)', [domain]);
}

/** One pass of that rule; gives the number of events seen. */
export async function keysetPass(client: pg.ClientBase, domain: string, batchLimit: number): Promise<number> {
  await client.query('begin');
  const { rows } = await client.query(
    `select e.id, e.created_at::text as at from event_outbox e, keyset_cursor c
      where c.domain = $1 and e.event_domain = $1 and (e.created_at, e.id) > (c.at, c.id)
      order by e.created_at, e.id limit $2 for update of e skip locked`,
    [domain, batchLimit],
  );
  const last = rows.at(-1);
  if (last !== undefined) {
    await client.query('insert into keyset_decided (event_ref) select unnest($1::uuid[]) on conflict do nothing', [
      rows.map((row) => row.id),
    ]);
    await client.query('update keyset_cursor set at = $2, id = $3 where domain = $1', [domain, last.at, last.id]);
  }
  await client.query('commit');
  return rows.length;
}
