import { connectClient, searchPath } from './session.js';

/** One check of a live database. */
export interface LiveCheck {
  readonly id: string;
  readonly what: string;
  readonly passed: boolean;
  readonly evidence: string;
}

/** Runs read-only scripts, the last of which gives the checks, in one transaction that is rolled back. */
export async function runLiveChecks(
  target: { readonly url: string; readonly schema: string },
  scripts: readonly string[],
): Promise<LiveCheck[]> {
  const client = await connectClient({ url: target.url, schema: target.schema, purpose: 'verify' });
  try {
    await client.query('begin transaction isolation level read committed, read only');
    await client.query("select set_config('search_path', $1, true)", [searchPath(target.schema)]);
    await client.query("set local lock_timeout = '5s'");
    let checks: LiveCheck[] = [];
    for (const script of scripts) checks = (await client.query<LiveCheck>(script)).rows;
    await client.query('rollback');
    return checks;
  } finally {
    await client.end();
  }
}
