/** The embedded log of a data folder, read beside whoever writes it: LMDB shows a reader of another process one consistent state. */
import { existsSync, readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { CatalogCodec, CatalogState, catalogTopic, registryTopic, type Collection } from '@proximadb/catalog';
import { AppError, invalid } from '@proximadb/errors';
import { offset, partition, writeHeaderName, type LogReader, type LogRecord } from '@proximadb/log';
import { openEmbeddedReader } from '@proximadb/log/embedded';
import { wireSchemaId } from '@proximadb/record';
import { decodeAvro } from '@proximadb/schemas';
import { count, instant } from '../figures.ts';
import { clipped, type Column } from '../tables.ts';
import { manifestIn } from './manifest.ts';
import { leftOut, type Section, type View } from './view.ts';

const readBytes = 4 << 20;

export interface LogQuestion {
  readonly topic?: string;
  readonly partition?: number;
  readonly from?: number;
  readonly limit: number;
}

/** @param data the folder that holds `log`; @param shards whether what the shards have of it is of interest. */
export async function inspectLog(directory: string, data: string | null, question: LogQuestion): Promise<View> {
  await using log = await openEmbeddedReader(directory);
  const owner = ownerOf(directory);
  const facts: [string, string][] = [['folder', data ?? directory], ['cluster', log.clusterId]];
  if (owner !== null) facts.push(['in use by', `process ${owner}: what follows is a moment of it, read without disturbing it`]);
  const json = { folder: data ?? directory, clusterId: log.clusterId, owner };
  if (question.topic !== undefined) {
    const sections = [await recordsOf(log, question.topic, question)];
    return { kind: 'log', facts: [...facts, ['topic', question.topic]], json: { ...json, topic: question.topic }, sections, problems: [] };
  }
  const { collections, problems } = await collectionsOf(log);
  const sections = [await topicsOf(log, [catalogTopic, registryTopic, ...collections.map(({ topic }) => topic)], problems)];
  if (data !== null) sections.push(await shardsOf(data, collections, problems));
  return { kind: data === null ? 'log' : 'data folder', facts, json, sections, problems };
}

/** The generations that have a topic, by the catalog's log, as far as this release can read it. */
async function collectionsOf(log: LogReader): Promise<{ collections: Collection[]; problems: string[] }> {
  const codec = new CatalogCodec();
  const state = new CatalogState();
  const problems: string[] = [];
  try {
    for await (const record of recordsFrom(log, catalogTopic, 0, 0)) state.apply(codec.decode(record), record.offset);
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    problems.push(thrown.message);
  }
  return { collections: [...state.collections()].filter((one) => one.state !== 'creating' && one.state !== 'deleted'), problems };
}

async function topicsOf(log: LogReader, topics: readonly string[], problems: string[]): Promise<Section> {
  const found: { topic: string; topicId: string; partitions: { partition: number; start: number; end: number }[] }[] = [];
  for (const topic of topics) {
    const identity = await log.describeTopic(topic);
    if (identity === undefined) {
      problems.push(`topic ${topic} is missing`);
      continue;
    }
    const extents = await log.extents(topic);
    found.push({ topic, topicId: identity.topicId, partitions: extents.map(({ start, end }, at) => ({ partition: at, start, end })) });
  }
  return {
    name: 'topics', json: found,
    columns: [{ title: 'topic' }, { title: 'partitions', align: 'right' }, { title: 'kept', align: 'right' }, { title: 'ever written', align: 'right' }],
    rows: found.map(({ topic, partitions }) => [
      topic, String(partitions.length), count(partitions.reduce((sum, { start, end }) => sum + end - start, 0)),
      count(partitions.reduce((sum, { end }) => sum + end, 0)),
    ]),
    remark: '--topic NAME [--partition N] [--from OFFSET] shows the records',
  };
}

async function shardsOf(data: string, collections: readonly Collection[], problems: string[]): Promise<Section> {
  const shards: (Record<'log' | 'partition' | 'generation' | 'watermark' | 'segments' | 'graphs' | 'rows', number> & { readonly collection: string })[] = [];
  for (const { name, log, settings: { partitions } } of collections) {
    for (let number = 0; number < partitions; number += 1) {
      const directory = join(data, 'shards', String(log), String(number));
      if (!existsSync(join(directory, 'manifest.avro'))) continue;
      try {
        const { watermark, segments, generation } = await manifestIn(directory);
        const rows = segments.reduce((sum, segment) => sum + segment.rows, 0);
        const graphs = segments.filter(({ graph }) => graph !== null).length;
        shards.push({ collection: name, log, partition: number, watermark, segments: segments.length, rows, graphs, generation });
      } catch (thrown) {
        if (!(thrown instanceof AppError)) throw thrown;
        problems.push(thrown.message);
      }
    }
  }
  return {
    name: 'shards', json: shards,
    columns: [{ title: 'collection' },
      ...['log', 'partition', 'manifest', 'applied', 'segments', 'graphs', 'rows'].map((title): Column => ({ title, align: 'right' }))],
    rows: shards.map((one) => [
      one.collection, ...[one.log, one.partition].map(String), ...[one.generation, one.watermark, one.segments, one.graphs, one.rows].map(count),
    ]),
  };
}

async function recordsOf(log: LogReader, topic: string, { partition: only, from, limit }: LogQuestion): Promise<Section> {
  if (await log.describeTopic(topic) === undefined) throw new AppError('NOT_FOUND', `the log has no topic ${topic}`);
  const extents = await log.extents(topic);
  if (only !== undefined && only >= extents.length) throw invalid(`topic ${topic} has the partitions 0 to ${extents.length - 1}`, { field: '--partition' });
  const total = extents.reduce((sum, { start, end }, at) => sum + (only === undefined || only === at ? end - start : 0), 0);
  const shown: { partition: number; offset: number; time: number; key: string; kind: string; bytes: number; requestId: string; condition: string }[] = [];
  for (const [number, { start, end }] of extents.entries()) {
    if (only !== undefined && only !== number) continue;
    const first = Math.max(start, Math.min(from ?? start, end));
    for await (const record of recordsFrom(log, topic, number, first)) {
      if (shown.length >= limit) break;
      shown.push({ partition: number, ...describeRecord(topic, record) });
    }
  }
  return {
    name: 'records', json: shown, ...leftOut(shown.length, total, 'records'),
    columns: [{ title: 'partition', align: 'right' }, { title: 'offset', align: 'right' }, { title: 'appended' }, { title: 'key' }, { title: 'value' },
      { title: 'bytes', align: 'right' }, { title: 'request' }, { title: 'condition' }],
    rows: shown.map((one) => [
      String(one.partition), count(one.offset), instant(one.time), clipped(one.key, 32), one.kind, count(one.bytes), clipped(one.requestId, 40), one.condition,
    ]),
  };
}

function describeRecord(topic: string, { offset: at, appendTimeMicros: time, key, value, headers }: LogRecord):
{ offset: number; time: number; key: string; kind: string; bytes: number; requestId: string; condition: string } {
  const header = headers[writeHeaderName];
  let requestId = '';
  let condition = '';
  if (header !== undefined) {
    try {
      const written = decodeAvro('WriteHeader', header);
      requestId = `${written.request_id} #${written.sequence}`;
      condition = Object.keys(written.condition ?? {})[0]?.split('.').at(-1) ?? '';
    } catch {
      requestId = 'unreadable';
    }
  }
  return { offset: at, time, key: Buffer.from(key).toString(), kind: kindOf(topic, key, value), bytes: value?.length ?? 0, requestId, condition };
}

function kindOf(topic: string, key: Uint8Array, value: Uint8Array | null): string {
  if (topic === catalogTopic) return 'catalog entry';
  if (topic === registryTopic) return 'schema';
  if (value === null) return key.length === 0 ? 'tick' : 'delete';
  try {
    return `record, schema ${wireSchemaId(value)}`;
  } catch {
    return 'malformed';
  }
}

async function* recordsFrom(log: LogReader, topic: string, number: number, from: number): AsyncGenerator<LogRecord> {
  const [extent] = (await log.extents(topic)).slice(number, number + 1);
  let at = Math.max(from, extent?.start ?? 0);
  while (extent !== undefined && at < extent.end) {
    const batch = await log.read(topic, partition(number), offset(at), readBytes);
    yield* batch.records;
    at = batch.next;
  }
}

/** The process that has the folder open, where the system lets us see it; null if there is none. */
function ownerOf(directory: string): number | null {
  try {
    const { pid } = JSON.parse(readFileSync(join(directory, 'owner.json'), 'utf8')) as { readonly pid?: unknown };
    return typeof pid === 'number' && hasOpen(pid, realpathSync(join(directory, 'lock'))) ? pid : null;
  } catch {
    return null;
  }
}

/** The number of a process that ended may have gone to another since, so its open files decide. */
function hasOpen(pid: number, file: string): boolean {
  const directory = `/proc/${pid}/fd`;
  return readdirSync(directory).some((descriptor) => {
    try {
      return readlinkSync(join(directory, descriptor)) === file;
    } catch {
      // Closed meanwhile.
      return false;
    }
  });
}
