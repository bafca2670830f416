import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { schemaText } from '@proximadb/schemas';
import fc from 'fast-check';
import {
  compileWalker, decodePatchRecord, decodeVectorRecord, encodePatchRecord, encodeVectorRecord, splicePatch, withWire,
  type DecodedRecord, type MetadataValue, type PatchFields, type RecordLimits, type RecordView,
} from './index.ts';
import * as arbitrary from './testing/arbitrary.ts';
import { blocks, entries, floats, long, seeded, string } from './testing/blocks.ts';
import { contents } from './testing/contents.ts';
import { todays, unknownFields, valueArray, valueMap, valueOf, vectorRecord } from './testing/schemas.ts';

const dimension = 3;
const limits: RecordLimits = { dimension, metric: 'dot', recordBytesMax: 1 << 20 };
const upserts = compileWalker(schemaText('VectorRecord'));
const patches = compileWalker(schemaText('PatchRecord'));

function checked(patch: PatchFields): RecordView {
  return patches.check(encodePatchRecord(2, patch), limits);
}

/** What a patch means, in objects. */
function patched(base: DecodedRecord, patch: PatchFields): DecodedRecord {
  const metadata = new Map(base.metadata);
  for (const key of [...(patch.unset ?? []), ...(patch.set ?? new Map<string, MetadataValue>()).keys()]) metadata.delete(key);
  for (const [key, value] of patch.set ?? []) metadata.set(key, value);
  return {
    id: base.id, metadata,
    vector: patch.vector === undefined || patch.vector === null ? base.vector : Float32Array.from(patch.vector),
    timestamp: patch.timestamp ?? base.timestamp,
    expiresAt: patch.expiresAt === undefined ? base.expiresAt : patch.expiresAt,
  };
}

/** A record and a patch of it, whose keys often meet. */
const pair = arbitrary.record(dimension).chain((base) => {
  const keys = [...base.metadata.keys()];
  const key = keys.length === 0 ? arbitrary.key : fc.oneof(fc.constantFrom(...keys), arbitrary.key);
  const entry = fc.tuple(key, arbitrary.metadataValue);
  return fc.record({
    set: fc.uniqueArray(entry, { selector: ([name]) => name, maxLength: 4 }).map((list) => new Map(list)), unset: fc.array(key, { maxLength: 4 }),
    vector: fc.option(arbitrary.vector(dimension)), timestamp: fc.option(arbitrary.long),
    expiresAt: fc.oneof(fc.constant(undefined), fc.constant(null), arbitrary.long),
  }, { noNullPrototype: true }).map((fields) => ({
    base, patch: { ...fields, id: base.id, unset: fields.unset.filter((name) => !fields.set.has(name)) },
  }));
});

test('a splice is what decoding, changing and encoding would give, to the byte', () => {
  fc.assert(fc.property(pair, ({ base, patch }) => {
    const bytes = encodeVectorRecord(7, base);
    const before = bytes.slice();
    const result = splicePatch(bytes, upserts, checked(patch), limits);
    assert.deepEqual(bytes, before);
    assert.notEqual(result.buffer, bytes.buffer);
    assert.deepEqual(result, encodeVectorRecord(7, patched(base, patch)));
  }), { numRuns: 400 });
});

test('kept entries stay byte for byte and in order, set ones follow in one block; what is not patched stays as it was written', () => {
  fc.assert(fc.property(pair, fc.nat(), ({ base, patch }, seed) => {
    const random = seeded(seed);
    const keys = [...base.metadata.keys()];
    const pieces = entries(base.metadata, random);
    const parts = {
      id: string(base.id), vector: blocks(floats(base.vector), random), metadata: blocks(pieces, random), timestamp: long(base.timestamp),
      expiry: base.expiresAt === null ? [0] : [2, ...long(base.expiresAt)],
    };
    const bytes = withWire(7, Uint8Array.from(Object.values(parts).flat()));
    const setPieces = entries(patch.set, random);
    const patchVector = patch.vector === null ? [] : blocks(floats(patch.vector), random);
    const patchBytes = withWire(2, Uint8Array.from([
      ...string(base.id), ...(patch.vector === null ? [0] : [2, ...patchVector]), ...blocks(setPieces, random), ...blocks(patch.unset.map(string), random),
      ...(patch.timestamp === null ? [0] : [2, ...long(patch.timestamp)]),
      ...(patch.expiresAt === undefined ? [0] : patch.expiresAt === null ? [2, 0] : [2, 2, ...long(patch.expiresAt)]),
    ]));
    const result = splicePatch(bytes, upserts, patches.check(patchBytes, limits), limits);

    const dropped = new Set([...patch.unset, ...patch.set.keys()]);
    const kept = pieces.filter((_, index) => !dropped.has(keys[index] ?? ''));
    const unchanged = setPieces.length === 0 && kept.length === pieces.length;
    const count = kept.length + setPieces.length;
    const expected = {
      ...parts,
      ...(patch.vector === null ? {} : { vector: patchVector }),
      ...(unchanged ? {} : { metadata: [...(count === 0 ? [] : long(BigInt(count))), ...kept.flat(), ...setPieces.flat(), 0] }),
      ...(patch.timestamp === null ? {} : { timestamp: long(patch.timestamp) }),
      ...(patch.expiresAt === undefined ? {} : { expiry: patch.expiresAt === null ? [0] : [2, ...long(patch.expiresAt)] }),
    };
    assert.deepEqual(Buffer.from(result), Buffer.from(withWire(7, Uint8Array.from(Object.values(expected).flat()))));
    assert.deepStrictEqual(contents(upserts.check(result, limits)), patched(base, patch));
  }), { numRuns: 400 });
});

test('a patch decodes to what was encoded', () => {
  fc.assert(fc.property(pair, ({ patch }) => {
    assert.deepStrictEqual(decodePatchRecord(encodePatchRecord(2, patch)), patch);
  }), { numRuns: 200 });
});

const vectorBytes = [6, ...new Uint8Array(Float32Array.of(1, 2, 3).buffer), 0];

test("a base of another schema keeps it, with the fields that only it has", () => {
  const list = unknownFields.filter((field) => field.name === 'list');
  const schema = vectorRecord(([id, vector, metadata, timestamp, expiry]) => {
    assert.ok(id !== undefined && vector !== undefined && metadata !== undefined && timestamp !== undefined && expiry !== undefined);
    return [id, expiry, ...list, timestamp, metadata, vector];
  });
  const walker = compileWalker(schema);
  const base = withWire(9, Uint8Array.of(...string('a'), 0, 2, ...string('link'), 0, ...long(5n), 2, ...string('k'), 0, 0, ...vectorBytes));
  const patch = checked({ id: 'a', vector: [4, 5, 6], set: new Map([['n', 1n]]), timestamp: 1_000n, expiresAt: 77n });
  const expected = withWire(9, Uint8Array.of(
    ...string('a'), 2, ...long(77n), 2, ...string('link'), 0, ...long(1_000n), 4, ...string('k'), 0, ...string('n'), 4, 2, 0,
    6, ...new Uint8Array(Float32Array.of(4, 5, 6).buffer), 0,
  ));
  assert.deepEqual(splicePatch(base, walker, patch, limits), expected);
});

test('values are written in the layout of the base, or refused where it has no such values', () => {
  const branches = ['string', valueMap, 'int', valueArray, 'float'];
  const walker = compileWalker(vectorRecord((fields) => fields.map((field) => field.name === 'metadata'
    ? { name: 'metadata', type: { type: 'map', values: valueOf(branches) } } : field)));
  const base = withWire(9, Uint8Array.of(...string('a'), ...vectorBytes, 2, ...string('k'), 0, ...string('v'), 0, 0, 0));
  const set = new Map<string, MetadataValue>([['i', -3n], ['f', 0.5], ['s', 'x'], ['m', new Map<string, MetadataValue>([['l', ['y', 1n]]])]]);
  const result = splicePatch(base, walker, checked({ id: 'a', set }), limits);
  assert.deepStrictEqual(decodeVectorRecord(result, walker).metadata, new Map<string, MetadataValue>([['k', 'v'], ...set]));
  for (const value of [null, true, 2n ** 31n, 0.1, Uint8Array.of(1), ['x', null], new Map([['q', 1e300]])] as MetadataValue[]) {
    assert.throws(() => splicePatch(base, walker, checked({ id: 'a', set: new Map([['bad', value]]) }), limits), {
      code: 'FAILED_PRECONDITION', message: /^metadata\.bad: the schema that the stored record was written in has no such values/,
    });
  }
});

test('a field that the schema of the base has not, refuses the patch; removing what it cannot have does not', () => {
  const bare = compileWalker(vectorRecord((fields) => fields.slice(0, 2)));
  const base = withWire(9, Uint8Array.of(...string('a'), ...vectorBytes));
  const refusals: [PatchFields, RegExp][] = [
    [{ id: 'a', set: new Map([['x', 1n]]) }, /^metadata: .* no metadata/], [{ id: 'a', timestamp: 0n }, /^timestamp: .* no timestamp/],
    [{ id: 'a', expiresAt: 5n }, /^expires_at: .* no expiry/],
  ];
  for (const [patch, message] of refusals) {
    assert.throws(() => splicePatch(base, bare, checked(patch), limits), { code: 'FAILED_PRECONDITION', message });
  }
  assert.deepEqual(splicePatch(base, bare, checked({ id: 'a', expiresAt: null, unset: ['x'] }), limits), base);
  const narrow = compileWalker(vectorRecord((fields) => [...fields.slice(0, 2), { name: 'timestamp', type: 'int' }, { name: 'expires_at', type: 'long' }]));
  const narrowBase = withWire(9, Uint8Array.of(...string('a'), ...vectorBytes, 0, 2));
  assert.throws(() => splicePatch(narrowBase, narrow, checked({ id: 'a', timestamp: 2n ** 31n }), limits), { code: 'FAILED_PRECONDITION' });
  assert.throws(() => splicePatch(narrowBase, narrow, checked({ id: 'a', expiresAt: null }), limits), { code: 'FAILED_PRECONDITION' });
  const result = splicePatch(narrowBase, narrow, checked({ id: 'a', timestamp: 9n, expiresAt: 2n ** 40n }), limits);
  assert.deepEqual(result, withWire(9, Uint8Array.of(...string('a'), ...vectorBytes, ...long(9n), ...long(2n ** 40n))));
});

test('a patch of tomorrow, whose values have more fields, is copied into a base of tomorrow and refused by one of today only if it must be', () => {
  const value = valueOf(['null', 'long'], { name: 'note', type: 'string' });
  const withValue = (name: 'VectorRecord' | 'PatchRecord', field: string): object => ({
    ...todays(name), fields: todays(name).fields.map((one) => one.name === field ? { ...one, type: { type: 'map', values: value } } : one),
  });
  const patch = compileWalker(withValue('PatchRecord', 'set')).check(
    withWire(3, Uint8Array.of(...string('a'), 0, 2, ...string('k'), 2, 10, ...string('noted'), 0, 0, 0, 0)), limits);
  const tomorrow = compileWalker(withValue('VectorRecord', 'metadata'));
  const base = Uint8Array.of(...string('a'), ...vectorBytes, 0, 0, 0);
  assert.deepEqual(splicePatch(withWire(9, base), tomorrow, patch, limits),
    withWire(9, Uint8Array.of(...string('a'), ...vectorBytes, 2, ...string('k'), 2, 10, ...string('noted'), 0, 0, 0)));
  assert.deepStrictEqual(decodeVectorRecord(splicePatch(withWire(7, base), upserts, patch, limits)).metadata, new Map([['k', 5n]]));
  assert.throws(() => splicePatch(withWire(9, base), tomorrow, checked({ id: 'a', set: new Map([['k', 5n]]) }), limits), { code: 'FAILED_PRECONDITION' });
});

test('the result is within the limits', () => {
  const base = encodeVectorRecord(7, { id: 'a', vector: [1, 2, 3] });
  const patch = checked({ id: 'a', set: new Map([['x', 'y'.repeat(100)]]) });
  assert.throws(() => splicePatch(base, upserts, patch, { ...limits, recordBytesMax: base.length + 100 }), { code: 'INVALID_ARGUMENT', message: /larger/ });
  const wrong = patches.view(encodePatchRecord(2, { id: 'a', vector: [1] }));
  assert.throws(() => splicePatch(base, upserts, wrong, limits), { code: 'INVALID_ARGUMENT', message: /dimension/ });
});
