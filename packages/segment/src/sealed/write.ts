/**
 * Writing a segment: its base files (records, vectors, rows) hold everything; ids, columns and the graph are derived from them.
 * A segment is written into a temporary folder and takes its name, a digest of its base files and lists, when it is whole and flushed.
 */
import { createHash } from 'node:crypto';
import { closeSync, existsSync, linkSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { crc32c } from '@node-rs/crc32';
import { fieldsOf, type RecordView, type Walker } from '@proximadb/record';
import { ColumnsBuilder } from '../filter/index.ts';
import { ContainerReader, ContainerWriter } from './container.ts';
import {
  columnsFile, describeFile, graphFile, idBytesFile, idsFile, readAligned, recordsFile, rowsFile, syncPath, vectorsFile, type FileEntry,
} from './files.ts';
import { buildIds, encodeIdBytes } from './ids.ts';
import { allocateRows, viewRows, type Rows } from './rows.ts';

export interface SegmentFiles {
  /** Names its folder: a digest of the base files and lists. */
  readonly id: string;
  readonly rows: number;
  readonly files: readonly FileEntry[];
  readonly schemaIds: readonly number[];
  /** Of its lists: see `reachOf`; null: none, or nobody measured. */
  readonly reach: number | null;
}

const vectorBufferBytes = 1 << 20;

/**
 * Writes the base files of a segment, row by row, in the order of the rows. Who makes one disposes of it: a file that is deleted keeps its space while it
 * is open.
 */
export class SegmentWriter implements Disposable {
  readonly directory: string;
  readonly #rows: Rows;
  readonly #buffer: Uint8Array;
  readonly #containers = new Map<number, { writer: ContainerWriter; number: number }>();
  readonly #schemaText: (id: number) => string;
  readonly #opened = new DisposableStack();
  readonly #vectorsFd: number;
  readonly #vectors = Buffer.allocUnsafeSlow(vectorBufferBytes);
  #vectorBytes = 0;
  #count = 0;

  /**
   * @param rowsMax at most so many rows will be added.
   * @param schemaText the writer schema of an id.
   */
  constructor(directory: string, rowsMax: number, schemaText: (id: number) => string) {
    mkdirSync(directory, { recursive: true });
    this.directory = directory;
    const { rows, buffer } = allocateRows(rowsMax);
    this.#rows = rows;
    this.#buffer = buffer;
    this.#schemaText = schemaText;
    this.#vectorsFd = openSync(join(directory, vectorsFile), 'wx');
    this.#opened.defer(() => { closeSync(this.#vectorsFd); });
  }

  /**
   * @param datum the record's bytes as the log has them; copied.
   * @param vector the row of the slab, padded; copied.
   * @param idHash `hashId` of the id.
   */
  add(schemaId: number, datum: Uint8Array, offset: number, expires: number, idHash: number, vector: Float32Array): void {
    const row = this.#count;
    this.#count += 1;
    const container = this.#container(schemaId);
    this.#rows.offsets[row] = offset;
    this.#rows.expires[row] = expires;
    this.#rows.lengths[row] = datum.length;
    this.#rows.checksums[row] = crc32c(datum);
    this.#rows.hashes[row] = idHash;
    this.#rows.files[row] = container.number;
    container.writer.add(row, datum);
    if (this.#vectorBytes + vector.byteLength > vectorBufferBytes) this.#flushVectors();
    this.#vectors.set(new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength), this.#vectorBytes);
    this.#vectorBytes += vector.byteLength;
  }

  get count(): number {
    return this.#count;
  }

  /** Completes the base files. @returns the schema ids, in the order of the container files. */
  close(): number[] {
    this.#flushVectors();
    for (const { writer } of this.#containers.values()) writer.close();
    this[Symbol.dispose]();
    const exact = allocateRows(this.#count);
    for (const key of ['offsets', 'expires', 'positions', 'lengths', 'checksums', 'hashes', 'files'] as const) {
      exact.rows[key].set(this.#rows[key].subarray(0, this.#count));
    }
    writeFileSync(join(this.directory, rowsFile), this.#count === this.#rows.count ? this.#buffer : exact.buffer);
    return [...this.#containers.keys()];
  }

  [Symbol.dispose](): void {
    this.#opened.dispose();
  }

  #container(schemaId: number): { writer: ContainerWriter; number: number } {
    const open = this.#containers.get(schemaId);
    if (open !== undefined) return open;
    const number = this.#containers.size;
    const writer = this.#opened.use(new ContainerWriter(join(this.directory, recordsFile(number)), this.#schemaText(schemaId), (row, position) => {
      this.#rows.positions[row] = position;
    }));
    const created = { writer, number };
    this.#containers.set(schemaId, created);
    return created;
  }

  #flushVectors(): void {
    for (let done = 0; done < this.#vectorBytes;) done += writeSync(this.#vectorsFd, this.#vectors, done, this.#vectorBytes - done);
    this.#vectorBytes = 0;
  }
}

/**
 * Derives ids and columns from the base files, flushes all of it, and gives the folder its name beside the temporary one.
 * Synchronous and long: for the builder's thread.
 * @param parts files that are there already and are parts of the segment, too: what names it says so, since the same base files without them are
 *   another one.
 */
export function completeSegment(
  directory: string, schemaIds: readonly number[], walkerFor: (schemaId: number) => Walker, parts: readonly string[] = [],
): SegmentFiles {
  const rows = viewRows(readAligned(directory, rowsFile));
  const reader = new ContainerReader(schemaIds.map((_, i) => join(directory, recordsFile(i))), rows);
  const ids: Uint8Array[] = [];
  const columns = new ColumnsBuilder();
  try {
    const walkers = schemaIds.map(walkerFor);
    for (let row = 0; row < rows.count; row += 1) {
      const walker = walkers[rows.files[row] ?? 0];
      if (walker === undefined) throw new RangeError(`row ${row} names container ${rows.files[row]}`);
      const view: RecordView = walker.view(reader.readInOrder(row));
      ids.push(Uint8Array.prototype.slice.call(view.idBytes));
      columns.add(row, fieldsOf(view));
    }
  } finally {
    reader.close();
  }
  writeFileSync(join(directory, idsFile), buildIds(ids, rows.hashes));
  writeFileSync(join(directory, columnsFile), columns.build());
  const idBytes = encodeIdBytes(ids);
  if (idBytes !== undefined) writeFileSync(join(directory, idBytesFile), idBytes);

  const digest = createHash('sha256');
  const base = [rowsFile, vectorsFile, ...schemaIds.map((_, i) => recordsFile(i)), ...parts];
  const files = [
    ...base.map((name) => describeFile(directory, name, digest)),
    ...[idsFile, columnsFile, ...(idBytes === undefined ? [] : [idBytesFile])].map((name) => describeFile(directory, name)),
  ];
  const id = digest.digest('hex').slice(0, 32);
  for (const { name } of files) syncPath(join(directory, name));
  publish(directory, join(dirname(directory), id));
  return { id, rows: rows.count, files, schemaIds, reach: null };
}

/**
 * Renames a finished folder to its final name. A folder of that name has the same content and may be in use: it stays, and gets what a release that
 * derives more has written.
 */
function publish(from: string, to: string): void {
  syncPath(from);
  if (existsSync(to)) {
    for (const name of readdirSync(from)) if (!existsSync(join(to, name))) renameSync(join(from, name), join(to, name));
    rmSync(from, { recursive: true });
    syncPath(to);
  } else renameSync(from, to);
  syncPath(dirname(to));
}

/** The vectors of a segment, in a folder of their own: they stay readable there when the segment is deleted. */
export function linkVectors(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  linkSync(join(from, vectorsFile), join(to, vectorsFile));
}

/** Gives a segment its graph, which was built elsewhere. */
export function moveGraph(from: string, to: string): void {
  renameSync(join(from, graphFile), join(to, graphFile));
  syncPath(to);
}

/** Removes what crashed writers left in the folder of segments. */
export function removeLeftovers(segmentsDirectory: string, keep: ReadonlySet<string>): string[] {
  if (!existsSync(segmentsDirectory)) return [];
  const removed = readdirSync(segmentsDirectory).filter((name) => !keep.has(name));
  for (const name of removed) rmSync(join(segmentsDirectory, name), { recursive: true, force: true });
  return removed;
}
