/** Limits of the gateway. Declared as data, so that a composition can check them, document them, and read them from anywhere. */

export interface Limit {
  readonly default: number;
  readonly minimum: number;
  readonly maximum: number;
  readonly description: string;
}

const limit = (fallback: number, minimum: number, maximum: number, description: string): Limit =>
  ({ default: fallback, minimum, maximum, description });

const kibibyte = 1024;
const mebibyte = 1024 * kibibyte;

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
  partitionsDefault: limit(12, 1, 256, 'Partitions of a collection that names none.'),
} as const satisfies Readonly<Record<string, Limit>>;

export type GatewayConfig = { readonly [Name in keyof typeof gatewayLimits]: number };

export const gatewayDefaults: GatewayConfig = Object.freeze(
  Object.fromEntries(Object.entries(gatewayLimits).map(([name, { default: value }]) => [name, value])) as unknown as GatewayConfig,
);
