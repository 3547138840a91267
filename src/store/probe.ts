import type pg from 'pg';
import { connectClient, searchPath } from './session.js';

/** One line of a scenario. */
export interface ProbeRow {
  readonly scenario: string;
  readonly what: string;
  readonly expected: string;
  readonly got: string | null;
}

/** Rows that carry the marker in one table. */
export interface MarkedRows {
  readonly table_name: string;
  readonly rows: number;
}

/** A transaction that cannot commit, in which the scenarios run. */
export interface ProbeTransaction {
  /** `iu_probe_` and the transaction's id: unique in the cluster. */
  readonly marker: string;
  run(scenarioSql: string): Promise<ProbeRow[]>;
  countRows(rowsSql: string): Promise<MarkedRows[]>;
  /** Rolls back, counts once more in a new transaction, and closes the connection. */
  end(rowsSql: string): Promise<MarkedRows[]>;
  close(): Promise<void>;
}

/**
 * Opens the probe's transaction as the owner role. Short lock and statement timeouts: a probe that would have to wait for
 * somebody gives up instead of standing in a queue.
 */
export async function openProbe(url: string, schema: string): Promise<ProbeTransaction> {
  const client = await connectClient({ url, schema, purpose: 'probe' });
  try {
    await client.query('begin isolation level read committed');
    await client.query("select set_config('search_path', $1, true)", [searchPath(schema)]);
    await client.query("set local role iu_owner; set local lock_timeout = '2s'; set local statement_timeout = '60s'");
    const { rows } = await client.query<{ marker: string; floor: string }>(
      `select 'iu_probe_' || pg_current_xact_id()::text as marker,
        set_config('iu_core.probe_state.floor', (select (last_value - (not is_called)::integer)::text from event_outbox_seq_seq), true) as floor`,
    );
    const [{ marker, floor }] = rows as [{ marker: string; floor: string }];
    const countRows = (rowsSql: string) => countMarked(client, rowsSql, marker, floor);
    return {
      marker,
      countRows,
      run: async (scenarioSql) => {
        await client.query(scenarioSql);
        const result = await client.query("select current_setting('iu_core.probe_state.rows') as rows");
        return JSON.parse(result.rows[0].rows);
      },
      end: async (rowsSql) => {
        await client.query('rollback');
        return countRows(rowsSql);
      },
      close: () => client.end(),
    };
  } catch (error) {
    await client.end().catch(() => {});
    throw error;
  }
}

async function countMarked(client: pg.Client, sql: string, marker: string, floor: string): Promise<MarkedRows[]> {
  return (await client.query<MarkedRows>(sql, [marker, floor])).rows;
}
