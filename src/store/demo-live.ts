import { createHmac, randomBytes } from 'node:crypto';
import type pg from 'pg';
import { quoteIdentifier } from './session.js';

/** What the receiver of the demo got and what became of what it did not, read from the database. */
export interface DeliveryCounts {
  readonly sent: number;
  /** Delivery ids in the receiver's own table, test sends not counted. */
  readonly received: number;
  readonly deadLettered: number;
  readonly replayed: number;
  readonly waiting: number;
}

/** Settings that make an installation the demo's: evidence is enough without a backup and without waiting. */
export async function markAsDemo(client: pg.ClientBase): Promise<void> {
  await client.query(
    `insert into dot_config (key, value, reason) values ('iu_core.installation', 'demo', 'iu demo: no backup is asked for'),
       ('iu_core.readiness_observed_seconds', '0', 'iu demo: the dry run is as long as it is')
     on conflict (key) do nothing`,
  );
}

/** The name under which this database may send; null when nobody claimed it. */
export async function claimedDeployment(database: pg.ClientBase | pg.Pool): Promise<string | null> {
  const { rows } = await database.query('select name from iu_deployment order by claim_id desc limit 1');
  return rows[0]?.name ?? null;
}

export async function claimDeployment(client: pg.ClientBase | pg.Pool, name: string, reason: string): Promise<void> {
  await client.query('select fn_iu_deployment_claim($1, $2)', [name, reason]);
}

/**
 * Address of a login role with these group roles; made by a superuser. Its password follows from that of the superuser, so that two commands
 * at once do not take it from each other.
 */
export async function demoLogin(
  client: pg.ClientBase | pg.Pool,
  url: string,
  login: string,
  groupRoles: readonly string[],
): Promise<string> {
  const known = new URL(url).password;
  const password = (known === '' ? randomBytes(32) : createHmac('sha256', known).update(login).digest()).toString(
    'hex',
  );
  const name = quoteIdentifier(login);
  await client.query(`do $demo$ begin
    perform pg_advisory_xact_lock(hashtextextended('iu_demo_login', 0));
    if to_regrole('${name}') is null then create role ${name}; end if;
    alter role ${name} login password '${password}';
    grant ${groupRoles.map((role) => quoteIdentifier(role)).join(', ')} to ${name};
  end $demo$`);
  const address = new URL(url);
  address.username = login;
  address.password = password;
  return address.href;
}

/** Counts of one route; `received` is 0 while the receiver has no table. */
export async function deliveryCounts(pool: pg.Pool, routeCode: string): Promise<DeliveryCounts> {
  const table = (await pool.query("select to_regclass('iu_receipt') is not null as there")).rows[0].there;
  const received = table ? "(select count(*)::int from iu_receipt where delivery_id not like 'test-%')" : '0';
  const { rows } = await pool.query(
    `select (select count(*)::int from iu_route_attempt where route_code = $1 and status = 'sent') as sent, ${received} as received,
       (select count(*)::int from iu_route_dead_letter where route_code = $1) as "deadLettered",
       (select count(*)::int from iu_route_dead_letter where route_code = $1 and resolution = 'replayed') as replayed,
       (select count(*)::int from iu_route_delivery d join iu_outbound_route r using (route_id) where r.route_code = $1) as waiting`,
    [routeCode],
  );
  return rows[0];
}

/** Ids of the open dead letters of one route. */
export async function openDeadLetters(pool: pg.Pool, routeCode: string): Promise<string[]> {
  const { rows } = await pool.query(
    'select dead_letter_id from iu_route_dead_letter where route_code = $1 and resolved_at is null order by dead_letter_id',
    [routeCode],
  );
  return rows.map((row) => row.dead_letter_id);
}

/** Mode of a route and the port that its target names; undefined when there is no such route. */
export async function liveRouteState(
  pool: pg.Pool,
  routeCode: string,
): Promise<{ readonly live: boolean; readonly enabled: boolean; readonly port: number | undefined } | undefined> {
  const { rows } = await pool.query(
    `select enabled, enabled and not dry_run and fn_iu_route_approval_state(route_id, version, approval_id) = 'valid' as live,
       substring(target_ref from ':([0-9]+)/')::int as port
       from iu_outbound_route where route_code = $1 and removed_at is null`,
    [routeCode],
  );
  return rows[0] === undefined ? undefined : { ...rows[0], port: rows[0].port ?? undefined };
}
