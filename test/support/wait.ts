import { setTimeout as delay } from 'node:timers/promises';

/**
 * Polls until the condition gives something other than undefined, null or false, and returns that. The one place where
 * tests wait: on a state, never for a time.
 */
export async function waitFor<Result>(
  condition: () => Promise<Result> | Result,
  options: { timeoutSeconds?: number; what?: string; intervalMilliseconds?: number } = {},
): Promise<NonNullable<Exclude<Result, false>>> {
  const timeoutSeconds = options.timeoutSeconds ?? 10;
  const deadline = Date.now() + timeoutSeconds * 1000;
  for (;;) {
    const result = await condition();
    if (result !== undefined && result !== null && result !== false)
      return result as NonNullable<Exclude<Result, false>>;
    if (Date.now() > deadline)
      throw new Error(`Not within ${timeoutSeconds} s: ${options.what ?? condition.toString()}`);
    await delay(options.intervalMilliseconds ?? 20);
  }
}
