/**
 * Where things lie in a record batch of version 2 (Kafka's only one), numbers big-endian:
 *
 *      0  base offset i64              23  last offset delta i32
 *      8  bytes after this, i32        27  base timestamp i64, ms
 *     12  leader epoch i32             35  highest timestamp i64, ms
 *     16  version i8: 2                43  producer id i64
 *     17  CRC-32C of 21 to the end     51  producer epoch i16
 *     21  attributes i16               53  first sequence number i32
 *                                      57  number of records i32
 *     61  records, each: bytes after this varint, attributes i8, timestamp delta varint, offset delta varint, key and value (length varint,
 *         -1 is null), number of headers varint, each: name and value (length varint)
 *
 * Varints are zigzag. With LogAppendTime the highest timestamp is the append time of all of them.
 */
export const layout = {
  baseOffset: 0, length: 8, leaderEpoch: 12, version: 16, crc: 17, attributes: 21, lastOffsetDelta: 23, baseTimestamp: 27, maxTimestamp: 35,
  producerId: 43, producerEpoch: 51, sequence: 53, count: 57, records: 61,
} as const;
/** Bytes before what `length` counts. */
export const LENGTH_END = 12;
export const BATCH_VERSION = 2;

export const attribute = { compression: 0b111, logAppendTime: 0b1000, transactional: 0b1_0000, control: 0b10_0000 } as const;
export const compressions: readonly string[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];
