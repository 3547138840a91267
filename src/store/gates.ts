import { gateKeys } from '../contract/operate/settings.js';
import type { DotConfigRow, IuGateLogRow } from './catalog.generated.js';
import { callForResult, isoTimes, type ListPage, type PageWishes, type Queryable, readPage } from './listing.js';

/** One gate as it stands. `open` is the judgement of the database: value, row count and time limit. */
export interface GateRow
  extends Pick<DotConfigRow, 'key' | 'value' | 'description' | 'reason' | 'open_until' | 'changed_by'> {
  readonly open: boolean;
  readonly updated_at: string | null;
}

/** The one inverted switch: only the exact value `false` closes it. */
export const emissionKey = 'iu_core.emission_enabled';

/** Every gate, whether it has a row or not. */
export async function listGates(database: Queryable): Promise<GateRow[]> {
  const result = await database.query(
    `select k.key, c.value, c.description, c.reason, c.open_until, c.changed_by, c.updated_at,
       case when k.key = $2 then coalesce(c.value, '') <> 'false' else fn_iu_gate_open(k.key) end as open
     from unnest($1::text[]) with ordinality as k (key, place) left join dot_config c using (key) order by k.place`,
    [gateKeys, emissionKey],
  );
  return result.rows.map((row) => isoTimes(row) as unknown as GateRow);
}

/** What a gate was set to. */
export interface GateSetResult {
  readonly key: string;
  readonly value: string;
  readonly was: string | null;
  readonly reason: string;
  readonly open_until: string | null;
}

/** Opens or closes a gate; committed when it returns, if the connection is in no transaction. */
export function setGate(
  database: Queryable,
  gate: {
    readonly key: string;
    readonly open: boolean;
    readonly reason: string;
    readonly openSeconds?: number | undefined;
  },
): Promise<GateSetResult> {
  const values = [gate.key, gate.open, gate.reason, gate.openSeconds ?? null];
  return callForResult(database, 'select fn_iu_gate_set($1, $2, $3, $4)', values);
}

/** Waits for what began while the gate `key` was open. Call it after the closing has committed. */
export async function drainGate(database: Queryable, key: string, waitMilliseconds: number): Promise<boolean> {
  const result = await database.query('select fn_iu_gate_drain($1, $2) as drained', [waitMilliseconds, key]);
  return result.rows[0]?.drained === true;
}

/** Deliveries that runners hold or send right now. */
export async function openSends(database: Queryable): Promise<number> {
  const result = await database.query(
    'select coalesce(sum(unsettled), 0)::int as n from iu_route_lease where lease_until > clock_timestamp()',
  );
  return result.rows[0].n;
}

/** One change of a gate or setting. */
export type GateLogRow = Pick<
  IuGateLogRow,
  | 'log_id'
  | 'config_key'
  | 'operation'
  | 'old_value'
  | 'new_value'
  | 'reason'
  | 'open_until'
  | 'changed_by'
  | 'application_name'
  | 'changed_at'
>;

/** The log of gates, newest first. */
export function listGateLog(
  database: Queryable,
  filter: { readonly key?: string | undefined; readonly since?: string | undefined; readonly by?: string | undefined },
  wishes: PageWishes,
): Promise<ListPage<GateLogRow>> {
  return readPage(
    database,
    {
      columns:
        'log_id, config_key, operation, old_value, new_value, reason, open_until, changed_by, application_name, changed_at',
      from: 'iu_gate_log',
      conditions: [
        ['config_key = ?', filter.key],
        ['changed_at >= ?::timestamptz', filter.since],
        ['changed_by = ?', filter.by],
      ],
      key: 'log_id',
      keyType: 'bigint',
      keyColumn: 'log_id',
      descending: true,
    },
    wishes,
  );
}

/** What a step of the disable ladder did. */
export interface LadderResult {
  readonly level: number;
  readonly did: string;
  readonly stops?: string;
  readonly leaves_running?: string;
}

export function ladderDisable(database: Queryable, level: number, reason: string): Promise<LadderResult> {
  return callForResult(database, 'select fn_iu_ladder_disable($1, $2)', [level, reason]);
}

export function ladderEnable(database: Queryable, level: number, reason: string): Promise<LadderResult> {
  return callForResult(database, 'select fn_iu_ladder_enable($1, $2)', [level, reason]);
}
