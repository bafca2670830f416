/** A data set as files: written once, read by the process of each peer, a batch at a time, so that nobody's memory holds what is measured as a peer's. */
import { closeSync, openSync, readFileSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { matches, type DataSet, type Fields, type RangeFilter, type SetMetric } from './data-set.ts';

export interface Batch {
  /** Their numbers are the ids. */
  readonly rows: readonly number[];
  /** One after the other. */
  readonly vectors: Float32Array;
  readonly metadata: readonly Fields[];
}

interface Description {
  readonly name: string;
  readonly metric: SetMetric;
  readonly dimension: number;
  readonly rows: number;
  readonly filters: readonly RangeFilter[];
  /** Where the metadata of each thousandth row begins. */
  readonly marks: readonly number[];
}

const markEvery = 1_000;

export function storeSet(set: DataSet, folder: string): void {
  writeFileSync(join(folder, 'vectors.f32'), bytesOf(set.vectors));
  const file = openSync(join(folder, 'metadata.jsonl'), 'w');
  const marks: number[] = [];
  let at = 0;
  for (let from = 0; from < set.rows; from += markEvery) {
    marks.push(at);
    const count = Math.min(markEvery, set.rows - from);
    at += writeSync(file, Array.from({ length: count }, (_, i) => `${JSON.stringify(set.metadata(from + i))}\n`).join(''));
  }
  closeSync(file);
  marks.push(at);
  const queries = new Float32Array(set.queries.length * set.dimension);
  set.queries.forEach((query, i) => { queries.set(query, i * set.dimension); });
  writeFileSync(join(folder, 'queries.f32'), bytesOf(queries));
  const description: Description = { name: set.name, metric: set.metric, dimension: set.dimension, rows: set.rows, filters: set.filters, marks };
  writeFileSync(join(folder, 'set.json'), JSON.stringify(description));
}

export class StoredSet implements Disposable {
  readonly name: string;
  readonly metric: SetMetric;
  readonly dimension: number;
  readonly rows: number;
  readonly filters: readonly RangeFilter[];
  readonly queries: readonly Float32Array[];
  readonly #marks: readonly number[];
  readonly #vectors: number;
  readonly #metadata: number;

  constructor(folder: string) {
    const { name, metric, dimension, rows, filters, marks } = JSON.parse(readFileSync(join(folder, 'set.json'), 'utf8')) as Description;
    this.name = name;
    this.metric = metric;
    this.dimension = dimension;
    this.rows = rows;
    this.filters = filters;
    this.#marks = marks;
    this.#vectors = openSync(join(folder, 'vectors.f32'), 'r');
    this.#metadata = openSync(join(folder, 'metadata.jsonl'), 'r');
    const queries = readFileSync(join(folder, 'queries.f32'));
    const width = dimension * 4;
    this.queries = Array.from({ length: queries.length / width }, (_, i) => floatsOf(queries.subarray(i * width, (i + 1) * width)));
  }

  /** @param from, to rows, `to` excluded. */
  batch(from: number, to: number): Batch {
    const rows = Array.from({ length: to - from }, (_, i) => from + i);
    return { rows, vectors: this.vectors(from, to), metadata: this.#fields(from, to) };
  }

  vectors(from: number, to: number): Float32Array {
    const bytes = new Uint8Array((to - from) * this.dimension * 4);
    readSync(this.#vectors, bytes, 0, bytes.length, from * this.dimension * 4);
    return new Float32Array(bytes.buffer);
  }

  /** The values of a numeric field, a row each. */
  column(field: string): Float64Array {
    const column = new Float64Array(this.rows).fill(NaN);
    for (let from = 0; from < this.rows; from += markEvery) {
      this.#fields(from, Math.min(this.rows, from + markEvery)).forEach((fields, i) => {
        const value = fields[field];
        if (typeof value === 'number') column[from + i] = value;
      });
    }
    return column;
  }

  /** The fields that filters ask for. */
  get filterFields(): string[] {
    return [...new Set(this.filters.map(({ field }) => field))];
  }

  #fields(from: number, to: number): Fields[] {
    const first = Math.floor(from / markEvery);
    const last = Math.ceil(to / markEvery);
    const [start = 0, end = 0] = [this.#marks[first], this.#marks[last]];
    const bytes = Buffer.alloc(end - start);
    readSync(this.#metadata, bytes, 0, bytes.length, start);
    const lines = bytes.toString('utf8').split('\n');
    return lines.slice(from - first * markEvery, to - first * markEvery).map((line) => JSON.parse(line) as Fields);
  }

  [Symbol.dispose](): void {
    closeSync(this.#vectors);
    closeSync(this.#metadata);
  }
}

/** How many rows match, of a set in memory: for tests, and for what a filter must find at least. */
export function matching(set: DataSet, filter: RangeFilter): number {
  let count = 0;
  for (let row = 0; row < set.rows; row += 1) if (matches(filter, set.metadata(row))) count += 1;
  return count;
}

function bytesOf(floats: Float32Array): Uint8Array {
  return new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength);
}

function floatsOf(bytes: Uint8Array): Float32Array {
  // Not Buffer's slice(), which copies nothing.
  return new Float32Array(Uint8Array.from(bytes).buffer);
}
