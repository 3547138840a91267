import { faultDomain } from './fault-writers.js';
import type { SinkRequest } from './sink.js';

interface Queries {
  query(sql: string, parameters?: unknown[]): Promise<{ rows: Record<string, unknown>[] }>;
}

/** The books of one run: emitted, decided, attempted and received, and everything in which they differ. */
export interface DeliveryLedger {
  /** Committed changes, counted in the subjects' own rows. */
  readonly emitted: number;
  /** Received deliveries by distinct id, and what came again under an id that was there already. */
  readonly received: number;
  readonly duplicates: number;
  /** Pairs of event and live route without a decision, and with more than one. */
  readonly undecided: number;
  readonly doubleDecisions: number;
  /** Pairs that were not recorded as sent, or more than once. */
  readonly unsent: number;
  readonly doubleSent: number;
  /** Pairs whose attempt numbers have a gap or a double. */
  readonly brokenNumbers: number;
  /** Recorded as sent and never received, received and never recorded as sent. */
  readonly phantomSent: number;
  readonly unrecorded: number;
  /** Ids that the sink got more often than the audit has sends of them: a duplicate that nothing explains. */
  readonly unexplained: number;
  /** Ids whose repeats had another body. */
  readonly changedBodies: number;
  /** First receipts on an ordered route that came after one of a later change of the subject. */
  readonly inversions: number;
  readonly deadLetters: number;
  readonly waiting: number;
  readonly leases: number;
  /** Attempts that the audit calls unknown, and those of them that a lease ended. */
  readonly unknown: number;
  readonly leaseExpired: number;
}

const audit = `with pair as (
    select e.seq, r.route_id, r.route_code, r.ordering, e.id,
           (select count(*) from iu_route_attempt a where a.event_seq = e.seq and a.route_id = r.route_id and a.attempt_no = 1) as decisions,
           (select count(*) from iu_route_attempt a where a.event_seq = e.seq and a.route_id = r.route_id and a.status = 'sent') as sent,
           (select count(*) from iu_route_attempt a where a.event_seq = e.seq and a.route_id = r.route_id) as attempts,
           (select max(attempt_no) from iu_route_attempt a where a.event_seq = e.seq and a.route_id = r.route_id) as highest,
           (select count(*) from iu_route_attempt a where a.event_seq = e.seq and a.route_id = r.route_id
             and a.status in ('sent', 'failed', 'unknown') and (a.attempt_no > 1)) as sends,
           e.event_subject_ref as subject, (e.safe_payload ->> 'n')::integer as n
      from event_outbox e cross join iu_outbound_route r
     where e.event_domain = '${faultDomain}' and r.event_domain = '${faultDomain}' and r.enabled)`;

interface Pair {
  readonly code: string;
  readonly id: string;
  readonly subject: string;
  readonly n: number;
  readonly sent: number;
  readonly sends: number;
  readonly isOrdered: boolean;
}

/** Compares the database with what the sink received. */
export async function readDeliveryLedger(
  queries: Queries,
  requests: readonly SinkRequest[],
  keep: (request: SinkRequest) => boolean = () => true,
): Promise<DeliveryLedger> {
  const { rows: totals } = await queries.query(
    `${audit} select (select sum(n) from fault_subject)::integer as emitted,
       count(*) filter (where decisions = 0)::integer as undecided, count(*) filter (where decisions > 1)::integer as double_decisions,
       count(*) filter (where sent = 0)::integer as unsent, count(*) filter (where sent > 1)::integer as double_sent,
       count(*) filter (where attempts <> highest)::integer as broken_numbers,
       (select count(*) from iu_route_dead_letter)::integer as dead_letters, (select count(*) from iu_route_delivery)::integer as waiting,
       (select count(*) from iu_route_lease)::integer as leases,
       (select count(*) from iu_route_attempt where status = 'unknown')::integer as unknown,
       (select count(*) from iu_route_attempt where failure_code = 'lease_expired')::integer as lease_expired,
       (select count(*) from event_outbox where event_domain = '${faultDomain}')::integer as events
     from pair`,
  );
  const total = (totals[0] ?? {}) as Record<string, number>;
  if (total.emitted !== total.events) throw new Error(`${total.emitted} changes and ${total.events} events`);
  const { rows } = await queries.query(
    `${audit} select route_code as code, id::text, subject, n, sent::integer, sends::integer, ordering = 'subject' as "isOrdered" from pair`,
  );
  const pairs = new Map((rows as unknown as Pair[]).map((pair) => [`${pair.code}:${pair.id}`, pair]));
  const seen = compareReceipts(pairs, requests.filter(keep));
  return {
    emitted: total.emitted ?? 0,
    undecided: total.undecided ?? 0,
    doubleDecisions: total.double_decisions ?? 0,
    unsent: total.unsent ?? 0,
    doubleSent: total.double_sent ?? 0,
    brokenNumbers: total.broken_numbers ?? 0,
    deadLetters: total.dead_letters ?? 0,
    waiting: total.waiting ?? 0,
    leases: total.leases ?? 0,
    unknown: total.unknown ?? 0,
    leaseExpired: total.lease_expired ?? 0,
    ...seen,
  };
}

function compareReceipts(pairs: ReadonlyMap<string, Pair>, requests: readonly SinkRequest[]) {
  const times = new Map<string, number>();
  const bodies = new Map<string, string>();
  const highest = new Map<string, number>();
  const found = { unrecorded: 0, changedBodies: 0, inversions: 0, phantomSent: 0, unexplained: 0 };
  for (const request of requests) {
    const id = String(request.headers['webhook-id']);
    const pair = pairs.get(id);
    const before = times.get(id) ?? 0;
    times.set(id, before + 1);
    const body = request.body.toString('utf8');
    if (before > 0 && bodies.get(id) !== body) found.changedBodies += 1;
    bodies.set(id, body);
    if (pair === undefined) {
      found.unrecorded += 1;
      continue;
    }
    if (before > 0 || !pair.isOrdered) continue;
    const subject = `${pair.code} ${pair.subject}`;
    if (pair.n < (highest.get(subject) ?? 0)) found.inversions += 1;
    highest.set(subject, Math.max(highest.get(subject) ?? 0, pair.n));
  }
  for (const [id, pair] of pairs) {
    const received = times.get(id) ?? 0;
    if (pair.sent > 0 && received === 0) found.phantomSent += 1;
    if (pair.sent === 0 && received > 0) found.unrecorded += 1;
    if (received > pair.sends) found.unexplained += 1;
  }
  return { received: times.size, duplicates: requests.length - times.size, ...found };
}
