/** What the database promises, in the plainest form: a map, and clocks. */
import type { MetadataValue } from '@proximadb/record';
import type { Metric } from '@proximadb/schemas';

export interface Row {
  readonly vector: readonly number[];
  readonly metadata: ReadonlyMap<string, MetadataValue>;
  /** µs; null: never. */
  readonly expiresAt: number | null;
  readonly version: string;
}

export type Condition = { readonly kind: 'none' | 'ifAbsent' | 'ifPresent' } | { readonly kind: 'ifVersion'; readonly version: string };

export type Query =
  | { readonly kind: 'all' }
  | { readonly kind: 'atLeast'; readonly n: number }
  | { readonly kind: 'tag'; readonly tag: string }
  | { readonly kind: 'hasNested' }
  | { readonly kind: 'not'; readonly of: Query };

export class Model {
  readonly rows = new Map<string, Row>();
  readonly metric: Metric;
  readonly #partitionOf: (id: string) => number;
  /** Highest append time of each partition: the time that decides in the log. µs. */
  readonly #logTimes = new Map<number, number>();

  constructor(metric: Metric, partitionOf: (id: string) => number) {
    this.metric = metric;
    this.#partitionOf = partitionOf;
  }

  /** A record for `id` was appended at a time. */
  appended(id: string, atMicros: number): void {
    const partition = this.#partitionOf(id);
    this.#logTimes.set(partition, Math.max(this.#logTimes.get(partition) ?? 0, atMicros));
  }

  /** What a condition sees: the row, unless it has expired by the log's time. */
  present(id: string): Row | undefined {
    const row = this.rows.get(id);
    return row === undefined || isExpired(row, this.#logTimes.get(this.#partitionOf(id)) ?? 0) ? undefined : row;
  }

  refusal(id: string, condition: Condition): string | undefined {
    const row = this.present(id);
    switch (condition.kind) {
      case 'none': return undefined;
      case 'ifAbsent': return row === undefined ? undefined : 'exists';
      case 'ifPresent': return row === undefined ? 'missing' : undefined;
      case 'ifVersion': return row === undefined ? 'missing' : row.version === condition.version ? undefined : 'version_mismatch';
    }
  }

  /** What a reader sees at an instant, by id in the order of the ids' bytes. */
  visible(nowMicros: number, query: Query): [string, Row][] {
    return [...this.rows]
      .filter(([id, row]) => !isExpired(row, Math.max(nowMicros, this.#logTimes.get(this.#partitionOf(id)) ?? 0)) && matches(row, query))
      .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  }

  distance(query: readonly number[], row: Row): number {
    const pairs = query.map((value, i) => [value, row.vector[i] ?? 0] as const);
    const dot = pairs.reduce((sum, [a, b]) => sum + a * b, 0);
    switch (this.metric) {
      case 'cosine': return 1 - dot / Math.hypot(...query) / Math.hypot(...row.vector);
      case 'dot': return -dot;
      case 'euclidean': return Math.hypot(...pairs.map(([a, b]) => a - b));
      case 'manhattan': return pairs.reduce((sum, [a, b]) => sum + Math.abs(a - b), 0);
    }
  }
}

function isExpired(row: Row, atMicros: number): boolean {
  return row.expiresAt !== null && row.expiresAt <= atMicros;
}

function matches(row: Row, query: Query): boolean {
  const n = row.metadata.get('n');
  const tags = row.metadata.get('tags');
  const nested = row.metadata.get('deep');
  switch (query.kind) {
    case 'all': return true;
    case 'atLeast': return (typeof n === 'bigint' || typeof n === 'number') && Number(n) >= query.n;
    case 'tag': return Array.isArray(tags) && tags.includes(query.tag);
    case 'hasNested': return nested instanceof Map && nested.has('x');
    case 'not': return !matches(row, query.of);
  }
}
