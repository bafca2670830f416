/** Numbers from a seed: the same everywhere, so that a data set has the same bytes on every machine. */

/** Mulberry32. @returns numbers from 0 to 1, 1 excluded. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * About normal, mean 0, variance 1: the sum of four uniform numbers, scaled. Only additions and products, whose results do not differ from one
 * mathematical library to the next.
 */
export function normalFrom(random: () => number): () => number {
  const scale = Math.sqrt(3);
  return () => (random() + random() + random() + random() - 2) * scale;
}

/** The numbers from 0 to `count` in an order of the seed's. */
export function shuffled(count: number, seed: number): Uint32Array {
  const random = randomFrom(seed);
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i -= 1) {
    const other = Math.floor(random() * (i + 1));
    [order[i], order[other]] = [order[other] ?? 0, order[i] ?? 0];
  }
  return order;
}
