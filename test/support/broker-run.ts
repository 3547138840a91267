import type { Delivery, SendOutcome } from '../../src/contract/delivery/delivery.js';
import type { Target } from '../../src/deliver/target.js';

/** What became of a run. */
export interface BrokerRun {
  /** How often each outcome came: `sent`, `failed not_connected`, `unknown connection_lost`. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** Ids whose last outcome is `sent`. */
  readonly sent: ReadonlySet<string>;
  /** Sends that ended as unknown. */
  readonly unknown: number;
}

/**
 * Delivers everything as a runner would: so many at once, and what did not end as `sent` is sent again under its id, up to
 * `mostAttempts` times. `onSettled` is called after each outcome with the number of those that are sent.
 */
export async function deliverAll(
  target: Target,
  deliveries: readonly Delivery[],
  options: {
    inFlight: number;
    deadlineMilliseconds: number;
    mostAttempts?: number;
    onSettled?: (sent: number, outcome: SendOutcome) => void;
  },
): Promise<BrokerRun> {
  const outcomes: Record<string, number> = {};
  const sent = new Set<string>();
  const waiting = deliveries.map((delivery) => ({ delivery, attempts: 0 }));
  let unknown = 0;
  const take = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const outcome = await target.send(next.delivery, options.deadlineMilliseconds);
      const name = outcome.status === 'sent' ? 'sent' : `${outcome.status} ${outcome.failureCode}`;
      outcomes[name] = (outcomes[name] ?? 0) + 1;
      if (outcome.status === 'sent') sent.add(next.delivery.deliveryId);
      if (outcome.status === 'unknown') unknown += 1;
      options.onSettled?.(sent.size, outcome);
      next.attempts += 1;
      if (outcome.status !== 'sent' && next.attempts < (options.mostAttempts ?? 200)) {
        // A runner waits by its retry policy; here just long enough not to spin.
        await new Promise((resolve) => setTimeout(resolve, 50));
        waiting.push(next);
      }
    }
  };
  await Promise.all(Array.from({ length: options.inFlight }, take));
  return { outcomes, sent, unknown };
}
