import type { Client } from 'pg';
import { connectClient, quoteIdentifier } from './session.js';

/** The same address with another database. */
function urlOfDatabase(url: string, database: string): string {
  const address = new URL(url);
  address.pathname = `/${encodeURIComponent(database)}`;
  return address.href;
}

/** An empty database of the same encoding and character classes: what is a letter here is one there. */
const scratchText = `select format('create database %I template template0 encoding %L lc_collate %L lc_ctype %L', $1::text,
  pg_encoding_to_char(encoding), datcollate, datctype) as text from pg_database where datname = current_database()`;

/** Makes an empty database, lets `work` have its address, and drops it whatever happens. No connection waits meanwhile: it would be lost in an hour. */
export async function withScratchDatabase<Result>(
  url: string,
  name: string,
  work: (scratchUrl: string) => Promise<Result>,
): Promise<Result> {
  await asAdmin(url, async (admin) => admin.query((await admin.query(scratchText, [name])).rows[0].text));
  try {
    return await work(urlOfDatabase(url, name));
  } finally {
    await asAdmin(url, (admin) => admin.query(`drop database if exists ${quoteIdentifier(name)} with (force)`));
  }
}

async function asAdmin(url: string, work: (admin: Client) => Promise<unknown>): Promise<void> {
  const admin = await connectClient({ url, purpose: 'test restore' });
  try {
    await work(admin);
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
