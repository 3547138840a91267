import type { IuDeliveryTargetRow, IuDeploymentRow } from './catalog.generated.js';
import { callForResult, type ListPage, type PageWishes, type Queryable, readPage } from './listing.js';

/** A function or table of this database that routes may deliver to. */
export interface TargetRow
  extends Pick<
    IuDeliveryTargetRow,
    'target_kind' | 'target_ref' | 'identity' | 'registered_by' | 'registered_at' | 'reason'
  > {
  /** Hash of what it does today, which an approval pins; null = it is gone. */
  readonly sha256: string | null;
  readonly routes: readonly string[];
  readonly target_key: string;
}

/** Registered targets, by kind and name, with the routes that name them. */
export function listTargets(
  database: Queryable,
  filter: { readonly kind?: string | undefined },
  wishes: PageWishes,
): Promise<ListPage<TargetRow>> {
  return readPage(
    database,
    {
      columns: 't.*',
      from: `(select target_kind, target_ref, identity, fn_iu_target_sha256(target_kind, target_ref) as sha256, registered_by, registered_at, reason,
        array(select r.route_code from iu_outbound_route r where r.target_kind = o.target_kind and r.target_ref = o.target_ref
          and r.removed_at is null order by r.route_code) as routes, target_kind || ' ' || target_ref as target_key from iu_delivery_target o) t`,
      conditions: [['t.target_kind = ?', filter.kind]],
      key: 't.target_key',
      keyType: 'text',
      keyColumn: 'target_key',
      descending: false,
    },
    wishes,
  );
}

/** What was registered, or taken off the list. */
export interface RegisteredTarget {
  readonly target_kind: string;
  readonly target_ref: string;
  readonly identity: string;
  readonly sha256?: string | null;
}

export function registerTarget(
  database: Queryable,
  target: { readonly kind: string; readonly ref: string; readonly identity: string; readonly reason: string },
): Promise<RegisteredTarget> {
  const values = [target.kind, target.ref, target.identity, target.reason];
  return callForResult(database, 'select fn_iu_target_register($1, $2, $3, $4)', values);
}

export function unregisterTarget(
  database: Queryable,
  target: { readonly kind: string; readonly ref: string; readonly reason: string },
): Promise<RegisteredTarget> {
  const values = [target.kind, target.ref, target.reason];
  return callForResult(database, 'select fn_iu_target_unregister($1, $2, $3)', values);
}

/** Somebody's word that this database is the real one; the last one counts. */
export type DeploymentRow = Pick<
  IuDeploymentRow,
  'claim_id' | 'name' | 'system_identifier' | 'timeline' | 'claimed_by' | 'claimed_at' | 'reason'
>;

/** What the installation is called, and why a runner under that name, or another, would send nothing. */
export interface DeploymentStanding {
  /** iu_core.deployment; null = nobody claimed it. */
  readonly name: string | null;
  /** As fn_iu_delivery_hold for a runner under the given name; null = it may send. */
  readonly hold: string | null;
}

export async function deploymentStanding(database: Queryable, deployment: string | null): Promise<DeploymentStanding> {
  const text = `select fn_iu_delivery_hold($1) as hold, (select value from dot_config where key = 'iu_core.deployment') as name`;
  return (await database.query(text, [deployment])).rows[0];
}

/** Claims of the deployment, newest first. */
export function listDeployments(database: Queryable, wishes: PageWishes): Promise<ListPage<DeploymentRow>> {
  return readPage(
    database,
    {
      columns: 'claim_id, name, system_identifier, timeline, claimed_by, claimed_at, reason',
      from: 'iu_deployment',
      conditions: [],
      key: 'claim_id',
      keyType: 'bigint',
      keyColumn: 'claim_id',
      descending: true,
    },
    wishes,
  );
}

export function claimDeployment(
  database: Queryable,
  name: string,
  reason: string,
): Promise<{
  readonly name: string;
  readonly was: string | null;
  readonly system_identifier: string;
  readonly timeline: number;
  /** Of the last claim in this cluster and database; another one: it was promoted or restored since. */
  readonly was_timeline: number | null;
  readonly waiting: number;
}> {
  return callForResult(database, 'select fn_iu_deployment_claim($1, $2)', [name, reason]);
}
