/**
 * Records on disk: Avro object container files, one a writer schema. A datum is `{wire: fixed(5), record}`, which makes its
 * bytes the log's very bytes: written and read without a codec.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { crc32c } from '@node-rs/crc32';
import { AppError } from '@proximadb/errors';
import { encodeBlockHead, encodeHeader, syncMarker } from '../ocf.ts';
import { FileReader } from './file-reader.ts';
import type { Rows } from './rows.ts';

const blockBytes = 64 * 1024;

/** Schema of the container's datums around a record's writer schema. */
export function containerSchema(writerSchema: string): string {
  return JSON.stringify({
    type: 'record', name: 'LogValue', namespace: 'proximadb.v1.storage',
    fields: [{ name: 'wire', type: { type: 'fixed', name: 'Wire', size: 5 } }, { name: 'record', type: JSON.parse(writerSchema) as unknown }],
  });
}

/** Room before a block's data for its count and its bytes. */
const headBytesMax = 20;

/** Writes one container file, in blocks of about 64 KiB. Synchronous: for the builder's thread, or in small pieces. */
export class ContainerWriter {
  readonly #fd: number;
  readonly #opened = new DisposableStack();
  readonly #header: Buffer;
  readonly #sync: Buffer;
  readonly #placed: (row: number, position: number) => void;
  /** Bytes written. */
  #position = 0;
  /** The block that is being filled: room for its head, then its datums one after the other. */
  #block = Buffer.allocUnsafeSlow(headBytesMax + blockBytes * 2);
  #end = headBytesMax;
  #rows: number[] = [];
  /** Where each datum starts in the block. */
  #starts: number[] = [];

  /** `placed` hears where each datum landed, at the latest at `close`. */
  constructor(path: string, writerSchema: string, placed: (row: number, position: number) => void) {
    const schema = containerSchema(writerSchema);
    this.#sync = syncMarker(schema);
    this.#header = encodeHeader(schema);
    this.#placed = placed;
    this.#fd = openSync(path, 'wx');
    this.#opened.defer(() => { closeSync(this.#fd); });
  }

  /** Copies the datum. */
  add(row: number, datum: Uint8Array): void {
    this.#reserve(datum.length);
    this.#rows.push(row);
    this.#starts.push(this.#end);
    this.#block.set(datum, this.#end);
    this.#end += datum.length;
    if (this.#end >= headBytesMax + blockBytes) this.#flush();
  }

  close(): void {
    this.#flush();
    this[Symbol.dispose]();
  }

  /** Closes a file that is not wanted any more as it is: what is deleted takes its space until nobody has it open. */
  [Symbol.dispose](): void {
    this.#opened.dispose();
  }

  /** Room for a datum, and the sync marker after it. */
  #reserve(bytes: number): void {
    const needed = this.#end + bytes + this.#sync.length;
    if (needed <= this.#block.length) return;
    const larger = Buffer.allocUnsafeSlow(needed);
    this.#block.copy(larger, 0, 0, this.#end);
    this.#block = larger;
  }

  #flush(): void {
    if (this.#position === 0) this.#write(this.#header);
    const count = this.#rows.length;
    if (count === 0) return;
    const head = encodeBlockHead(count, this.#end - headBytesMax);
    const start = headBytesMax - head.length;
    head.copy(this.#block, start);
    this.#sync.copy(this.#block, this.#end);
    const moved = this.#position - start;
    for (let i = 0; i < count; i += 1) this.#placed(this.#rows[i] ?? 0, moved + (this.#starts[i] ?? 0));
    this.#write(this.#block.subarray(start, this.#end + this.#sync.length));
    this.#rows = [];
    this.#starts = [];
    this.#end = headBytesMax;
  }

  #write(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length;) done += writeSync(this.#fd, bytes, done);
    this.#position += bytes.length;
  }
}

/** Reads datums by row from a segment's container files. */
export class ContainerReader {
  readonly #files: readonly FileReader[];
  readonly #rows: Rows;
  readonly #ahead = { file: -1, start: 0, bytes: Buffer.alloc(0) };

  constructor(paths: readonly string[], rows: Rows) {
    this.#files = paths.map((path) => new FileReader(path));
    this.#rows = rows;
  }

  /**
   * The bytes of a row's datum, as the log had them; a buffer of their own.
   * @throws AppError DATA_LOSS if the checksum does not hold.
   */
  read(row: number): Buffer {
    const length = this.#rows.lengths[row] ?? 0;
    const datum = Buffer.allocUnsafeSlow(length);
    this.#file(row).read(datum, this.#rows.positions[row] ?? 0);
    return this.#verified(row, datum);
  }

  /** As `read`, for ascending rows: reads ahead, and the answer is valid only until the next call. */
  readInOrder(row: number): Buffer {
    const file = this.#rows.files[row] ?? 0;
    const position = this.#rows.positions[row] ?? 0;
    const length = this.#rows.lengths[row] ?? 0;
    const ahead = this.#ahead;
    if (ahead.file !== file || position < ahead.start || position + length > ahead.start + ahead.bytes.length) {
      ahead.bytes = Buffer.allocUnsafe(Math.max(1 << 20, length));
      ahead.bytes = ahead.bytes.subarray(0, this.#file(row).read(ahead.bytes, position, length));
      ahead.file = file;
      ahead.start = position;
    }
    return this.#verified(row, ahead.bytes.subarray(position - ahead.start, position - ahead.start + length));
  }

  close(): void {
    for (const file of this.#files) file.close();
  }

  #file(row: number): FileReader {
    const file = this.#files[this.#rows.files[row] ?? 0];
    if (file === undefined) throw new RangeError(`row ${row} names an unknown container`);
    return file;
  }

  #verified(row: number, datum: Buffer): Buffer {
    if (datum.length !== this.#rows.lengths[row] || crc32c(datum) !== this.#rows.checksums[row]) {
      throw new AppError('DATA_LOSS', `row ${row} of a container file fails its checksum`);
    }
    return datum;
  }
}
