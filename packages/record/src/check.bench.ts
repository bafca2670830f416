 
/** Nanoseconds that `check`, `view` and `copyVector` take a record, on one core: `node packages/record/src/check.bench.ts`. */
import { schemaText, type Metric } from '@proximadb/schemas';
import { compileWalker, encodeVectorRecord, type Metadata, type RecordLimits } from './index.ts';

const rounds = 9;
const roundMs = 120;
/** Records lie one after the other in one buffer, as in a received message. */
const recordCount = 512;

const metadata: Metadata = new Map<string, string | bigint | number | boolean | readonly string[]>([
  ['lang', 'de'], ['year', 2024n], ['score', 0.75], ['draft', false], ['tags', ['news', 'sport']],
]);

function records(dimension: number, fields: number): Uint8Array[] {
  const encoded = Array.from({ length: recordCount }, (_, index) => encodeVectorRecord(1, {
    id: `word-${index}`,
    vector: Float32Array.from({ length: dimension }, (_number, at) => Math.sin(index * 31 + at)),
    metadata: new Map([...metadata].slice(0, fields)),
    timestamp: 1_750_000_000_000_000n,
  }));
  const message = new Uint8Array(encoded.reduce((bytes, record) => bytes + record.length + 3, 0));
  let at = 0;
  return encoded.map((record) => {
    at += 3;
    message.set(record, at);
    at += record.length;
    return message.subarray(at - record.length, at);
  });
}

function medianNanos(run: (record: Uint8Array) => unknown, input: readonly Uint8Array[]): number {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    let done = 0;
    while (performance.now() - start < roundMs) {
      for (const record of input) run(record);
      done += input.length;
    }
    times.push((performance.now() - start) * 1e6 / done);
  }
  return times.sort((a, b) => a - b)[rounds >> 1] ?? 0;
}

const walker = compileWalker(schemaText('VectorRecord'));
const into = new Float32Array(4096);
console.log('dimension  fields  bytes  check (cosine)  check (dot)  view  view + copyVector   ns a record, medians');
for (const [dimension, fields] of [[100, 0], [100, 5], [768, 0], [768, 5]] as const) {
  const input = records(dimension, fields);
  const limits = (metric: Metric): RecordLimits => ({ dimension, metric, recordBytesMax: 1 << 20 });
  const cosine = limits('cosine');
  const dot = limits('dot');
  const figures = [
    medianNanos((record) => walker.check(record, cosine), input),
    medianNanos((record) => walker.check(record, dot), input),
    medianNanos((record) => walker.view(record), input),
    medianNanos((record) => { walker.view(record).copyVector(into, 0); }, input),
  ];
  const columns = [dimension, fields, input[0]?.length ?? 0, ...figures.map(Math.round)];
  console.log(columns.map((figure, index) => String(figure).padStart([9, 6, 5, 14, 11, 4, 17][index] ?? 8)).join('  '));
}
