/** Figures of samples. All of them sort a copy. */

/** The sample below which `share` (0 to 1) of the samples lie; 0 of none. */
export function percentile(samples: Iterable<number>, share: number): number {
  const sorted = Float64Array.from(samples).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

export function median(samples: Iterable<number>): number {
  return percentile(samples, 0.5);
}

/** Queries that one way of asking gets in a row: few, as machines have moods, but enough for the caches to hold what it uses. */
export const stretch = 25;

export function stretchesOf<T>(queries: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(queries.length / stretch) }, (_, i) => queries.slice(i * stretch, (i + 1) * stretch));
}
