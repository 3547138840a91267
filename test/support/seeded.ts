/** Pseudo-random numbers that a seed repeats (mulberry32). */
export interface Seeded {
  /** From 0 up to, but not including, 1. */
  next(): number;
  /** A whole number from least to most. */
  between(least: number, most: number): number;
  /** True with this probability. */
  chance(probability: number): boolean;
}

export function seeded(seed: number): Seeded {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  return {
    next,
    between: (least, most) => least + Math.floor(next() * (most - least + 1)),
    chance: (probability) => next() < probability,
  };
}

/** The seed that was asked for with IU_FAULT_SEED, or a new one. Whoever uses it prints it. */
export function chosenSeed(): number {
  const asked = Number(process.env.IU_FAULT_SEED);
  return Number.isSafeInteger(asked) && asked > 0 ? asked : Math.floor(Math.random() * 2 ** 31) + 1;
}

/** How many times a random test is to run: IU_FAULT_RUNS, otherwise once. */
export function chosenRuns(): number {
  const asked = Number(process.env.IU_FAULT_RUNS);
  return Number.isSafeInteger(asked) && asked > 0 ? asked : 1;
}
