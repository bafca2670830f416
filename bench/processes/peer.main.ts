/** The process of one peer: the library itself, or the clients of its server. Arguments: its name, the folder of the data set, the folder for its data. */
import { kindOf } from '../peers/kinds.ts';
import type { Peer, PeerSearch } from '../peers/peer.ts';
import { CpuMeter } from '../peers/cpu-meter.ts';
import { diskBytes, memoryBytes } from '../peers/usage.ts';
import type { RangeFilter } from '../data/data-set.ts';
import { StoredSet } from '../data/stored.ts';
import { LoadProcess, writeRows } from './load.ts';
import { none, type Load, type PeerAnswer, type PeerCommand, type Probe, type SearchBlock } from './peer.ts';

const [name = '', setFolder = '', folder = ''] = process.argv.slice(2);
const kind = kindOf(name);
const set = new StoredSet(setFolder);
let opened: Peer | undefined;
/** Beyond the set's rows: each that was written while it was searched has a number of its own. */
let nextExtra = set.rows;
const unacknowledgedMax = 1_000;

type Measured = Partial<Pick<PeerAnswer, 'tookMs' | 'cpuSeconds' | 'found' | 'latenciesMs' | 'written' | 'idleMs' | 'memoryBytes' | 'diskBytes'>>;

process.on('message', (command: PeerCommand) => {
  answer(command).then((result) => process.send?.(result), (error: unknown) => {
    process.send?.({ failed: error instanceof Error ? error.message : String(error) });
  });
});
process.on('disconnect', () => {
  void (async () => {
    await opened?.[Symbol.asyncDispose]();
    process.exit(0);
  })();
});

async function answer(command: PeerCommand): Promise<PeerAnswer> {
  if (command.kind === 'open') {
    opened = await kind.open({ set, folder });
    await opened.create();
  }
  const peer = opened;
  if (peer === undefined) throw new Error('it was not opened');
  const cpu = new CpuMeter(() => peer.pids);
  const startedMs = performance.now();
  const measured = await carryOut(peer, command);
  return {
    version: peer.version, tookMs: performance.now() - startedMs, cpuSeconds: cpu.seconds(),
    found: new Uint32Array(0), latenciesMs: new Float64Array(0), written: 0, idleMs: 0, memoryBytes: 0, diskBytes: 0, ...measured,
  };
}

async function carryOut(peer: Peer, command: PeerCommand): Promise<Measured> {
  switch (command.kind) {
    case 'open': return {};
    case 'insert': return insert(peer, command.from, command.to, command.concurrency);
    case 'settle': return { idleMs: await peer.settle() };
    case 'rest': return (await peer.rest?.(), {});
    case 'search': return search(peer, command.block);
    case 'remove': return { idleMs: await peer.remove(command.rows) };
    case 'loaded': return searchLoaded(peer, command.load);
    case 'restart': return restart(peer, command.probe);
    case 'usage': return { memoryBytes: memoryBytes(peer.pids), diskBytes: diskBytes(folder) };
  }
}

async function insert(peer: Peer, from: number, to: number, concurrency: number): Promise<Measured> {
  let next = from;
  await Promise.all(Array.from({ length: concurrency }, async () => {
    while (next < to) {
      const start = next;
      next = Math.min(to, start + kind.batchRows);
      await peer.insert(set.batch(start, next));
    }
  }));
  return { written: to - from };
}

async function search(peer: Peer, { queries, k, effort, filter: filterNumber, isFresh = false, way, clients }: SearchBlock): Promise<Measured> {
  await peer.prepare?.(effort);
  const vectors = queries.map((query) => set.queries[query] ?? new Float32Array(set.dimension));
  const found = new Uint32Array(queries.length * k).fill(none);
  const latenciesMs = new Float64Array(queries.length);
  // Not before: what is prepared may be a new process of the server.
  const cpu = new CpuMeter(() => peer.pids);
  const startedMs = performance.now();
  const measured = (): Measured =>
    ({ found, latenciesMs, tookMs: performance.now() - startedMs, cpuSeconds: cpu.seconds() });
  if (peer.searchMany !== undefined && clients > 1 && filterNumber === null) {
    for (let from = 0; from < vectors.length; from += clients) {
      const some = vectors.slice(from, from + clients);
      const sentMs = performance.now();
      const answers = peer.searchMany(some, k, effort);
      latenciesMs.fill(performance.now() - sentMs, from, from + some.length);
      answers.forEach((rows, i) => { found.set(rows.slice(0, k), (from + i) * k); });
    }
    return measured();
  }
  const filter = filterNumber === null ? null : set.filters[filterNumber] ?? null;
  const count = kind.searchesInACall?.(way) ?? 1;
  let next = 0;
  await Promise.all(Array.from({ length: clients }, async (_, client) => {
    while (next < vectors.length) {
      const from = next;
      next = Math.min(vectors.length, from + count);
      const requests = vectors.slice(from, next).map((query): PeerSearch =>
        ({ query, k, effort, way, client, filter: filter !== null && isFresh ? unseen(filter) : filter }));
      const sentMs = performance.now();
      const answers = await (count > 1 ? peer.searchTogether?.(requests) : undefined) ?? await Promise.all(requests.map((one) => peer.search(one)));
      latenciesMs.fill(performance.now() - sentMs, from, next);
      answers.forEach((rows, i) => { found.set(rows.slice(0, k), (from + i) * k); });
    }
  }));
  return measured();
}

let unseenFilters = 0;

/** Values are whole numbers: what is below one is below all that lie less than 1 before it. */
function unseen(filter: RangeFilter): RangeFilter {
  unseenFilters += 1;
  return { ...filter, below: filter.below - (unseenFilters % 9_973) / 9_974 };
}

async function searchLoaded(peer: Peer, { rowsASecond, forMs, effort, way, clients }: Load): Promise<Measured> {
  await peer.prepare?.(effort);
  using process = peer.server === undefined || rowsASecond === 0 ? undefined : await LoadProcess.start(name, setFolder, peer.server);
  const load = { rowsASecond, forMs, from: nextExtra };
  const startedMs = performance.now();
  const latenciesMs: number[] = [];
  let next = 0;
  const ask = async (client: number): Promise<void> => {
    while (performance.now() - startedMs < forMs) {
      const query = set.queries[next++ % set.queries.length] ?? new Float32Array(set.dimension);
      const sentMs = performance.now();
      await peer.search({ query, k: 10, effort, way, client, filter: null });
      latenciesMs.push(performance.now() - sentMs);
    }
  };
  const write = async (): Promise<number> => (rowsASecond === 0 ? 0 : process?.write(load) ?? writeRows(peer, set, load));
  const [written] = await Promise.all([write(), ...Array.from({ length: clients }, (_, client) => ask(client))]);
  const tookMs = performance.now() - startedMs;
  // Those that were on their way have numbers, too.
  nextExtra += written + unacknowledgedMax;
  return { written, latenciesMs: Float64Array.from(latenciesMs), tookMs };
}

/** A vector that is stored finds itself, or the peer is not back yet. */
const restartMsMax = 120_000;

async function restart(peer: Peer, { row, effort, way }: Probe): Promise<Measured> {
  const query = set.vectors(row, row + 1);
  const startedMs = performance.now();
  await peer.restart();
  for (;;) {
    const rows = await peer.search({ query, k: 10, effort, way, client: 0, filter: null }).catch((): number[] => []);
    if (rows.includes(row)) return { tookMs: performance.now() - startedMs };
    if (performance.now() - startedMs > restartMsMax) throw new Error(`row ${row} was not found within ${restartMsMax} ms of the restart`);
    await new Promise((resolve) => { setTimeout(resolve, 20); });
  }
}
