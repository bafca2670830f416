import { DeleteObjectsCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { AppError, invalid } from '@proximadb/errors';
import { checkKey, checkPrefix } from '../keys.ts';
import { writeFully, writeNewFile } from '../local-files.ts';
import { smallBytesMax, type Blob, type BlobStore, type Revision } from '../port.ts';
import { throwIfAborted } from '../signals.ts';
import { Bucket, sendOptions, type S3Options } from './bucket.ts';
import { compareAndSet, proveConditions } from './compare-and-set.ts';
import { readObject } from './download.ts';
import { storeError } from './errors.ts';
import { Places } from './places.ts';
import { uploadFile } from './upload.ts';

/** Parts in memory at once, of all uploads together. */
const partsInMemory = 6;
const deletesPerRequest = 1_000;

/** Blobs in S3, or in what speaks its protocol and keeps to conditional puts. Opening asks nothing of the server. */
export class S3Blobs implements BlobStore {
  readonly #bucket: Bucket;
  readonly #places = new Places(partsInMemory);
  #proven: Promise<void> | undefined;

  constructor(options: S3Options) {
    this.#bucket = new Bucket(options);
  }

  async upload(key: string, file: string, signal?: AbortSignal): Promise<void> {
    checkKey(key);
    throwIfAborted(signal);
    await uploadFile(this.#bucket, this.#places, key, file, signal);
  }

  async download(key: string, file: string, signal?: AbortSignal): Promise<void> {
    checkKey(key);
    throwIfAborted(signal);
    await writeNewFile(file, async (target) => {
      await readObject(this.#bucket, key, {
        begin: () => target.truncate(),
        write: (chunk, position) => writeFully(target, chunk, position, file),
      }, signal);
    });
  }

  async get(key: string, signal?: AbortSignal): Promise<{ content: Uint8Array; revision: Revision } | undefined> {
    checkKey(key);
    throwIfAborted(signal);
    let content = new Uint8Array();
    const begin = (bytes: number): void => {
      if (bytes > smallBytesMax) throw new AppError('RESOURCE_EXHAUSTED', `${this.#bucket.describe('reading', key)}: it has more than ${smallBytesMax} bytes`);
      content = new Uint8Array(bytes);
    };
    try {
      const etag = await readObject(this.#bucket, key, { begin, write: (chunk, position) => { content.set(chunk, position); } }, signal);
      return { content, revision: etag as Revision };
    } catch (error) {
      if (error instanceof AppError && error.code === 'NOT_FOUND') return undefined;
      throw error;
    }
  }

  async putIf(key: string, content: Uint8Array, revision: Revision | null, signal?: AbortSignal): Promise<Revision | undefined> {
    checkKey(key);
    if (content.length > smallBytesMax) throw invalid(`has more than ${smallBytesMax} bytes`, { field: 'content' });
    throwIfAborted(signal);
    await this.#prove();
    return await compareAndSet(this.#bucket, key, content, revision, signal) as Revision | undefined;
  }

  async* list(prefix: string, signal?: AbortSignal): AsyncGenerator<Blob> {
    checkPrefix(prefix);
    const { Bucket: name, Key: Prefix } = this.#bucket.at(prefix);
    for (let ContinuationToken: string | undefined; ;) {
      throwIfAborted(signal);
      const page = new ListObjectsV2Command({ Bucket: name, Prefix, ContinuationToken });
      const { Contents = [], NextContinuationToken } = await this.#bucket.asking('listing', prefix, () => this.#bucket.client.send(page, sendOptions(signal)));
      for (const { Key = '', Size = 0, LastModified } of Contents) {
        yield { key: this.#bucket.keyOf(Key), bytes: Size, modifiedMs: LastModified?.getTime() ?? 0 };
      }
      if (NextContinuationToken === undefined) return;
      ContinuationToken = NextContinuationToken;
    }
  }

  async delete(keys: readonly string[], signal?: AbortSignal): Promise<void> {
    keys.forEach(checkKey);
    for (let start = 0; start < keys.length; start += deletesPerRequest) {
      throwIfAborted(signal);
      const chunk = keys.slice(start, start + deletesPerRequest);
      const Objects = chunk.map((key) => ({ Key: this.#bucket.at(key).Key }));
      const command = new DeleteObjectsCommand({ Bucket: this.#bucket.name, Delete: { Objects, Quiet: true }, ChecksumAlgorithm: 'CRC32C' });
      const { Errors: [first] = [] } = await this.#bucket.asking('deleting', chunk[0] ?? '', () => this.#bucket.client.send(command, sendOptions(signal)));
      if (first !== undefined) throw deletionError(this.#bucket.describe('deleting', this.#bucket.keyOf(first.Key ?? '')), first);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#bucket.client.destroy();
  }

  /** Once, when it first matters; a store that could not be asked is asked again the next time. */
  async #prove(): Promise<void> {
    const asked = this.#proven ?? proveConditions(this.#bucket);
    this.#proven = asked;
    await asked.catch((error: unknown) => {
      if (this.#proven === asked) this.#proven = undefined;
      throw error;
    });
  }
}

/** The request went through, one of its objects did not. */
function deletionError(doing: string, { Code = '', Message = '' }: { readonly Code?: string | undefined; readonly Message?: string | undefined }): AppError {
  const httpStatusCode = Code === 'AccessDenied' ? 403 : 500;
  return storeError(Object.assign(new Error(Message), { name: Code, $metadata: { httpStatusCode } }), doing);
}
