import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { AppError } from '@proximadb/errors';
import { schemaText } from '@proximadb/schemas';
import {
  compileWalker, encodeDeleteRecord, encodePatchRecord, encodeVectorRecord, withWire, type Metadata, type MetadataValue, type RecordLimits, type Walker,
} from './index.ts';
import { long, string } from './testing/blocks.ts';

const limits: RecordLimits = { dimension: 3, metric: 'cosine', recordBytesMax: 100_000 };
const upserts = compileWalker(schemaText('VectorRecord'));
const patches = compileWalker(schemaText('PatchRecord'));
const deletes = compileWalker(schemaText('DeleteRecord'));

function refuses(bytes: Uint8Array, field: string | undefined, reason: RegExp, walker: Walker = upserts, by: Partial<RecordLimits> = {}): void {
  assert.throws(() => walker.check(bytes, { ...limits, ...by }), (error) => {
    assert.ok(error instanceof AppError, String(error));
    assert.equal(error.code, 'INVALID_ARGUMENT');
    assert.equal(error.details[0]?.field, field, error.message);
    assert.match(error.message, reason);
    return true;
  });
}

function withMetadata(metadata: Metadata): Uint8Array {
  return encodeVectorRecord(1, { id: 'a', vector: [1, 2, 3], metadata });
}

/** An upsert whose metadata map is the given bytes. */
function rawMetadata(...map: number[]): Uint8Array {
  return withWire(1, Uint8Array.of(...string('a'), 6, ...new Uint8Array(Float32Array.of(1, 2, 3).buffer), 0, ...map, 0, 0));
}

function rawVector(...array: number[]): Uint8Array {
  return withWire(1, Uint8Array.of(...string('a'), ...array, 0, 0, 0));
}

function nested(levels: number, wrap: (inner: MetadataValue) => MetadataValue): MetadataValue {
  let value: MetadataValue = 1n;
  for (let level = 0; level < levels; level++) value = wrap(value);
  return value;
}

const i64Min = long(-(2n ** 63n));
const huge = long(2n ** 62n);
const number = [0, 0, 128, 63];

test('ids are 1 to 512 bytes of valid UTF-8', () => {
  refuses(encodeVectorRecord(1, { id: '', vector: [1, 2, 3] }), 'id', /empty/);
  refuses(encodeVectorRecord(1, { id: 'é'.repeat(257), vector: [1, 2, 3] }), 'id', /514 bytes/);
  assert.equal(upserts.check(encodeVectorRecord(1, { id: 'é'.repeat(256), vector: [1, 2, 3] }), limits).idBytes.length, 512);
  for (const bad of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82]]) {
    refuses(withWire(1, Uint8Array.of(bad.length * 2, ...bad, 6, ...number, ...number, ...number, 0, 0, 0, 0)), 'id', /UTF-8/);
  }
});

test('a vector has the dimension, finite numbers, and under cosine a direction', () => {
  refuses(encodeVectorRecord(1, { id: 'a', vector: [1, 2] }), 'vector', /has 2 numbers.*dimension is 3/);
  refuses(encodeVectorRecord(1, { id: 'a', vector: [] }), 'vector', /has 0 numbers/);
  for (const bad of [NaN, Infinity, -Infinity]) {
    refuses(encodeVectorRecord(1, { id: 'a', vector: [1, bad, 3] }), 'vector[1]', /finite/);
    refuses(encodeVectorRecord(1, { id: 'a', vector: [...Array<number>(700).fill(1), bad] }), 'vector[700]', /finite/, upserts, { dimension: 701 });
    refuses(encodePatchRecord(1, { id: 'a', vector: [bad, 0, 0] }), 'vector[0]', /finite/, patches);
  }
  refuses(rawVector(2, ...number, 3, 16, ...number, 0, 0, 192, 127, 0), 'vector[2]', /finite/);
  for (const flat of [[0, 0, 0], [0, -0, 0], [1e-30, 1e-30, 0], [1e-45, 0, 0], [1e30, 0, 0]]) {
    refuses(encodeVectorRecord(1, { id: 'a', vector: flat }), 'vector', /direction/);
    upserts.check(encodeVectorRecord(1, { id: 'a', vector: flat }), { ...limits, metric: 'euclidean' });
  }
  for (const fine of [[1e-17, 0, 0], [-1e17, 1, 0], [0, 1, 0]]) upserts.check(encodeVectorRecord(1, { id: 'a', vector: fine }), limits);
});

test('metadata has finite numbers, a key once, short keys, and 16 levels at most', () => {
  refuses(withMetadata(new Map([['x', NaN]])), 'metadata.x', /finite/);
  refuses(withMetadata(new Map([['tags', ['a', new Map([['y', [1n, Infinity]]])]]])), 'metadata.tags[1].y[1]', /finite/);
  refuses(withMetadata(new Map([['k'.repeat(513), 1n]])), `metadata.${'k'.repeat(64)}…`, /513 bytes/);
  withMetadataAccepted(new Map([['k'.repeat(512), 1n]]));
  refuses(rawMetadata(4, ...string('k'), 0, ...string('k'), 0, 0), 'metadata.k', /twice/);
  refuses(rawMetadata(2, ...string('k'), 0, 2, ...string('k'), 0, 0), 'metadata.k', /twice/);
  const many = Array.from({ length: 40 }, (_, index) => [...string(`k${index % 39}`), 0]).flat();
  refuses(rawMetadata(80, ...many, 0), 'metadata.k0', /twice/);
  refuses(rawMetadata(2, ...string('m'), 14, 4, ...string('k'), 0, ...string('k'), 0, 0, 0), 'metadata.m.k', /twice/);
  for (const wrap of [(inner: MetadataValue) => [inner], (inner: MetadataValue) => new Map([['m', inner]])]) {
    withMetadataAccepted(new Map([['x', nested(15, wrap)]]));
    assert.throws(() => upserts.check(withMetadata(new Map([['x', nested(16, wrap)]])), limits), /nests deeper than 16 levels/);
    assert.throws(() => upserts.view(withMetadata(new Map([['x', nested(2_000, wrap)]]))), /nests deeper than 16 levels/);
  }
  refuses(rawMetadata(2, ...string('k'), 8, 2, 0xff, 0), 'metadata.k', /UTF-8/);
  refuses(rawMetadata(2, ...string('k'), 2, 2, 0), 'metadata.k', /boolean/);
  refuses(rawMetadata(2, ...string('k'), 16, 0), 'metadata.k', /no number 8/);
  refuses(rawMetadata(2, ...string('k'), 1, 0), 'metadata.k', /no number -1/);
});

function withMetadataAccepted(metadata: Metadata): void {
  assert.deepEqual(upserts.check(withMetadata(metadata), limits).readMetadata(), metadata);
}

test('counts, sizes and lengths that cannot be true are refused before anything is done for them', () => {
  for (const count of [huge, i64Min, long(2n ** 63n - 1n), long(1_000_000n), [1, ...huge], [1, ...i64Min], [1, 1]]) {
    refuses(rawVector(...count), 'vector', /past the end|ends in the middle/);
    refuses(rawMetadata(...count), 'metadata', /past the end|ends in the middle/);
    refuses(rawMetadata(2, ...string('k'), 12, ...count), 'metadata.k', /past the end|ends in the middle/);
  }
  refuses(rawMetadata(2, ...huge), 'metadata', /length of \d+ bytes goes past/);
  refuses(rawMetadata(2, ...i64Min), 'metadata', /length is negative/);
  refuses(rawVector(5, 12, ...number, ...number, ...number, 0), 'vector', /does not end where it says/);
  refuses(rawVector(5, 26, ...number, ...number, ...number, 0, 0), 'vector', /does not end where it says/);
  refuses(rawMetadata(1, 4, ...string('k'), 0, 0), 'metadata', /does not end where it says/);
  refuses(rawMetadata(2, ...string('k'), 4, ...Array<number>(10).fill(0xff), 1, 0), 'metadata.k', /64 bits/);
  refuses(rawMetadata(2, ...string('k'), 4, ...Array<number>(9).fill(0xff), 2, 0), 'metadata.k', /64 bits/);
  refuses(rawMetadata(2, ...string('k'), 4, 0x80, 0, 0), 'metadata.k', /longer than it needs/);
});

test('a record is whole, has nothing after it, and fits', () => {
  const whole = withMetadata(new Map<string, MetadataValue>([['tags', ['a', 1n, 0.5, true, null]], ['b', Uint8Array.of(1, 2)]]));
  upserts.check(whole, limits);
  for (let length = 0; length < whole.length; length++) {
    assert.throws(() => upserts.check(whole.subarray(0, length), limits), { code: 'INVALID_ARGUMENT' });
  }
  refuses(Uint8Array.of(...whole, 0), undefined, /1 bytes follow/);
  refuses(whole, undefined, /larger than 50/, upserts, { recordBytesMax: 50 });
  refuses(Uint8Array.of(1, ...whole.subarray(1)), undefined, /starts with the byte 0/);
});

test('a patch is validated as a record is', () => {
  patches.check(encodePatchRecord(1, { id: 'a' }), limits);
  refuses(encodePatchRecord(1, { id: 'a', vector: [1] }), 'vector', /has 1 numbers/, patches);
  refuses(encodePatchRecord(1, { id: 'a', vector: [] }), 'vector', /has 0 numbers/, patches);
  refuses(encodePatchRecord(1, { id: 'a', set: new Map([['x', NaN]]) }), 'set.x', /finite/, patches);
  refuses(encodePatchRecord(1, { id: 'a', set: new Map([['x', 1n]]), unset: ['y', 'x'] }), 'unset[1]', /set, too/, patches);
  refuses(encodePatchRecord(1, { id: 'a', unset: ['y'.repeat(513)] }), 'unset[0]', /513 bytes/, patches);
  const bad = encodePatchRecord(1, { id: 'a', unset: ['y'] });
  bad[bad.indexOf(121)] = 0xff;
  refuses(bad, 'unset[0]', /UTF-8/, patches);
  refuses(encodePatchRecord(1, { id: 'a', vector: [0, 0, 0] }), 'vector', /direction/, patches);
});

test('a delete has an id and a timestamp', () => {
  const view = deletes.check(encodeDeleteRecord(9, 'gone', 5n), limits);
  assert.deepEqual([view.kind, view.id, view.timestamp, view.vectorLength, view.expiresAt, view.readMetadata().size], ['delete', 'gone', 5n, 0, null, 0]);
  refuses(encodeDeleteRecord(9, ''), 'id', /empty/, deletes);
});

test('the work is linear: a megabyte of the worst there is takes milliseconds', () => {
  const recordBytesMax = 1 << 20;
  const keys = Array.from({ length: 40_000 }, (_, index) => [`key${index}`, null] as const);
  const empties = Array.from({ length: 100_000 }, () => []);
  for (const metadata of [new Map<string, MetadataValue>(keys), new Map<string, MetadataValue>([['x', empties]])]) {
    const bytes = encodeVectorRecord(1, { id: 'a', vector: [1, 2, 3], metadata });
    const started = performance.now();
    upserts.check(bytes, { ...limits, recordBytesMax });
    assert.ok(performance.now() - started < 10_000);
  }
});
