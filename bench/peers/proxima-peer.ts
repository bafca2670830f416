/** What a standalone server and a cluster of ours have in common as peers: both are asked through the same public API. */
import type { IndexKind } from '@proximadb/schemas';
import type { Batch, StoredSet } from '../data/stored.ts';
import { rootVersion } from '../machine.ts';
import type { Peer, PeerContext, PeerSearch, Writer } from './peer.ts';
import { ProximaCalls, type ProximaAddresses } from './proxima-calls.ts';

export abstract class ProximaPeer implements Peer {
  readonly version = rootVersion();
  protected readonly context: PeerContext;
  protected calls: ProximaCalls;
  readonly #index: IndexKind;
  readonly #partitions: number;
  #addresses: ProximaAddresses;

  /** @param partitions 0: as many as it takes by itself. */
  protected constructor(context: PeerContext, index: IndexKind, partitions: number, addresses: ProximaAddresses) {
    this.context = context;
    this.#index = index;
    this.#partitions = partitions;
    this.#addresses = addresses;
    this.calls = new ProximaCalls(addresses, context.set.dimension);
  }

  abstract get pids(): readonly number[];
  get server(): string {
    return JSON.stringify(this.#addresses);
  }

  abstract restart(): Promise<void>;
  abstract [Symbol.asyncDispose](): Promise<void>;

  create(): Promise<void> {
    return this.calls.create(this.context.set.metric, this.#index, this.#partitions);
  }

  insert(batch: Batch): Promise<void> {
    return this.calls.insert(batch);
  }

  settle(): Promise<number> {
    return this.calls.settle();
  }

  rest(): Promise<void> {
    return this.calls.rest();
  }

  search(request: PeerSearch): Promise<number[]> {
    return this.calls.search(request);
  }

  searchTogether(requests: readonly PeerSearch[]): Promise<number[][]> {
    return this.calls.searchTogether(requests);
  }

  remove(rows: readonly number[]): Promise<number> {
    return this.calls.remove(rows);
  }

  protected connect(addresses: ProximaAddresses): void {
    this.#addresses = addresses;
    this.calls = new ProximaCalls(addresses, this.context.set.dimension);
  }
}

/** See `PeerKind.writer`. */
export async function proximaWriter({ dimension }: StoredSet, server: string): Promise<Writer> {
  const calls = new ProximaCalls(JSON.parse(server) as ProximaAddresses, dimension);
  return { insert: (batch) => calls.insert(batch), [Symbol.asyncDispose]: async () => { calls.close(); } };
}
