/**
 * For tests: shards that keep their records in plain maps, and search by trying all. They read the real log, and only as far as they are
 * asked to be (or told by `catchUp`), so that a test sees exactly what a read waited for.
 */
import { AppError, assert } from '@proximadb/errors';
import type { Catalog, Collection } from '@proximadb/catalog';
import { offset, partition, partitionOf, type Log } from '@proximadb/log';
import { wireSchemaId, type RecordView } from '@proximadb/record';
import type { Filter, Metric } from '@proximadb/schemas';
import { compileFilter, matches, type Predicate } from '@proximadb/segment/filter';
import { mergeHits, mergePages } from '@proximadb/segment/merge';
import { compareIds } from '@proximadb/segment/merge';
import type {
  CountAnswer, Covered, MissingPartition, PageAnswer, PageSpec, RowsAnswer, SearchAnswer, SearchAnswers, SearchSpec, ShardHit, ShardReport, Shards,
  ShardsRequest, StoredRow, Watermark,
} from '../shards.ts';

interface Partition {
  readonly number: number;
  next: number;
  readonly rows: Map<string, StoredRow>;
}

export class MemoryShards implements Shards {
  readonly #log: Pick<Log, 'read' | 'extents'>;
  readonly #catalog: Pick<Catalog, 'byLog' | 'schemas'>;
  readonly #partitions = new Map<string, Partition>();
  /** What was asked, in order. */
  readonly asked: ShardsRequest[] = [];
  /** Partitions that nobody reports on. */
  readonly silent = new Set<number>();
  /** Partitions that answer nobody, each with the reason. */
  readonly stopped = new Map<number, string>();
  /** Awaited before each answer. */
  gate: Promise<void> = Promise.resolve();

  constructor(log: Pick<Log, 'read' | 'extents'>, catalog: Pick<Catalog, 'byLog' | 'schemas'>) {
    this.#log = log;
    this.#catalog = catalog;
  }

  async search(request: ShardsRequest, searches: readonly SearchSpec[]): Promise<SearchAnswers> {
    const { partitions, covered } = await this.#at(request);
    const { metric } = this.#collection(request.log).settings;
    const answers = searches.map((spec): SearchAnswer => {
      const lists = partitions.map(({ rows }) =>
        [...rows.values()].filter(this.#matching(spec.filter)).map((row) => this.#hit(row, spec, metric)));
      const costs = partitions.map(({ number, rows }) => ({
        partition: number, segment: 'growing', rows: rows.size, estimatedMatching: null, matching: null,
        considered: [{ strategy: 'exact', micros: 2 }], strategy: 'exact' as const, candidates: rows.size, micros: 1,
        filterMicros: 0, searchMicros: 1, rescoringMicros: 0,
      }));
      // In no useful order, as far as the port allows it: equal distances may come in any.
      return { hits: mergeHits(lists, spec.k).sort((left, right) => left.distance - right.distance || compareIds(right.id, left.id)), costs };
    });
    return { answers, ...covered };
  }

  async get(request: ShardsRequest, ids: readonly string[]): Promise<RowsAnswer> {
    const { settings } = this.#collection(request.log);
    for (const id of ids) {
      const home = partitionOf(new TextEncoder().encode(id), settings.partitions) as number;
      assert(request.at.some(({ partition: asked }) => asked === home), `partition ${home} of id ${id} is asked`);
    }
    return this.getAny(request, ids);
  }

  /** The same for ids of which some may lie in partitions that are not asked here. */
  async getAny(request: ShardsRequest, ids: readonly string[]): Promise<RowsAnswer> {
    const { partitions, covered } = await this.#at(request);
    const rows = partitions.flatMap(({ rows: stored }) => [...stored.values()]).filter(({ id }) => ids.includes(id));
    return { rows: rows.reverse(), ...covered };
  }

  async scroll(request: ShardsRequest, page: PageSpec): Promise<PageAnswer> {
    const { partitions, covered } = await this.#at(request);
    const matching = this.#matching(page.filter);
    const pages = partitions.map(({ rows: stored }) => {
      const rows = [...stored.values()].sort((left, right) => compareIds(left.id, right.id))
        .filter((row) => (page.after === null || compareIds(row.id, page.after) > 0) && matching(row));
      return { rows: rows.slice(0, page.limit), more: rows.length > page.limit };
    });
    return { ...mergePages(pages, page.limit, page.bytesMax), ...covered };
  }

  async count(request: ShardsRequest, filter: Filter | null): Promise<CountAnswer> {
    const { partitions, covered } = await this.#at(request);
    const rows = partitions.flatMap(({ rows: stored }) => [...stored.values()]);
    return { count: rows.filter(this.#matching(filter)).length, ...covered };
  }

  async report(log: number): Promise<readonly ShardReport[]> {
    const { settings } = this.#collection(log);
    const partitions = Array.from({ length: settings.partitions }, (_, number) => this.#partition(log, number));
    return partitions.filter(({ number }) => !this.silent.has(number)).map(({ number, next, rows }) => ({
      partition: number, state: 'serving', reason: null, logAway: null, watermark: next, durable: 0, live: rows.size, growingRows: rows.size, building: 0,
      memoryBytes: 100, malformed: 0, ledger: [], since: 0, marks: [], writtenBytes: 3_000, sealedBytes: 600,
      segments: [{ id: `s${number}`, rows: 10, dead: 3, indexed: number === 0, bytes: 1_000, recall: 0.98, ef: 64, listsRead: null, lists: null }],
    }));
  }

  /** Applies all that is in the log. */
  async catchUp(log: number): Promise<void> {
    const ends = await this.#log.extents(this.#collection(log).topic);
    await Promise.all(ends.map(({ end }, number) => this.#apply(log, number, end)));
  }

  async #at(request: ShardsRequest): Promise<{ partitions: Partition[]; covered: Covered }> {
    const { log, at, allowPartial = false } = request;
    this.asked.push(request);
    await this.gate;
    const ends = await this.#log.extents(this.#collection(log).topic);
    const missing = at.flatMap(({ partition: number, atLeast }): MissingPartition[] => {
      const stopped = this.stopped.get(number);
      if (stopped !== undefined) return [{ partition: number, code: 'UNAVAILABLE', reason: stopped }];
      if (atLeast <= (ends[number]?.end ?? 0)) return [];
      return [{ partition: number, code: 'DEADLINE_EXCEEDED', reason: `partition ${number} did not get to ${atLeast} in time` }];
    });
    const [first] = missing;
    if (first !== undefined && !allowPartial) throw new AppError(first.code, first.reason);
    const there = at.filter(({ partition: number }) => !missing.some((one) => one.partition === number));
    const partitions = await Promise.all(there.map(({ partition: number, atLeast }) => this.#apply(log, number, atLeast)));
    return { partitions, covered: { watermarks: watermarksOf(partitions), missing } };
  }

  async #apply(log: number, number: number, through: number): Promise<Partition> {
    const state = this.#partition(log, number);
    while (state.next < through) {
      const { records } = await this.#log.read(this.#collection(log).topic, partition(number), offset(state.next), 1 << 20);
      for (const { offset: at, value } of records) {
        if (at !== state.next || at >= through || value === null) continue;
        const walker = this.#walker(value);
        const { id } = walker.view(value);
        if (walker.kind === 'upsert') state.rows.set(id, { id, partition: number, offset: at, record: value });
        else state.rows.delete(id);
        state.next = at + 1;
      }
    }
    return state;
  }

  #hit(row: StoredRow, spec: SearchSpec, metric: Metric): ShardHit {
    const stored = new Float32Array(spec.vector.length);
    this.#view(row.record).copyVector(stored, 0);
    const { id, partition: number, offset: at, record } = row;
    return { id, partition: number, offset: at, distance: distance(metric, spec.vector, stored), record: spec.records ? record : null };
  }

  #matching(filter: Filter | null): (row: StoredRow) => boolean {
    const predicate: Predicate | null = filter === null ? null : compileFilter(filter);
    return ({ record }) => predicate === null || matches(predicate, this.#view(record).readMetadata());
  }

  #view(record: Uint8Array): RecordView {
    return this.#walker(record).view(record);
  }

  #walker(record: Uint8Array) {
    const walker = this.#catalog.schemas.walker(wireSchemaId(record));
    assert(!(walker instanceof Promise), 'what is in the log has a known schema');
    return walker;
  }

  #partition(log: number, number: number): Partition {
    const name = `${log}-${number}`;
    const state = this.#partitions.get(name) ?? { number, next: 0, rows: new Map<string, StoredRow>() };
    this.#partitions.set(name, state);
    return state;
  }

  #collection(log: number): Collection {
    const collection = this.#catalog.byLog(log);
    assert(collection !== undefined, `there is a collection with log ${log}`);
    return collection;
  }
}

function watermarksOf(partitions: readonly Partition[]): Watermark[] {
  return partitions.map(({ number, next }) => ({ partition: number, watermark: next, logAway: null }));
}

/** The metric's raw figure: smaller is nearer. */
export function distance(metric: Metric, left: Float32Array, right: Float32Array): number {
  const sum = (term: (a: number, b: number) => number): number => left.reduce((total, a, at) => total + term(a, right[at] ?? 0), 0);
  const dot = sum((a, b) => a * b);
  switch (metric) {
    case 'cosine': return 1 - dot / Math.hypot(...left) / Math.hypot(...right);
    case 'dot': return -dot;
    case 'euclidean': return Math.sqrt(sum((a, b) => (a - b) ** 2));
    case 'manhattan': return sum((a, b) => Math.abs(a - b));
  }
}
