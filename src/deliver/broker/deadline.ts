export class DeadlineReached extends Error {}

/** The promise, or DeadlineReached at that time (by performance.now()); what it does afterwards is nobody's business any more. */
export async function byDeadline<Result>(promise: Promise<Result>, deadlineAt: number): Promise<Result> {
  promise.catch(() => undefined);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const left = Math.max(0, deadlineAt - performance.now());
    timer = setTimeout(() => reject(new DeadlineReached('timed out')), left);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
