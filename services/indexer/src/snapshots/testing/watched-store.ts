/** For tests: a store whose calls are counted, and go wrong when a test says so. */
import type { Blob, BlobStore, Revision } from '@proximadb/blobs';

export type Call = 'upload' | 'download' | 'get' | 'putIf' | 'list' | 'delete';

export class WatchedStore implements BlobStore {
  readonly #inner: BlobStore;
  /** In order, with the key or prefix. */
  readonly calls: { readonly call: Call; readonly key: string }[] = [];
  /** Asked before each call; what it throws, the call throws. */
  before: (call: Call, key: string, number: number) => Promise<void> | void = () => {};
  /** Asked after each call has had its effect. */
  after: (call: Call, key: string, number: number) => Promise<void> | void = () => {};

  constructor(inner: BlobStore) {
    this.#inner = inner;
  }

  upload(key: string, file: string, signal?: AbortSignal): Promise<void> {
    return this.#watched('upload', key, () => this.#inner.upload(key, file, signal));
  }

  download(key: string, file: string, signal?: AbortSignal): Promise<void> {
    return this.#watched('download', key, () => this.#inner.download(key, file, signal));
  }

  get(key: string, signal?: AbortSignal): Promise<{ readonly content: Uint8Array; readonly revision: Revision } | undefined> {
    return this.#watched('get', key, () => this.#inner.get(key, signal));
  }

  putIf(key: string, content: Uint8Array, revision: Revision | null, signal?: AbortSignal): Promise<Revision | undefined> {
    return this.#watched('putIf', key, () => this.#inner.putIf(key, content, revision, signal));
  }

  async* list(prefix: string, signal?: AbortSignal): AsyncGenerator<Blob> {
    yield* await this.#watched('list', prefix, () => Array.fromAsync(this.#inner.list(prefix, signal)));
  }

  delete(keys: readonly string[], signal?: AbortSignal): Promise<void> {
    return this.#watched('delete', keys.join(), () => this.#inner.delete(keys, signal));
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  async #watched<T>(call: Call, key: string, work: () => Promise<T>): Promise<T> {
    const number = this.calls.length;
    this.calls.push({ call, key });
    await this.before(call, key, number);
    const answer = await work();
    await this.after(call, key, number);
    return answer;
  }
}
