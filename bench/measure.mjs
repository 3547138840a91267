// Clocks and numbers of the benchmarks.

/** Seconds that the work took. */
export async function seconds(work) {
  const started = process.hrtime.bigint();
  await work();
  return Number(process.hrtime.bigint() - started) / 1e9;
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Lowest and highest, as text. */
export function spread(values, digits = 2) {
  return `${Math.min(...values).toFixed(digits)}-${Math.max(...values).toFixed(digits)}`;
}

/**
 * Runs two sides in alternating order, `rounds` times each after one round that does not count, and gives the events per
 * second of each and the ratio of each round: what disturbs the machine disturbs both.
 */
export async function alternate(rounds, left, right) {
  const result = { left: [], right: [], ratio: [] };
  for (let round = -1; round < rounds; round += 1) {
    const order = round % 2 === 0 ? [left, right] : [right, left];
    const rates = new Map();
    for (const side of order) rates.set(side, await side());
    if (round < 0) continue;
    result.left.push(rates.get(left));
    result.right.push(rates.get(right));
    result.ratio.push(rates.get(left) / rates.get(right));
  }
  return result;
}

/** A figure with its goal, the way the report wants it. `goal` is `>= 0.6`, `<= 1.3` or undefined. */
export function figure(what, value, unit, goal, note) {
  const rounded = Math.abs(value) >= 100 ? Math.round(value) : Number(value.toFixed(3));
  const [sign, bound] = goal === undefined ? [] : goal.split(' ');
  const met = goal === undefined ? null : sign === '>=' ? value >= Number(bound) : value <= Number(bound);
  return { what, value: rounded, unit, goal: goal ?? null, met, ...(note === undefined ? {} : { note }) };
}
