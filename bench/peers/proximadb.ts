/** Ours, standalone: a server of its own on a real disk, asked through gRPC and REST. */
import type { IndexKind } from '@proximadb/schemas';
import type { Batch } from '../data/stored.ts';
import { rootVersion } from '../machine.ts';
import { startServer, type ServerProcess } from '../processes/server.ts';
import type { Peer, PeerContext, PeerKind, PeerSearch } from './peer.ts';
import { ProximaCalls } from './proxima-calls.ts';

class ProximaDb implements Peer {
  readonly version = rootVersion();
  readonly #context: PeerContext;
  readonly #choice: Choice;
  #server: ServerProcess;
  #calls: ProximaCalls;

  constructor(context: PeerContext, choice: Choice, server: ServerProcess) {
    this.#context = context;
    this.#choice = choice;
    this.#server = server;
    this.#calls = this.#connect();
  }

  #connect(): ProximaCalls {
    const { address, restPort } = this.#server;
    return new ProximaCalls({ writes: address, reads: address, restPort }, this.#context.set.dimension);
  }

  get pids(): readonly number[] {
    return [this.#server.pid];
  }

  create(): Promise<void> {
    return this.#calls.create(this.#context.set.metric, this.#choice.index, this.#choice.partitions);
  }

  insert(batch: Batch): Promise<void> {
    return this.#calls.insert(batch);
  }

  settle(): Promise<number> {
    return this.#calls.settle();
  }

  search(request: PeerSearch): Promise<number[]> {
    return this.#calls.search(request);
  }

  remove(rows: readonly number[]): Promise<number> {
    return this.#calls.remove(rows);
  }

  async restart(): Promise<void> {
    this.#calls.close();
    await this.#server.signal('SIGKILL');
    this.#server = await startServer(this.#context.folder);
    this.#calls = this.#connect();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#calls.close();
    await this.#server.signal('SIGKILL');
  }
}

interface Choice {
  readonly index: IndexKind;
  /** 0: as many as it takes by itself. */
  readonly partitions: number;
  readonly ways: readonly string[];
  readonly settings: string;
}

function kind(name: string, choice: Choice): PeerKind {
  const { ways, settings } = choice;
  return {
    name, sort: 'server', isOurs: true, ways, efforts: [16, 32, 64, 128, 256, 512], canFilter: true, batchRows: 500, settings,
    missing: () => false,
    open: async (context) => new ProximaDb(context, choice, await startServer(context.folder)),
  };
}

const asItComes = { partitions: 0, ways: ['gRPC', 'REST'] } as const;
/** As many as the machines that we measure on have cores: fewer and larger graphs, each of which is asked by every search. */
const twoPartitions = { partitions: 2, ways: ['gRPC'] } as const;

export const proximaHnsw = kind('proximadb hnsw', {
  ...asItComes, index: 'hnsw',
  settings: 'standalone, as it comes: a partition for each thread that holds shards, graphs of M 16, efConstruction 128, i8 with exact distances after',
});
export const proximaIvf = kind('proximadb ivf', { ...asItComes, index: 'ivf', settings: 'standalone, inverted lists in place of graphs, else as it comes' });
export const proximaHnswOfTwo = kind('proximadb hnsw of 2', { ...twoPartitions, index: 'hnsw', settings: '2 partitions, else as it comes' });
export const proximaIvfOfTwo = kind('proximadb ivf of 2', { ...twoPartitions, index: 'ivf', settings: 'inverted lists, 2 partitions, else as it comes' });
