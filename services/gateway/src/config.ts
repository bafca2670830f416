/** Limits of the gateway. */
import { limit, limitDefaults, mebibyte, type Limits, type LimitValues } from '@proximadb/process';

const kibibyte = 1024;

/** Units stand last in the names; all are whole numbers. */
export const gatewayLimits = {
  recordsMax: limit(10_000, 1, 100_000, 'Records of one write. More: RESOURCE_EXHAUSTED, without a time to come back.'),
  requestBytesMax: limit(32 * mebibyte, kibibyte, 1024 * mebibyte, 'Records of one write, together.'),
  recordBytesMax: limit(mebibyte, kibibyte, 4 * mebibyte, 'One record of a collection that is made from now on.'),
  inFlightBytesMax: limit(256 * mebibyte, 1, 16_384 * mebibyte, 'Records of all writes that the log holds and has not settled. More: come back later.'),
  retryAfterMs: limit(100, 1, 60_000, 'When a caller that was sent away is told to come back.'),
  writeTimeoutMsMax: limit(60_000, 1, 3_600_000, 'Longest time a write is worked on, whatever its caller asks for.'),
  deleteChunkRecords: limit(1_000, 1, 10_000, 'Records a delete by filter reads, logs and waits for at a time.'),
  deleteReserveMs: limit(200, 0, 60_000, 'A delete by filter begins no chunk when less of its time is left: it answers with a cursor.'),
  recordsPerSecondMax: limit(0, 0, 100_000_000, 'Records a second that all gateways together take for a collection; 0: no such limit.'),
  lagRecordsMax: limit(1_000_000, 0, 1_000_000_000,
    'Records in the log of a partition that whoever serves it has not applied yet. More: writes to it come back later. 0: no such limit.'),
  partitionsDefault: limit(12, 1, 256, 'Partitions of a collection that names none.'),
} as const satisfies Limits;

export type GatewayConfig = LimitValues<typeof gatewayLimits>;

export const gatewayDefaults: GatewayConfig = limitDefaults(gatewayLimits);
