/**
 * The durable side of a shard: which segments its manifest names, and how memtables, merges and graphs get into it.
 * One manifest is written at a time; what it names is on disk before, and is searched only after.
 */
import { randomUUID } from 'node:crypto';
import { linkSync, mkdirSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { AppError, assert } from '@proximadb/errors';
import type { Walker } from '@proximadb/record';
import type { CollectionSettings, LastRecord, LedgerEntry, Manifest, Metric, OriginStream, SegmentEntry } from '@proximadb/schemas';
import {
  decodeRows, dumpGrowing, encodeRows, linkVectors, manifestFile, moveGraph, readManifest, removeLeftovers, Sealed, SegmentWriter, writeManifest,
  type BuildJob, type BuildResult, type GraphJob, type GraphSettings, type Growing, type RequestBlock, type SegmentFiles,
} from '@proximadb/segment';
import type { Mark } from './replica-sum.ts';
import type { ShardRows } from './rows.ts';

/** Runs build jobs on threads of their own. */
export interface Builder {
  /** @throws AppError if the job failed; RESOURCE_EXHAUSTED-like failures of the disk can be tried again later. */
  run(job: BuildJob): Promise<BuildResult>;
}

/** The shard's log: which one it is. */
export interface ShardIdentity {
  readonly clusterId: string;
  readonly topic: string;
  readonly topicId: string;
  readonly log: number;
  readonly partition: number;
}

/** The state of a shard when everything below `watermark` was applied. */
export interface Checkpoint {
  readonly watermark: number;
  readonly logTime: number;
  readonly last: LastRecord | null;
  /** Where the copiers' streams were. */
  readonly streams: readonly OriginStream[];
}

/** What a checkpoint needs besides rows. */
export interface Memory {
  below(checkpoint: Checkpoint): {
    readonly requests: readonly RequestBlock[];
    readonly malformed: number;
    readonly ledger: readonly LedgerEntry[];
    readonly marks: readonly Mark[];
  };
}

/** A full memtable and the state of the shard at the moment it was frozen. */
export interface Frozen {
  readonly growing: Growing;
  readonly checkpoint: Checkpoint;
  /** Rows that were live then: the segment's rows, in this order. */
  readonly keep: Uint32Array;
}

export interface SchemaTexts {
  walker(schemaId: number): Walker | undefined;
  text(schemaId: number): string;
}

export interface StorageOptions {
  readonly directory: string;
  readonly identity: ShardIdentity;
  readonly settings: CollectionSettings;
  readonly rows: ShardRows;
  readonly memory: Memory;
  readonly schemas: SchemaTexts;
  readonly builder: Builder;
}

export interface WrittenBytes {
  /** Files of segments that came into a manifest: sealed, merged, graphs. */
  readonly bytes: number;
  /** Of them, records and vectors that were sealed for the first time. */
  readonly sealedBytes: number;
}

export interface ManifestId {
  /** Counts the manifests of a shard's folder. */
  readonly generation: number;
  readonly watermark: number;
}

/** One step from a manifest to the next. */
interface Change {
  /** Default: what the last manifest covered. */
  readonly covers?: Checkpoint;
  /** Their files go as soon as no manifest names them. */
  readonly out?: readonly Sealed[];
  readonly added?: readonly Sealed[];
  /** Ends the rows of what is added that ended in what it was made from. */
  readonly carryOver?: () => void;
  /** Synchronous, so that no reader sees a moment between. */
  readonly switchIn?: () => void;
}

/** What a merge leaves of a segment. */
interface Kept {
  readonly dropped: readonly number[];
  readonly rows: readonly number[];
}

/** Who began it disposes of it, and of its folder, when nobody writes to that any more. */
interface GraphBeingBuilt extends AsyncDisposable {
  readonly directory: string;
  readonly result: Promise<BuildResult>;
}

/** Which index a merged segment gets, and when. Lists come before: they put its rows into another order. */
export type MergedIndex = 'none' | 'before it serves' | 'while it serves';

const beginning: Checkpoint = { watermark: 0, logTime: 0, last: null, streams: [] };

export class Storage {
  readonly #options: StorageOptions;
  readonly #segmentsDirectory: string;
  readonly graphSettings: GraphSettings;
  #closed = false;
  #generation = 0;
  #durable: Checkpoint = beginning;
  /** What the last manifest names. Undefined where only the disk knows: a manifest may be there although writing it failed. */
  #named: readonly SegmentEntry[] | undefined = [];
  readonly #droppable = new WeakMap<Sealed, { readonly watermark: number; readonly live: number; readonly logTime: number; readonly count: number }>();
  readonly #written = { bytes: 0, sealedBytes: 0 };
  /** Manifests are written one after the other. */
  #lock: Promise<unknown> = Promise.resolve();

  constructor(options: StorageOptions) {
    this.#options = options;
    this.#segmentsDirectory = join(options.directory, 'segments');
    const { dimension, metric, m, ef_construction: efConstruction, quantization } = options.settings;
    this.graphSettings = { dimension, metric, m, efConstruction, quantization };
  }

  get #graphJob(): GraphJob {
    return { ...this.graphSettings, recallTarget: this.#options.settings.recall_target };
  }

  /** The metric that codes are made for; undefined: what is searched is always compared exactly. */
  get #codesMetric(): Metric | undefined {
    const { index, metric } = this.#options.settings;
    return index === 'flat' ? undefined : metric;
  }

  /** What was written since the shard was opened. */
  get written(): WrittenBytes {
    return this.#written;
  }

  /** What the last manifest covers. */
  get durable(): Checkpoint {
    return this.#durable;
  }

  /** The manifest of a shard's folder. */
  static read(directory: string): Promise<Manifest | undefined> {
    return readManifest(directory);
  }

  /**
   * Opens what a manifest names. All of it is there at once: a manifest that was written when a part is would leave out the rest.
   * @throws AppError DATA_LOSS naming a damaged file.
   */
  async restore(manifest: Manifest | undefined, warn: (event: string, error: unknown) => void): Promise<void> {
    mkdirSync(this.#segmentsDirectory, { recursive: true });
    removeLeftovers(this.#segmentsDirectory, new Set(manifest?.segments.map(({ id }) => id)));
    if (manifest === undefined) return;
    this.#generation = manifest.generation;
    this.#named = manifest.segments;
    this.#durable = { watermark: manifest.watermark, logTime: manifest.log_time, last: manifest.last, streams: manifest.streams };
    const opened: Sealed[] = [];
    try {
      for (const entry of manifest.segments) {
        const { id, rows, schema_ids: schemaIds, graph: file, ladder, reach } = entry;
        const files: SegmentFiles = { id, rows, files: entry.files, schemaIds, reach: file === null ? reach : null };
        const sealed = await this.#open(files, true);
        opened.push(sealed);
        // When exactly they ended no longer matters: it was below the watermark.
        for (const row of decodeRows(entry.ended)) sealed.states.end(row, manifest.watermark - 1);
        // A graph is derived data: a damaged one is built again.
        if (file !== null) await sealed.attach({ file, ladder, reach }, true).catch((error: unknown) => { warn('graph-damaged', error); });
      }
    } catch (error) {
      for (const sealed of opened) sealed.close();
      throw error;
    }
    for (const sealed of opened) this.#options.rows.restore(sealed);
  }

  /**
   * Makes a frozen memtable a segment. Until the end it serves; then its segment does.
   * @param turn settles once those before it have theirs: their manifests come first. Where it rejects, nothing is left of this one.
   */
  async seal(frozen: Frozen, turn: () => Promise<void>): Promise<void> {
    const { rows, schemas, builder } = this.#options;
    if (frozen.keep.length === 0) {
      await turn();
      await this.#commit({ covers: frozen.checkpoint, switchIn: () => { rows.replace([frozen.growing], []); } });
      return;
    }
    const directory = this.#temporary();
    try {
      using writer = new SegmentWriter(directory, frozen.keep.length, (id) => schemas.text(id));
      for (const _ of dumpGrowing(frozen.growing, frozen.keep, writer)) await setImmediate();
      const schemaIds = writer.close();
      const { segment } = await builder.run({
        kind: 'complete', directory, schemaIds, schemas: this.#texts(schemaIds), dimension: this.graphSettings.dimension, codes: this.#codesMetric,
      });
      assert(segment !== undefined, 'completing a segment gives one');
      await turn().catch((error: unknown) => {
        rmSync(join(this.#segmentsDirectory, segment.id), { recursive: true, force: true });
        throw error;
      });
      const sealed = await this.#open(segment, false);
      await this.#commit({
        covers: frozen.checkpoint, added: [sealed],
        carryOver: () => { frozen.keep.forEach((row, to) => { carryOver(frozen.growing, row, sealed, to); }); },
        switchIn: () => { rows.replace([frozen.growing], [sealed]); },
      });
      this.#written.bytes += sealed.diskBytes;
      this.#written.sealedBytes += sealed.baseBytes;
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  }

  /** Builds the graph of a segment. @returns why it goes without, if it does. */
  async buildGraph(sealed: Sealed): Promise<string | undefined> {
    await using graph = this.#beginGraph([sealed], [{ dropped: [], rows: Array.from({ length: sealed.rows.count }, (_, row) => row) }]);
    return this.#addGraph(sealed, graph);
  }

  /** While it serves. @returns why there is none, if there is none. */
  async #addGraph(sealed: Sealed, graph: GraphBeingBuilt): Promise<string | undefined> {
    const refused = await this.#attach(sealed, graph);
    if (refused !== undefined) return refused;
    await this.#commit({});
    this.#written.bytes += sealed.graphEntry?.bytes ?? 0;
    return undefined;
  }

  async #attach(sealed: Sealed, { directory, result }: GraphBeingBuilt): Promise<string | undefined> {
    const { graph, refused } = await result;
    this.#assertOpen();
    if (graph === undefined) {
      sealed.goWithoutIndex();
      return refused;
    }
    moveGraph(directory, join(this.#segmentsDirectory, sealed.files.id));
    await sealed.attach(graph, false);
    return undefined;
  }

  /** From the vectors of the sources, which may be deleted meanwhile. */
  #beginGraph(sources: readonly Sealed[], kept: readonly Kept[]): GraphBeingBuilt {
    const directory = this.#temporary();
    const remove = (): void => { rmSync(directory, { recursive: true, force: true }); };
    try {
      const linked = sources.map(({ files: { id } }, i) => {
        const target = join(directory, String(i));
        linkVectors(join(this.#segmentsDirectory, id), target);
        return { directory: target, keep: encodeRows(kept[i]?.rows ?? []) };
      });
      const result = this.#options.builder.run({ kind: 'graph', directory, sources: linked, graph: this.#graphJob });
      // Handled here, too: who is to await it may fail before.
      const settled = result.then(() => {}, () => {});
      return { directory, result, [Symbol.asyncDispose]: () => settled.then(remove) };
    } catch (error) {
      remove();
      throw error;
    }
  }

  /** Rows of a segment that no reader and no replay will want again: ended below the durable watermark, or expired by both clocks. */
  droppable(sealed: Sealed, nowMicros: number): number[] {
    const expiredAt = Math.min(nowMicros, this.#durable.logTime);
    const rows = sealed.states.endedBelow(this.#durable.watermark, sealed.rows.count);
    if (!sealed.hasExpiries) return rows;
    const ended = new Set(rows);
    for (let row = 0; row < sealed.rows.count; row += 1) if ((sealed.rows.expires[row] ?? Infinity) <= expiredAt && !ended.has(row)) rows.push(row);
    return rows;
  }

  /** How many rows are droppable; counted anew only when something changed. */
  droppableCount(sealed: Sealed, nowMicros: number): number {
    const { watermark, logTime } = this.#durable;
    const counted = this.#droppable.get(sealed);
    const live = sealed.states.liveCount;
    const current = counted !== undefined && counted.watermark === watermark && counted.live === live && (!sealed.hasExpiries || counted.logTime === logTime);
    if (current) return counted.count;
    const count = this.droppable(sealed, nowMicros).length;
    this.#droppable.set(sealed, { watermark, live, logTime, count });
    return count;
  }

  /**
   * Puts one segment in the place of several, without the rows that are droppable: those first that were written first, as far as no index orders them.
   * @param serves told at the moment from which it serves; not where no row is left.
   * @returns why it goes without the index that it should get, if it does.
   */
  async merge(several: readonly Sealed[], index: MergedIndex, nowMicros: number, serves: (merged: Sealed) => void = () => {}): Promise<string | undefined> {
    const { settings } = this.#options;
    const sources = several.toSorted((one, other) => firstOffset(one) - firstOffset(other));
    const kept = sources.map((source) => this.#keptOf(source, nowMicros));
    if (index === 'none' || settings.index !== 'hnsw' || kept.every(({ rows }) => rows.length === 0)) {
      return (await this.#mergeFiles(sources, kept, index !== 'none' && settings.index === 'ivf', { serves })).refused;
    }
    // Rows keep their order, so the graph is built by others meanwhile.
    await using graph = this.#beginGraph(sources, kept);
    if (index === 'before it serves') {
      let refused: string | undefined;
      await this.#mergeFiles(sources, kept, false, { serves, complete: async (merged) => { refused = await this.#attach(merged, graph); } });
      return refused;
    }
    const { merged } = await this.#mergeFiles(sources, kept, false, { serves });
    return merged === undefined ? undefined : this.#addGraph(merged, graph);
  }

  #keptOf(source: Sealed, nowMicros: number): Kept {
    const dropped = this.droppable(source, nowMicros);
    const without = new Set(dropped);
    return { dropped, rows: Array.from({ length: source.rows.count }, (_, row) => row).filter((row) => !without.has(row)) };
  }

  async #mergeFiles(
    sources: readonly Sealed[], kept: readonly Kept[], listed: boolean,
    { serves, complete = async () => {} }: { readonly serves: (merged: Sealed) => void; readonly complete?: (merged: Sealed) => Promise<void> },
  ): Promise<{ readonly merged: Sealed | undefined; readonly refused: string | undefined }> {
    const { rows, builder, settings } = this.#options;
    const directory = this.#temporary();
    await using failed = new AsyncDisposableStack();
    try {
      const { segment, order, refused } = await builder.run({
        kind: 'merge', directory, dimension: this.graphSettings.dimension, lists: listed ? settings.metric : undefined, codes: this.#codesMetric,
        recallTarget: settings.recall_target, schemas: this.#texts(sources.flatMap(({ files }) => files.schemaIds)),
        sources: sources.map(({ files }, i) => ({
          directory: join(this.#segmentsDirectory, files.id), schemaIds: files.schemaIds, keep: encodeRows(kept[i]?.rows ?? []),
        })),
      });
      if (segment !== undefined) failed.defer(() => this.#abandon(segment.id));
      this.#assertOpen();
      const merged = segment === undefined ? undefined : await this.#open(segment, false);
      if (refused !== undefined) merged?.goWithoutIndex();
      if (merged !== undefined) {
        await complete(merged).catch((error: unknown) => {
          merged.close();
          throw error;
        });
      }
      const placeOf = order === undefined ? undefined : inverse(order);
      await this.#commit({
        out: sources, added: merged === undefined ? [] : [merged],
        carryOver: () => {
          if (merged === undefined) return;
          let at = 0;
          sources.forEach((source, i) => {
            for (const row of kept[i]?.rows ?? []) {
              carryOver(source, row, merged, placeOf?.[at] ?? at);
              at += 1;
            }
          });
        },
        switchIn: () => {
          sources.forEach((source, i) => { rows.drop(source, kept[i]?.dropped ?? []); });
          rows.replace(sources, merged === undefined ? [] : [merged]);
          if (merged !== undefined) serves(merged);
        },
      });
      this.#written.bytes += merged?.diskBytes ?? 0;
      failed.move();
      return { merged, refused };
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  }

  /** Of the last manifest; generation 0: there is none. */
  get manifestId(): ManifestId {
    return { generation: this.#generation, watermark: this.#durable.watermark };
  }

  /**
   * Hard links of the last manifest and of the files it names, in a new folder.
   * @returns which manifest that is; undefined if there is none.
   */
  stage(directory: string): Promise<ManifestId | undefined> {
    return this.#alone(async () => {
      if (this.#generation === 0) return undefined;
      const manifest = this.#named === undefined ? await readManifest(this.#options.directory) : { ...this.manifestId, segments: this.#named };
      assert(manifest !== undefined, 'a shard that wrote a manifest has one');
      const { segments, generation, watermark } = manifest;
      mkdirSync(directory, { recursive: true });
      linkSync(join(this.#options.directory, manifestFile), join(directory, manifestFile));
      for (const { id, files, graph } of segments) {
        const target = join(directory, 'segments', id);
        mkdirSync(target, { recursive: true });
        for (const { name } of graph === null ? files : [...files, graph]) linkSync(join(this.#segmentsDirectory, id, name), join(target, name));
      }
      return { generation, watermark };
    });
  }

  /**
   * What is being built is no longer wanted. Settles when nothing of this shard writes to its folder but to files that no manifest names: who opens it
   * next finds what the manifest says.
   */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#lock;
    for (const sealed of this.#options.rows.sealed) sealed.close();
  }

  #assertOpen(): void {
    if (this.#closed) throw new AppError('CANCELLED', 'the shard was closed meanwhile');
  }

  /** Not at once: deleting large files takes milliseconds, in which nobody would be answered. What cannot be deleted now is when the shard is opened. */
  async #discard(sources: readonly Sealed[], successors: readonly Sealed[]): Promise<void> {
    for (const source of sources) source.close();
    // Content names a folder: a rewrite that left nothing out has the same one.
    const staying = new Set(successors.map(({ files }) => files.id));
    for (const { files: { id } } of sources) if (!staying.has(id)) await this.#remove(id).catch(() => {});
  }

  /** What came to nothing goes, unless it serves: content names a folder. Or a manifest names it, which may be there although writing it failed. */
  #abandon(id: string): Promise<void> {
    return this.#alone(async () => {
      // Whoever opens it next removes what no manifest names.
      if (this.#closed || this.#options.rows.sealed.some(({ files }) => files.id === id)) return;
      const manifest = await readManifest(this.#options.directory);
      if (manifest?.segments.every((segment) => segment.id !== id) ?? true) await this.#remove(id);
    }).catch(() => {});
  }

  #remove(id: string): Promise<void> {
    return rm(join(this.#segmentsDirectory, id), { recursive: true, force: true });
  }

  /** After all that was asked before it. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#lock.then(work);
    this.#lock = done.catch(() => {});
    return done;
  }

  /** Writes the next manifest, then switches. @throws AppError CANCELLED once the shard is closed: its folder may be another one's by now. */
  async #commit(change: Change): Promise<void> {
    const { rows } = this.#options;
    try {
      await this.#alone(() => this.#commitNow(change));
    } catch (error) {
      // What does not serve is tried again with other files, or never.
      for (const one of change.added ?? []) if (!rows.sealed.includes(one)) one.close();
      throw error;
    }
  }

  async #commitNow(change: Change): Promise<void> {
    this.#assertOpen();
    const covers = change.covers ?? this.#durable;
    assert(covers.watermark >= this.#durable.watermark, 'a watermark never goes back');
    const { identity, settings, memory, rows, directory } = this.#options;
    const staying = rows.sealed.filter((sealed) => !(change.out ?? []).includes(sealed));
    change.carryOver?.();
    const segments = [...staying, ...(change.added ?? [])].map((sealed) => entryOf(sealed, covers.watermark));
    const { requests, malformed, ledger, marks } = memory.below(covers);
    this.#named = undefined;
    await writeManifest(directory, {
      generation: this.#generation + 1,
      cluster_id: identity.clusterId, topic: identity.topic, topic_id: identity.topicId, log: identity.log, partition: identity.partition,
      settings, watermark: covers.watermark, log_time: covers.logTime, last: covers.last,
      segments, requests: [], malformed, ledger, marks, streams: [...covers.streams],
    }, requests);
    this.#named = segments;
    this.#generation += 1;
    this.#durable = covers;
    // Rows may have ended while the manifest was written.
    change.carryOver?.();
    change.switchIn?.();
    await this.#discard(change.out ?? [], change.added ?? []);
  }

  async #open(files: SegmentFiles, checkRecords: boolean): Promise<Sealed> {
    const walkerOf = (schemaId: number): Walker => {
      const walker = this.#options.schemas.walker(schemaId);
      if (walker !== undefined) return walker;
      throw new AppError('FAILED_PRECONDITION', `stored records have schema id ${schemaId}, which this release cannot read: upgrade it`);
    };
    const { graphSettings } = this;
    const { storage } = this.#options.settings;
    return Sealed.open({ directory: join(this.#segmentsDirectory, files.id), files, graphSettings, walkerOf, storage }, checkRecords);
  }

  #temporary(): string {
    return join(this.#segmentsDirectory, `tmp-${randomUUID()}`);
  }

  #texts(schemaIds: readonly number[]): Record<number, string> {
    return Object.fromEntries(schemaIds.map((id) => [id, this.#options.schemas.text(id)]));
  }
}

function firstOffset({ rows: { offsets } }: Sealed): number {
  return offsets[0] ?? 0;
}

/** A row that ended while its segment was made ends there, too; telling it twice does no harm. */
function carryOver(from: Growing | Sealed, row: number, to: Sealed, target: number): void {
  if (!from.states.isLive(row) && to.states.isLive(target)) to.states.end(target, from.states.endedAt(row));
}

/** Of a permutation. */
function inverse(order: Uint32Array): Uint32Array {
  const places = new Uint32Array(order.length);
  order.forEach((at, place) => { places[at] = place; });
  return places;
}

function entryOf(sealed: Sealed, watermark: number): SegmentEntry {
  const { id, rows, files, schemaIds } = sealed.files;
  const ended = Buffer.from(encodeRows(sealed.states.endedBelow(watermark, rows)));
  return { id, rows, files, schema_ids: schemaIds, graph: sealed.graphEntry, ladder: [...sealed.ladder], reach: sealed.reach, ended };
}
