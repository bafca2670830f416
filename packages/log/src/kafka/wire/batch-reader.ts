/**
 * What a fetch answers: record batches, one after the other, the last one perhaps cut off. First they are walked (`scanBatches`: where
 * each begins, whether the offsets follow each other, the checksums), later their records are read out one by one (`RecordCursor`).
 */
import { AppError } from '@proximadb/errors';
import { crc32c } from '../../headers.ts';
import { attribute, BATCH_VERSION, compressions, layout, LENGTH_END } from './batch-layout.ts';
import { readInt64 } from './reader.ts';

export interface ScannedBatch {
  /** Bytes `start` ≤ at < `end`. */
  readonly start: number;
  readonly end: number;
  readonly baseOffset: number;
  readonly lastOffset: number;
}

export interface Scanned {
  readonly batches: readonly ScannedBatch[];
  /** The offset after the last whole batch; where the scan began if there is none. */
  readonly next: number;
  /** Of the leader that took the last whole batch; -1: none. */
  readonly leaderEpoch: number;
  /** Where the last whole batch ends. */
  readonly end: number;
}

/**
 * Walks the batches that hold offsets from `from` on.
 * @throws AppError DATA_LOSS for an offset that is missing, or a batch that is not what its checksum says.
 */
export function scanBatches(bytes: Buffer, from: number, where: string): Scanned {
  const batches: ScannedBatch[] = [];
  let next = from;
  let leaderEpoch = -1;
  let at = 0;
  while (at + LENGTH_END <= bytes.length) {
    const end = at + LENGTH_END + bytes.readInt32BE(at + layout.length);
    if (end > bytes.length) break;
    if (end < at + layout.records) throw damaged(where, next, 'is too short to be one');
    const baseOffset = readInt64(bytes, at + layout.baseOffset);
    const isCurrent = bytes.readInt8(at + layout.version) === BATCH_VERSION;
    const lastOffset = baseOffset + (isCurrent ? bytes.readInt32BE(at + layout.lastOffsetDelta) : 0);
    if (baseOffset > next) throw new AppError('DATA_LOSS', `${where}: the records from ${next} to before ${baseOffset} are missing`);
    if (lastOffset < baseOffset) throw damaged(where, baseOffset, `ends before it begins, at ${lastOffset}`);
    if (isCurrent && crc32c(bytes.subarray(at + layout.attributes, end)) !== bytes.readUInt32BE(at + layout.crc)) {
      throw damaged(where, baseOffset, 'does not have the checksum that it says');
    }
    if (lastOffset >= next) {
      batches.push({ start: at, end, baseOffset, lastOffset });
      next = lastOffset + 1;
      if (isCurrent) leaderEpoch = bytes.readInt32BE(at + layout.leaderEpoch);
    }
    at = end;
  }
  return { batches, next, leaderEpoch, end: at };
}

function damaged(where: string, offset: number, why: string): AppError {
  return new AppError('DATA_LOSS', `${where}: the record batch at offset ${offset} ${why}`);
}

/** Why no record of the batch can be applied; undefined: they can. */
export function refusalOf(bytes: Buffer, { start }: ScannedBatch): { readonly reason: string; readonly readable: boolean } | undefined {
  const version = bytes.readInt8(start + layout.version);
  if (version !== BATCH_VERSION) return { reason: `it is in a record batch of version ${version}`, readable: false };
  const attributes = bytes.readInt16BE(start + layout.attributes);
  if ((attributes & attribute.control) !== 0) return { reason: 'it is a mark of a transaction', readable: false };
  const compression = attributes & attribute.compression;
  if (compression !== 0) return { reason: `it is compressed (${compressions[compression] ?? String(compression)}), which the topic forbids`, readable: false };
  if ((attributes & attribute.transactional) !== 0) return { reason: 'it was written in a transaction', readable: true };
  return undefined;
}
