import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AppError, type Code } from '@proximadb/errors';
import { settingsFrom, type Collection } from '@proximadb/catalog';
import { Cursor } from '@proximadb/schemas';
import { checkAgainstEnds, decodeCursor, decodeToken, encodeCursor, encodeToken, maximum } from './tokens.ts';

const options = { interruptAfterTimeLimit: 2_000 };
const offsets = (count: number) => fc.array(fc.maxSafeNat(), { minLength: count, maxLength: count });

function collectionOf(log: number, partitions: number): Collection {
  return {
    name: 'c', log, topic: `t-${log}`, topicId: 'i', state: 'ready', settings: settingsFrom({ dimension: 2, partitions }),
    description: '', tags: {}, createdAtMicros: 0,
  };
}

function thrownBy(work: () => unknown): AppError {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof AppError) return thrown;
    throw thrown;
  }
  throw new Error('an error was expected');
}

test('tokens and cursors say what went into them', () => {
  const given = fc.integer({ min: 1, max: 256 }).chain((count) => fc.record({ log: fc.integer({ min: 1, max: 2 ** 40 }), offsets: offsets(count) }));
  const after = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 512 }).filter((text) => text.isWellFormed() && Buffer.byteLength(text) <= 512);
  fc.assert(fc.property(given, after, (random, id) => {
    const token = { ...random };
    const collection = collectionOf(token.log, token.offsets.length);
    assert.deepEqual(decodeToken(encodeToken(token), collection), token);
    assert.match(encodeToken(token), /^[A-Za-z0-9_-]+$/);
    assert.deepEqual(decodeCursor(encodeCursor({ after: id, token }), collection), { after: id, token });
  }), options);
});

test('no text crashes, and what is accepted is a token of the collection', () => {
  const collection = collectionOf(7, 3);
  const text = fc.oneof(fc.string(), fc.base64String(), fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('base64url')));
  fc.assert(fc.property(text, (given) => {
    for (const decode of [decodeToken, decodeCursor]) {
      try {
        const result = decode(given, collection);
        assert.equal('token' in result ? result.token.log : result.log, 7);
      } catch (thrown) {
        assert.ok(thrown instanceof AppError && ['INVALID_ARGUMENT', 'FAILED_PRECONDITION'].includes(thrown.code), String(thrown));
      }
    }
  }), options);
});

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
const mine = collectionOf(7, 3);
const good = { log: 7, offsets: [1, 2, 3] };
const refused: readonly (readonly [string, () => unknown, Code, string])[] = [
  ['nothing', () => decodeToken('', mine), 'INVALID_ARGUMENT', 'token'],
  ['no base64url', () => decodeToken('a+b/', mine), 'INVALID_ARGUMENT', 'token'],
  ['cut', () => decodeToken(encodeToken(good).slice(0, -2), mine), 'INVALID_ARGUMENT', 'token'],
  ['endless', () => decodeToken('A'.repeat(10_000), mine), 'INVALID_ARGUMENT', 'token'],
  ['no offsets', () => decodeToken(encodeToken({ log: 7, offsets: [] }), mine), 'INVALID_ARGUMENT', 'token'],
  ['another number of partitions', () => decodeToken(encodeToken({ log: 7, offsets: [1, 2] }), mine), 'INVALID_ARGUMENT', 'token'],
  ['a negative offset', () => decodeToken(encodeToken({ log: 7, offsets: [1, -2, 3] }), mine), 'INVALID_ARGUMENT', 'token'],
  ['another log', () => decodeToken(encodeToken({ ...good, log: 8 }), mine), 'FAILED_PRECONDITION', 'token'],
  ['beyond the end', () => checkAgainstEnds([1, 2, 3], [1, 1, 9]), 'OUT_OF_RANGE', 'token'],
  ['a token as a cursor', () => decodeCursor(encodeToken(good), mine), 'INVALID_ARGUMENT', 'cursor'],
  ['a cursor without an id', () => decodeCursor(encodeCursor({ after: '', token: good }), mine), 'INVALID_ARGUMENT', 'cursor'],
  ['a cursor without a token', () => decodeCursor(text(Cursor.encode(Cursor.create({ after: 'a' }))), mine), 'INVALID_ARGUMENT', 'cursor'],
  ['a cursor of another log', () => decodeCursor(encodeCursor({ after: 'a', token: { ...good, log: 6 } }), mine), 'FAILED_PRECONDITION', 'cursor'],
];
for (const [name, send, code, field] of refused) {
  test(`refused: ${name}`, () => {
    const error = thrownBy(send);
    assert.deepEqual([error.code, error.details[0]?.field], [code, field], error.message);
  });
}

test('tokens merge by maximum: in any order, and again, with one result that covers both', () => {
  fc.assert(fc.property(offsets(4), offsets(4), offsets(4), (a, b, c) => {
    assert.deepEqual(maximum(a, b), maximum(b, a));
    assert.deepEqual(maximum(maximum(a, b), c), maximum(a, maximum(b, c)));
    assert.deepEqual(maximum(maximum(a, b), b), maximum(a, b));
    assert.ok(maximum(a, b).every((offset, at) => offset >= a[at]! && offset >= b[at]! && (offset === a[at] || offset === b[at])));
  }), options);
});
