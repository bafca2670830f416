import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { periodically } from './periodically.ts';

export type { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Seconds, from 100 µs to 10 s. */
export const latencyBucketsSeconds: readonly number[] = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/**
 * The metrics of one process. Names get the prefix `proximadb_`; units stand last (`_seconds`, `_bytes`, counters `_total`).
 * Asking twice for a name gives the same metric, so that several parts may count in one.
 */
export interface Metrics {
  readonly registry: Registry;
  counter<L extends string = never>(name: string, help: string, labels?: readonly L[]): Counter<L>;
  /** @param collect sets the gauge when it is read. It is taken from the first call for a name. */
  gauge<L extends string = never>(name: string, help: string, labels?: readonly L[], collect?: (gauge: Gauge<L>) => void): Gauge<L>;
  /** @param buckets upper bounds; default {@link latencyBucketsSeconds}. */
  histogram<L extends string = never>(name: string, help: string, labels?: readonly L[], buckets?: readonly number[]): Histogram<L>;
  /** Prometheus' text format. */
  text(): Promise<string>;
}

export interface MetricsOptions {
  /** Of every metric, e.g. `{ service: 'gateway' }`. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Memory, CPU, event loop lag, garbage collection of this process. Default: true. */
  readonly processMetrics?: boolean;
  /** ms between two looks at the event loop. Each may wake the process. Default: 5,000. */
  readonly loopLookMs?: number;
}

const prefix = 'proximadb_';
const never = 2 ** 31 - 1;

export function createMetrics(options: MetricsOptions = {}): Metrics {
  const registry = new Registry();
  if (options.labels !== undefined) registry.setDefaultLabels({ ...options.labels });
  if (options.processMetrics ?? true) collectProcessMetrics(registry, options.loopLookMs ?? 5_000);
  // prom-client's registry forgets the labels' types; a name always stands for one kind and one set of labels.
  const known = <T>(name: string): T | undefined => registry.getSingleMetric(prefix + name) as T | undefined;
  return {
    registry,
    counter: <L extends string>(name: string, help: string, labels: readonly L[] = []) =>
      known<Counter<L>>(name) ?? new Counter<L>({ name: prefix + name, help, labelNames: [...labels], registers: [registry] }),
    gauge: <L extends string>(name: string, help: string, labels: readonly L[] = [], collect?: (gauge: Gauge<L>) => void) =>
      known<Gauge<L>>(name) ?? new Gauge<L>({
        name: prefix + name, help, labelNames: [...labels], registers: [registry],
        ...(collect === undefined ? {} : { collect(this: Gauge<L>) { collect(this); } }),
      }),
    histogram: <L extends string>(name: string, help: string, labels: readonly L[] = [], buckets: readonly number[] = latencyBucketsSeconds) =>
      known<Histogram<L>>(name) ?? new Histogram<L>({ name: prefix + name, help, labelNames: [...labels], buckets: [...buckets], registers: [registry] }),
    // prom-client writes `Nan`, which the format does not know.
    text: async () => (await registry.metrics()).replaceAll(/ Nan$/gm, ' NaN'),
  };
}

/** Of prom-client, but for the event loop: its own look at that wakes a process at rest a hundred times a second, or else is part of the lag that it finds. */
function collectProcessMetrics(registry: Registry, loopLookMs: number): void {
  collectDefaultMetrics({ register: registry, prefix, eventLoopMonitoringPrecision: never });
  for (const { name } of registry.getMetricsAsArray()) if (name.startsWith(`${prefix}nodejs_eventloop_lag`)) registry.removeSingleMetric(name);
  const lag = new Histogram({
    name: `${prefix}eventloop_lag_seconds`, help: 'How late the event loop was with what was due.', buckets: [...latencyBucketsSeconds], registers: [registry],
  });
  periodically(loopLookMs, (lateMs) => { lag.observe(lateMs / 1_000); });
}
