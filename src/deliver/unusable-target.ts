import type { SendOutcome } from '../contract/delivery/delivery.js';
import type { Target } from './target.js';

/** Stands for a target that could not be opened: every send fails and is tried again, so that the reason is in the audit. */
export function unusableTarget(code: string, reason: string): Target {
  const outcome: SendOutcome = {
    status: 'failed',
    failureCode: 'target_unusable',
    failureDetail: `${code}: ${reason}`,
  };
  return { send: async () => outcome, check: async () => [], close: async () => {} };
}
