import { crc32c } from '../../headers.ts';
import { offset } from '../../port.ts';
import { layout } from '../wire/batch-layout.ts';
import { BatchWriter, type ProducerStamp } from '../wire/batch-writer.ts';
import { writeInt64 } from '../wire/writer.ts';
import type { AppendCall } from './append-call.ts';

/** Entries of one call for one partition: `indexes[from]` to before `indexes[to]`. */
export interface Slice {
  readonly call: AppendCall;
  readonly indexes: readonly number[];
  readonly from: number;
  readonly to: number;
}

/** A batch around its records. */
export const BATCH_BYTES = layout.records;

/**
 * Records for one partition on their way. Once encoded its bytes are kept until its fate is known: it can be sent again as it was, so that
 * the broker knows it again, and whatever became of the buffers of a caller that was told `unknown`.
 */
export class OutBatch {
  readonly slices: readonly Slice[];
  readonly records: number;
  /** The most bytes that it takes. */
  readonly bytesMax: number;
  readonly #stamp: { current: ProducerStamp };
  #bytes: Buffer | undefined;
  #isUnknown = false;
  #isRepeated = false;

  constructor(slices: readonly Slice[], records: number, bytesMax: number, stamp: ProducerStamp) {
    this.slices = slices;
    this.records = records;
    this.bytesMax = bytesMax;
    this.#stamp = { current: stamp };
  }

  get stamp(): ProducerStamp {
    return this.#stamp.current;
  }

  /** Whether it may be in the log. */
  get isUnknown(): boolean {
    return this.#isUnknown;
  }

  /** Whether it may be in the log twice. */
  get isRepeated(): boolean {
    return this.#isRepeated;
  }

  /** Whether every caller was told. */
  get isForgotten(): boolean {
    return this.slices.every(({ call }) => call.isSettled);
  }

  /** Writes it where there is room for `bytesMax`. @returns where it ends. */
  writeTo(target: Buffer, start: number, nowMs: number): number {
    if (this.#bytes !== undefined) {
      target.set(this.#bytes, start);
      return start + this.#bytes.length;
    }
    const writer = new BatchWriter(target, start);
    this.#each((call, index) => {
      const entry = call.entries[index];
      if (entry !== undefined) writer.add(entry);
    });
    const end = writer.finish(this.stamp, nowMs);
    this.#bytes = target.subarray(start, end);
    return end;
  }

  /** Under another name the broker does not know it again: if it may be there already, it may be there twice. */
  restamp(stamp: ProducerStamp): void {
    this.#isRepeated ||= this.#isUnknown;
    this.#stamp.current = stamp;
    const bytes = this.#bytes;
    if (bytes === undefined) return;
    writeInt64(bytes, stamp.producerId, layout.producerId);
    bytes.writeInt16BE(stamp.epoch, layout.producerEpoch);
    bytes.writeInt32BE(stamp.sequence, layout.sequence);
    bytes.writeUInt32BE(crc32c(bytes.subarray(layout.attributes)), layout.crc);
  }

  /** It goes out now. */
  sent(): void {
    this.#each((call, index) => { call.sent(index); });
  }

  /** It may have come in, or not. */
  unknown(): void {
    this.#isUnknown = true;
  }

  /** This time it did not come in. */
  notWritten(): void {
    if (!this.#isUnknown) this.#each((call, index) => { call.notWritten(index); });
  }

  written(baseOffset: number): void {
    let at = baseOffset;
    this.#each((call, index) => {
      call.written(index, offset(at), this.#isRepeated);
      at += 1;
    });
  }

  #each(visit: (call: AppendCall, index: number) => void): void {
    for (const { call, indexes, from, to } of this.slices) {
      for (let at = from; at < to; at += 1) visit(call, indexes[at] ?? 0);
    }
  }
}
