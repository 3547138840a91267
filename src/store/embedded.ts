import type pg from 'pg';
import { errorCode } from './failure.js';
import { connectClient, quoteIdentifier } from './session.js';

/** Advisory lock that the process in charge of an embedded server holds; the server frees it however that one ends. */
const ownerLockKey = '7955886720143361';

/** Logs in to the embedded server's own database `postgres`; undefined while it refuses, or when it is another server. */
export async function tryEmbeddedLogin(
  port: number,
  password: string,
  dataFolder: string,
): Promise<pg.Client | undefined> {
  const url = embeddedUrl(port, password, 'postgres');
  try {
    const client = await connectClient({ url, purpose: 'embedded owner', connectTimeoutSeconds: 3 });
    const { rows } = await client.query(`select current_setting('data_directory') = $1 as ours`, [dataFolder]);
    if (rows[0].ours === true) return client;
    await client.end();
    return undefined;
  } catch {
    return undefined;
  }
}

/** Takes the owner's lock if it is free, and tells whether the server has only just started. */
export async function claimOwnership(client: pg.Client): Promise<{ claimed: boolean; young: boolean }> {
  const text = `select pg_try_advisory_lock($1::bigint) as claimed,
    clock_timestamp() - pg_postmaster_start_time() < interval '3 s' as young`;
  return (await client.query(text, [ownerLockKey])).rows[0];
}

/** Creates a database unless it is there. */
export async function ensureDatabase(client: pg.Client, name: string): Promise<void> {
  const { rowCount } = await client.query('select from pg_catalog.pg_database where datname = $1', [name]);
  if (rowCount !== 0) return;
  try {
    await client.query(`create database ${quoteIdentifier(name)}`);
  } catch (error) {
    // 42P04, or 23505 from the catalog's index: another session was quicker.
    if (errorCode(error) !== '42P04' && errorCode(error) !== '23505') throw error;
  }
}

/** Address of a database of the embedded server. */
export function embeddedUrl(port: number, password: string, database: string): string {
  return `postgres://postgres:${password}@127.0.0.1:${port}/${database}`;
}

/** An open connection keeps a Node process alive; the owner's must not. pg has `unref`, its types do not. */
export function letProcessEnd(client: pg.Client): void {
  if ('unref' in client && typeof client.unref === 'function') client.unref();
}
