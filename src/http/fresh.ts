/**
 * A reading that is taken at most once in so many seconds, whoever asks and however often: somebody who scrapes quickly, or from many
 * places, cannot load the database. A failed reading counts as one.
 */
export function atMostEvery<Value>(
  seconds: number,
  read: () => Promise<Value>,
  nowMilliseconds: () => number = () => performance.now(),
): () => Promise<Value> {
  let reading: Promise<Value> | undefined;
  let takenAt = Number.NEGATIVE_INFINITY;
  let pending = false;
  return () => {
    if (reading === undefined || (!pending && nowMilliseconds() - takenAt >= seconds * 1000)) {
      pending = true;
      takenAt = nowMilliseconds();
      reading = read().finally(() => {
        pending = false;
      });
      // Whoever asked gets the failure; nobody else has to.
      reading.catch(() => {});
    }
    return reading;
  };
}
