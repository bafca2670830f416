/** What a server has on its disk, as any Avro tool reads it: only avsc, and the schemas that lie beside the data. */
import { strict as assert } from 'node:assert';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { offset, partition, type LogRecord } from '@proximadb/log';
import { openEmbeddedReader } from '@proximadb/log/embedded';
import avro, { type Schema } from 'avsc';

/** As avsc gives a record: unions by the names of their branches. */
export interface PlainRecord {
  readonly id: string;
  readonly vector: readonly number[];
  readonly metadata: Readonly<Record<string, { readonly value: Readonly<Record<string, unknown>> | null }>>;
}

/** By itself avsc refuses longs that a double cannot hold. */
const long = avro.types.LongType.__with({
  fromBuffer: (buffer: Buffer) => buffer.readBigInt64LE(), toBuffer: () => Buffer.alloc(8), fromJSON: BigInt, toJSON: String,
  isValid: (value: unknown) => typeof value === 'bigint', compare: () => 0,
});

function typeOf(schema: Schema): avro.Type {
  const typeHook = (part: Schema): avro.Type | undefined =>
    (part === 'long' || (typeof part === 'object' && 'type' in part && part.type === 'long') ? long : undefined);
  return avro.Type.forSchema(schema, { typeHook, wrapUnions: true });
}

/** The data of all containers of a collection's segments. */
export async function segmentRecords(data: string, log: bigint): Promise<PlainRecord[]> {
  const files = globSync(`shards/${log}/*/segments/**/records-*.avro`, { cwd: data }).map((path) => join(data, path));
  return (await Promise.all(files.map(containerOf))).flat();
}

function containerOf(path: string): Promise<PlainRecord[]> {
  return new Promise((resolve, reject) => {
    const rows: PlainRecord[] = [];
    avro.createFileDecoder(path, { parseHook: typeOf }).on('data', (row: { readonly record: PlainRecord }) => rows.push(row.record))
      .on('end', () => { resolve(rows); }).on('error', reject);
  });
}

export interface LogEntry {
  readonly key: string;
  /** null: the record is deleted. */
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, Uint8Array>>;
}

/** All that a topic's log has, read beside the server that writes it. */
export async function logEntries(data: string, topic: string): Promise<LogEntry[]> {
  await using log = await openEmbeddedReader(join(data, 'log'));
  const extents = await log.extents(topic);
  const batches = await Promise.all(extents.map(({ start }, number) => log.read(topic, partition(number), offset(Number(start)), 64 << 20)));
  return batches.flatMap(({ records }) => records).map(({ key, value, headers }: LogRecord) =>
    ({ key: Buffer.from(key).toString(), value: value === null ? null : Buffer.from(value), headers }));
}

/** A record of the log: its wire header names the schema, whose text the server gave. */
export function recordOf(value: Buffer, { id, schema }: { readonly id: number; readonly schema: string }): PlainRecord {
  assert.deepEqual([value[0], value.readUInt32BE(1)], [0, id], 'the Confluent wire format');
  return typeOf(JSON.parse(schema) as Schema).fromBuffer(value.subarray(5)) as PlainRecord;
}

/** The names of the catalog's events, in order, with the names of collections that they make. Each schema lies in the entry that used it first. */
export async function catalogEvents(data: string): Promise<{ readonly kind: string; readonly name: string | undefined }[]> {
  const types = new Map<string, avro.Type>();
  return (await logEntries(data, 'proximadb-catalog')).flatMap(({ value, headers }) => {
    const writer = Buffer.from(headers['proximadb-writer'] ?? []).toString('hex');
    const text = headers['proximadb-writer-schema'];
    if (text !== undefined) types.set(writer, typeOf(JSON.parse(Buffer.from(text).toString()) as Schema));
    const type = types.get(writer);
    if (value === null || type === undefined) return [];
    const { event } = type.fromBuffer(value) as { readonly event: Readonly<Record<string, { readonly name?: string }>> };
    return Object.entries(event).map(([kind, { name }]) => ({ kind: kind.replace(/^.*\./, ''), name }));
  });
}
