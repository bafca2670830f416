/**
 * Where an id is in a segment: an open-addressed hash table of rows, and the rows in the order of their ids' bytes.
 * Layout, little-endian u32: slot count (a power of two), row count, slots (row + 1, 0: free), rows by id.
 *
 * And the ids themselves, so that nobody has to read a record for its id. Layout: little-endian u32, of each row where its id begins, and the end; then the
 * ids' bytes, counted from there.
 */
import { assert } from '@proximadb/errors';
import { IdFilter } from '../id-filter.ts';

/** FNV-1a with a final mix; the table needs spread, not secrecy. */
export function hashId(id: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < id.length; i += 1) hash = Math.imul(hash ^ (id[i] ?? 0), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** `ids[row]` for every row; `hashes` as `hashId` says. */
export function buildIds(ids: readonly Uint8Array[], hashes: Uint32Array): Uint8Array {
  const count = ids.length;
  let slots = 16;
  while (slots < count * 2) slots *= 2;
  const words = new Uint32Array(2 + slots + count);
  words[0] = slots;
  words[1] = count;
  for (let row = 0; row < count; row += 1) {
    let slot = (hashes[row] ?? 0) & (slots - 1);
    while (words[2 + slot] !== 0) slot = (slot + 1) & (slots - 1);
    words[2 + slot] = row + 1;
  }
  const order = words.subarray(2 + slots);
  for (let row = 0; row < count; row += 1) order[row] = row;
  const empty = new Uint8Array();
  const prefixes = Float64Array.from(ids, prefixOf);
  order.sort((a, b) => (prefixes[a] ?? 0) - (prefixes[b] ?? 0) || Buffer.compare(ids[a] ?? empty, ids[b] ?? empty));
  return new Uint8Array(words.buffer);
}

/** The first six bytes as one number, which orders most ids as their bytes do, and never otherwise. */
function prefixOf(id: Uint8Array): number {
  let prefix = 0;
  for (let i = 0; i < 6; i += 1) prefix = prefix * 256 + (id[i] ?? 0);
  return prefix;
}

export class IdIndex {
  readonly #slots: Uint32Array;
  readonly #hashes: Uint32Array;
  /** A write may ask every segment for its id, and nearly all do not have it: one byte a row, where slots and hashes are twelve and more in two places. */
  readonly #filter: IdFilter;
  /** Rows in ascending order of their ids' bytes. */
  readonly order: Uint32Array;

  constructor(bytes: Uint8Array, hashes: Uint32Array) {
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
    const slots = words[0] ?? 0;
    assert(words[1] === hashes.length && words.length === 2 + slots + hashes.length, 'not an id index of these rows');
    this.#slots = words.subarray(2, 2 + slots);
    this.order = words.subarray(2 + slots);
    this.#hashes = hashes;
    this.#filter = new IdFilter(hashes.length, rowsAWord);
    for (const hash of hashes) this.#filter.add(hash);
  }

  /** Of what it holds beside the file. */
  get bytes(): number {
    return this.#filter.bytes;
  }

  /** The first row with this hash that `isIt` confirms; undefined if there is none. */
  find(hash: number, isIt: (row: number) => boolean): number | undefined {
    if (!this.#filter.mayHave(hash)) return undefined;
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = this.#slots[slot] ?? 0;
      if (entry === 0) return undefined;
      if (this.#hashes[entry - 1] === hash && isIt(entry - 1)) return entry - 1;
    }
  }
}

/** Of the filter. */
const rowsAWord = 4;

/** Ids that are longer on the average are left in their records. */
const idBytesAMax = 64;

/** @returns undefined if that would take too much of the memory that vectors are to have. */
export function encodeIdBytes(ids: readonly Uint8Array[]): Uint8Array | undefined {
  const total = ids.reduce((sum, { length }) => sum + length, 0);
  if (total > ids.length * idBytesAMax) return undefined;
  const starts = new Uint32Array(ids.length + 1);
  const bytes = new Uint8Array(starts.byteLength + total);
  let at = 0;
  ids.forEach((id, row) => {
    starts[row] = at;
    bytes.set(id, starts.byteLength + at);
    at += id.length;
  });
  starts[ids.length] = at;
  bytes.set(new Uint8Array(starts.buffer));
  return bytes;
}

export class IdBytes {
  readonly #starts: Uint32Array;
  readonly #bytes: Buffer;

  /** @param bytes on 4 bytes. */
  constructor(bytes: Uint8Array, rows: number) {
    this.#starts = new Uint32Array(bytes.buffer, bytes.byteOffset, rows + 1);
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset + this.#starts.byteLength, bytes.byteLength - this.#starts.byteLength);
    assert(this.#starts[rows] === this.#bytes.length, 'not the ids of these rows');
  }

  /** A view. */
  of(row: number): Uint8Array {
    return this.#bytes.subarray(this.#starts[row], this.#starts[row + 1]);
  }

  text(row: number): string {
    return this.#bytes.toString('utf8', this.#starts[row], this.#starts[row + 1]);
  }
}
