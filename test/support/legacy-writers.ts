import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import { connectClient } from '../../src/store/session.js';
import type { TestDatabase } from './database.js';

/** Inserts as an application of the former system does, on connections and with a login of its own. */
export async function startLegacyWriters(db: TestDatabase, writers: number) {
  const url = await db.loginUrl();
  const login = decodeURIComponent(new URL(url).username);
  await db.pool.query(
    `grant usage on schema ${db.schema} to ${login}; grant insert, select on event_outbox to ${login};
    grant select on event_type_registry to ${login}`,
  );
  const clients: pg.Client[] = [];
  for (let n = 0; n < writers; n += 1)
    clients.push(await connectClient({ url, schema: db.schema, purpose: 'legacy writer' }));
  let stopped = false;
  let count = 0;
  const failures: string[] = [];
  const write = async (client: pg.Client, writer: number) => {
    for (let n = 0; !stopped; n += 1) {
      try {
        await client.query(
          `insert into event_outbox (event_domain, event_type, event_stream, delivery_lane, event_subject_table, event_subject_ref,
             canonical_address, actor_ref, source_system) values ('system', 'alert', 'alert', 'immediate', 'system_issue', $1, 'a', 'b', 'c')`,
          [`w${writer}-${n}`],
        );
        count += 1;
      } catch (error) {
        failures.push(error instanceof Error ? error.message : String(error));
        return;
      }
      await pause(2);
    }
  };
  const running = clients.map(write);
  return {
    login,
    stop: async () => {
      stopped = true;
      await Promise.all(running);
      for (const client of clients.splice(0)) await client.end();
      return { count, failures };
    },
  };
}

const fingerprintFile = new URL('../../sql/functions/registry/fn_iu_catalog_fingerprint.sql', import.meta.url);

/** The whole catalog of a schema in which nothing of ours is installed, with rights as they are in effect. */
export async function legacyCatalog(client: pg.ClientBase, schema: string): Promise<unknown[]> {
  await client.query('begin');
  try {
    await client.query(`set local search_path = ${schema}, pg_temp`);
    await client.query(readFileSync(fingerprintFile, 'utf8'));
    const objects = (
      await client.query(
        "select * from fn_iu_catalog_fingerprint() where identity not like '%fn_iu_catalog_fingerprint%'",
      )
    ).rows;
    const rights = (
      await client.query(
        `select c.relname, x.grantee::regrole::text, x.privilege_type, x.is_grantable
           from pg_class c, aclexplode(coalesce(c.relacl, acldefault((case c.relkind when 'S' then 's' else 'r' end)::"char", c.relowner))) x
          where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'S', 'v') order by 1, 2, 3`,
      )
    ).rows;
    const place = (await client.query('select nspacl::text from pg_namespace where nspname = $1', [schema])).rows;
    return [...objects, ...rights, ...place];
  } finally {
    await client.query('rollback');
  }
}
