import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { crc32c, crcHeaderName, decodeCrc, writeHeaderName } from '@proximadb/log';
import { decodeAvro, encodeAvro, type WriteHeader } from '@proximadb/schemas';
import { WriteHeaders, type WriteCondition } from './write-header.ts';

const safe = fc.maxSafeNat();
const condition: fc.Arbitrary<WriteCondition> = fc.oneof(
  fc.constant<WriteCondition>({ kind: 'none' }), fc.constant<WriteCondition>({ kind: 'if_absent' }), fc.constant<WriteCondition>({ kind: 'if_present' }),
  fc.record({ kind: fc.constant('if_version' as const), log: safe.filter(fits), offset: safe.filter(fits) }),
);

/** avsc refuses the two greatest safe integers. */
function fits(value: number): boolean {
  return value <= Number.MAX_SAFE_INTEGER - 1;
}

function asAvro(one: WriteCondition): WriteHeader['condition'] {
  switch (one.kind) {
    case 'none': return null;
    case 'if_absent': return { 'proximadb.v1.IfAbsent': {} };
    case 'if_present': return { 'proximadb.v1.IfPresent': {} };
    case 'if_version': return { 'proximadb.v1.IfVersion': { log: one.log, offset: one.offset } };
  }
}

test('headers are, byte for byte, what avsc writes', () => {
  const requestId = fc.string({ minLength: 1, maxLength: 64, unit: 'grapheme' }).filter((text) => text.isWellFormed());
  const sequences = fc.array(fc.tuple(fc.nat(0x7fffffff), fc.nat(0xffffffff)), { minLength: 1, maxLength: 20 });
  fc.assert(fc.property(requestId, sequences, fc.array(condition, { minLength: 20, maxLength: 20 }), fc.boolean(), (id, wanted, conditions, single) => {
    const given = single ? conditions.slice(0, 1) : conditions;
    const headers = new WriteHeaders(id, wanted.length, given);
    const made = wanted.map(([sequence, crc], record) => headers.next(record, sequence, crc));
    for (const [record, [sequence, crc]] of wanted.entries()) {
      const expected = encodeAvro('WriteHeader', { request_id: id, sequence, condition: asAvro(given[single ? 0 : record]!) });
      const { [writeHeaderName]: write, [crcHeaderName]: checksum } = made[record]!;
      assert.deepEqual(Buffer.from(write!), expected);
      assert.equal(decodeCrc(checksum!), crc);
    }
  }), { interruptAfterTimeLimit: 3_000 });
});

test('without conditions every record is plain', () => {
  const headers = new WriteHeaders('r', 1, []).next(0, 0, crc32c(Uint8Array.of(1)));
  assert.deepEqual({ ...decodeAvro('WriteHeader', headers[writeHeaderName]!) }, { request_id: 'r', sequence: 0, condition: null });
});
