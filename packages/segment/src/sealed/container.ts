/**
 * Records on disk: Avro object container files, one a writer schema. A datum is `{wire: fixed(5), record}`, which makes its
 * bytes the log's very bytes: written and read without a codec.
 */
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { crc32c } from '@node-rs/crc32';
import { AppError } from '@proximadb/errors';
import { encodeBlockHead, encodeHeader, syncMarker } from '../ocf.ts';
import type { Rows } from './rows.ts';

const blockBytes = 64 * 1024;

/** Schema of the container's datums around a record's writer schema. */
export function containerSchema(writerSchema: string): string {
  return JSON.stringify({
    type: 'record', name: 'LogValue', namespace: 'proximadb.v1.storage',
    fields: [{ name: 'wire', type: { type: 'fixed', name: 'Wire', size: 5 } }, { name: 'record', type: JSON.parse(writerSchema) as unknown }],
  });
}

/** Writes one container file, in blocks of about 64 KiB. Synchronous: for the builder's thread. */
export class ContainerWriter {
  readonly #fd: number;
  readonly #sync: Uint8Array;
  #position = 0;
  #block: Uint8Array[] = [];
  #blockBytes = 0;
  #rowsInBlock: number[] = [];
  readonly #placed: (row: number, position: number) => void;

  /** `placed` hears where each datum landed, at the latest at `close`. */
  constructor(path: string, writerSchema: string, placed: (row: number, position: number) => void) {
    this.#fd = openSync(path, 'wx');
    this.#placed = placed;
    const schema = containerSchema(writerSchema);
    this.#sync = syncMarker(schema);
    this.#write([encodeHeader(schema)]);
  }

  add(row: number, datum: Uint8Array): void {
    this.#block.push(datum);
    this.#rowsInBlock.push(row);
    this.#blockBytes += datum.length;
    if (this.#blockBytes >= blockBytes) this.#flush();
  }

  close(): void {
    this.#flush();
    closeSync(this.#fd);
  }

  #flush(): void {
    if (this.#block.length === 0) return;
    const head = encodeBlockHead(this.#block.length, this.#blockBytes);
    let position = this.#position + head.length;
    this.#block.forEach((datum, i) => {
      this.#placed(this.#rowsInBlock[i] ?? 0, position);
      position += datum.length;
    });
    this.#write([head, ...this.#block, this.#sync]);
    this.#block = [];
    this.#rowsInBlock = [];
    this.#blockBytes = 0;
  }

  #write(parts: readonly Uint8Array[]): void {
    const bytes = Buffer.concat(parts);
    for (let done = 0; done < bytes.length;) done += writeSync(this.#fd, bytes, done);
    this.#position += bytes.length;
  }
}

/** Reads datums by row from a segment's container files. */
export class ContainerReader {
  readonly #fds: number[];
  readonly #rows: Rows;
  readonly #ahead = { file: -1, start: 0, bytes: Buffer.alloc(0) };

  constructor(paths: readonly string[], rows: Rows) {
    this.#fds = paths.map((path) => openSync(path, 'r'));
    this.#rows = rows;
  }

  /**
   * The bytes of a row's datum, as the log had them; a buffer of their own.
   * @throws AppError DATA_LOSS if the checksum does not hold.
   */
  read(row: number): Buffer {
    const length = this.#rows.lengths[row] ?? 0;
    const datum = Buffer.allocUnsafeSlow(length);
    this.#readAt(this.#rows.files[row] ?? 0, datum, this.#rows.positions[row] ?? 0);
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
      ahead.bytes = ahead.bytes.subarray(0, readSync(this.#fds[file] ?? -1, ahead.bytes, 0, ahead.bytes.length, position));
      ahead.file = file;
      ahead.start = position;
    }
    return this.#verified(row, ahead.bytes.subarray(position - ahead.start, position - ahead.start + length));
  }

  close(): void {
    for (const fd of this.#fds) closeSync(fd);
  }

  #readAt(file: number, target: Buffer, position: number): void {
    for (let done = 0; done < target.length;) {
      const count = readSync(this.#fds[file] ?? -1, target, done, target.length - done, position + done);
      if (count === 0) throw new AppError('DATA_LOSS', 'a container file is shorter than its rows say');
      done += count;
    }
  }

  #verified(row: number, datum: Buffer): Buffer {
    if (datum.length !== this.#rows.lengths[row] || crc32c(datum) !== this.#rows.checksums[row]) {
      throw new AppError('DATA_LOSS', `row ${row} of a container file fails its checksum`);
    }
    return datum;
  }
}
