/**
 * The blob store port: objects by key, each put whole or not at all. `contract.ts` is the suite that every adapter passes on its real server.
 * Keys: see `keys.ts`. Errors are AppErrors: UNAVAILABLE may succeed later; UNAUTHENTICATED, PERMISSION_DENIED and FAILED_PRECONDITION are for the
 * operator; CANCELLED if the signal aborted. A call that failed, a `download` or `get` aside, may have had its effect all the same.
 */

/** By which a store knows one content of an object; opaque. Equal contents may have equal revisions. */
export type Revision = string & { readonly __brand: 'Revision' };

export interface Blob {
  readonly key: string;
  readonly bytes: number;
  /** When it was put, by the store's clock, ms since 1970; some stores count whole seconds. */
  readonly modifiedMs: number;
}

/** The largest object of `get` and `putIf`, bytes. */
export const smallBytesMax = 64 * 1024 * 1024;

export interface BlobStore extends AsyncDisposable {
  /**
   * Puts a file's content under a key, in the place of what was there; large ones in parts. Durable when it settles. The file must not change meanwhile.
   * @throws AppError NOT_FOUND if there is no such file.
   */
  upload(key: string, file: string, signal?: AbortSignal): Promise<void>;
  /**
   * Writes an object's content into a new file, which must not be there; it is not flushed. On failure no file is left.
   * @throws AppError NOT_FOUND; ALREADY_EXISTS if the file is there; DATA_LOSS if what arrived is not what the store says it keeps.
   */
  download(key: string, file: string, signal?: AbortSignal): Promise<void>;
  /**
   * A small object and its revision; undefined if there is none.
   * @throws AppError RESOURCE_EXHAUSTED if it is larger than {@link smallBytesMax}; DATA_LOSS.
   */
  get(key: string, signal?: AbortSignal): Promise<{ readonly content: Uint8Array; readonly revision: Revision } | undefined>;
  /**
   * Compare and set: puts a small object if it still has the revision, or (null) if there is none.
   * @returns its new revision; undefined if somebody else was first: then nothing changed. (In one case it had changed: it was put, the answer was lost
   * on its way, and somebody put another one over it before this call could ask what had become of its own.)
   */
  putIf(key: string, content: Uint8Array, revision: Revision | null, signal?: AbortSignal): Promise<Revision | undefined>;
  /** Every object whose key begins with the prefix, in the order of the keys; '' is all. What is put or deleted meanwhile may be in it or not. */
  list(prefix: string, signal?: AbortSignal): AsyncIterable<Blob>;
  /** Those that are not there are no error. Some may be gone when it fails. */
  delete(keys: readonly string[], signal?: AbortSignal): Promise<void>;
}
