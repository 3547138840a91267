import type pg from 'pg';
import { type Delivery, deliveryIdOf, type SendOutcome } from '../contract/delivery/delivery.js';
import { closeClient, oneTransaction, withinDeadline } from './call.js';
import { type GapReport, reportGapText, reportGapValues, type SeenCommitted } from './gaps.js';
import { isoTime } from './listing.js';
import { connectClient, quoteIdentifier, type SessionSettings } from './session.js';
import type { ProcessState } from './worker-session.js';

/** A delivery that this runner has leased. */
export interface ClaimedDelivery extends Delivery {
  readonly leaseToken: string;
  readonly routeId: string;
  readonly routeVersion: number;
}

/** What a runner asks for. */
export interface ClaimWishes {
  readonly limit: number;
  readonly leaseSeconds: number;
  /** IU_DEPLOYMENT of this process; null = none, then nothing is claimed. */
  readonly deployment: string | null;
  /** True: targets in the database only. */
  readonly inDatabase: boolean;
  /** Most to claim of these routes, by route id. */
  readonly rooms: ReadonlyMap<string, number>;
  /** Most of every other route. */
  readonly room: number;
  /** Most bytes of all payloads together; one delivery comes in any case. Null = whatever they have. */
  readonly mostBytes: number | null;
}

/** What a claim gave: deliveries, or the reason why nothing may be claimed (see fn_iu_delivery_hold). */
export interface ClaimResult {
  readonly hold: string | null;
  readonly deliveries: readonly ClaimedDelivery[];
}

/** What became of one claimed delivery. `released`: it was not sent, and its attempt number is given back. */
export interface Settlement {
  readonly delivery: ClaimedDelivery;
  readonly outcome: SendOutcome | { readonly status: 'released' };
  readonly milliseconds: number | null;
}

/** What a settle did; `refused` lost their lease before: they were settled by somebody else as unknown. */
export interface SettleResult {
  readonly settled: number;
  readonly refused: number;
  readonly dead_lettered: number;
}

/** What a runner needs to reach a target. */
export interface DeliveryRoute {
  readonly route_id: string;
  readonly route_code: string;
  readonly version: number;
  readonly target_kind: string;
  readonly target_ref: string;
  readonly target_config: Readonly<Record<string, unknown>>;
}

/** A route that deliveries were claimed of. */
export interface HeldRoute {
  readonly routeId: string;
  readonly routeVersion?: number;
}

/** May what was claimed still be sent? */
export interface DeliveryState {
  readonly hold: string | null;
  /** Ids of routes that may not be sent to now. */
  readonly stopped: readonly string[];
}

/** What running the targets of one claim in the database did. */
export interface ExecuteResult extends SettleResult {
  readonly sent: number;
  readonly failed: number;
}

/** What a runner reports about itself. */
export interface RunnerBeat {
  readonly processId: string;
  readonly host: string;
  readonly pid: number;
  readonly version: string;
  readonly state: ProcessState;
  readonly detail: string;
  /** Why it cannot open the targets of routes, by route id. */
  readonly unopened: Readonly<Record<string, string>>;
}

/** One connection of a runner. Calls on it run one after the other; each is one transaction, so a transaction pooler may stand between. */
export interface DeliverySession {
  claim(runnerId: string, wishes: ClaimWishes): Promise<ClaimResult>;
  settle(runnerId: string, settlements: readonly Settlement[]): Promise<SettleResult>;
  /** Gives back what this runner leased under other tokens than these; null while a claim of it still runs. */
  disown(runnerId: string, heldTokens: readonly string[]): Promise<number | null>;
  /** A route of another version than the given one counts as stopped. */
  state(deployment: string | null, routes: readonly HeldRoute[]): Promise<DeliveryState>;
  routes(routeIds: readonly string[]): Promise<readonly DeliveryRoute[]>;
  /** Says what this process saw committed: what is not there any more is written down as a gap. Null = a standby cannot know. */
  reportGap(processId: string, seen: readonly SeenCommitted[]): Promise<GapReport | null>;
  /** Runs the targets in the database that a claim of this session's database holds. */
  execute(runnerId: string, leaseToken: string, deadlineMilliseconds: number): Promise<ExecuteResult>;
  /** A row in iu_route_worker_heartbeat, without cursors: this process delivers. */
  heartbeat(beat: RunnerBeat): Promise<void>;
  /** Seconds since 1970 by the server's clock, for the comparison with ours. */
  serverTimeSeconds(): Promise<number>;
  close(): Promise<void>;
}

/** Claims, settles and questions answer within this, or the connection is taken as dead. */
const callMilliseconds = 30_000;

/** Opens a connection for a runner. */
export async function openDeliverySession(settings: SessionSettings): Promise<DeliverySession> {
  const client = await connectClient(settings);
  const schema = quoteIdentifier(settings.schema ?? 'public');
  const document = async (text: string, values: unknown[], milliseconds = callMilliseconds) =>
    JSON.parse(
      await withinDeadline(
        client,
        milliseconds,
        async () => (await oneTransaction(client, { text, values }, milliseconds / 2000)).rows[0].result,
      ),
    );
  return {
    claim: (runnerId, wishes) => claim(client, schema, runnerId, wishes),
    settle: (runnerId, settlements) =>
      document(`select ${schema}.fn_iu_delivery_settle($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)::text as result`, [
        runnerId,
        ...settleColumns(settlements),
      ]),
    disown: (runnerId, heldTokens) =>
      document(`select coalesce(${schema}.fn_iu_delivery_disown($1, $2)::text, 'null') as result`, [
        runnerId,
        heldTokens,
      ]),
    state: (deployment, routes) =>
      document(`select ${schema}.fn_iu_delivery_state($1, $2, $3)::text as result`, [
        deployment,
        routes.map(({ routeId }) => routeId),
        routes.map(({ routeVersion }) => routeVersion ?? null),
      ]),
    routes: (routeIds) => document(`select ${schema}.fn_iu_delivery_routes($1)::text as result`, [routeIds]),
    reportGap: (processId, seen) => document(reportGapText(schema), reportGapValues(processId, seen)),
    execute: (runnerId, leaseToken, deadlineMilliseconds) =>
      document(
        `select ${schema}.fn_iu_delivery_execute($1, $2)::text as result`,
        [runnerId, leaseToken],
        deadlineMilliseconds,
      ),
    heartbeat: async ({ processId, host, pid, version, state, detail, unopened }) => {
      await document(
        `select to_json(${schema}.fn_iu_route_worker_heartbeat($1, '{}', $2, $3, $4, $5, $6, $7)::text)::text as result`,
        [processId, host, pid, version, state, detail, JSON.stringify(unopened)],
      );
    },
    serverTimeSeconds: () => document('select extract(epoch from clock_timestamp())::text as result', []),
    close: () => closeClient(client),
  };
}

type ClaimedRow = readonly (string | null)[] & { readonly 3: unknown; readonly 5: unknown };

async function claim(client: pg.Client, schema: string, runnerId: string, wishes: ClaimWishes): Promise<ClaimResult> {
  const query: pg.QueryArrayConfig = {
    text: `select * from ${schema}.fn_iu_delivery_claim($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    values: [
      runnerId,
      wishes.limit,
      wishes.leaseSeconds,
      wishes.deployment,
      wishes.inDatabase,
      [...wishes.rooms.keys()],
      [...wishes.rooms.values()],
      wishes.room,
      wishes.mostBytes,
    ],
    // arrays, not objects: half the time for rows of 21 columns
    rowMode: 'array',
  };
  const { rows } = await withinDeadline(client, callMilliseconds, () =>
    oneTransaction(client, query, callMilliseconds / 2000),
  );
  const hold: unknown = rows[0]?.[0];
  if (typeof hold === 'string') return { hold, deliveries: [] };
  return { hold: null, deliveries: (rows as unknown as ClaimedRow[]).map(claimedOf) };
}

/** In the order of the type iu_claimed. */
function claimedOf(row: ClaimedRow): ClaimedDelivery {
  return {
    leaseToken: row[1] as string,
    routeId: row[2] as string,
    routeVersion: row[3] as number,
    attemptNo: row[5] as number,
    deliveryId: deliveryIdOf(row[6] as string),
    test: false,
    event: {
      seq: row[4] as string,
      id: row[7] as string,
      domain: row[8] as string,
      type: row[9] as string,
      stream: row[10] as string,
      severity: row[11] ?? null,
      subjectTable: row[12] as string,
      subjectRef: row[13] ?? null,
      canonicalAddress: row[14] as string,
      actorRef: row[15] as string,
      sourceSystem: row[16] as string,
      correlationId: row[17] ?? null,
      classification: row[18] as string,
      occurredAt: isoTime(row[19] as string),
      payloadText: row[20] as string,
    },
  };
}

/** In the order of the arguments. What only a failure has is left empty where nothing failed: it would be hundreds of nulls for each batch. */
function settleColumns(settlements: readonly Settlement[]): unknown[] {
  const outcomes = settlements.map(({ outcome }) => outcome);
  const mayHaveFailed = outcomes.some(({ status }) => status === 'failed' || status === 'unknown');
  const ofFailures = <Value>(read: (outcome: Settlement['outcome']) => Value): Value[] =>
    mayHaveFailed ? outcomes.map(read) : [];
  return [
    plainArray(settlements.map(({ delivery }) => delivery.leaseToken)),
    plainArray(settlements.map(({ delivery }) => delivery.routeId)),
    plainArray(settlements.map(({ delivery }) => delivery.event.seq)),
    plainArray(outcomes.map(({ status }) => status)),
    plainArray(settlements.map(({ milliseconds }) => (milliseconds === null ? 'null' : Math.round(milliseconds)))),
    outcomes.map(detailOf),
    ofFailures((one) => (one.status === 'failed' || one.status === 'unknown' ? storable(one.failureCode) : null)),
    ofFailures((one) => one.status === 'failed' && (one.permanent ?? false)),
    ofFailures((one) =>
      one.status !== 'failed' || one.retryAfterSeconds === undefined
        ? null
        : Math.min(Math.ceil(one.retryAfterSeconds), 2_592_000),
    ),
    ofFailures((one) => one.status === 'failed' && (one.pauseRoute ?? false)),
  ];
}

/** An array as PostgreSQL reads it, of values that need no quotes: ids, numbers and words of ours. pg would look into each of them. */
function plainArray(values: readonly (string | number)[]): string {
  return `{${values.join(',')}}`;
}

function detailOf(outcome: Settlement['outcome']): string | null {
  if (outcome.status === 'released') return null;
  return storable(outcome.status === 'sent' ? outcome.detail : outcome.failureDetail);
}

/** PostgreSQL refuses text with U+0000, and one refused text would keep a whole batch from being settled. */
function storable(text: string): string {
  return text.replaceAll('\u0000', '\uFFFD');
}
