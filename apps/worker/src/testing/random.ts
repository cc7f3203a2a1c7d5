/** Numbers that follow from a seed (mulberry32), so that a history can be made again. */
export interface Random {
  /** From 0 up to, not including, `below` */
  below(below: number): number;
  chance(share: number): boolean;
  pick<T>(from: readonly T[]): T | undefined;
}

export function createRandom(seed: number): Random {
  // Spread, so that seeds that follow each other have nothing in common.
  let state = Math.imul(seed, 0x9e3779b1) >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  return { below, chance: (share) => next() < share, pick: (from) => from[below(from.length)] };
}
