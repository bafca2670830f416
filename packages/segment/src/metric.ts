/** How each metric is computed: which kernel runs over which vectors, and what its figure means to a caller. */
import type { Metric } from '@proximadb/schemas';
import { normalized, type KernelMetric } from './kernels/index.ts';

export function kernelOf(metric: Metric): KernelMetric {
  switch (metric) {
    case 'cosine': case 'dot': return 'ip';
    case 'euclidean': return 'l2sq';
    case 'manhattan': return 'l1';
  }
}

/** Whether stored and asked vectors are scaled to length 1 before they meet. */
export function normalizes(metric: Metric): boolean {
  return metric === 'cosine';
}

/** The query as the kernels and graphs want it. */
export function prepareQuery(metric: Metric, vector: Float32Array): Float32Array {
  return normalizes(metric) ? normalized(vector) : vector;
}

/** The metric's raw figure (smaller is nearer): 1 − cosine, −dot product, L2, L1. */
export function distanceOf(metric: Metric, kernelDistance: number): number {
  switch (metric) {
    case 'cosine': return Math.max(0, 1 + kernelDistance);
    case 'dot': return kernelDistance;
    case 'euclidean': return Math.sqrt(kernelDistance);
    case 'manhattan': return kernelDistance;
  }
}
