/** Time, chance and waiting, injected so that a worker can be simulated. */
export interface Clock {
  /** Monotonic; its zero means nothing. */
  nowMilliseconds(): number;
  /** 0 <= x < 1. */
  random(): number;
  /** Ends early, without an error, when `signal` aborts. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** The real one. */
export const systemClock: Clock = {
  nowMilliseconds: () => performance.now(),
  random: () => Math.random(),
  sleep: (milliseconds, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) {
        resolve();
        return;
      }
      const wake = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      const timer = setTimeout(wake, milliseconds);
      signal?.addEventListener('abort', wake, { once: true });
    }),
};
