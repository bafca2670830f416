/** Random records for property tests. */
import fc from 'fast-check';
import type { DecodedRecord, Metadata, MetadataValue } from '../index.ts';

const i64Min = -(2n ** 63n);
const i64Max = 2n ** 63n - 1n;

export const long: fc.Arbitrary<bigint> = fc.oneof(
  fc.bigInt({ min: -200n, max: 200n }), fc.bigInt({ min: i64Min, max: i64Max }), fc.constantFrom(i64Min, i64Max),
);
export const double: fc.Arbitrary<number> = fc.double({ noNaN: true, noDefaultInfinity: true });
export const text: fc.Arbitrary<string> = fc.oneof(fc.string({ unit: 'binary', maxLength: 12 }), fc.string({ unit: 'grapheme', maxLength: 100 }));
/** avsc reads maps into plain objects, where this key is none. */
export const key: fc.Arbitrary<string> = fc.string({ unit: 'binary', maxLength: 8 }).filter((name) => name !== '__proto__');

function mapOf(value: fc.Arbitrary<MetadataValue>, size: number): fc.Arbitrary<Metadata> {
  return fc.uniqueArray(fc.tuple(key, value), { selector: ([name]) => name, maxLength: size }).map((entries) => new Map(entries));
}

const tree = fc.letrec<{ value: MetadataValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.oneof(fc.constant(null), fc.boolean(), long, double, text, fc.uint8Array({ maxLength: 20 })),
    fc.array(tie('value'), { maxLength: 5 }),
    mapOf(tie('value'), 5),
  ),
}));
export const metadataValue: fc.Arbitrary<MetadataValue> = tree.value;
/** Larger than the number of keys that are compared one by one. */
export const metadata: fc.Arbitrary<Metadata> = fc.oneof({ arbitrary: mapOf(metadataValue, 8), weight: 4 }, { arbitrary: mapOf(fc.boolean(), 40), weight: 1 });

export const id: fc.Arbitrary<string> = fc.string({ unit: 'binary', minLength: 1, maxLength: 100 });

const float = fc.float({ noNaN: true, noDefaultInfinity: true });

export function vector(dimension: number): fc.Arbitrary<Float32Array> {
  return fc.array(float, { minLength: dimension, maxLength: dimension }).map((numbers) => Float32Array.from(numbers));
}

export function record(dimension: number): fc.Arbitrary<DecodedRecord> {
  return fc.record({ id, vector: vector(dimension), metadata, timestamp: long, expiresAt: fc.option(long) }, { noNullPrototype: true });
}
