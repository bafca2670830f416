/** A thread that holds shards: it reads the log by itself and answers what the main thread asks. */
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '@proximadb/errors';
import type { OutcomesWanted } from '@proximadb/gateway';
import type { LogReader } from '@proximadb/log';
import { createLogger } from '@proximadb/process/thread';
import type { DigestRequest, PageSpec, SearchSpec, ShardsRequest, StoredRow } from '@proximadb/query';
import type { Filter } from '@proximadb/schemas';
import { compileWalker, type Walker } from '@proximadb/record';
import type { BuildResult } from '@proximadb/segment';
import { ShardHost, type Assignment } from '../host.ts';
import { Rpc } from './rpc.ts';
import type { ReaderModule, ShardThreadData } from './pool.ts';

assert(parentPort !== null, 'runs as a worker');
const data = workerData as ShardThreadData;
const openReader = await loadReader(data.reader);
// Until here everything loads while the process opens its log.
Atomics.wait(new Int32Array(data.logIsOpen), 0, 0);
const source = await openReader();

const schemas = new Map<number, { readonly text: string; readonly walker: Walker }>();
const known = (schemaId: number): { readonly text: string; readonly walker: Walker } | undefined => schemas.get(schemaId);

const rpc: Rpc = new Rpc(parentPort, {
  assign: (assignment: Assignment) => { host.assign(assignment); },
  release: (log: number, partition: number) => host.release(log, partition),
  releaseAll: (log: number) => host.releaseAll(log),
  positions: () => host.positions(),
  stage: (log: number, partition: number, directory: string) => host.stage(log, partition, directory),
  snapshotted: (log: number, partition: number, oldestWatermark: number) => { host.snapshotted(log, partition, oldestWatermark); },
  watchChanges: (log: number, partition: number) => host.watchChanges(log, partition),
  forgetChanges: (log: number, partition: number) => { host.forgetChanges(log, partition); },
  changesSince: (log: number, partition: number, since: number, limit: number, bytesMax: number) => {
    const page = host.changesSince(log, partition, since, limit, bytesMax);
    return page === undefined ? undefined
      : { ...page, changes: page.changes.map((change) => ({ ...change, record: change.record && ownBytes(change.record) })) };
  },
  search: async (request: ShardsRequest, searches: readonly SearchSpec[], signal: AbortSignal) => {
    const { answers, ...covered } = await host.search(request, searches, signal);
    const own = answers.map(({ hits, costs }) => ({ costs, hits: hits.map((hit) => ({ ...hit, record: hit.record && ownBytes(hit.record) })) }));
    return { answers: own, ...covered };
  },
  get: async (request: ShardsRequest, ids: readonly string[], signal: AbortSignal) => {
    const { rows, ...covered } = await host.get(request, ids, signal);
    return { rows: rows.map(ownRow), ...covered };
  },
  scroll: async (request: ShardsRequest, page: PageSpec, signal: AbortSignal) => {
    const { rows, ...covered } = await host.scroll(request, page, signal);
    return { rows: rows.map(ownRow), ...covered };
  },
  count: (request: ShardsRequest, filter: Filter | null, signal: AbortSignal) => host.count(request, filter, signal),
  outcomes: (log: number, requestId: string, wanted: readonly OutcomesWanted[], timeoutMs: number, signal: AbortSignal) =>
    host.outcomes(log, requestId, wanted, timeoutMs, signal),
  report: (log: number) => host.report(log),
  digest: (request: DigestRequest, signal: AbortSignal) => host.digest(request, signal),
  progress: () => host.progress(),
  settle: (log: number) => host.settle(log),
  close: async () => {
    await host.close();
    await source[Symbol.asyncDispose]();
  },
});

const host: ShardHost = new ShardHost({
  directory: data.directory,
  config: data.config,
  source,
  schemas: {
    walker: (schemaId) => known(schemaId)?.walker,
    text: (schemaId) => {
      const found = known(schemaId);
      assert(found !== undefined, 'a stored record has a known schema');
      return found.text;
    },
    learn: async (schemaId) => {
      if (schemas.has(schemaId)) return;
      const text = await rpc.call<string | null>('schema', schemaId);
      if (text !== null) schemas.set(schemaId, { text, walker: compileWalker(JSON.parse(text)) });
    },
  },
  builder: { run: (job) => rpc.call<BuildResult>('build', job) },
  keeper: {
    trim: (topic, partition, before) => { void rpc.call('trim', topic, partition, before).catch(() => {}); },
    tick: (topic, partition) => { void rpc.call('tick', topic, partition).catch(() => {}); },
  },
  trimBehindSnapshots: data.trimBehindSnapshots,
  // There if the process was started so (cli/src/main.ts).
  collectGarbage: () => { void globalThis.gc?.({ type: 'major', execution: 'async' }); },
  clock: () => Date.now() * 1000,
  logger: createLogger({ level: data.logLevel }).child({ thread: data.name }),
});

/** Which log it is, only who composes the process knows. */
async function loadReader({ module, open, options }: ReaderModule): Promise<() => Promise<LogReader>> {
  const loaded = await import(module) as Record<string, (options: unknown) => Promise<LogReader>>;
  const opener = loaded[open];
  assert(opener !== undefined, `${module} exports ${open}`);
  return () => opener(options);
}

/** A message would carry the whole buffer behind a view. */
function ownBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

function ownRow(row: StoredRow): StoredRow {
  return { ...row, record: ownBytes(row.record) };
}
