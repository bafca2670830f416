/**
 * One partition: its log is applied to its rows in order, and reads are answered from them.
 * Applying goes in slices of a few milliseconds; between two slices everything a read sees belongs to one watermark.
 */
import { mkdirSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { AppError, assert, toAppError } from '@proximadb/errors';
import type { PartitionOutcomes, OutcomesWanted } from '@proximadb/gateway';
import { offset, partition, type LogReader, type LogRecord } from '@proximadb/log';
import type { Logger } from '@proximadb/process';
import type { Digest, DigestRequest, ShardReport } from '@proximadb/query';
import { wireSchemaId, type Walker } from '@proximadb/record';
import type { CollectionSettings, LastRecord } from '@proximadb/schemas';
import { defaultsOf } from '@proximadb/segment';
import { applyRecord, type ApplyContext } from './apply.ts';
import { Chores } from './chores.ts';
import { Comparison } from './comparison.ts';
import type { IndexerConfig } from './config.ts';
import { History } from './history.ts';
import { describeLast, reachableExtent, verifyLog, verifyManifest, type Applied } from './identity.ts';
import { Ledger } from './ledger.ts';
import { Changes, type ChangesPage } from './reindex/changes.ts';
import { OriginStreams } from './reindex/origin.ts';
import { idleAfterMs, type Quiet } from './policy.ts';
import type { Mark } from './replica-sum.ts';
import { RequestWindow } from './request-window.ts';
import { ShardRows } from './rows.ts';
import { spaceOf, type ShardSpace } from './space.ts';
import { Storage, type Builder, type Checkpoint, type Frozen, type SchemaTexts, type ShardIdentity, type ManifestId } from './storage.ts';
import { delay, settledOrAborted } from './until.ts';
import { Waiters } from './waiters.ts';
import { Writing } from './writing.ts';

/** Schemas by id, as the catalog accepted them. */
export interface ShardSchemas extends SchemaTexts {
  /** Asks the catalog about an id that is not known yet; afterwards `walker` knows it, or it is not an accepted one. */
  learn(schemaId: number): Promise<void>;
}

export interface ShardOptions {
  readonly directory: string;
  readonly identity: ShardIdentity;
  readonly partitions: number;
  readonly settings: CollectionSettings;
  readonly config: IndexerConfig;
  readonly source: LogReader;
  readonly schemas: ShardSchemas;
  readonly builder: Builder;
  /** Whether the log is trimmed only behind snapshots, as {@link Shard.snapshotted} tells; else behind the manifest. */
  readonly trimBehindSnapshots: boolean;
  /** Whether the memtables of the thread take more memory than they may. */
  readonly memorySpent: () => boolean;
  /** µs since 1970. */
  readonly clock: () => number;
  readonly logger: Logger;
}

export type ShardState =
  /** Entry: opened. Applies what the log had at the start. Serves reads that wait for an offset it reached. */
  | { readonly kind: 'replaying'; readonly until: number }
  /** Entry: caught up once. Serves; while its log is away (see the report's `logAway`), as of the last watermark. */
  | { readonly kind: 'serving' }
  /** Entry: something an operator has to mend. Serves nobody; its folder and log stay as they are. */
  | { readonly kind: 'stopped'; readonly error: AppError }
  /** Entry: closed by its host. */
  | { readonly kind: 'closed' };

/** Of a memtable. They get their manifests one after the other, the oldest first; files are made of two at a time. */
interface Seal {
  /** It is done or given up, and so are those before it. */
  readonly settled: Promise<void>;
  /** Whether the first attempt succeeded. */
  readonly triedOnce: Promise<boolean>;
}

export class Shard {
  readonly identity: ShardIdentity;
  readonly rows: ShardRows;
  readonly #options: ShardOptions;
  readonly #storage: Storage;
  readonly #waiters: Waiters;
  readonly #stop = new AbortController();
  #window = new RequestWindow();
  #ledger = new Ledger();
  /** Of a generation that is filled from another one. */
  #streams = new OriginStreams();
  /** While a copier follows this shard. */
  #changes: Changes | undefined;
  #watermark = 0;
  /** Of the log, when it was last read. */
  #end = 0;
  #logTime = 0;
  /** The record below the watermark. Its checksum is only worked out where a manifest needs it. */
  #last: LogRecord | LastRecord | null = null;
  #state: ShardState = { kind: 'replaying', until: Infinity };
  #running: Promise<void> = Promise.resolve();
  readonly #seals: Seal[] = [];
  #sealGivenUp = false;
  readonly #chores: Chores;
  #lastFrozen: Frozen | undefined;
  /** Of the manifests of this process's life. */
  readonly #history = new History();
  #appliedBytes = 0;
  /** Why the log is not followed at the moment. */
  #logAway: AppError | undefined;
  /** When the state, or `logAway`, last changed; µs. */
  #since: number;
  /** With other replicas. */
  #comparison: Comparison;
  /** Below it the log may be trimmed as far as snapshots go. */
  #trimBound: number;
  readonly #writing: Writing;
  #manifestAtMs = performance.now();

  constructor(options: ShardOptions) {
    this.identity = options.identity;
    this.#options = options;
    this.#since = options.clock();
    const { dimension, metric, index, recall_target: recallTarget } = options.settings;
    this.rows = new ShardRows({ dimension, metric, index, recallTarget, rowsMax: options.config.growingRowsMax });
    this.#comparison = new Comparison(this.rows, []);
    this.#waiters = new Waiters(options.config.waitersMax);
    this.#trimBound = options.trimBehindSnapshots ? 0 : Infinity;
    this.#storage = new Storage({
      directory: options.directory, identity: options.identity, settings: options.settings, rows: this.rows, schemas: options.schemas, builder: options.builder,
      memory: { below: (checkpoint) => this.#below(checkpoint) },
    });
    const { config, settings } = options;
    this.#writing = new Writing({
      idleAfterMs: () => (settings.index === 'flat' ? config.idleMs : idleAfterMs(config, this.rows.indexing)), restMs: config.restMs,
      onIdle: () => { this.maintain(); }, stop: this.#stop.signal,
    });
    this.#chores = new Chores({ ...options, rows: this.rows, storage: this.#storage, stop: this.#stop.signal });
  }

  get state(): ShardState {
    return this.#state;
  }

  get watermark(): number {
    return this.#watermark;
  }

  /** Why the log is not followed at the moment; null: it is. */
  get logAway(): string | null {
    return this.#logAway?.message ?? null;
  }

  /** Records that the log had when it was last read, and that are not applied yet. */
  get lag(): number {
    return Math.max(0, this.#end - this.#watermark);
  }

  get space(): ShardSpace {
    return spaceOf(this.rows.sealed, this.#storage.written);
  }

  get manifestId(): ManifestId {
    return this.#storage.manifestId;
  }

  /** Whether nothing is being sealed, merged or built. */
  get isAtRest(): boolean {
    return this.#chores.rows === 0 && this.#seals.length === 0;
  }

  /** Whether it has rows that get an index as soon as it has nothing else to do. */
  get awaitsIndex(): boolean {
    const { config, settings } = this.#options;
    const { growing, unindexedCount } = this.rows;
    return this.#state.kind === 'serving' && settings.index !== 'flat' && Math.max(growing.count, unindexedCount) >= config.idleGraphRowsMin;
  }

  get growingBytes(): number {
    return [this.rows.growing, ...this.rows.frozen].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Highest append time below the watermark, µs. */
  get logTime(): number {
    return this.#logTime;
  }

  /** Notes what changes from now on, anew. @returns the watermark: everything below it the rows have. */
  async watchChanges(): Promise<number> {
    // What is in segments lies in the order of its ids, which a copier asks for.
    this.freeze();
    await this.#sealed();
    this.#changes = new Changes(changedIdsMax, this.#watermark);
    return this.#watermark;
  }

  forgetChanges(): void {
    this.#changes = undefined;
  }

  /**
   * What changed at or above an offset, as it is now, the longest unchanged first. What lies below is forgotten.
   * @returns undefined if it is not known: nobody watches, or too much changed. Then everything has to be compared again.
   */
  changesSince(since: number, limit: number, bytesMax: number): ChangesPage | undefined {
    this.#assertServing();
    return this.#changes?.since(since, { limit, bytesMax, watermark: this.#watermark, read: (idBytes) => this.#copyOf(idBytes) });
  }

  #copyOf(idBytes: Uint8Array): { readonly record: Uint8Array; readonly offset: number } | undefined {
    const place = this.rows.find(idBytes);
    if (place === undefined || this.rows.expires(place) <= this.#logTime) return undefined;
    const { view, offset: at } = this.rows.read(place);
    return { record: view.bytes, offset: at };
  }

  /** Instant at which readers see the rows: what has expired by the log or by this clock is in no answer. µs. */
  get nowMicros(): number {
    return Math.max(this.#logTime, this.#options.clock());
  }

  /** Opens the segments and starts to consume; failures stop the shard with a reason. */
  start(): void {
    this.#running = this.#open().then(() => this.#consume()).catch((error: unknown) => { this.#halt(error); });
  }

  /**
   * Settles once the shard serves and everything below `atLeast` is applied.
   * @throws AppError UNAVAILABLE if the shard stopped; DEADLINE_EXCEEDED saying by how much it is behind.
   */
  async waitFor(atLeast: number, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    this.#assertServing();
    if (this.#state.kind === 'serving' && this.#watermark >= atLeast) return;
    const { topic, partition: number } = this.identity;
    const behind = (): string => (this.#state.kind === 'replaying'
      ? `partition ${number} of ${topic} replays its log and is at ${this.#watermark}`
      : `partition ${number} of ${topic} is at ${this.#watermark}, ${atLeast - this.#watermark} records behind ${atLeast}`);
    await this.#waiters.wait(atLeast, timeoutMs, behind, signal);
  }

  /** Of records whose offsets are below the watermark. */
  outcomes(requestId: string, wanted: OutcomesWanted): PartitionOutcomes {
    this.#assertServing();
    const outcomes = Array.from({ length: wanted.count }, (_, sequence) => {
      const outcome = this.#window.find(requestId, sequence, this.#logTime);
      if (outcome === undefined && wanted.evenUnknown === true) return { kind: 'unknown' as const };
      if (outcome === undefined) throw new AppError('DEADLINE_EXCEEDED', `the outcome of request ${requestId} is no longer remembered`);
      return outcome;
    });
    return { partition: wanted.partition, outcomes };
  }

  report(): ShardReport {
    const { state, rows } = this;
    return {
      partition: this.identity.partition,
      state: state.kind === 'closed' ? 'stopped' : state.kind,
      reason: state.kind === 'stopped' ? state.error.message : null,
      logAway: this.logAway,
      since: this.#since,
      watermark: this.#watermark, durable: this.#storage.durable.watermark,
      live: rows.visibleCount(this.nowMicros),
      growingRows: [rows.growing, ...rows.frozen].reduce((sum, { states }) => sum + states.liveCount, 0),
      building: this.#chores.rows + rows.frozen.reduce((sum, { states }) => sum + states.liveCount, 0),
      memoryBytes: this.growingBytes + rows.memoryBytes + rows.sealed.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0),
      malformed: this.#ledger.total,
      ledger: this.#ledger.entries.slice(-ledgerShownMax).map(({ offset: at, reason }) => ({ offset: at, reason })),
      segments: rows.sealed.map((sealed) => ({
        id: sealed.files.id, rows: sealed.rows.count, dead: sealed.rows.count - sealed.states.liveCount,
        indexed: sealed.isIndexed, bytes: sealed.diskBytes, ...defaultsOf(sealed, this.#options.settings.recall_target),
      })),
      writtenBytes: this.#storage.written.bytes, sealedBytes: this.#storage.written.sealedBytes,
      marks: this.marks,
    };
  }

  /** Sums to compare with other replicas': the last marks, and that of the watermark. */
  get marks(): readonly Mark[] {
    return this.#comparison.marksUntil(this.#watermark, this.#logTime);
  }

  /** See `Digests`. */
  async digest(request: DigestRequest, signal?: AbortSignal): Promise<Digest> {
    this.#assertServing();
    if (!this.#comparison.watchFor(request.at, this.#watermark, this.#logTime)) return { watermark: this.#watermark, ranges: [], records: [] };
    await this.waitFor(request.at, request.timeoutMs, signal);
    return { watermark: this.#watermark, ...this.#comparison.digest(request) };
  }

  /** Freezes the memtable, whatever its size, and starts to seal it. */
  freeze(): void {
    if (this.#watermark === (this.#lastFrozen?.checkpoint.watermark ?? this.#storage.durable.watermark)) return;
    const { growing } = this.rows;
    const keep = Uint32Array.from(Array.from({ length: growing.count }, (_, row) => row).filter((row) => growing.states.isLive(row)));
    const last = this.#describedLast();
    const checkpoint = { watermark: this.#watermark, logTime: this.#logTime, last, streams: this.#streams.all() };
    const frozen: Frozen = { growing: this.rows.freeze(), keep, checkpoint };
    this.#lastFrozen = frozen;
    const [oneBefore, twoBefore] = [this.#seals.at(-1), this.#seals.at(-2)];
    const tried = Promise.withResolvers<boolean>();
    const seal = async (): Promise<void> => {
      try {
        await twoBefore?.settled;
        await this.#seal(frozen, oneBefore, tried.resolve);
      } finally {
        tried.resolve(false);
        await oneBefore?.settled;
        this.#seals.shift();
      }
    };
    this.#seals.push({ settled: seal(), triedOnce: tried.promise });
  }

  /** Settles when nothing that is frozen now waits to be sealed. */
  async #sealed(): Promise<void> {
    await this.#seals.at(-1)?.settled;
  }

  /** Starts merges and graphs that are due. */
  maintain(): void {
    if (this.#state.kind === 'stopped' || this.#state.kind === 'closed' || this.#stop.signal.aborted) return;
    this.#comparison.forgetUnused();
    const { config, settings } = this.#options;
    const { quiet } = this.#writing;
    // What stays in memory would be searched without an index; once it is a segment, that is due.
    if (quiet !== 'busy' && settings.index !== 'flat' && this.rows.growing.count >= config.idleGraphRowsMin) {
      this.freeze();
      void this.#sealed().then(() => { this.maintain(); });
    } else if (quiet !== 'busy' && this.rows.frozen.length === 0) this.#checkpointIdle(quiet);
    if (!this.#isHurrying()) this.#chores.begin(this.rows.frozen.length === 0 ? quiet : 'busy');
  }

  /** Who waits for a shard that starts waits for its log to be applied: merges do not take its cores meanwhile. A long log is applied slower without them. */
  #isHurrying(): boolean {
    return this.#state.kind === 'replaying' && this.rows.sealed.length < hurryingSegmentsMax;
  }

  /**
   * The offset below which the log may be trimmed: behind the manifest (or the oldest kept snapshot) by the history that is kept, and
   * never its last record, by which the log is known again.
   * @param historyBytesMax this shard's share.
   */
  trimPoint(historyBytesMax: number): number {
    const { historyMs, historyLiveFactor } = this.#options.config;
    const bytesMax = historyLiveFactor === 0 ? historyBytesMax : Math.min(historyBytesMax, historyLiveFactor * this.#liveBytes());
    const now = { logTime: this.#storage.durable.logTime, appliedBytes: this.#appliedBytes };
    const behind = this.#history.behind(now, { micros: historyMs * 1000, bytes: bytesMax });
    return Math.max(0, Math.min(behind, this.#trimBound) - 1);
  }

  /** @param oldestWatermark of the snapshots that are kept. */
  snapshotted(oldestWatermark: number): void {
    this.#trimBound = Math.max(this.#trimBound, oldestWatermark);
  }

  /**
   * Puts what the last manifest names into a new folder, as hard links: merges may go on meanwhile.
   * @returns which manifest that is; undefined while there is none.
   */
  stage(directory: string): Promise<ManifestId | undefined> {
    return this.#storage.stage(directory);
  }

  /** Whether the log's time has to move on, so that expired records can be left out for good. */
  needsTick(): boolean {
    const nowMicros = this.#options.clock();
    if (this.#state.kind !== 'serving' || nowMicros <= this.#logTime || this.#writing.sinceMs < this.#options.config.tickMs) return false;
    return this.rows.visibleCount(this.#logTime) !== this.rows.visibleCount(nowMicros);
  }

  /** Settles when nothing is being sealed, merged or built. For tests and for tools that wait. */
  async settled(): Promise<void> {
    await this.#sealed();
    await this.choresDone();
  }

  /** Settles when the merges and graphs that are under way are done; never rejects. */
  async choresDone(): Promise<void> {
    await this.#chores.done();
  }

  /** Stops consuming, writes a last manifest, closes the files. A merge or graph under way is given up: it can be built again. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    if (this.#state.kind === 'serving' || this.#state.kind === 'replaying') this.freeze();
    await this.#sealed();
    if (this.#state.kind !== 'stopped') this.#state = { kind: 'closed' };
    this.#waiters.fail(new AppError('UNAVAILABLE', 'the shard is closing'));
    await this.#storage.close();
  }

  async #open(): Promise<void> {
    const { directory, source, identity, logger } = this.#options;
    mkdirSync(directory, { recursive: true });
    const manifest = await Storage.read(directory);
    if (manifest !== undefined) {
      for (const id of new Set(manifest.segments.flatMap(({ schema_ids }) => schema_ids))) await this.#options.schemas.learn(id);
      verifyManifest(manifest, identity);
      this.#watermark = manifest.watermark;
      this.#logTime = manifest.log_time;
      this.#last = manifest.last;
      this.#window = RequestWindow.restore(manifest.requests.map(({ request_id: requestId, log_time: logTime, runs }) => ({ requestId, logTime, runs })));
      this.#ledger = new Ledger(manifest.malformed, manifest.ledger);
      this.#streams = new OriginStreams(manifest.streams);
      this.#comparison = new Comparison(this.rows, manifest.marks.map(({ offset: at, sum }) => ({ offset: at, sum })));
    }
    await this.#storage.restore(manifest, (event, error) => { logger.warn(event, { ...identity, error }); });
    await this.#verified({ watermark: this.#watermark, last: manifest?.last ?? null });
    const extent = await this.#patiently(() => reachableExtent(identity, source, this.#watermark));
    if (extent === undefined) return;
    this.#end = extent.end;
    this.#state = { kind: 'replaying', until: extent.end };
    this.#caughtUp();
  }

  /** Follows the log until it is told to stop; after each time that it was away, the log has to be the same one. */
  async #consume(): Promise<void> {
    const { identity, logger } = this.#options;
    const context: ApplyContext = {
      log: identity.log, partition: identity.partition, partitions: this.#options.partitions, rows: this.rows, window: this.#window, ledger: this.#ledger,
      streams: this.#streams,
      limits: { dimension: this.#options.settings.dimension, metric: this.#options.settings.metric, recordBytesMax: this.#options.settings.record_bytes_max },
      walker: (schemaId): Walker | undefined => this.#options.schemas.walker(schemaId),
    };
    while (!this.#stop.signal.aborted) {
      try {
        await this.#follow(context);
        return;
      } catch (error) {
        if (!isAway(error)) throw error;
        this.#noteLog(error);
        logger.warn('log-away', { ...identity, watermark: this.#watermark, error });
      }
      await this.#verified({ watermark: this.#watermark, last: this.#describedLast() });
    }
  }

  async #follow(context: ApplyContext): Promise<void> {
    const { source, config, identity } = this.#options;
    this.#writing.ends();
    for await (const batch of source.tail(identity.topic, partition(identity.partition), offset(this.#watermark), this.#stop.signal)) {
      this.#noteLog(undefined);
      this.#end = batch.end;
      await this.#learn(batch.records);
      let sliceEndsMs = this.#writing.goesOn() + config.sliceMs;
      for (const record of batch.records) {
        if (this.#isDue()) await this.#makeRoom();
        if (this.#stop.signal.aborted) return;
        this.#apply(context, record);
        if ((this.#watermark & 15) === 0 && performance.now() >= sliceEndsMs) {
          this.#caughtUp();
          await setImmediate();
          sliceEndsMs = this.#writing.goesOn() + config.sliceMs;
        }
      }
      this.#caughtUp();
      this.#writing.ends();
      await setImmediate();
    }
  }

  #apply(context: ApplyContext, record: LogRecord): void {
    assert(record.offset === this.#watermark, `the log gave offset ${record.offset} where ${this.#watermark} was next`);
    this.#logTime = Math.max(this.#logTime, record.appendTimeMicros);
    applyRecord(context, record, this.#logTime);
    this.#changes?.note(record.key, record.offset);
    this.#watermark = record.offset + 1;
    this.#last = record;
    this.#comparison.reached(this.#watermark, this.#logTime);
    this.#appliedBytes += recordOverheadBytes + record.key.length + (record.value?.length ?? 0);
  }

  async #learn(records: readonly LogRecord[]): Promise<void> {
    const { schemas } = this.#options;
    for (const { value, refused } of records) {
      if (refused !== undefined || value === null || value.length < 5 || value[0] !== 0) continue;
      const id = wireSchemaId(value);
      if (schemas.walker(id) === undefined) await schemas.learn(id);
    }
  }

  #isDue(): boolean {
    const { config } = this.#options;
    const { growing } = this.rows;
    const since = this.#watermark - (this.#lastFrozen?.checkpoint.watermark ?? this.#storage.durable.watermark);
    return growing.isFull || growing.recordBytes >= config.growingBytesMax || since >= config.checkpointRecordsMax;
  }

  /** Freezes the memtable, once there is room for another one. What comes meanwhile waits in the log. */
  async #makeRoom(): Promise<void> {
    this.#caughtUp();
    const { signal } = this.#stop;
    for (let relief = this.#relief(); relief !== undefined && !signal.aborted; relief = this.#relief()) await settledOrAborted(relief, signal);
    if (!signal.aborted) this.freeze();
  }

  /** What has to end before the shard may go on; undefined: it may. */
  #relief(): Promise<void> | undefined {
    const { config, settings, memorySpent } = this.#options;
    const { frozen, unindexedCount } = this.rows;
    if (frozen.length >= config.frozenMax || (frozen.length > 0 && memorySpent())) return this.#seals[0]?.settled;
    if (settings.index === 'flat') return undefined;
    if (unindexedCount < Math.max(config.unindexedRowsMax, config.graphRowsMin)) return undefined;
    return this.#chores.indexing ?? delay(config.maintenanceMs, this.#stop.signal);
  }

  /** Asks again and again while the log does not answer; undefined once the shard is told to stop. */
  async #patiently<T>(ask: () => Promise<T>): Promise<T | undefined> {
    const { signal } = this.#stop;
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      try {
        const answer = await ask();
        this.#noteLog(undefined);
        return answer;
      } catch (error) {
        if (!isAway(error)) throw error;
        this.#noteLog(error);
        await delay(Math.min(1_000, 50 * 2 ** attempt), signal);
      }
    }
    return undefined;
  }

  /** @throws AppError if the log is not the one that was applied. */
  async #verified(applied: Applied): Promise<void> {
    await this.#patiently(() => verifyLog(applied, this.identity, this.#options.partitions, this.#options.source));
  }

  #noteLog(away: AppError | undefined): void {
    if ((away === undefined) !== (this.#logAway === undefined)) this.#since = this.#options.clock();
    this.#logAway = away;
  }

  #describedLast(): LastRecord | null {
    const last = this.#last === null || 'crc32c' in this.#last ? this.#last : describeLast(this.#last);
    this.#last = last;
    return last;
  }

  /** @param before the seal of the memtable before it. @param tried told how the first attempt ended. */
  async #seal(frozen: Frozen, before: Seal | undefined, tried: (succeeded: boolean) => void): Promise<void> {
    for (let attempt = 0; ; attempt += 1) {
      // What failed is tried again alone: where the disk has little room, it is for the oldest.
      if (attempt > 0) await before?.settled;
      // A later checkpoint must not be written while an earlier memtable is not on disk.
      if (this.#sealGivenUp) return;
      const turn = async (): Promise<void> => {
        if (attempt === 0 && before !== undefined && !await before.triedOnce) throw new AppError('UNAVAILABLE', 'the memtable before it is not on disk');
      };
      try {
        // What another log says must not become this shard's checkpoint.
        await verifyLog(frozen.checkpoint, this.identity, this.#options.partitions, this.#options.source);
        await this.#storage.seal(frozen, turn);
        tried(true);
        break;
      } catch (error) {
        tried(false);
        this.#options.logger.error('seal-failed', { ...this.identity, attempt, error });
        const foreign = error instanceof AppError && error.code === 'FAILED_PRECONDITION';
        if (foreign) {
          this.#stop.abort();
          this.#halt(error);
        }
        this.#sealGivenUp = this.#stop.signal.aborted;
        if (this.#sealGivenUp) return;
        // The disk may have room again later; meanwhile the memtable serves, and consuming stops when too many wait.
        await delay(Math.min(5_000, 100 * 2 ** attempt), this.#stop.signal);
      }
    }
    const { watermark, logTime } = this.#storage.durable;
    this.#window.prune(watermark, logTime);
    this.#history.note({ watermark, logTime, appliedBytes: this.#appliedBytes });
    this.#manifestAtMs = performance.now();
  }

  /** About: of a segment, its share of live rows. */
  #liveBytes(): number {
    return this.growingBytes + this.space.liveBytes;
  }

  /**
   * Deletes and refusals add no rows: an idle shard writes them into a manifest, so that a restart need not apply them again, and a merge may leave out
   * what ended.
   */
  #checkpointIdle(quiet: Quiet): void {
    const behind = this.#watermark - this.#storage.durable.watermark;
    if (behind === 0) return;
    const { sealed, parts } = this.rows;
    const worn = sealed.some(({ rows, states }) => rows.count - states.liveCount > rows.count * this.#options.config.deadShareMax);
    if (quiet === 'resting' && worn) return void this.freeze();
    if (performance.now() - this.#manifestAtMs < checkpointIdleMs) return;
    this.#manifestAtMs = performance.now();
    const expired = this.rows.visibleCount(this.#logTime) !== parts.reduce((sum, { states }) => sum + states.liveCount, 0);
    if (behind >= checkpointIdleRecords || expired) this.freeze();
  }

  #become(state: ShardState): void {
    this.#state = state;
    this.#since = this.#options.clock();
  }

  /** Tells those who wait how far it got. */
  #caughtUp(): void {
    if (this.#state.kind === 'replaying' && this.#watermark >= this.#state.until) this.#become({ kind: 'serving' });
    if (this.#state.kind === 'serving') this.#waiters.reached(this.#watermark);
  }

  #below(checkpoint: Checkpoint): ReturnType<ConstructorParameters<typeof Storage>[0]['memory']['below']> {
    const { total, entries } = this.#ledger.below(checkpoint.watermark);
    const { watermark } = checkpoint;
    return { requests: this.#window.below(watermark), malformed: total, ledger: entries, marks: this.#comparison.marksBelow(watermark) };
  }

  #assertServing(): void {
    const { topic, partition: number } = this.identity;
    const where = `partition ${number} of ${topic}`;
    if (this.#state.kind === 'stopped') {
      const { error } = this.#state;
      throw new AppError('UNAVAILABLE', `${where} stopped: ${error.message}`, { cause: error });
    }
    if (this.#state.kind === 'closed') throw new AppError('UNAVAILABLE', `${where} is closed`);
  }

  #halt(thrown: unknown): void {
    const error = toAppError(thrown);
    this.#become({ kind: 'stopped', error });
    this.#options.logger.error('shard-stopped', { ...this.identity, watermark: this.#watermark, error: thrown });
    this.#waiters.fail(new AppError('UNAVAILABLE', `the shard stopped: ${error.message}`));
  }
}

/** Ids that changed and are not copied yet: past it a copier compares everything again. */
const changedIdsMax = 262_144;
/** Of the ledger's entries in a report. */
const ledgerShownMax = 100;
/** What the log keeps of a record besides key and value, about. */
const recordOverheadBytes = 80;
/** A full memtable each: with so many, finding an id takes about as long as applying its record. */
const hurryingSegmentsMax = 64;
const checkpointIdleMs = 30_000;
const checkpointIdleRecords = 1_000;

/** Worth to be asked again: the log does not answer at the moment. */
function isAway(error: unknown): error is AppError {
  return error instanceof AppError && error.code === 'UNAVAILABLE';
}
