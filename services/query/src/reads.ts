import { AppError, assert, invalid } from '@proximadb/errors';
import type { Catalog, Collection } from '@proximadb/catalog';
import { branchOf, type CallContext, type MonotonicClock, within } from '@proximadb/process';
import type { Coverage, Filter, ReadOptions } from '@proximadb/schemas';
import { compileFilter } from '@proximadb/segment/filter';
import { callOf } from './call.ts';
import type { QueryConfig } from './config.ts';
import type { ConsistencyResolver, Floor, Resolved } from './consistency.ts';
import type { Generations } from './generations.ts';
import type { Probes } from './probes.ts';
import type { Covered, PartitionAt, Shards, ShardsRequest } from './shards.ts';
import { encodeToken, maximum } from './tokens.ts';
import type { Turns } from './turns.ts';

/** Kept back of a partial answer's time: what could not be had by then has to be said before the caller gives up. */
const reserveMs = 50;
/** A shard that is at a token proves it; one that does not get there in this time leaves the log to be asked whether it holds so much. */
const doubtAfterMs = 50;

/** What every read works with. */
export interface ReadDependencies {
  readonly config: QueryConfig;
  readonly catalog: Pick<Catalog, 'lookUp' | 'schemas' | 'reindexing' | 'byLog'>;
  readonly generations: Generations;
  readonly shards: Shards;
  readonly resolver: ConsistencyResolver;
  readonly probes: Probes;
  readonly turns: Turns;
  readonly clock: MonotonicClock;
}

/** One read of one collection, when it is its turn and it is known where the shards must be. */
export class Read {
  readonly collection: Collection;
  readonly call: CallContext;
  readonly #dependencies: ReadDependencies;
  readonly #claims: readonly Floor[];
  /** One offset a partition; grows by what the shards answered. */
  #at: readonly number[];
  #logAway: string | null = null;

  constructor(collection: Collection, call: CallContext, dependencies: ReadDependencies, { at, claims }: Resolved) {
    this.collection = collection;
    this.call = call;
    this.#dependencies = dependencies;
    this.#at = at;
    this.#claims = claims;
  }

  /** What was seen so far: at least what was asked for. */
  get offsets(): readonly number[] {
    return this.#at;
  }

  /** Why the log of a partition is not followed at the moment, as the shards that were asked say; null: it is. */
  get logAway(): string | null {
    return this.#logAway;
  }

  get token(): string {
    return encodeToken({ log: this.collection.log, offsets: this.#at });
  }

  /**
   * Asks the shards, and notes what they have seen: whatever this read asks next sees it, too.
   * @param partitions null: all.
   * @param allowPartial whether the answer may be without those that cannot answer; not without all of them.
   */
  async ask<T extends Covered>(
    partitions: readonly number[] | null, question: (shards: Shards, request: ShardsRequest, signal: AbortSignal) => Promise<T>, allowPartial = false,
  ): Promise<T> {
    const { shards, probes } = this.#dependencies;
    const everywhere = this.#at.map((atLeast, partition): PartitionAt => ({ partition, atLeast }));
    const at = partitions === null ? everywhere : everywhere.filter(({ partition }) => partitions.includes(partition));
    const remainingMs = this.call.deadline.remainingMs();
    const timeoutMs = Math.max(1, Math.ceil(allowPartial ? remainingMs - Math.min(reserveMs, remainingMs / 10) : remainingMs));
    const request: ShardsRequest = { log: this.collection.log, at, timeoutMs, ...(allowPartial ? { allowPartial } : {}) };
    const answer = await this.#whileInDoubt(at, (signal) => within(question(shards, request, signal), signal));
    checkCovered(answer, at.length, allowPartial);
    const seen = [...this.#at];
    for (const { partition, watermark } of answer.watermarks) seen[partition] = Math.max(watermark, seen[partition] ?? 0);
    this.#at = maximum(this.#at, seen);
    this.#logAway ??= answer.watermarks.find(({ logAway }) => logAway !== null)?.logAway ?? null;
    probes.learn(this.collection.topic, this.#at);
    return answer;
  }

  /**
   * Asks shards at a place that a caller claims the log has.
   * @throws AppError OUT_OF_RANGE for a place beyond the log's end.
   */
  async #whileInDoubt<T>(asked: readonly PartitionAt[], ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { resolver } = this.#dependencies;
    const { signal } = this.call;
    const doubtful = resolver.doubtful(this.collection, this.#claims);
    if (doubtful.size === 0) return ask(signal);
    const check = (claimedMs: number): Promise<void> => resolver.check(this.collection, this.#claims, claimedMs, this.call);
    // What nobody is asked about nobody proves.
    if ([...doubtful].some((partition) => !asked.some((one) => one.partition === partition))) {
      await check(0);
      return ask(signal);
    }
    const asking = branchOf(signal);
    const timer = setTimeout(() => { check(doubtAfterMs).catch((refused: unknown) => { asking.end(refused); }); }, doubtAfterMs);
    try {
      return await ask(asking.signal);
    } catch (thrown) {
      const late = thrown instanceof AppError && thrown.code === 'DEADLINE_EXCEEDED';
      if (late && !asking.signal.aborted) await check(0);
      throw thrown;
    } finally {
      clearTimeout(timer);
      asking.leave();
    }
  }
}

export interface ReadRequest {
  readonly collection: Collection;
  readonly read: ReadOptions | null;
  readonly floor?: Floor | null;
  /** How many reads it counts as. */
  readonly weight?: number;
}

/** Waits for its turn, finds where the shards must be, and does the work. */
export async function reading<T>(request: ReadRequest, context: CallContext, dependencies: ReadDependencies, work: (read: Read) => Promise<T>): Promise<T> {
  const { collection, read, floor = null, weight = 1 } = request;
  const call = callOf(read, context, dependencies.config.timeoutMsMax);
  return dependencies.turns.take(weight, call.signal, async () => {
    return work(new Read(collection, call, dependencies, await dependencies.resolver.resolve(collection, read, call, floor)));
  });
}

function checkCovered({ watermarks, missing }: Covered, asked: number, allowPartial: boolean): void {
  assert(watermarks.length + missing.length === asked, `${asked} partitions were asked, and ${watermarks.length} answered`);
  const [first] = missing;
  if (first === undefined) return;
  assert(allowPartial, `partition ${first.partition} is left out of an answer that has to be whole`);
  if (watermarks.length > 0) return;
  const late = missing.every(({ code }) => code === 'DEADLINE_EXCEEDED');
  throw new AppError(late ? 'DEADLINE_EXCEEDED' : 'UNAVAILABLE', `no partition answered: ${first.reason}`);
}

/** What the answer says about its completeness, where the caller asked for it. */
export function coverageOf(read: ReadOptions | null, { watermarks, missing }: Covered): Coverage | null {
  if (read?.allowPartial !== true) return null;
  const named = missing.map(({ partition, code, reason }) => ({ partition, code, reason })).sort((left, right) => left.partition - right.partition);
  return { partitions: watermarks.length + missing.length, answered: watermarks.length, missing: named };
}

/** @throws AppError INVALID_ARGUMENT: such an answer has no use for a part of the collection. */
export function refusePartial(read: ReadOptions | null, reason: string): void {
  if (read?.allowPartial === true) throw invalid(reason, { field: 'allowPartial' });
}

const idBytesMax = 512;

/** @throws AppError INVALID_ARGUMENT for what no record can be called. */
export function checkId(id: string, field: string): Uint8Array {
  const bytes = new TextEncoder().encode(id);
  if (bytes.length === 0) throw invalid('must not be empty', { field });
  if (bytes.length > idBytesMax) throw invalid(`has ${bytes.length} bytes; at most ${idBytesMax} are allowed`, { field });
  if (!id.isWellFormed()) throw invalid('is not well-formed Unicode', { field });
  return bytes;
}

/** What a shard will compile anew compiles here. @throws AppError INVALID_ARGUMENT naming the place. */
export function checkFilter(filter: Filter | null, field = 'filter'): Filter | null {
  if (filter !== null) compileFilter(filter, field);
  return filter;
}

/** @throws AppError RESOURCE_EXHAUSTED: the answer would be too large, and always will be. */
export function checkAnswerBytes(records: Iterable<Uint8Array | null>, bytesMax: number, advice: string): void {
  let bytes = 0;
  for (const record of records) bytes += record?.length ?? 0;
  if (bytes > bytesMax) throw new AppError('RESOURCE_EXHAUSTED', `the answer has ${bytes} bytes of records; at most ${bytesMax} are allowed: ${advice}`);
}
