/** A sealed segment: immutable files, opened to be searched. What changes is only which of its rows have ended. */
import { join } from 'node:path';
import { fieldsOf, type RecordView, type Walker } from '@proximadb/record';
import type { StorageKind } from '@proximadb/schemas';
import { CodedRows, signSlabFor } from '../coded-rows.ts';
import { CodeSlab, Slab, type Codes, type SignSlab } from '../kernels/index.ts';
import { Columns, matches, RecentSelections, type Predicate, type RowSet } from '../filter/index.ts';
import type { Ladder } from '../ladder.ts';
import { decodeLists, Lists } from '../lists/lists.ts';
import { never, RowStates } from '../rows.ts';
import type { Vectors } from '../vectors.ts';
import { ContainerReader } from './container.ts';
import {
  codesFile, columnsFile, graphFile, idBytesFile, idsFile, listsFile, readVerified, recordsFile, rowsFile, signsFile, vectorsFile, type FileEntry,
} from './files.ts';
import { givenOf, Graph, type BuiltGraph, type GraphSettings } from './graph.ts';
import { IdBytes, IdIndex } from './ids.ts';
import { viewRows, type Rows } from './rows.ts';
import { StoredCodes } from './stored-codes.ts';
import { StoredVectors } from './stored-vectors.ts';
import type { SegmentFiles } from './write.ts';

export interface SealedOptions {
  readonly directory: string;
  readonly files: SegmentFiles;
  readonly graphSettings: GraphSettings;
  readonly walkerOf: (schemaId: number) => Walker;
  /** disk: vectors, codes of lists, and ids are not held, but read for each search. */
  readonly storage: StorageKind;
}

interface OpenedParts {
  readonly rows: Rows;
  readonly ids: IdIndex;
  readonly idBytes: IdBytes | undefined;
  readonly columns: Columns;
  readonly records: ContainerReader;
  readonly vectors: Vectors;
  readonly lists: Lists | undefined;
  readonly signs: SignSlab | undefined;
  /** Closes the files that stay open for reads and searches. */
  readonly opened: DisposableStack;
}

export class Sealed {
  readonly files: SegmentFiles;
  readonly rows: Rows;
  readonly vectors: Vectors;
  /** Undefined: it was not made with lists. */
  readonly lists: Lists | undefined;
  readonly states: RowStates;
  /** Whether any row ever expires. */
  readonly hasExpiries: boolean;
  readonly #directory: string;
  readonly #ids: IdIndex;
  /** Undefined: they are read from the records. */
  readonly #idBytes: IdBytes | undefined;
  readonly #columns: Columns;
  readonly #selections: RecentSelections;
  readonly #records: ContainerReader;
  readonly #opened: DisposableStack;
  readonly #walkers: readonly Walker[];
  readonly #graphSettings: GraphSettings;
  #graph: { readonly graph: Graph; readonly built: BuiltGraph } | null = null;
  #goesWithout = false;
  /** What is searched where there is no index, or asking it would take longer. Of lists only where that may be. */
  #coded: CodedRows | undefined;

  private constructor(options: SealedOptions, parts: OpenedParts) {
    this.files = options.files;
    this.#directory = options.directory;
    this.#graphSettings = options.graphSettings;
    this.rows = parts.rows;
    this.#ids = parts.ids;
    this.#idBytes = parts.idBytes;
    this.#columns = parts.columns;
    this.#selections = new RecentSelections(parts.columns, (predicate, row) => matches(predicate, fieldsOf(this.view(row))));
    this.vectors = parts.vectors;
    this.#opened = parts.opened;
    this.lists = parts.lists;
    const areCoded = parts.lists === undefined || parts.signs !== undefined;
    this.#coded = areCoded ? CodedRows.of(options.graphSettings.metric, parts.vectors, parts.rows.count, parts.signs) : undefined;
    this.#walkers = options.files.schemaIds.map(options.walkerOf);
    this.states = new RowStates(this.rows.count);
    for (let row = 0; row < this.rows.count; row += 1) this.states.add(row, this.rows.expires[row] ?? Infinity);
    this.hasExpiries = this.rows.expires.some((expires) => expires !== never);
    this.#records = parts.records;
  }

  /**
   * Opens the files, all rows live; reads and checks them in slices, so that others get their turn.
   * @param checkRecords whether the container files are read whole, too: after a restart, not after writing them.
   * @throws AppError DATA_LOSS naming a file that is not what its entry says.
   */
  static async open(options: SealedOptions, checkRecords: boolean): Promise<Sealed> {
    const { directory, files, graphSettings: { metric }, storage } = options;
    const open = async (name: string): Promise<Uint8Array> => {
      const entry = entryOf(files, name);
      const bytes = new Uint8Array(new ArrayBuffer(entry.bytes));
      await readVerified(directory, entry, bytes);
      return bytes;
    };
    const rows = viewRows(await open(rowsFile));
    const ids = new IdIndex(await open(idsFile), rows.hashes);
    const areIdsHeld = storage === 'memory' && has(files, idBytesFile);
    const idBytes = areIdsHeld ? new IdBytes(await open(idBytesFile), rows.count) : undefined;
    if (!areIdsHeld && has(files, idBytesFile)) await readVerified(directory, entryOf(files, idBytesFile));
    const columns = new Columns(await open(columnsFile), rows.count);
    if (checkRecords) for (const name of containersOf(files)) await readVerified(directory, entryOf(files, name));
    const [openVectors, openCodes] = storage === 'disk' ? [storedVectors, storedCodes] : [heldVectors, heldCodes];
    const opened = new DisposableStack();
    try {
      const records = opened.adopt(new ContainerReader(containersOf(files).map((name) => join(directory, name)), rows), closeIt);
      const vectors = await openVectors(options, opened);
      const lists = has(files, listsFile) ? new Lists(metric, decodeLists(await open(listsFile)), await openCodes(options, opened)) : undefined;
      const signs = has(files, signsFile) ? await heldSigns(options) : undefined;
      return new Sealed(options, { rows, ids, idBytes, columns, records, vectors, lists, signs, opened });
    } catch (error) {
      opened.dispose();
      throw error;
    }
  }

  /** Whether a search need not look at all rows. */
  get isIndexed(): boolean {
    return this.lists !== undefined || this.#graph !== null;
  }

  /** Whether it still has to get a graph or lists. */
  get awaitsIndex(): boolean {
    return !this.isIndexed && !this.#goesWithout;
  }

  /** No graph, or no lists, of its rows find what is nearest: they are searched without. */
  goWithoutIndex(): void {
    this.#goesWithout = true;
  }

  get coded(): CodedRows | undefined {
    return this.#coded;
  }

  get graph(): Graph | undefined {
    return this.#graph?.graph;
  }

  get graphEntry(): FileEntry | null {
    return this.#graph?.built.file ?? null;
  }

  /** What was measured of the graph; empty without one. */
  get ladder(): Ladder {
    return this.#graph?.built.ladder ?? [];
  }

  /** Of its graph or its lists: see `reachOf`. */
  get reach(): number | null {
    return this.#graph?.built.reach ?? this.files.reach;
  }

  /** Bytes on disk. */
  get diskBytes(): number {
    return this.files.files.reduce((sum, file) => sum + file.bytes, this.#graph?.built.file.bytes ?? 0);
  }

  /** Of the bytes on disk, those of records and vectors. */
  get baseBytes(): number {
    const base = new Set([vectorsFile, ...containersOf(this.files)]);
    return this.files.files.reduce((sum, { name, bytes }) => sum + (base.has(name) ? bytes : 0), 0);
  }

  /** Bytes of memory: rows, ids, columns, what there is of lists, and vectors and codes where they are not read from files; not what it was asked lately. */
  get memoryBytes(): number {
    const held = new Set([rowsFile, idsFile, columnsFile, ...(this.#idBytes === undefined ? [] : [idBytesFile])]);
    const small = this.files.files.filter(({ name }) => held.has(name));
    return small.reduce((sum, file) => sum + file.bytes, this.vectors.bytes + this.#ids.bytes + (this.#coded?.bytes ?? 0) + (this.lists?.bytes ?? 0));
  }

  /** Takes a graph that was built for these rows. @throws AppError DATA_LOSS if its file is damaged. */
  async attach(built: BuiltGraph, check: boolean): Promise<void> {
    if (check) await readVerified(this.#directory, built.file);
    // A file that an earlier release wrote has none: to make them takes longer than the graph saves.
    if (!has(this.files, signsFile)) this.#coded = undefined;
    const { count } = this.rows;
    const given = givenOf(this.#graphSettings, this.vectors, count);
    this.#graph = { graph: new Graph(this.#graphSettings, join(this.#directory, graphFile), count, given), built };
  }

  /** The live row of an id. `hash` as `hashId` says. */
  find(idBytes: Uint8Array, hash: number): number | undefined {
    return this.#ids.find(hash, (row) => this.states.isLive(row) && Buffer.compare(this.#idBytesOf(row), idBytes) === 0);
  }

  /** @throws AppError DATA_LOSS if it has to be read, and the record's checksum does not hold. */
  id(row: number): string {
    return this.#idBytes?.text(row) ?? this.view(row).id;
  }

  /** CRC-32C of a row's record. */
  checksum(row: number): number {
    return this.rows.checksums[row] ?? 0;
  }

  /** The stored record of a row; bytes of its own. @throws AppError DATA_LOSS if its checksum does not hold. */
  view(row: number): RecordView {
    return this.walker(row).view(this.#records.read(row));
  }

  walker(row: number): Walker {
    const walker = this.#walkers[this.rows.files[row] ?? 0];
    if (walker === undefined) throw new RangeError(`row ${row} names an unknown container`);
    return walker;
  }

  schemaId(row: number): number {
    return this.files.schemaIds[this.rows.files[row] ?? 0] ?? 0;
  }

  /** Rows that match, visible at an instant. */
  select(predicate: Predicate | null, nowMicros: number): RowSet {
    const visible = this.states.visible(nowMicros);
    if (predicate === null) return visible;
    return this.#selections.select(predicate).and(visible);
  }

  /** How many rows would match a predicate, visible at an instant, if its comparisons had nothing to do with each other: see `Columns.estimate`. */
  estimate(predicate: Predicate, nowMicros: number): number {
    return Math.round(this.#columns.estimate(predicate) * this.states.visible(nowMicros).size);
  }

  /** Rows by their ids' bytes, those after an id only. */
  * inOrder(after: Uint8Array | null): Generator<number> {
    const { order } = this.#ids;
    for (let i = after === null ? 0 : this.#firstAfter(after); i < order.length; i += 1) yield order[i] ?? 0;
  }

  /** No reader may be under way. */
  close(): void {
    this.#opened.dispose();
    this.#graph?.graph[Symbol.dispose]();
  }

  #idBytesOf(row: number): Uint8Array {
    return this.#idBytes?.of(row) ?? this.view(row).idBytes;
  }

  #firstAfter(after: Uint8Array): number {
    let low = 0;
    let high = this.#ids.order.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (Buffer.compare(this.#idBytesOf(this.#ids.order[middle] ?? 0), after) <= 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function closeIt(opened: { close(): void }): void {
  opened.close();
}

type OpenPart<Part> = (options: SealedOptions, opened: DisposableStack) => Promise<Part>;

const heldVectors: OpenPart<Vectors> = async ({ directory, files, graphSettings: { dimension } }) => {
  const slab = new Slab({ dimension, rows: files.rows, rowsMax: files.rows });
  const { buffer, byteOffset, byteLength } = slab.rows(0, files.rows);
  await readVerified(directory, entryOf(files, vectorsFile), new Uint8Array(buffer, byteOffset, byteLength));
  return slab;
};

const storedVectors: OpenPart<Vectors> = async ({ directory, files, graphSettings: { dimension } }, opened) => {
  await readVerified(directory, entryOf(files, vectorsFile));
  return opened.adopt(new StoredVectors(join(directory, vectorsFile), dimension), closeIt);
};

async function heldSigns({ directory, files, graphSettings: { metric, dimension } }: SealedOptions): Promise<SignSlab> {
  const signs = signSlabFor(metric, dimension, files.rows);
  await readVerified(directory, entryOf(files, signsFile), signs.content);
  return signs;
}

const heldCodes: OpenPart<Codes> = async ({ directory, files, graphSettings: { dimension } }) => {
  const codes = new CodeSlab(dimension, files.rows);
  await readVerified(directory, entryOf(files, codesFile), codes.content);
  return codes;
};

const storedCodes: OpenPart<Codes> = async ({ directory, files, graphSettings: { dimension } }, opened) => {
  await readVerified(directory, entryOf(files, codesFile));
  return opened.adopt(new StoredCodes(join(directory, codesFile), dimension, files.rows), closeIt);
};

function containersOf(files: SegmentFiles): string[] {
  return files.schemaIds.map((_, i) => recordsFile(i));
}

function has(files: SegmentFiles, name: string): boolean {
  return files.files.some((file) => file.name === name);
}

function entryOf(files: SegmentFiles, name: string): FileEntry {
  const entry = files.files.find((file) => file.name === name);
  if (entry === undefined) throw new RangeError(`segment ${files.id} has no ${name}`);
  return entry;
}
