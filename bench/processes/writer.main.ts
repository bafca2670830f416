/** The client process: encodes words and writes them through the public gRPC API. Argument: the server's address. */
import { compileWalker, encodeVectorRecord } from '@proximadb/record';
import { createClient } from '@proximadb/transport/client';
import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { isQuery, loadWords, metadataOf, vectorOf } from '../words.ts';
import type { WriterAnswer, WriterCommand } from './writer.ts';

const [address = ''] = process.argv.slice(2);
const words = loadWords();
const client = createClient(address);
const { id: schemaId, schema } = await client.getSchema({ name: 'VectorRecord' });
let prepared: Packed[] = [];

process.on('message', (command: WriterCommand) => {
  void answer(command).then((result) => process.send?.(result));
});

async function answer(command: WriterCommand): Promise<WriterAnswer> {
  const started = performance.now();
  switch (command.kind) {
    case 'prepare': {
      prepared = Array.from(batches(command.from, command.count, command.batchRecords, command.withoutQueries), pack);
      return {
        records: prepared.reduce((sum, { lengths }) => sum + lengths.length, 0), tookMs: performance.now() - started, latenciesMs: [],
        bytes: prepared.reduce((sum, { bytes }) => sum + bytes.length, 0),
      };
    }
    case 'write': return write(command.collection, unpacked(prepared), command.concurrency);
    case 'produce': return produce(command.brokers, command.topic, unpacked(prepared), command.concurrency);
    case 'encodeAndWrite': return write(
      command.collection, batches(command.from, command.count, command.batchRecords, command.withoutQueries), command.concurrency);
  }
}

/** A batch in one piece: hundreds of thousands of views, kept for long, would make the client's collector the slowest part of all. */
interface Packed {
  readonly bytes: Uint8Array;
  readonly lengths: Uint32Array;
}

function pack(batch: readonly Uint8Array[]): Packed {
  return { bytes: Buffer.concat(batch), lengths: Uint32Array.from(batch, ({ length }) => length) };
}

function* unpacked(packed: readonly Packed[]): Generator<Uint8Array[]> {
  for (const { bytes, lengths } of packed) {
    let at = 0;
    yield Array.from(lengths, (length) => {
      at += length;
      return bytes.subarray(at - length, at);
    });
  }
}

function* batches(from: number, count: number, batchRecords: number, withoutQueries = false): Generator<Uint8Array[]> {
  let batch: Uint8Array[] = [];
  for (let at = from; at < from + count; at += 1) {
    if (withoutQueries && isQuery(at % words.names.length)) continue;
    batch.push(encode(at));
    if (batch.length < batchRecords) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** Beyond the list's end the words come again with other ids. */
function encode(at: number): Uint8Array {
  const word = at % words.names.length;
  const round = Math.floor(at / words.names.length);
  const name = words.names[word] ?? '';
  return encodeVectorRecord(schemaId, { id: round === 0 ? name : `${name}#${round}`, vector: vectorOf(words, word), metadata: metadataOf(words, word) });
}

function write(collection: string, source: Iterator<Uint8Array[]>, concurrency: number): Promise<WriterAnswer> {
  return sendAll(source, concurrency, async (records) => { await client.upsert({ collection, records }); });
}

async function produce(brokers: readonly string[], topic: string, source: Iterator<Uint8Array[]>, concurrency: number): Promise<WriterAnswer> {
  const kafka = new Kafka({ brokers: [...brokers], clientId: 'bare', logLevel: logLevel.NOTHING });
  const producer = kafka.producer({ allowAutoTopicCreation: false, createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  const walker = compileWalker(schema);
  try {
    return await sendAll(source, concurrency, async (records) => {
      const messages = records.map((record) => ({ key: Buffer.from(walker.view(record).idBytes), value: record as Buffer }));
      await producer.send({ topic, acks: -1, messages });
    });
  } finally {
    await producer.disconnect();
  }
}

async function sendAll(source: Iterator<Uint8Array[]>, concurrency: number, send: (records: Uint8Array[]) => Promise<void>): Promise<WriterAnswer> {
  const latenciesMs: number[] = [];
  let records = 0;
  let bytes = 0;
  const started = performance.now();
  await Promise.all(Array.from({ length: concurrency }, async () => {
    for (let next = source.next(); next.done !== true; next = source.next()) {
      const sent = performance.now();
      await send(next.value);
      latenciesMs.push(performance.now() - sent);
      records += next.value.length;
      bytes += next.value.reduce((sum, { length }) => sum + length, 0);
    }
  }));
  return { records, tookMs: performance.now() - started, latenciesMs, bytes };
}
