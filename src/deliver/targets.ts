import { IuError } from '../contract/errors/index.js';
import type { DeliveryRoute } from '../store/delivery-session.js';
import type { OpenTarget, Target, TargetRoute, TargetSurroundings } from './target.js';
import { tracedTarget } from './tracing.js';

/**
 * Loaded when the first route of a kind is sent to: a worker without brokers does not load their clients. The kinds in the
 * database (sql_function, table) run in SQL.
 */
const openers: Readonly<Record<string, () => Promise<OpenTarget>>> = {
  webhook: async () => (await import('./webhook/target.js')).openWebhook,
  directus_flow: async () => (await import('./directus-flow/target.js')).openDirectusFlow,
  nats: async () => (await import('./nats/target.js')).openNatsTarget,
  kafka: async () => (await import('./kafka/target.js')).openKafkaTarget,
};

/** Opens the target of a route. Throws IU361 for a kind that nothing sends to, and what the kind itself refuses. */
export async function openTargetOf(route: DeliveryRoute, surroundings: TargetSurroundings): Promise<Target> {
  const opener = openers[route.target_kind];
  if (opener === undefined)
    throw new IuError('IU361', { message: `Nothing sends to targets of kind ${route.target_kind}.` });
  const open = await opener();
  const own: TargetRoute = {
    routeId: route.route_id,
    routeCode: route.route_code,
    routeVersion: route.version,
    targetKind: route.target_kind,
    targetRef: route.target_ref,
    targetConfig: route.target_config,
  };
  return tracedTarget(await open(own, surroundings), own);
}
