/**
 * The work of the builder's thread, on files alone: completing a sealed memtable, merging segments, building graphs.
 * Each job is synchronous, takes as long as it takes, and leaves either a whole segment or nothing that counts.
 */
import { closeSync, openSync, readSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '@proximadb/errors';
import { compileWalker, type Walker } from '@proximadb/record';
import { decodeRows } from './bitmap.ts';
import { ContainerReader } from './sealed/container.ts';
import { describeFile, graphFile, readAligned, recordsFile, rowsFile, syncPath, vectorsFile, type FileEntry } from './sealed/files.ts';
import { buildGraph, type GraphSettings } from './sealed/graph.ts';
import { viewRows } from './sealed/rows.ts';
import { completeSegment, SegmentWriter, type SegmentFiles } from './sealed/write.ts';

/** Floats from one vector to the next in a vector file: the dimension, padded to whole SIMD lanes. */
export function strideOf(dimension: number): number {
  return Math.ceil(dimension / 4) * 4;
}

export interface MergeSource {
  readonly directory: string;
  readonly schemaIds: readonly number[];
  /** Rows to carry over: a roaring bitmap in the portable format. */
  readonly keep: Uint8Array;
}

export type BuildJob =
  /** The folder holds base files only. */
  | { readonly kind: 'complete'; readonly directory: string; readonly schemaIds: readonly number[]; readonly schemas: Readonly<Record<number, string>> }
  /** The kept rows of the sources, one after the other, become one segment. */
  | {
    readonly kind: 'merge'; readonly directory: string; readonly sources: readonly MergeSource[];
    readonly schemas: Readonly<Record<number, string>>; readonly graph: GraphSettings | undefined; readonly dimension: number;
  }
  | { readonly kind: 'graph'; readonly directory: string; readonly rows: number; readonly graph: GraphSettings };

export interface BuildResult {
  /** Absent for a graph alone, and where a merge had no row left. */
  readonly segment: SegmentFiles | undefined;
  readonly graph: FileEntry | undefined;
}

export function runBuildJob(job: BuildJob): BuildResult {
  switch (job.kind) {
    case 'complete': return { segment: completeSegment(job.directory, job.schemaIds, walkers(job.schemas)), graph: undefined };
    case 'graph': return { segment: undefined, graph: writeGraph(job.directory, job.rows, job.graph) };
    case 'merge': return merge(job);
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
  const keeps = job.sources.map((source) => decodeRows(source.keep));
  const count = keeps.reduce((sum, keep) => sum + keep.length, 0);
  if (count === 0) return { segment: undefined, graph: undefined };
  const writer = new SegmentWriter(job.directory, count, (id) => job.schemas[id] ?? 'null');
  const stride = strideOf(job.dimension);
  job.sources.forEach((source, i) => {
    const rows = viewRows(readAligned(source.directory, rowsFile));
    const records = new ContainerReader(source.schemaIds.map((_, n) => join(source.directory, recordsFile(n))), rows);
    const vectors = new VectorFile(source.directory, stride);
    try {
      for (const row of keeps[i] ?? []) {
        const schemaId = source.schemaIds[rows.files[row] ?? 0] ?? 0;
        const datum = records.readInOrder(row);
        writer.add(schemaId, datum, rows.offsets[row] ?? 0, rows.expires[row] ?? Infinity, rows.hashes[row] ?? 0, vectors.row(row));
      }
    } finally {
      records.close();
      vectors.close();
    }
  });
  const schemaIds = writer.close();
  const segment = completeSegment(job.directory, schemaIds, walkers(job.schemas));
  const directory = join(job.directory, '..', segment.id);
  return { segment, graph: job.graph === undefined ? undefined : writeGraph(directory, segment.rows, job.graph) };
}

function writeGraph(directory: string, rows: number, settings: GraphSettings): FileEntry {
  const temporary = join(directory, `${graphFile}.tmp`);
  const path = join(directory, graphFile);
  const vectors = new VectorFile(directory, strideOf(settings.dimension));
  try {
    buildGraph(settings, rows, (start, count, into) => { vectors.fill(start, count, settings.dimension, into); }, temporary);
    syncPath(temporary);
    renameSync(temporary, path);
    syncPath(directory);
    return describeFile(directory, graphFile);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  } finally {
    vectors.close();
  }
}

/** Reads vectors by row, ahead of ascending rows. */
class VectorFile {
  readonly #fd: number;
  readonly #stride: number;
  #ahead: { first: number; rows: number; values: Float32Array } = { first: 0, rows: 0, values: new Float32Array() };

  constructor(directory: string, stride: number) {
    this.#fd = openSync(join(directory, vectorsFile), 'r');
    this.#stride = stride;
  }

  /** A padded row; valid until the next call. */
  row(row: number): Float32Array {
    if (row < this.#ahead.first || row >= this.#ahead.first + this.#ahead.rows) this.#readFrom(row);
    const at = (row - this.#ahead.first) * this.#stride;
    return this.#ahead.values.subarray(at, at + this.#stride);
  }

  fill(start: number, rows: number, dimension: number, into: Float32Array): void {
    for (let i = 0; i < rows; i += 1) into.set(this.row(start + i).subarray(0, dimension), i * dimension);
  }

  close(): void {
    closeSync(this.#fd);
  }

  #readFrom(row: number): void {
    const rowBytes = this.#stride * 4;
    const values = new Float32Array(Math.max(1, Math.floor((1 << 20) / rowBytes)) * this.#stride);
    const bytes = new Uint8Array(values.buffer);
    const read = readSync(this.#fd, bytes, 0, bytes.length, row * rowBytes);
    if (read < rowBytes) throw new AppError('DATA_LOSS', 'a vector file is shorter than its rows say');
    this.#ahead = { first: row, rows: Math.floor(read / rowBytes), values };
  }
}
