import type { Metrics } from '@proximadb/process';

/** What the calls to indexers tell about themselves. Called often; must not throw. */
export interface RemoteMetrics {
  /** A call to one indexer ended. @param code OK, or that of its error. */
  called(kind: string, code: string, ms: number): void;
  /** Partitions were asked of another replica, or once more. */
  retried(kind: string): void;
  /** A second replica was asked because the first is slow. */
  hedged(kind: string, outcome: 'won' | 'lost'): void;
  /** An answer was given without some partitions. */
  partial(kind: string): void;
}

export const silentMetrics: RemoteMetrics = { called: () => {}, retried: () => {}, hedged: () => {}, partial: () => {} };

export function remoteMetrics(metrics: Metrics): RemoteMetrics {
  const calls = metrics.counter('indexer_calls_total', 'Calls to indexers, by their answer.', ['call', 'code']);
  const seconds = metrics.histogram('indexer_call_seconds', 'Time until an indexer answered.', ['call']);
  const retries = metrics.counter('indexer_retries_total', 'Partitions asked of another replica after a fault.', ['call']);
  const hedges = metrics.counter('indexer_hedges_total', 'Partitions asked of a second replica because the first was slow; whether the second was faster.',
    ['call', 'outcome']);
  const partials = metrics.counter('partial_answers_total', 'Answers given without some partitions.', ['call']);
  return {
    called(call, code, ms) {
      calls.inc({ call, code });
      seconds.observe({ call }, ms / 1_000);
    },
    retried(call) { retries.inc({ call }); },
    hedged(call, outcome) { hedges.inc({ call, outcome }); },
    partial(call) { partials.inc({ call }); },
  };
}
