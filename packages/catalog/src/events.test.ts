import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import { AppError } from '@proximadb/errors';
import { crc32c, crcHeaderName, encodeCrc, offset, type LogRecord } from '@proximadb/log';
import { avroTypeOf, schemaText } from '@proximadb/schemas';
import { CatalogCodec, textFingerprint, writerHeaderName, writerSchemaHeaderName, type CatalogEntry, type Event } from './events.ts';
import { settingsFrom } from './settings.ts';

const text = fc.string({ unit: 'binary' }).filter((value) => value.isWellFormed());
const tags = fc.dictionary(text.filter((name) => name !== '__proto__'), text, { noNullPrototype: true });
/** The largest that avsc takes. */
const log = fc.nat(2 ** 31 - 1).chain((high) => fc.nat(2 ** 21 - 1).map((low) => Math.min(low * 2 ** 31 + high, 2 ** 53 - 2)));
const event: fc.Arbitrary<Event> = fc.oneof(
  fc.record({
    kind: fc.constant('created' as const), name: text, settings: fc.constant(settingsFrom({ dimension: 3, metric: 'dot' })), description: text, tags,
  }),
  fc.record({ kind: fc.constant('ready' as const), log, topicId: text }),
  fc.record({ kind: fc.constant('updated' as const), log, description: fc.option(text), tags: fc.option(tags) }),
  fc.record({ kind: fc.constant('deleted' as const), log }),
  fc.record({ kind: fc.constant('erased' as const), log }),
  fc.record({ kind: fc.constant('schema_used' as const), id: fc.nat(0x7fff_ffff), fingerprint: text, schema: text }),
);
const deleted: CatalogEntry = { requestId: 'r', atMicros: 5, event: { kind: 'deleted', log: 3 } };

function stored(written: Pick<LogRecord, 'value' | 'headers'>, at = 0): LogRecord {
  return { offset: offset(at), appendTimeMicros: 0, key: new Uint8Array(), ...written };
}

test('every entry is read as it was written', () => {
  const codec = new CatalogCodec();
  fc.assert(fc.property(fc.record({ requestId: text, atMicros: log, event }), (entry) => {
    const read = codec.decode(stored(codec.encode(entry)));
    assert.deepEqual(JSON.parse(JSON.stringify(read)), JSON.parse(JSON.stringify(entry)));
  }), { numRuns: 300, interruptAfterTimeLimit: 3_000 });
});

test('the schema goes with the first entry, and after it was read only its hash', () => {
  const codec = new CatalogCodec();
  const first = codec.encode(deleted);
  assert.equal(Buffer.from(first.headers[writerSchemaHeaderName] ?? []).toString(), schemaText('CatalogEvent'));
  codec.decode(stored(first));
  const second = codec.encode(deleted);
  assert.equal(second.headers[writerSchemaHeaderName], undefined);
  assert.deepEqual(codec.decode(stored(second, 1)), deleted);
  assert.throws(() => new CatalogCodec().decode(stored(second)), isDataLoss, 'the log does not begin here');
});

test('an entry of a release whose schema has a field more is read', () => {
  const schema = JSON.parse(schemaText('CatalogEvent')) as { fields: unknown[] };
  schema.fields.push({ name: 'by', type: 'string', default: '' });
  const codec = new CatalogCodec();
  assert.deepEqual(codec.decode(stored(writtenIn(JSON.stringify(schema), { by: 'somebody' }))), deleted);
  assert.deepEqual(codec.decode(stored(codec.encode(deleted), 1)), deleted);
});

test('an entry that only a newer release can read asks for an upgrade', () => {
  const foreign = JSON.stringify({ ...(JSON.parse(schemaText('CatalogEvent')) as object), name: 'SomethingElse' });
  assert.throws(() => new CatalogCodec().decode(stored(writtenIn(foreign, {}))),
    (error) => error instanceof AppError && error.code === 'FAILED_PRECONDITION' && error.message.includes('upgrade'));
});

test('a damaged entry is never taken for one', () => {
  const { value, headers } = new CatalogCodec().encode(deleted);
  for (let at = 0; at < value.length; at++) {
    const damaged = Uint8Array.from(value);
    damaged[at] = (damaged[at] ?? 0) ^ 0x40;
    assert.throws(() => new CatalogCodec().decode(stored({ value: damaged, headers })), isDataLoss);
  }
  assert.throws(() => new CatalogCodec().decode(stored({ value: null, headers })), isDataLoss);
  assert.throws(() => new CatalogCodec().decode(stored({ value, headers: {} })), isDataLoss);
  const other = { ...headers, [writerSchemaHeaderName]: Buffer.from('"string"') };
  assert.throws(() => new CatalogCodec().decode(stored({ value, headers: other })), isDataLoss);
});

/** The entry `deleted`, as a process with another schema writes it. */
function writtenIn(schema: string, more: object): Pick<LogRecord, 'value' | 'headers'> {
  const branch = { 'proximadb.v1.storage.CollectionDeleted': { log: 3 } };
  const value = avroTypeOf('CatalogEvent', schema).toBuffer({ request_id: 'r', at: 5, event: branch, ...more });
  const headers = {
    [crcHeaderName]: encodeCrc(crc32c(value)),
    [writerHeaderName]: Buffer.from(textFingerprint(schema), 'hex'), [writerSchemaHeaderName]: Buffer.from(schema),
  };
  return { value, headers };
}

function isDataLoss(error: unknown): boolean {
  return error instanceof AppError && error.code === 'DATA_LOSS';
}
