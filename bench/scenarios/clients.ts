/** What the clients themselves take: µs a record written, µs a search, of their processes; beside what each call takes altogether. */
import { join } from 'node:path';
import { connect as connectGrpc, type Collection, type Database, type RecordInput } from 'proximadb';
import { connect as connectRest } from 'proximadb/rest';
import { EchoProcess } from '../processes/echo.ts';
import { pythonOverhead, type PythonOverhead } from '../processes/python-client.ts';
import { startServer } from '../processes/server.ts';
import type { Aim, Cell, Report, Table } from '../report.ts';
import type { BenchOptions, Scenario } from '../scenario.ts';
import { median, percentile } from '../statistics.ts';

export const clients: Scenario = { name: 'clients', title: 'Clients: what they take themselves', run };

const dimension = 768;
const k = 10;
const rounds = 10;

interface Metadata {
  readonly lang: string;
  readonly year: number;
}

/** One way of asking, or of writing, in rounds. */
interface Way {
  readonly name: string;
  /** One search, or one write of some records. */
  readonly once: (at: number) => Promise<unknown>;
  /** ms of each. */
  readonly tookMs: number[];
  /** µs of this process's processors, of each round, for one. */
  readonly cpuMicros: number[];
}

async function run({ short, scratch, say }: BenchOptions): Promise<Report> {
  const server = await startServer(join(scratch, 'data'));
  const rest = `http://127.0.0.1:${server.restPort}`;
  using echo = await EchoProcess.start();
  await using streaming = connectGrpc(server.address);
  await using calling = connectGrpc(server.address, { searchStreams: false });
  await using overRest = connectRest(rest);
  const stored = short ? 200 : 1_000;
  // Searched exactly, and small: what the server does is not what is measured.
  const collectionOf = (db: Database): Collection<Metadata> => db.collection<Metadata>('clients');
  await streaming.createCollection({ name: 'clients', dimension, index: 'flat', partitions: 1 });
  await collectionOf(streaming).write(Array.from({ length: stored }, (_, at) => recordOf(at)));

  const queries = Array.from({ length: 256 }, (_, at) => vectorOf(at + 0.5));
  const search = (db: Database, options: object = {}) => (at: number): Promise<unknown> =>
    collectionOf(db).search(queries[at % queries.length] ?? vectorOf(0), { k, consistency: 'eventual', ...options });
  const searches = [
    way('grpc-js alone, a call and back', () => echo.call()),
    way('gRPC, over a stream', search(streaming)),
    way('gRPC, a call each', search(calling)),
    way('REST', search(overRest)),
    way('gRPC, over a stream, with a filter and metadata', search(streaming, { filter: { year: { $gte: 1900 } }, include: ['metadata'] })),
    way('REST, with a filter and metadata', search(overRest, { filter: { year: { $gte: 1900 } }, include: ['metadata'] })),
    way('gRPC, over a stream, with vectors', search(streaming, { include: ['vector'] })),
    way('REST, with vectors', search(overRest, { include: ['vector'] })),
  ];
  say('searches');
  await measure(searches, short ? 5 : 40);

  const batch = short ? 50 : 500;
  const records = Array.from({ length: batch }, (_, at) => recordOf(at));
  const write = (db: Database) => (): Promise<unknown> => db.collection<Metadata>('written').upsert(records);
  await streaming.createCollection({ name: 'written', dimension, index: 'flat' });
  const writes = [way('gRPC', write(streaming)), way('REST', write(overRest))];
  say('writes');
  await measure(writes, short ? 1 : 4);

  say('the Python client');
  const python = await pythonOverhead({ grpc: server.address, rest }, short ? 200 : 10_000, short ? 20 : 1_000);
  await server.signal('SIGKILL');
  return { tables: [searchTable(searches, stored), writeTable(writes, batch), ...pythonTables(python)], aims: short ? [] : aimsOf(searches) };
}

function way(name: string, once: Way['once']): Way {
  return { name, once, tookMs: [], cpuMicros: [] };
}

/** The ways take turns, a block of `count` each. The first round warms up. */
async function measure(ways: readonly Way[], count: number): Promise<void> {
  for (let round = 0; round <= rounds; round++) {
    for (const { once, tookMs, cpuMicros } of ways) {
      const before = process.cpuUsage();
      const took: number[] = [];
      for (let at = 0; at < count; at++) {
        const started = performance.now();
        await once(round * count + at);
        took.push(performance.now() - started);
      }
      const { user, system } = process.cpuUsage(before);
      if (round === 0) continue;
      tookMs.push(...took);
      cpuMicros.push((user + system) / count);
    }
  }
}

function vectorOf(seed: number): Float32Array {
  return Float32Array.from({ length: dimension }, (_, i) => Math.sin(seed * 31 + i * 7));
}

function recordOf(at: number): RecordInput<Metadata> {
  return { id: `record-${at}`, vector: vectorOf(at), metadata: { lang: 'en', year: 1900 + (at % 100) } };
}

function searchTable(ways: readonly Way[], stored: number): Table {
  return {
    title: `TypeScript: a search, k = ${k} of ${stored.toLocaleString('en-US')} records, ${dimension}-d`,
    columns: ['way', 'µs of the client\'s processor', 'p50 µs', 'p99 µs'],
    rows: ways.map(({ name, tookMs, cpuMicros }): Cell[] =>
      [name, Math.round(median(cpuMicros)), Math.round(median(tookMs) * 1000), Math.round(percentile(tookMs, 0.99) * 1000)]),
    notes: [
      'One search at a time; the ways take turns in blocks, and the medians are those of the blocks. Client and server share the machine.',
      'The client\'s processor: user and system time of its process, with what grpc-js or fetch take.',
      'p50 and p99 are from the call to its answer, with what the server takes.',
    ],
  };
}

function writeTable(ways: readonly Way[], batch: number): Table {
  return {
    title: `TypeScript: a record written, in requests of ${batch}, ${dimension}-d`,
    columns: ['way', 'µs of the client\'s processor', 'p50 µs'],
    rows: ways.map(({ name, tookMs, cpuMicros }): Cell[] => [name, median(cpuMicros) / batch, median(tookMs) * 1000 / batch]),
    notes: ['Per record. One request at a time.'],
  };
}

function pythonTables(python: PythonOverhead | string): Table[] {
  if (typeof python === 'string') return [{ title: 'Python', columns: ['', ''], rows: [['not measured', python]], notes: [] }];
  const { encoding, grpc, rest } = python;
  return [{
    title: `Python: µs of the client's processor, ${dimension}-d`, columns: ['', 'gRPC', 'REST'],
    rows: [
      ['a record written', grpc.writeMicrosPerRecord, rest.writeMicrosPerRecord], ['a search', grpc.searchMicros, rest.searchMicros],
      ['of it, a record encoded', encoding.encodeMicros, ''], ['a record encoded by fastavro', encoding.avroLibraryMicros, ''],
    ],
    notes: [],
  }];
}

function aimsOf(ways: readonly Way[]): Aim[] {
  const cpuOf = (name: string): number => median(ways.find((each) => each.name === name)?.cpuMicros ?? []);
  const [stream, call] = [cpuOf('gRPC, over a stream'), cpuOf('gRPC, a call each')];
  return [{ what: 'a search over a stream takes the client less than a call', aimed: '< 1', measured: (stream / call).toFixed(2), met: stream < call }];
}
