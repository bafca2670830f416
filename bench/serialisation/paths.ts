/**
 * Four ways from a received message to what the log keeps of each record. A path's work is in two parts: `convert` makes the values,
 * `entries` makes log entries of them (partition, checksum, write header), by the gateway's own code for all four.
 * Only (c) validates: the others get the benefit of the doubt.
 */
import avsc from 'avsc';
import { checkRecords, entriesOf } from '@proximadb/gateway';
import type { AppendEntry } from '@proximadb/log';
import { compileWalker, wireHeaderBytes, type RecordLimits } from '@proximadb/record';
import { schemaText, UpsertRequest } from '@proximadb/schemas';
import { TypedUpsert, type TypedRecord, type TypedValue } from './typed-protobuf.ts';

/** What the log needs of a record. */
export interface Value {
  readonly id: string;
  readonly idBytes: Uint8Array;
  readonly bytes: Uint8Array;
}

export interface Path {
  readonly name: string;
  readonly input: 'typed' | 'ready';
  convert(message: Buffer): readonly Value[] | Promise<readonly Value[]>;
}

export function makePaths(limits: RecordLimits): readonly Path[] {
  const walker = compileWalker(schemaText('VectorRecord'));
  const schemas = { walker: () => walker };
  return [
    { name: '(a) wrap, wrap, JSON', input: 'typed', convert: (message) => TypedUpsert.decode(message).records.map(jsonOf) },
    { name: '(b) object, Avro', input: 'typed', convert: (message) => TypedUpsert.decode(message).records.map(avroOf) },
    { name: '(c) ours', input: 'ready', convert: (message) => checkRecords(UpsertRequest.decode(message).records, 'upsert', schemas, limits) },
    {
      name: '(d) container a record', input: 'ready',
      convert: async (message) => (await checkRecords(UpsertRequest.decode(message).records, 'upsert', schemas, limits))
        .map(({ id, idBytes, bytes }) => ({ id, idBytes, bytes: containerOf(bytes) })),
    },
  ];
}

/** As services/gateway makes them. */
export function entriesFor(values: readonly Value[], partitions: number): AppendEntry[] {
  return entriesOf({ requestId: 'request', records: values, conditions: [], partitions });
}

// (a): what the wire had becomes a record of the domain, that an entry of the write-ahead log, that a text, that bytes.
class DomainRecord {
  readonly id: string;
  readonly vector: readonly number[];
  readonly metadata: Record<string, boolean | number | string>;
  readonly timestamp: number;

  constructor({ id, vector, metadata, timestamp }: TypedRecord) {
    this.id = id;
    this.vector = vector;
    this.metadata = {};
    for (const key in metadata) this.metadata[key] = metadata[key]?.value ?? '';
    this.timestamp = timestamp;
  }
}

class WalEntry {
  readonly operation = 'upsert';
  readonly collection = 'items';
  readonly record: DomainRecord;

  constructor(record: DomainRecord) {
    this.record = record;
  }
}

function jsonOf(record: TypedRecord): Value {
  const entry = new WalEntry(new DomainRecord(record));
  return { id: record.id, idBytes: Buffer.from(record.id), bytes: Buffer.from(JSON.stringify(entry)) };
}

// (b): avsc as it comes: compiled, longs as numbers, unions wrapped only where it must be.
const avroRecord = avsc.Type.forSchema(JSON.parse(schemaText('VectorRecord')) as avsc.Schema);

function avroOf({ id, vector, metadata, timestamp }: TypedRecord): Value {
  const values: Record<string, { value: object | null }> = {};
  for (const key in metadata) values[key] = { value: branchOf(metadata[key]) };
  return { id, idBytes: Buffer.from(id), bytes: avroRecord.toBuffer({ id, vector, metadata: values, timestamp, expires_at: null }) };
}

function branchOf(value: TypedValue | undefined): object | null {
  switch (value?.kind) {
    case 'boolean': return { boolean: value.value };
    case 'long': return { long: value.value };
    case 'double': return { double: value.value };
    case 'string': return { string: value.value };
    case undefined: return null;
  }
}

// (d): a file in the small. The header with its schema is made once, and copied.
const sync = Buffer.alloc(16, 0x5a);
const containerHead = ((): Buffer => {
  const headerType = avsc.Type.forSchema({
    type: 'record', name: 'Header', fields: [
      { name: 'magic', type: { type: 'fixed', name: 'Magic', size: 4 } }, { name: 'meta', type: { type: 'map', values: 'bytes' } },
      { name: 'sync', type: { type: 'fixed', name: 'Sync', size: 16 } },
    ],
  });
  const meta = { 'avro.schema': Buffer.from(schemaText('VectorRecord')), 'avro.codec': Buffer.from('null') };
  return headerType.toBuffer({ magic: Buffer.from('Obj\x01', 'latin1'), meta, sync });
})();

function containerOf(bytes: Uint8Array): Uint8Array {
  const body = bytes.length - wireHeaderBytes;
  const file = Buffer.allocUnsafe(containerHead.length + 1 + 5 + body + sync.length);
  let at = containerHead.copy(file);
  file[at++] = 2;
  for (let rest = body * 2; ; rest = Math.floor(rest / 128)) {
    file[at++] = rest < 128 ? rest : (rest % 128) | 128;
    if (rest < 128) break;
  }
  file.set(bytes.subarray(wireHeaderBytes), at);
  file.set(sync, at + body);
  return file.subarray(0, at + body + sync.length);
}
