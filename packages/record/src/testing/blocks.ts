/**
 * Avro bytes as other writers may write them: arrays and maps in several blocks, some with their size in bytes
 * (a negative count). Written apart from the code under test.
 */
import type { DecodedRecord, Metadata, MetadataValue } from '../index.ts';

/** A random integer in `[0, below)`. */
export type Random = (below: number) => number;

export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

export function long(value: bigint): number[] {
  let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
  const bytes: number[] = [];
  for (; rest >= 128n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
  return bytes;
}

export function string(text: string): number[] {
  const bytes = [...Buffer.from(text)];
  return [...long(BigInt(bytes.length)), ...bytes];
}

export function blocks(items: readonly number[][], random: Random): number[] {
  const bytes: number[] = [];
  for (let from = 0; from < items.length;) {
    const count = random(3) === 0 ? items.length - from : 1 + random(items.length - from);
    const body = items.slice(from, from + count).flat();
    bytes.push(...(random(2) === 0 ? long(BigInt(count)) : [...long(BigInt(-count)), ...long(BigInt(body.length))]), ...body);
    from += count;
  }
  return [...bytes, 0];
}

export function floats(vector: Float32Array): number[][] {
  return Array.from(vector, (number) => [...new Uint8Array(Float32Array.of(number).buffer)]);
}

export function value(metadataValue: MetadataValue, random: Random): number[] {
  if (metadataValue === null) return [0];
  if (typeof metadataValue === 'boolean') return [2, metadataValue ? 1 : 0];
  if (typeof metadataValue === 'bigint') return [4, ...long(metadataValue)];
  if (typeof metadataValue === 'number') return [6, ...new Uint8Array(Float64Array.of(metadataValue).buffer)];
  if (typeof metadataValue === 'string') return [8, ...string(metadataValue)];
  if (metadataValue instanceof Uint8Array) return [10, ...long(BigInt(metadataValue.length)), ...metadataValue];
  if (metadataValue instanceof Map) return [14, ...blocks(entries(metadataValue as Metadata, random), random)];
  return [12, ...blocks((metadataValue as readonly MetadataValue[]).map((item) => value(item, random)), random)];
}

export function entries(metadata: Metadata, random: Random): number[][] {
  return [...metadata].map(([key, inner]) => [...string(key), ...value(inner, random)]);
}

/** The body of a VectorRecord. */
export function body(record: DecodedRecord, random: Random): number[] {
  return [
    ...string(record.id), ...blocks(floats(record.vector), random), ...blocks(entries(record.metadata, random), random), ...long(record.timestamp),
    ...(record.expiresAt === null ? [0] : [2, ...long(record.expiresAt)]),
  ];
}
