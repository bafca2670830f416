import type { Collection as Description, DiagnoseResponse } from '@proximadb/schemas';
import type { OneCall } from '@proximadb/transport/retries';
import { Collection } from './collection.ts';
import type { Metadata } from './metadata.ts';
import { Session } from './session.ts';
import { given, hnswOf, type IndexSettings } from './settings.ts';
import type { Wire } from './wire.ts';

export interface CollectionSettings extends IndexSettings {
  /** `[A-Za-z0-9][A-Za-z0-9_-]{0,62}` */
  readonly name: string;
  /** Numbers in a vector, 1 to 4,096. */
  readonly dimension: number;
  readonly description?: string | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
}

/** A server, or servers of one cluster. What is written through it, its reads see. */
export class Database implements AsyncDisposable {
  readonly #wire: Wire;
  readonly #session: Session;

  constructor(wire: Wire, session = new Session()) {
    this.#wire = wire;
    this.#session = session;
  }

  /** @throws ProximaError ALREADY_EXISTS if the name is taken. */
  async createCollection<M = Metadata>(settings: CollectionSettings, call: OneCall = {}): Promise<Collection<M>> {
    await this.#wire.call('createCollection', { ...given(settings), hnsw: hnswOf(settings.hnsw) }, call);
    this.#session.forget(settings.name);
    return this.collection<M>(settings.name);
  }

  /** Asks nothing: whether it is there, its first call tells. */
  collection<M = Metadata>(name: string): Collection<M> {
    return new Collection<M>(name, this.#wire, this.#session);
  }

  async listCollections(call: OneCall = {}): Promise<readonly Description[]> {
    return (await this.#wire.call('listCollections', {}, call)).collections;
  }

  /** With all its records. @throws ProximaError NOT_FOUND. */
  async deleteCollection(name: string, call: OneCall = {}): Promise<void> {
    await this.#wire.call('deleteCollection', { collection: name }, call);
    this.#session.forget(name);
  }

  /** Whether the server has replayed its log, and serves. @throws ProximaError UNAVAILABLE if it does not answer. */
  ready(call: OneCall = {}): Promise<boolean> {
    return this.#wire.ready(call);
  }

  /** What is known to be wrong, since when, and who must act. */
  diagnose(call: OneCall = {}): Promise<DiagnoseResponse> {
    return this.#wire.call('diagnose', {}, call);
  }

  /** The same connection for somebody else, whose reads need not wait for what is written here: one a user, or a request, of a server. */
  session(): Database {
    return new Database(this.#wire);
  }

  /** Ends what is under way with CANCELLED, here and in all sessions. */
  close(): void {
    this.#wire.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }
}
