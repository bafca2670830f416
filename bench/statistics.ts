/** Figures of samples. All of them sort a copy. */

/** The sample below which `share` (0 to 1) of the samples lie; 0 of none. */
export function percentile(samples: Iterable<number>, share: number): number {
  const sorted = Float64Array.from(samples).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

export function median(samples: Iterable<number>): number {
  return percentile(samples, 0.5);
}
