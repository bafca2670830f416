/**
 * What a memtable keeps of its rows beside their vectors, without an object a row: where the bytes are, columns of numbers, and a hash
 * table of ids. A collector that has nothing to visit costs nothing, and a memtable lives long enough to be visited often.
 */
import type { RecordView, Walker } from '@proximadb/record';

/** Grown by doubling; entries beyond the count mean nothing. */
export interface GrowingColumnsOfRows {
  readonly offsets: Float64Array;
  /** µs; Infinity: never. */
  readonly expires: Float64Array;
  /** `hashId` of the ids. */
  readonly hashes: Uint32Array;
}

/** Where a record and its id lie in the buffer of their batch. */
interface Places {
  /** Which buffer. */
  readonly buffers: Uint32Array;
  readonly starts: Uint32Array;
  readonly lengths: Uint32Array;
  /** From the record's start. */
  readonly idStarts: Uint32Array;
  readonly idLengths: Uint16Array;
  /** Which schema. */
  readonly schemas: Uint16Array;
}

interface Schema {
  readonly id: number;
  readonly walker: Walker;
}

/** A record on its way into the memtable. */
export interface GrowingRow {
  /** Checked; its bytes will not change. */
  readonly view: RecordView;
  readonly walker: Walker;
  readonly schemaId: number;
  readonly offset: number;
  readonly expires: number;
  /** `hashId` of the id. */
  readonly hash: number;
}

const firstCapacity = 64;

export class GrowingRows {
  #columns = allocateColumns(firstCapacity);
  #places = allocatePlaces(firstCapacity);
  /** Open addressing: row + 1 of the newest row of an id; 0: free. At most half full. */
  #slots = new Uint32Array(firstCapacity * 2);
  /** Batches that some row lies in, each once. */
  readonly #buffers: ArrayBufferLike[] = [];
  readonly #schemas: Schema[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  get columns(): GrowingColumnsOfRows {
    return this.#columns;
  }

  add({ view, walker, schemaId, offset, expires, hash }: GrowingRow): number {
    const row = this.#count;
    if (row === this.#columns.offsets.length) this.#grow();
    const { bytes, idBytes } = view;
    this.#columns.offsets[row] = offset;
    this.#columns.expires[row] = expires;
    this.#columns.hashes[row] = hash;
    const places = this.#places;
    places.buffers[row] = this.#bufferNumber(bytes.buffer);
    places.starts[row] = bytes.byteOffset;
    places.lengths[row] = bytes.length;
    places.idStarts[row] = idBytes.byteOffset - bytes.byteOffset;
    places.idLengths[row] = idBytes.length;
    places.schemas[row] = this.#schemaNumber(schemaId, walker);
    this.#count += 1;
    this.#slots[this.#slotOf(idBytes, hash)] = row + 1;
    return row;
  }

  /** The newest row of an id. */
  find(idBytes: Uint8Array, hash: number): number | undefined {
    const entry = this.#slots[this.#slotOf(idBytes, hash)] ?? 0;
    return entry === 0 ? undefined : entry - 1;
  }

  /** The record of a row, where its batch put it. */
  datum(row: number): Uint8Array {
    const { buffers, starts, lengths } = this.#places;
    return new Uint8Array(this.#buffers[buffers[row] ?? 0] ?? new ArrayBuffer(0), starts[row], lengths[row]);
  }

  view(row: number): RecordView {
    const schema = this.#schemas[this.#places.schemas[row] ?? 0];
    if (schema === undefined || row >= this.#count) throw new RangeError(`the memtable has no row ${row}`);
    return schema.walker.view(this.datum(row));
  }

  schemaId(row: number): number {
    return this.#schemas[this.#places.schemas[row] ?? 0]?.id ?? 0;
  }

  /** The slot of an id: that of its newest row, or the free one where it belongs. */
  #slotOf(idBytes: Uint8Array, hash: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = hash & mask;
    for (let entry = slots[slot] ?? 0; entry !== 0; entry = slots[slot] ?? 0) {
      if (this.#columns.hashes[entry - 1] === hash && this.#hasId(entry - 1, idBytes)) return slot;
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  #hasId(row: number, idBytes: Uint8Array): boolean {
    const { buffers, starts, idStarts, idLengths } = this.#places;
    const buffer = this.#buffers[buffers[row] ?? 0];
    if (buffer === undefined || idLengths[row] !== idBytes.length) return false;
    return Buffer.compare(new Uint8Array(buffer, (starts[row] ?? 0) + (idStarts[row] ?? 0), idBytes.length), idBytes) === 0;
  }

  /** Records of a batch come one after the other. */
  #bufferNumber(buffer: ArrayBufferLike): number {
    const last = this.#buffers.length - 1;
    return this.#buffers[last] === buffer ? last : this.#buffers.push(buffer) - 1;
  }

  #schemaNumber(id: number, walker: Walker): number {
    const known = this.#schemas.findIndex((schema) => schema.id === id);
    return known >= 0 ? known : this.#schemas.push({ id, walker }) - 1;
  }

  #grow(): void {
    const capacity = this.#columns.offsets.length * 2;
    const columns = allocateColumns(capacity);
    for (const key of ['offsets', 'expires', 'hashes'] as const) columns[key].set(this.#columns[key]);
    const places = allocatePlaces(capacity);
    for (const key of ['buffers', 'starts', 'lengths', 'idStarts', 'idLengths', 'schemas'] as const) places[key].set(this.#places[key]);
    const newest = this.#slots.filter((entry) => entry !== 0);
    this.#columns = columns;
    this.#places = places;
    this.#slots = new Uint32Array(capacity * 2);
    const mask = capacity * 2 - 1;
    for (const entry of newest) {
      let slot = (columns.hashes[entry - 1] ?? 0) & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = entry;
    }
  }
}

function allocateColumns(capacity: number): GrowingColumnsOfRows {
  return { offsets: new Float64Array(capacity), expires: new Float64Array(capacity), hashes: new Uint32Array(capacity) };
}

function allocatePlaces(capacity: number): Places {
  return {
    buffers: new Uint32Array(capacity), starts: new Uint32Array(capacity), lengths: new Uint32Array(capacity), idStarts: new Uint32Array(capacity),
    idLengths: new Uint16Array(capacity), schemas: new Uint16Array(capacity),
  };
}
