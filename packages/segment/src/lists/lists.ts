/**
 * The inverted lists of a segment (IVF, after Jégou, Douze, Schmid: Product Quantization for Nearest Neighbor Search, 2011): each row belongs to
 * the list of its nearest centroid, and lists are what its rows lie in the order of. A search reads the lists whose centroids are nearest to the
 * query: codes of what each row differs from its centroid by. What it finds is scored from full vectors afterwards.
 *
 * Layout of the file, little-endian: 'PXL2', dimension, rows, lists u32; the start of each list and the end u32; of `recallSteps` neighbours
 * in order how many lists had to be read to find them u32; the spread f32; then, on 16 bytes, the centroids, each a padded row of floats.
 */
import { assert } from '@proximadb/errors';
import type { Metric } from '@proximadb/schemas';
import { listsMicros } from '../costs.ts';
import { Slab, type Codes } from '../kernels/index.ts';
import { difference } from '../vectors.ts';
import { originOf, probeMetric } from './cluster.ts';

const magic = 0x324c5850;
const headerWords = 4;
/** Whose depths are measured, of each query. */
export const measuredNeighbours = 10;
/** Recall is known to a thousandth. */
export const recallSteps = 1_000;

export interface ListsFile {
  readonly dimension: number;
  readonly rows: number;
  /** Of list i the rows starts[i] … starts[i + 1] − 1. */
  readonly starts: Uint32Array;
  /** Sorted: how many lists were read until a neighbour was found, of 1,000 of them. */
  readonly depths: Uint32Array;
  /** 0 to 1: of x times as many neighbours most are found in x to the power of this times as many lists. */
  readonly spread: number;
  readonly centroids: Slab;
}

function centroidsAt(lists: number): number {
  return Math.ceil((headerWords + lists + 1 + recallSteps + 1) * 4 / 16) * 16;
}

export function encodeLists({ dimension, rows, starts, depths, spread, centroids }: ListsFile): Uint8Array {
  const lists = starts.length - 1;
  const floats = centroids.rows(0, lists);
  const bytes = new Uint8Array(centroidsAt(lists) + floats.byteLength);
  const words = new Uint32Array(bytes.buffer, 0, headerWords + starts.length + depths.length);
  words.set([magic, dimension, rows, lists]);
  words.set(starts, headerWords);
  words.set(depths, headerWords + starts.length);
  new Float32Array(bytes.buffer, words.byteLength, 1)[0] = spread;
  bytes.set(new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength), centroidsAt(lists));
  return bytes;
}

/** Its checksum was verified before: a wrong shape is our bug. @param bytes from the start of their buffer. */
export function decodeLists(bytes: Uint8Array): ListsFile {
  const [found, dimension = 0, rows = 0, lists = 0] = new Uint32Array(bytes.buffer, bytes.byteOffset, headerWords);
  assert(found === magic, 'not a file of lists');
  const centroids = new Slab({ dimension, rows: lists, rowsMax: lists });
  const floats = centroids.rows(0, lists);
  assert(bytes.length === centroidsAt(lists) + floats.byteLength, 'a file of lists has another length');
  floats.set(new Float32Array(bytes.buffer, bytes.byteOffset + centroidsAt(lists), floats.length));
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset + headerWords * 4, lists + 1 + recallSteps);
  const [spread = 1] = new Float32Array(bytes.buffer, words.byteOffset + words.byteLength, 1);
  return { dimension, rows, centroids, starts: words.slice(0, lists + 1), depths: words.slice(lists + 1), spread };
}

export interface ListSearch {
  /** As `prepareQuery` gives it. */
  readonly query: Float32Array;
  /** Candidates, at most. */
  readonly wanted: number;
  /** Lists to read, at least. */
  readonly lists: number;
  /** Rows that take part; null: all. */
  readonly among: Among | null;
}

/** Some of the rows. */
export interface Among {
  /** Bitset. */
  readonly words: Uint32Array;
  /** How many these are. */
  readonly count: number;
  /** One of {@link vainShares}. */
  readonly vainShare: number;
}

export interface ListAnswer {
  /** Nearest first, by codes. */
  readonly rows: Uint32Array;
  /** Lists that were read. */
  readonly lists: number;
}

/**
 * Lists in a row that hold nothing nearer, after which a search ends of whose rows only some count: for each list that it reads by count so many, and a few.
 * With a filter it so reads little where what is nearest comes first, and on where it does not. Measured with filters of a half and of a tenth, by lot and
 * around a row: of 341,000 words at least 0.995 is found, of 24,000 × 768-d 0.999. One and a half times as many find 0.993 to 0.997, as the rows happen to be
 * clustered, once 0.989, and take a tenth to a fifth less time; as many find 0.987. Which rows are deleted has less to do with queries.
 */
export const vainShares = { filtered: 2, deleted: 1 / 3 } as const;
const vainMore = 4;

/** A search that reads more lists than so many times those that it reads by count asks for what is far from it. */
const usualTimes = 8;

export class Lists {
  readonly #metric: Metric;
  readonly #file: ListsFile;
  readonly #codes: Codes;

  /** See {@link originOf}. */
  readonly #origin: Float32Array | null;

  /** See {@link crowdingOf}. */
  readonly #crowding: number;

  constructor(metric: Metric, file: ListsFile, codes: Codes) {
    this.#metric = metric;
    this.#file = file;
    this.#codes = codes;
    this.#origin = originOf(metric, file.centroids);
    this.#crowding = metric === 'dot' ? 1 : crowdingOf(file);
  }

  get count(): number {
    return this.#file.starts.length - 1;
  }

  get bytes(): number {
    return this.#codes.bytes + this.#file.centroids.bytes;
  }

  /** How many lists have to be read for a recall: measured for ten neighbours when they were made, and what that says about more of them. */
  listsFor(recall: number, neighbours: number): number {
    const { depths, spread } = this.#file;
    const at = Math.min(recallSteps, Math.max(1, Math.ceil(recall * recallSteps)));
    return Math.min(this.count, Math.ceil((depths[at - 1] ?? this.count) * Math.max(1, neighbours / measuredNeighbours) ** spread));
  }

  /** The share of ten neighbours that so many lists held when they were made; to a thousandth. */
  recallOf(lists: number): number {
    return this.#file.depths.filter((depth) => depth <= lists).length / recallSteps;
  }

  /** Lists that a search reads where the rows that count lie as all others do: by count, and in vain. */
  expected({ lists, among }: Pick<ListSearch, 'lists' | 'among'>): number {
    if (among === null) return Math.min(this.count, lists);
    const least = this.#leastAt(lists, among.count);
    return Math.min(this.count, least + vainAfter(least, among.vainShare));
  }

  /** What reading so many lists is expected to take where so many of all rows count, in µs; see `costs.ts`. */
  micros(lists: number, counted: number): number {
    return listsMicros(this.count, lists, counted * this.#shareIn(lists), this.#file.dimension);
  }

  /**
   * Reads the nearest lists. Where only some rows count, the nearest of them lie farther away: so many more lists are read as would hold the
   * same share of so many more neighbours, by the share of rows that count in what was read. Further ones are read until some in a row
   * hold nothing nearer: that may be all, where the rows that count are far from the query.
   */
  candidates({ query, wanted, lists, among }: ListSearch): ListAnswer {
    const { starts, centroids, rows: total } = this.#file;
    const kernel = probeMetric(this.#metric);
    // Under inner products a row's distance is −(query · centroid) − (query · difference); else it is |query − centroid|² − 2 (query · difference) and
    // what the row adds.
    const asked = this.#origin === null ? query : difference(query, this.#origin);
    this.#codes.begin(asked, kernel === 'ip' ? 1 : 2, Math.max(1, Math.min(wanted, total)), among?.words ?? null);
    /** Rows of the lists that were read, and how many of them count. */
    let seen = 0;
    let compared = 0;
    let read = 0;
    let bound = Infinity;
    /** Lists with rows that count, none of which is among the candidates, one after the other. */
    let vain = 0;
    const usual = among === null ? lists : usualTimes * this.#leastAt(lists, among.count);
    const isEnough = (): boolean => {
      if (compared < Math.min(wanted, among?.count ?? total)) return false;
      if (among === null) return read >= lists;
      if (read > usual) return false;
      const least = this.#leastAt(lists, total * compared / seen);
      return read >= least && vain >= vainAfter(least, among.vainShare);
    };
    // What is usually enough; and all, where the rows that count lie elsewhere.
    for (const reach of [Math.min(this.count, usual), this.count]) {
      const nearest = centroids.scan(kernel, query, this.count, reach, null);
      for (; read < nearest.rows.length && !isEnough(); read += 1) {
        const list = nearest.rows[read] ?? 0;
        const first = starts[list] ?? 0;
        const length = (starts[list + 1] ?? 0) - first;
        const counted = this.#codes.scan(first, length, nearest.distances[read] ?? 0);
        seen += length;
        compared += counted;
        if (among === null || counted === 0) continue;
        const now = this.#codes.bound;
        vain = now < bound || now === Infinity ? 0 : vain + 1;
        bound = now;
      }
      if (isEnough() || read === this.count) break;
    }
    return { rows: this.#codes.finish(), lists: read };
  }

  /** Of all rows, those in the nearest lists, so many. */
  #shareIn(lists: number): number {
    return 1 - (1 - lists / this.count) ** this.#crowding;
  }

  /** @param count rows that count, of all; as far as is known of them. */
  #leastAt(lists: number, count: number): number {
    const { rows, spread } = this.#file;
    return Math.min(this.count, Math.ceil(lists * (rows / Math.max(1, count)) ** spread));
  }
}

/**
 * How many times as many rows as there are on the average lie in the list of a row: queries are like rows, so most of them come to where most rows are. Under
 * dot product they do not: they begin with the longest, and these are few.
 */
function crowdingOf({ rows, starts }: ListsFile): number {
  let squares = 0;
  for (let list = 1; list < starts.length; list += 1) squares += ((starts[list] ?? 0) - (starts[list - 1] ?? 0)) ** 2;
  return squares * (starts.length - 1) / rows ** 2;
}

function vainAfter(least: number, share: number): number {
  return Math.ceil(share * (least + vainMore));
}
