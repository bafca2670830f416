import { assert } from '@proximadb/errors';
import type { ValueLayout } from './layout.ts';
import { copyBytes } from './copy.ts';
import { longAt, Reader } from './reader.ts';
import { readText } from './text.ts';
import type { Metadata, MetadataValue, RecordKind, RecordView } from './types.ts';
import { readMap, readValue, seekValue } from './values.ts';

const empty: Metadata = new Map();
const reader = new Reader();

/** A record whose parts were found. Places are indexes into `bytes`; -1: not there. Fields have a start and an end. */
export class LocatedRecord implements RecordView {
  readonly bytes: Uint8Array;
  readonly kind: RecordKind;
  readonly layout: ValueLayout | null;
  idStart = 0;
  idLength = 0;
  /** The array, from its first block's count to the 0 that ends it. */
  vectorAt = -1;
  vectorEnd = -1;
  vectorLength = 0;
  /** The numbers, where they are in one block. */
  floatsAt = 0;
  /** Place and count of each block, where there are several. */
  pieces: readonly number[] | null = null;
  /** Of an upsert its metadata, of a patch what it sets. */
  metadataAt = -1;
  metadataEnd = -1;
  timestampAt = -1;
  timestampEnd = -1;
  /** The field with its union's tag; in a patch: -1 if it leaves the expiry alone. */
  expiryAt = -1;
  expiryEnd = -1;
  /** The instant; -1: never. */
  expiresAtAt = -1;
  /** Of a patch: the array of keys to remove. */
  unsetAt = -1;
  #idBytes: Uint8Array | undefined;

  constructor(bytes: Uint8Array, kind: RecordKind, layout: ValueLayout | null) {
    this.bytes = bytes;
    this.kind = kind;
    this.layout = layout;
  }

  get idBytes(): Uint8Array {
    this.#idBytes ??= this.bytes.subarray(this.idStart, this.idStart + this.idLength);
    return this.#idBytes;
  }

  get id(): string {
    return readText(this.bytes, this.idStart, this.idStart + this.idLength);
  }

  copyVector(into: Float32Array, at: number): void {
    assert(at >= 0 && at + this.vectorLength <= into.length, 'there is room for the vector');
    if (this.vectorLength === 0) return;
    const target = new Uint8Array(into.buffer, into.byteOffset + at * 4, this.vectorLength * 4);
    if (this.pieces === null) {
      copyBytes.call(this.bytes, target, 0, this.floatsAt, this.floatsAt + this.vectorLength * 4);
      return;
    }
    let filled = 0;
    for (let piece = 0; piece < this.pieces.length; piece += 2) {
      const start = this.pieces[piece] ?? 0;
      const length = (this.pieces[piece + 1] ?? 0) * 4;
      copyBytes.call(this.bytes, target, filled, start, start + length);
      filled += length;
    }
  }

  get timestamp(): bigint {
    return this.timestampAt < 0 ? 0n : longAt(this.bytes, this.timestampAt);
  }

  get expiresAt(): bigint | null {
    return this.expiresAtAt < 0 ? null : longAt(this.bytes, this.expiresAtAt);
  }

  field(path: readonly string[]): MetadataValue | undefined {
    if (this.metadataAt < 0 || this.layout === null) return undefined;
    reader.open(this.bytes, this.metadataAt);
    try {
      return seekValue(reader, this.layout, path) ? readValue(reader, this.layout, path.length) : undefined;
    } finally {
      reader.close();
    }
  }

  readMetadata(): Metadata {
    if (this.metadataAt < 0 || this.layout === null) return empty;
    reader.open(this.bytes, this.metadataAt);
    try {
      return readMap(reader, this.layout, 1);
    } finally {
      reader.close();
    }
  }
}
