/** When a route tries again. Given as `retry_policy` of the route; what is left out has the default. */
export interface RetryPolicy {
  /** Seconds before the second, third, ... send; when they are used up the delivery is a dead letter. */
  readonly delaysSeconds: readonly number[];
  /** A delay varies by this share up and down, so that what failed together does not come back together. */
  readonly jitterShare: number;
}

/** Ten sends over 75 hours: what Standard Webhooks recommends and others do. */
export const defaultRetryPolicy: RetryPolicy = {
  delaysSeconds: [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400],
  jitterShare: 0.2,
};

/** No delay is longer: 30 days. */
export const longestDelaySeconds = 2_592_000;

/**
 * Seconds until the next send after `sends` sends (1 or more), null when none is left. `random` is 0 to 1. What the target asked
 * for counts within [delay, the greater of 2 x delay and one hour]. fn_iu_delivery_delay says the same in SQL.
 */
export function retryDelaySeconds(
  policy: RetryPolicy,
  sends: number,
  retryAfterSeconds: number | null,
  random: number,
): number | null {
  const base = policy.delaysSeconds[sends - 1];
  if (base === undefined) return null;
  const delay = base * (1 + policy.jitterShare * (2 * random - 1));
  const asked =
    retryAfterSeconds !== null && retryAfterSeconds > 0
      ? Math.min(Math.max(delay, retryAfterSeconds), Math.max(2 * delay, 3600))
      : delay;
  return Math.min(longestDelaySeconds, Math.ceil(asked));
}
