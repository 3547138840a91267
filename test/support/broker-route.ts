import type { TargetRoute, TargetSurroundings } from '../../src/deliver/target.js';

/** A route to a broker on loopback. */
export function brokerRoute(
  targetKind: 'nats' | 'kafka',
  targetRef: string,
  targetConfig: Readonly<Record<string, unknown>>,
): TargetRoute {
  return { routeId: '1', routeCode: 'shop_broker', routeVersion: 3, targetKind, targetRef, targetConfig };
}

/** What the targets of a test are given; loopback is listed, as an operator would have to. */
export const brokerSurroundings: TargetSurroundings = {
  environment: {},
  allow: ['127.0.0.0/8'],
  deployment: 'test',
  log: () => undefined,
};
