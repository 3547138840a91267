import { randomBytes } from 'node:crypto';
import type { Target, TargetRoute, TargetSurroundings } from '../../src/deliver/target.js';
import { openWebhookWith, type WebhookParts } from '../../src/deliver/webhook/target.js';

/** A new `whsec_` secret. */
export function newSecret(bytes = 32): string {
  return `whsec_${randomBytes(bytes).toString('base64')}`;
}

/** The secret of `openTestWebhook`. */
export const testSecret = newSecret();

/** One line that a target logged. */
export interface LoggedLine {
  readonly level: string;
  readonly message: string;
  readonly fields: unknown;
}

export function aRoute(overrides: Partial<TargetRoute> = {}): TargetRoute {
  return {
    routeId: '00000000-0000-4000-8000-000000000001',
    routeCode: 'shop_hook',
    routeVersion: 1,
    targetKind: 'webhook',
    targetRef: 'https://receiver.test/hook',
    targetConfig: { secrets: 'env:HOOK_SECRET' },
    ...overrides,
  };
}

export function surroundings(
  overrides: Partial<TargetSurroundings> & { readonly lines?: LoggedLine[] } = {},
): TargetSurroundings {
  const { lines, ...rest } = overrides;
  return {
    environment: { HOOK_SECRET: testSecret },
    allow: ['127.0.0.1', 'receiver.test'],
    deployment: 'shop-production',
    log: (level, message, fields) => void lines?.push({ level, message, fields }),
    ...rest,
  };
}

/** Opens a webhook to a URL, signed with `testSecret`, with loopback and receiver.test listed unless said otherwise. */
export function openTestWebhook(
  targetRef: string,
  options: {
    readonly config?: Readonly<Record<string, unknown>>;
    readonly parts?: WebhookParts;
    readonly surroundings?: Partial<TargetSurroundings>;
  } = {},
): Promise<Target> {
  return openWebhookWith(
    options.parts ?? {},
    aRoute({ targetRef, targetConfig: { secrets: 'env:HOOK_SECRET', ...options.config } }),
    surroundings(options.surroundings),
  );
}
