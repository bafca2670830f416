/**
 * The blob store port: objects by key, each put whole or not at all. `contract.ts` is the suite that every adapter passes on its real server.
 * Keys are 1 to 900 characters of `[A-Za-z0-9._/-]`, without empty, `.` or `..` parts.
 */

/** By which a store knows one state of an object; opaque. */
export type Revision = string & { readonly __brand: 'Revision' };

export interface Blob {
  readonly key: string;
  readonly bytes: number;
  /** By the store's clock, ms since 1970. */
  readonly modifiedMs: number;
}

export interface BlobStore extends AsyncDisposable {
  /** Puts a file's content under a key, in the place of what was there; large ones in parts. Durable when it settles. */
  upload(key: string, file: string, signal?: AbortSignal): Promise<void>;
  /**
   * Writes an object's content into a new file, which must not be there.
   * @throws AppError NOT_FOUND; DATA_LOSS if what arrived is not what the store says it keeps.
   */
  download(key: string, file: string, signal?: AbortSignal): Promise<void>;
  /** A small object (at most 64 MiB) and its revision; undefined if there is none. */
  get(key: string, signal?: AbortSignal): Promise<{ readonly content: Uint8Array; readonly revision: Revision } | undefined>;
  /**
   * Compare and set: puts a small object if it still has the revision, or (null) if there is none.
   * @returns its new revision; undefined if somebody else was first: then nothing changed.
   */
  putIf(key: string, content: Uint8Array, revision: Revision | null, signal?: AbortSignal): Promise<Revision | undefined>;
  /** Every object whose key begins with the prefix, in the order of the keys. */
  list(prefix: string, signal?: AbortSignal): AsyncIterable<Blob>;
  /** Those that are not there are no error. */
  delete(keys: readonly string[], signal?: AbortSignal): Promise<void>;
}
