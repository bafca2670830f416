/** What the bench asks of every peer, ours among them. A peer lives in a process of its own, and its server, where it has one, in another. */
import type { RangeFilter } from '../data/data-set.ts';
import type { Batch, StoredSet } from '../data/stored.ts';

export interface PeerContext {
  readonly set: StoredSet;
  /** Where its data goes; empty at first, and all that counts as its size on the disk. */
  readonly folder: string;
}

/** The effort of a search that asks for none: ours have a default. */
export const byDefault = 0;

export interface PeerSearch {
  readonly query: Float32Array;
  readonly k: number;
  readonly filter: RangeFilter | null;
  /** One of those that were prepared, or `byDefault`. */
  readonly effort: number;
  /** One of the peer's; '' of a peer that has one only. */
  readonly way: string;
  /** Which client asks, from 0: each has one search under way at a time. */
  readonly client: number;
}

export interface Writer extends AsyncDisposable {
  /** Resolves when it is told that the rows are kept. Several may be under way. */
  insert(batch: Batch): Promise<void>;
}

export interface Peer extends Writer {
  readonly version: string;
  /** Of its server, or of this process where it is a library; their children count, too. */
  readonly pids: readonly number[];
  create(): Promise<void>;
  /** Where a writer in another process finds it, for its kind's `writer`; a library has none. */
  readonly server?: string;
  /**
   * After the last insert: resolves when no row is without its index, and a library's file is written.
   * @returns the ms of it in which only the silence was waited for that says so.
   */
  settle(): Promise<number>;
  /** Resolves when it has done what it does by itself after a while without writes. */
  rest?(): Promise<void>;
  /** What has to be set before searches of this effort; may be called again. */
  prepare?(effort: number): Promise<void>;
  /** @returns rows, the nearest first. */
  search(request: PeerSearch): Promise<number[]>;
  /** In one call, where the kind has such a way. @returns of each search its rows, the nearest first. */
  searchTogether?(requests: readonly PeerSearch[]): Promise<number[][]>;
  /** Many at once, where the library has such a call: the nearest of each query. */
  searchMany?(queries: readonly Float32Array[], k: number, effort: number): number[][];
  /** And what follows of it. @returns as `settle`. */
  remove(rows: readonly number[]): Promise<number>;
  /** Killed, or let go of without a word, and started anew. Resolves when it can be asked. */
  restart(): Promise<void>;
}

export type PeerSort = 'library' | 'embedded' | 'server';

export interface PeerKind {
  readonly name: string;
  /** `library`: an index in memory; `embedded`: a database in the caller's process; `server`: one behind a socket. */
  readonly sort: PeerSort;
  readonly isOurs: boolean;
  /** What it is asked through; one way without a name is ['']. */
  readonly ways: readonly string[];
  /** Of a client, asked in this way; without it one. */
  searchesInACall?(way: string): number;
  /** From the fastest to the one that finds most; each a candidate list, or what comes next to one. */
  readonly efforts: readonly number[];
  readonly canFilter: boolean;
  /** Rows a write. */
  readonly batchRows: number;
  /** In a few words, for the reader of the tables. */
  readonly settings: string;
  /** False, or what to install. */
  missing(): string | false;
  /** What is fetched for it, by the name that it is kept under; undefined: nothing is. */
  readonly software?: string;
  /** Fetches what it needs on the first call on a machine; this may take minutes. */
  open(context: PeerContext): Promise<Peer>;
  /** One more client of a peer that is there. @param server as the peer says. */
  writer?(set: StoredSet, server: string): Promise<Writer>;
}

/** Of every graph, where it can be said. */
export const graph = { m: 16, efConstruction: 128 } as const;
