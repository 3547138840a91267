import { callForResult, type Queryable } from './listing.js';

/** What keeps this process from sending: see fn_iu_delivery_hold. null = nothing. */
export async function deliveryHold(database: Queryable, deployment: string | undefined): Promise<string | null> {
  const { rows } = await database.query('select fn_iu_delivery_hold($1) as hold', [deployment ?? null]);
  return rows[0].hold;
}

/** What a target in the database did with a test event. */
export interface TargetTry {
  readonly passed: boolean;
  readonly code: string | null;
  readonly detail: string;
}

/** Calls a registered target with a marked event and undoes it. `eventText` is JSON. */
export function tryTarget(database: Queryable, kind: string, ref: string, eventText: string): Promise<TargetTry> {
  return callForResult(database, 'select fn_iu_target_try($1, $2, $3::jsonb)', [kind, ref, eventText]);
}

/** The route as a runner needs it, with its target unredacted; undefined when there is none. */
export async function routeToSend(
  database: Queryable,
  routeCode: string,
): Promise<{ readonly routeText: string } | undefined> {
  const { rows } = await database.query(
    'select fn_iu_delivery_routes(array[route_id])::text as routes from iu_outbound_route where route_code = $1 and removed_at is null',
    [routeCode],
  );
  return rows[0] === undefined ? undefined : { routeText: rows[0].routes };
}

/** Code and target_config (jsonb text) of every route that is in use. */
export async function listTargetConfigs(
  database: Queryable,
): Promise<readonly { readonly route_code: string; readonly target_config: string }[]> {
  const { rows } = await database.query(
    'select route_code, target_config from iu_outbound_route where removed_at is null order by route_code collate "C"',
  );
  return rows;
}
