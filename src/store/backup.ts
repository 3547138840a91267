import { connectClient, quoteIdentifier } from './session.js';

/** The same address with another database. */
function urlOfDatabase(url: string, database: string): string {
  const address = new URL(url);
  address.pathname = `/${encodeURIComponent(database)}`;
  return address.href;
}

/** Makes an empty database, lets `work` have its address, and drops it whatever happens. */
export async function withScratchDatabase<Result>(
  url: string,
  name: string,
  work: (scratchUrl: string) => Promise<Result>,
): Promise<Result> {
  const admin = await connectClient({ url, purpose: 'test restore' });
  try {
    await admin.query(`create database ${quoteIdentifier(name)} template template0`);
    try {
      return await work(urlOfDatabase(url, name));
    } finally {
      await admin.query(`drop database if exists ${quoteIdentifier(name)} with (force)`);
    }
  } finally {
    await admin.end();
  }
}

/** What a restored copy holds. */
export interface RestoredFacts {
  readonly tables: number;
  /** Rows of the log; '0' where there is none. */
  readonly rows: string;
}

export async function readRestoredFacts(url: string, schema: string): Promise<RestoredFacts> {
  const client = await connectClient({ url, schema, purpose: 'test restore' });
  try {
    const text = `select (select count(*)::int from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p') and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname not like 'pg\\_toast%') as tables,
      to_regclass($1) is not null as log`;
    const log = `${quoteIdentifier(schema)}.event_outbox`;
    const found = (await client.query(text, [log])).rows[0];
    const rows = found.log ? (await client.query(`select count(*)::text as rows from ${log}`)).rows[0].rows : '0';
    return { tables: found.tables, rows };
  } finally {
    await client.end();
  }
}
