/** The client process: encodes words and writes them through the public gRPC API. Argument: the server's address. */
import { encodeVectorRecord } from '@proximadb/record';
import { createClient } from '@proximadb/transport/client';
import { isQuery, loadWords, metadataOf, vectorOf } from '../words.ts';
import type { WriterAnswer, WriterCommand } from './writer.ts';

const [address = ''] = process.argv.slice(2);
const words = loadWords();
const client = createClient(address);
const { id: schemaId } = await client.getSchema({ name: 'VectorRecord' });
let prepared: Uint8Array[][] = [];

process.on('message', (command: WriterCommand) => {
  void answer(command).then((result) => process.send?.(result));
});

async function answer(command: WriterCommand): Promise<WriterAnswer> {
  const started = performance.now();
  switch (command.kind) {
    case 'prepare': {
      prepared = [...batches(command.from, command.count, command.batchRecords, command.withoutQueries)];
      return { records: prepared.reduce((sum, { length }) => sum + length, 0), tookMs: performance.now() - started, latenciesMs: [], bytes: bytesOf(prepared) };
    }
    case 'write': return write(command.collection, prepared.values(), command.concurrency);
    case 'encodeAndWrite': return write(command.collection, batches(command.from, command.count, command.batchRecords), command.concurrency);
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

async function write(collection: string, source: Iterator<Uint8Array[]>, concurrency: number): Promise<WriterAnswer> {
  const latenciesMs: number[] = [];
  let records = 0;
  let bytes = 0;
  const started = performance.now();
  await Promise.all(Array.from({ length: concurrency }, async () => {
    for (let next = source.next(); next.done !== true; next = source.next()) {
      const sent = performance.now();
      await client.upsert({ collection, records: next.value });
      latenciesMs.push(performance.now() - sent);
      records += next.value.length;
      bytes += bytesOf([next.value]);
    }
  }));
  return { records, tookMs: performance.now() - started, latenciesMs, bytes };
}

function bytesOf(each: readonly Uint8Array[][]): number {
  return each.reduce((sum, batch) => sum + batch.reduce((more, record) => more + record.length, 0), 0);
}
