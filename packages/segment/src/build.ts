/**
 * The work of the builder's thread, on files alone: completing a sealed memtable, merging segments, building graphs and lists.
 * Each job is synchronous, takes as long as it takes, and leaves either a whole segment or nothing that counts.
 */
import { closeSync, ftruncateSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { assert } from '@proximadb/errors';
import { compileWalker, type Walker } from '@proximadb/record';
import type { Metric } from '@proximadb/schemas';
import { decodeRows } from './bitmap.ts';
import { codesOf } from './coded-rows.ts';
import { signsMicros } from './costs.ts';
import { codesBytes, strideOf } from './kernels/index.ts';
import { clusterRows, encodeCodes, measureCodes, measureDepths, type Clustering } from './lists/build.ts';
import { encodeLists, Lists, measuredNeighbours } from './lists/lists.ts';
import { ContainerReader } from './sealed/container.ts';
import { listsReading, recallRead } from './recall.ts';
import { codesFile, describeFile, graphFile, listsFile, readAligned, recordsFile, rowsFile, signsFile, syncPath, vectorsFile } from './sealed/files.ts';
import { FileReader } from './sealed/file-reader.ts';
import { buildGraph, GraphRefused, type BuiltGraph, type GraphSettings } from './sealed/graph.ts';
import { viewRows, type Rows } from './sealed/rows.ts';
import { StoredCodes } from './sealed/stored-codes.ts';
import { completeSegment, SegmentWriter, type SegmentFiles } from './sealed/write.ts';

/** Rows of a segment. */
export interface VectorSource {
  /** With its vectors' file. */
  readonly directory: string;
  /** A roaring bitmap in the portable format. */
  readonly keep: Uint8Array;
}

export interface MergeSource extends VectorSource {
  /** With all of its base files. */
  readonly directory: string;
  readonly schemaIds: readonly number[];
}

export interface GraphJob extends GraphSettings {
  /** Of the collection. */
  readonly recallTarget: number;
}

export type BuildJob =
  /** The folder holds base files only. */
  | {
    readonly kind: 'complete'; readonly directory: string; readonly schemaIds: readonly number[];
    readonly schemas: Readonly<Record<number, string>>; readonly dimension: number; readonly codes: Metric | undefined;
  }
  /** The kept rows of the sources become one segment: one after the other, or in the order of lists. */
  | {
    readonly kind: 'merge'; readonly directory: string; readonly sources: readonly MergeSource[];
    readonly schemas: Readonly<Record<number, string>>; readonly dimension: number;
    /** The metric that lists are made for; undefined: none. */
    readonly lists: Metric | undefined;
    /** The metric that codes of one bit are made for, unless there are lists that cost less to read; undefined: none. */
    readonly codes: Metric | undefined;
    /** Of the collection. */
    readonly recallTarget: number;
  }
  /** The kept rows of the sources, one after the other, get a graph, whose file comes into the folder. */
  | { readonly kind: 'graph'; readonly directory: string; readonly sources: readonly VectorSource[]; readonly graph: GraphJob };

export interface BuildResult {
  /** Absent for a graph, and where a merge had no row left. */
  readonly segment: SegmentFiles | undefined;
  readonly graph: BuiltGraph | undefined;
  /** Why there is no graph, or are no lists, where these were to be made. */
  readonly refused?: string;
  /** Of each row, where lists were to be made: which of the kept rows it is, counted over all sources. Undefined: they lie as they were. */
  readonly order?: Uint32Array;
}

/** @param threads that build a graph together; for all else there is this one. */
export function runBuildJob(job: BuildJob, threads = 1): BuildResult {
  switch (job.kind) {
    case 'complete': return { segment: complete(job), graph: undefined };
    case 'graph': return { segment: undefined, ...writeGraph(job, threads) };
    case 'merge': return merge(job);
  }
}

function complete({ directory, schemaIds, schemas, codes, dimension }: BuildJob & { kind: 'complete' }): SegmentFiles {
  return completeSegment(directory, schemaIds, walkers(schemas), writeSigns(directory, codes, dimension, viewRows(readAligned(directory, rowsFile)).count));
}

/** @returns the file's name, if there is one. */
function writeSigns(directory: string, metric: Metric | undefined, dimension: number, rows: number): string[] {
  if (metric === undefined) return [];
  const vectors = new VectorFile(directory, strideOf(dimension));
  try {
    const signs = codesOf(metric, dimension, rows, (row) => vectors.row(row).subarray(0, dimension));
    if (signs === undefined) return [];
    writeFileSync(join(directory, signsFile), signs.content);
    return [signsFile];
  } finally {
    vectors.close();
  }
}

function walkers(schemas: Readonly<Record<number, string>>): (id: number) => Walker {
  const compiled = new Map<number, Walker>();
  return (id) => {
    const known = compiled.get(id) ?? compileWalker(JSON.parse(schemas[id] ?? 'null'));
    compiled.set(id, known);
    return known;
  };
}

function merge(job: BuildJob & { kind: 'merge' }): BuildResult {
  const { lists: metric, dimension } = job;
  using kept = new KeptRows(job.sources, (source) => new SourceFiles(source, strideOf(dimension)));
  if (kept.count === 0) return { segment: undefined, graph: undefined };
  const clustering = metric === undefined ? undefined : clusterRows(metric, dimension, kept.count, (at) => {
    const { source, row } = kept.at(at);
    return source.vectors.row(row).subarray(0, dimension);
  });
  using writer = new SegmentWriter(job.directory, kept.count, (id) => job.schemas[id] ?? 'null');
  for (let row = 0; row < kept.count; row += 1) {
    const from = kept.at(clustering?.order[row] ?? row);
    from.source.copy(from.row, writer, clustering !== undefined);
  }
  const schemaIds = writer.close();
  const measured = metric === undefined || clustering === undefined ? undefined : writeLists(job, metric, clustering);
  const refused = measured === undefined || measured.found >= foundMin ? undefined : `of these rows lists find ${measured.found.toFixed(2)} of what is nearest`;
  const reach = refused === undefined ? measured?.reach ?? null : null;
  const areListed = measured !== undefined && refused === undefined;
  const signs = areListed && measured.areCheap ? [] : writeSigns(job.directory, job.codes, dimension, kept.count);
  const parts = areListed ? [listsFile, codesFile, ...signs] : signs;
  const segment = { ...completeSegment(job.directory, schemaIds, walkers(job.schemas), parts), reach };
  return {
    segment, graph: undefined, ...(clustering === undefined ? {} : { order: clustering.order }), ...(refused === undefined ? {} : { refused }),
  };
}

/** Lists that find less are none: 0.97 and more is what they find of words and of clusters. */
const foundMin = 0.9;

/** What was measured of lists; and whether those that a search reads by default cost less than codes of one bit of all rows. */
type MeasuredLists = ReturnType<typeof measureCodes> & { readonly areCheap: boolean };

/** Writes both of their files, or none if too little is found. */
function writeLists({ directory, dimension, recallTarget }: BuildJob & { kind: 'merge' }, metric: Metric, clustering: Clustering): MeasuredLists {
  using opened = new DisposableStack();
  const vectors = opened.adopt(new VectorFile(directory, strideOf(dimension)), (file) => { file.close(); });
  const vector = (row: number): Float32Array => vectors.row(row).subarray(0, dimension);
  const { order: { length: rows }, starts, centroids } = clustering;
  writeCodes(join(directory, codesFile), metric, dimension, clustering, vector);
  const { asked, ...measured } = measureDepths(metric, dimension, clustering, vector);
  const file = { dimension, rows, starts, ...measured, centroids };
  const codes = opened.adopt(new StoredCodes(join(directory, codesFile), dimension, rows), (stored) => { stored.close(); });
  const lists = new Lists(metric, file, codes);
  const of = measureCodes(metric, file, lists, asked, (row) => vectors.single(row).subarray(0, dimension));
  if (of.found < foundMin) rmSync(join(directory, codesFile));
  else writeFileSync(join(directory, listsFile), encodeLists(file));
  const read = lists.listsFor(recallRead(recallTarget, listsReading(rows, false)), measuredNeighbours);
  return { ...of, areCheap: lists.micros(read, rows) < signsMicros(rows, rows, dimension) };
}

/** A list at a time: all of them would be a quarter of the vectors. */
function writeCodes(path: string, metric: Metric, dimension: number, clustering: Clustering, vector: (row: number) => Float32Array): void {
  const fd = openSync(path, 'wx');
  try {
    ftruncateSync(fd, codesBytes(dimension, clustering.order.length));
    encodeCodes(metric, dimension, clustering, vector, (bytes, place) => {
      for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done, bytes.length - done, place + done);
    });
  } finally {
    closeSync(fd);
  }
}

/** The kept rows of several segments, counted through. */
class KeptRows<Opened extends { close(): void }, Source extends VectorSource> implements Disposable {
  readonly count: number;
  readonly #sources: Opened[] = [];
  /** Of each kept row: which source, and which row of it. */
  readonly #sourceOf: Uint32Array;
  readonly #rowOf: Uint32Array;
  readonly #opened = new DisposableStack();

  constructor(sources: readonly Source[], open: (source: Source) => Opened) {
    const keeps = sources.map(({ keep }) => decodeRows(keep));
    this.count = keeps.reduce((sum, { length }) => sum + length, 0);
    this.#sourceOf = new Uint32Array(this.count);
    this.#rowOf = new Uint32Array(this.count);
    let at = 0;
    keeps.forEach((keep, source) => {
      this.#rowOf.set(keep, at);
      this.#sourceOf.fill(source, at, at += keep.length);
    });
    try {
      for (const source of sources) this.#sources.push(this.#opened.adopt(open(source), (opened) => { opened.close(); }));
    } catch (error) {
      // Tried again and again: what was opened must not stay so.
      this.#opened.dispose();
      throw error;
    }
  }

  at(at: number): { readonly source: Opened; readonly row: number } {
    const source = this.#sources[this.#sourceOf[at] ?? 0];
    assert(source !== undefined && at < this.count, 'a row that is kept');
    return { source, row: this.#rowOf[at] ?? 0 };
  }

  [Symbol.dispose](): void {
    this.#opened.dispose();
  }
}

/** Of a segment that is merged. */
class SourceFiles {
  readonly vectors: VectorFile;
  readonly #schemaIds: readonly number[];
  readonly #rows: Rows;
  readonly #records: ContainerReader;

  constructor({ directory, schemaIds }: MergeSource, stride: number) {
    this.#schemaIds = schemaIds;
    this.#rows = viewRows(readAligned(directory, rowsFile));
    this.vectors = new VectorFile(directory, stride);
    try {
      this.#records = new ContainerReader(schemaIds.map((_, n) => join(directory, recordsFile(n))), this.#rows);
    } catch (error) {
      this.vectors.close();
      throw error;
    }
  }

  /** @param scattered whether rows come in no order of theirs. */
  copy(row: number, into: SegmentWriter, scattered: boolean): void {
    const [rows, records, vectors] = [this.#rows, this.#records, this.vectors];
    const datum = scattered ? records.read(row) : records.readInOrder(row);
    const vector = scattered ? vectors.single(row) : vectors.row(row);
    into.add(this.#schemaIds[rows.files[row] ?? 0] ?? 0, datum, rows.offsets[row] ?? 0, rows.expires[row] ?? Infinity, rows.hashes[row] ?? 0, vector);
  }

  close(): void {
    this.vectors.close();
    this.#records.close();
  }
}

function writeGraph({ directory, sources, graph }: BuildJob & { kind: 'graph' }, threads: number): Pick<BuildResult, 'graph' | 'refused'> {
  const { recallTarget, ...settings } = graph;
  const { dimension } = settings;
  const path = join(directory, graphFile);
  using kept = new KeptRows(sources, (source) => new VectorFile(source.directory, strideOf(dimension)));
  const reading = (read: (from: VectorFile, row: number) => Float32Array) => (at: number): Float32Array => {
    const { source, row } = kept.at(at);
    return read(source, row).subarray(0, dimension);
  };
  const rows = { count: kept.count, inOrder: reading((from, row) => from.row(row)), single: reading((from, row) => from.single(row)) };
  try {
    const recall = buildGraph(settings, rows, path, recallRead(recallTarget, 'graph'), threads);
    syncPath(path);
    return { graph: { file: describeFile(directory, graphFile), ...recall } };
  } catch (error) {
    rmSync(path, { force: true });
    if (error instanceof GraphRefused) return { graph: undefined, refused: error.message };
    throw error;
  }
}

const aheadBytes = 1 << 20;

/** Reads vectors by row, ahead of ascending rows. */
class VectorFile {
  readonly #file: FileReader;
  readonly #stride: number;
  readonly #ahead: Float32Array;
  #first = 0;
  /** How many rows were read ahead. */
  #rows = 0;

  constructor(directory: string, stride: number) {
    this.#file = new FileReader(join(directory, vectorsFile));
    this.#stride = stride;
    this.#ahead = new Float32Array(Math.max(1, Math.floor(aheadBytes / 4 / stride)) * stride);
  }

  /** A padded row; valid until the next call. */
  row(row: number): Float32Array {
    if (row < this.#first || row >= this.#first + this.#rows) this.#readFrom(row);
    const at = (row - this.#first) * this.#stride;
    return this.#ahead.subarray(at, at + this.#stride);
  }

  /** A padded row by itself, for rows in no order. */
  single(row: number): Float32Array {
    const values = new Float32Array(this.#stride);
    const bytes = new Uint8Array(values.buffer);
    this.#file.read(bytes, row * bytes.length);
    return values;
  }

  close(): void {
    this.#file.close();
  }

  #readFrom(row: number): void {
    const rowBytes = this.#stride * 4;
    this.#rows = Math.floor(this.#file.read(new Uint8Array(this.#ahead.buffer), row * rowBytes, rowBytes) / rowBytes);
    this.#first = row;
  }
}
