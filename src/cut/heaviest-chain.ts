/** A pair that may stand in a chain; `weight` is greater than 0. */
export interface Link {
  readonly old: number;
  readonly new: number;
  readonly weight: number;
}

/**
 * The heaviest set of links that rise on both sides, in order: no piece twice and no two crossing. n log n. Of equal ones the
 * same input always gives the same.
 */
export function heaviestChain<Kind extends Link>(links: readonly Kind[]): readonly Kind[] {
  const sorted = [...links].sort((a, b) => a.old - b.old || b.new - a.new);
  const size = sorted.reduce((most, { new: at }) => Math.max(most, at), -1) + 2;
  const best = new Int32Array(size).fill(-1);
  const total = new Float64Array(sorted.length);
  const before = new Int32Array(sorted.length).fill(-1);
  for (const [index, link] of sorted.entries()) {
    let left = -1;
    for (let at = link.new; at > 0; at -= at & -at) {
      const other = best[at] ?? -1;
      if (other >= 0 && (left < 0 || (total[other] ?? 0) > (total[left] ?? 0))) left = other;
    }
    before[index] = left;
    total[index] = link.weight + (left < 0 ? 0 : (total[left] ?? 0));
    for (let at = link.new + 1; at < size; at += at & -at) {
      const other = best[at] ?? -1;
      if (other < 0 || (total[index] ?? 0) > (total[other] ?? 0)) best[at] = index;
    }
  }
  let last = -1;
  for (let index = 0; index < sorted.length; index++)
    if (last < 0 || (total[index] ?? 0) > (total[last] ?? 0)) last = index;
  const chain: Kind[] = [];
  for (; last >= 0; last = before[last] ?? -1) chain.push(sorted[last] as Kind);
  return chain.reverse();
}
