/** Ours, standalone: a server of its own on a real disk, asked through gRPC and REST. */
import type { IndexKind } from '@proximadb/schemas';
import { startServer, type ServerProcess } from '../processes/server.ts';
import type { PeerContext, PeerKind } from './peer.ts';
import { searchesInACall, ways, type ProximaAddresses } from './proxima-calls.ts';
import { ProximaPeer, proximaWriter } from './proxima-peer.ts';

class ProximaDb extends ProximaPeer {
  #server: ServerProcess;

  constructor(context: PeerContext, { index, partitions }: Choice, server: ServerProcess) {
    super(context, index, partitions, addressesOf(server));
    this.#server = server;
  }

  get pids(): readonly number[] {
    return [this.#server.pid];
  }

  async restart(): Promise<void> {
    this.calls.close();
    await this.#server.signal('SIGKILL');
    this.#server = await startServer(this.context.folder);
    this.connect(addressesOf(this.#server));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.calls.close();
    await this.#server.signal('SIGKILL');
  }
}

function addressesOf({ address, restPort }: ServerProcess): ProximaAddresses {
  return { writes: address, reads: address, restPort };
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
    searchesInACall,
    missing: () => false,
    open: async (context) => new ProximaDb(context, choice, await startServer(context.folder)), writer: proximaWriter,
  };
}

const asItComes = { partitions: 0, ways: [ways.call, ways.ten, ways.stream, ways.rest] } as const;
/** As many as the machines that we measure on have cores: fewer and larger graphs, each of which is asked by every search. */
const twoPartitions = { partitions: 2, ways: [ways.call] } as const;

export const proximaHnsw = kind('proximadb hnsw', {
  ...asItComes, index: 'hnsw',
  settings: 'standalone, as it comes: a partition for each thread that holds shards, graphs of M 16, efConstruction 128, i8 with exact distances after',
});
export const proximaIvf = kind('proximadb ivf', { ...asItComes, index: 'ivf', settings: 'standalone, inverted lists in place of graphs, else as it comes' });
export const proximaHnswOfTwo = kind('proximadb hnsw of 2', { ...twoPartitions, index: 'hnsw', settings: '2 partitions, else as it comes' });
export const proximaIvfOfTwo = kind('proximadb ivf of 2', { ...twoPartitions, index: 'ivf', settings: 'inverted lists, 2 partitions, else as it comes' });
