// The pass in SQL decides as src/contract/decision.ts: by the same table of cases, and by generated routes, gates and events.
import fc from 'fast-check';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Decision, decideEvent, idempotencyKey, type PassGates } from '../../src/contract/decision.js';
import { decidableEvents, filterOutcome, passGates, routeSets } from '../support/arbitraries.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { type CaseEvent, type CaseRoute, decisionCases } from '../support/decision-cases.js';

let database: TestDatabase;
let client: pg.PoolClient;

// One probe transaction for all: in it a pass takes its own events and honours local gate values. Guards are off, because the
// cases forge rows that the guards refuse; that the guards refuse them is tested elsewhere.
beforeAll(async () => {
  database = await createTestDatabase();
  client = await database.pool.connect();
  await client.query('begin');
  await client.query(`select fn_iu_probe_begin('decision table')`);
  await client.query('alter table iu_outbound_route disable trigger all');
  await client.query('alter table iu_route_approval disable trigger user');
  await client.query('alter table iu_outbound_route drop constraint iu_outbound_route_safe_chk');
  await client.query('alter table iu_outbound_route drop constraint iu_outbound_route_approval_fk');
  await client.query('alter table iu_route_approval drop constraint iu_route_approval_two_people_chk');
  await client.query('alter table iu_route_approval drop constraint iu_route_approval_route_id_fkey');
  await client.query('delete from iu_outbound_route');
});

afterAll(async () => {
  await client.query('rollback');
  client.release();
  await database.drop();
});

async function insertRoute(route: CaseRoute): Promise<void> {
  let approvalId: string | null = null;
  if (route.approval !== null) {
    const { rows } = await client.query(
      `insert into iu_route_approval (route_id, route_version, requested_by, approved_by, approved_at, expires_at, max_events, events_used, revoked_at,
         canary_share)
       values ($1, $2, $3, $4, case when $4::text is not null then now() end, case when $5 then now() - interval '1 hour' end, 1, $6::int,
               case when $7 then now() end, $8) returning approval_id`,
      [
        route.approval.routeId,
        route.approval.routeVersion,
        route.approval.requestedBy,
        route.approval.approvedBy,
        route.approval.expired,
        route.approval.usedUp ? 1 : 0,
        route.approval.revoked,
        route.approval.canaryShare,
      ],
    );
    approvalId = rows[0].approval_id;
  }
  await client.query(
    `insert into iu_outbound_route (route_id, route_code, version, event_domain, event_type, event_stream, filter, target_kind, target_ref,
       enabled, dry_run, approval_id, removed_at) overriding system value
     values ($1, $2, $3, $4, $5, $6, $7::jsonpath, 'webhook', 'https://receiver.example/', $8, $9, $10, case when $11 then now() end)`,
    [
      route.routeId,
      route.routeCode,
      route.version,
      route.eventDomain,
      route.eventType,
      route.eventStream,
      route.filter,
      route.enabled,
      route.dryRun,
      approvalId,
      route.removed,
    ],
  );
}

/** What a decision came to, by route: `no_match`, or status and reason; from an attempt, or from the rule for one event at a time. */
type Outcomes = Readonly<Record<string, string>>;

/** Lets the pass decide one event by these routes, and reads back everything the rule promises. */
async function decideInSql(
  event: CaseEvent,
  routes: readonly CaseRoute[],
  gates: PassGates,
): Promise<{ decision: Decision; oneByOne: Outcomes }> {
  await client.query('savepoint one');
  try {
    for (const route of routes) await insertRoute(route);
    await client.query(
      `select set_config('iu_core.probe.routes_master_enabled', $1, true), set_config('iu_core.probe.route_worker_enabled', $2, true)`,
      [String(gates.masterOpen), String(gates.workerOpen)],
    );
    await client.query(
      `insert into event_outbox (id, event_domain, event_type, event_stream, delivery_lane, event_subject_table, event_subject_ref, source_system,
         actor_ref, payload_classification, safe_payload)
       select $1, $2, $3, $4, delivery_lane, $6, $7, 'test', 'test', 'safe_metadata', $5
         from event_type_registry where event_domain = $2 and event_type = $3`,
      [
        event.eventId,
        event.eventDomain,
        event.eventType,
        event.eventStream,
        JSON.stringify(event.safePayload),
        event.subjectTable,
        event.subjectRef,
      ],
    );
    const { rows: shadows } = await client.query(
      `select j.route_code, fn_iu_route_shadow(e, j) as outcome from event_outbox e cross join fn_iu_judged_routes() j where e.id = $1`,
      [event.eventId],
    );
    const oneByOne = Object.fromEntries(shadows.map((row) => [row.route_code, row.outcome]));
    const { rows: passes } = await client.query(`select fn_iu_route_worker_run() ->> 'status' as status`);
    const status = passes[0].status as Decision['status'];
    const { rows } = await client.query(
      `select a.route_id as "routeId", a.route_code as "routeCode", a.route_version as "routeVersion", a.attempt_no as "attemptNo", a.status,
              a.reason, a.delivered, a.idempotency_key as "idempotencyKey",
              exists (select from iu_route_delivery d where (d.event_seq, d.route_id) = (a.event_seq, a.route_id)) as delivery,
              exists (select from iu_route_dead_letter d where (d.event_seq, d.route_id) = (a.event_seq, a.route_id)) as "deadLetter"
         from iu_route_attempt a where a.event_ref = $1 order by a.route_id`,
      [event.eventId],
    );
    return { decision: { status, attempts: rows } as Decision, oneByOne };
  } finally {
    await client.query('rollback to savepoint one');
  }
}

/** The routes that match, as the rule for one event at a time (replay, shadow run) decides them. */
function matching(oneByOne: Outcomes): Outcomes {
  return Object.fromEntries(Object.entries(oneByOne).filter(([, outcome]) => outcome !== 'no_match'));
}

function outcomesOf(decision: Decision): Outcomes {
  const matched = decision.attempts.filter((attempt) => attempt.routeCode !== '-');
  return Object.fromEntries(
    matched.map(({ routeCode, status, reason }) => [routeCode, reason === null ? status : `${status}/${reason}`]),
  );
}

describe('the table of cases decides the same in SQL', () => {
  it.each(decisionCases().map((one) => [one.name, one] as const))('%s', async (_, one) => {
    const { decision: decided, oneByOne } = await decideInSql(one.event, one.routes, one.gates);
    if (decided.status === 'ran') expect(matching(oneByOne)).toEqual(outcomesOf(decided));
    expect(decided.status).toBe(one.expected.status);
    expect(decided.attempts.map((attempt) => [attempt.routeCode, attempt.status, attempt.reason])).toEqual(
      one.expected.attempts,
    );
    for (const attempt of decided.attempts) {
      expect(attempt.idempotencyKey).toBe(idempotencyKey(attempt.routeCode, one.event.eventId));
      expect(attempt.delivery).toBe(attempt.status === 'queued');
      expect(attempt.deadLetter).toBe(attempt.status === 'failed');
    }
  });
});

describe('generated routes, gates and events', () => {
  it('are decided by SQL exactly as by the pure rule', async () => {
    await fc.assert(
      fc.asyncProperty(decidableEvents, routeSets, passGates, async (event, routes, gates) => {
        const expected = decideEvent(event, routes, (route) => filterOutcome(route as CaseRoute, event), gates);
        const { decision, oneByOne } = await decideInSql(event, routes, gates);
        expect(decision).toEqual(expected);
        if (decision.status === 'ran') expect(matching(oneByOne)).toEqual(outcomesOf(expected));
      }),
      { numRuns: Number(process.env.IU_PROPERTY_RUNS ?? 400) },
    );
  }, 120_000);
});
