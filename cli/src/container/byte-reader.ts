/** A file read from front to back in slices, so that memory does not grow with it. */
import { open, type FileHandle } from 'node:fs/promises';

const sliceBytes = 1 << 20;

export class ByteReader implements AsyncDisposable {
  readonly path: string;
  /** Bytes of the file when it was opened. */
  readonly size: number;
  readonly #file: FileHandle;
  #buffer: Buffer = Buffer.alloc(0);
  /** Where the buffer starts in the file, and how much of it was taken. */
  #start: number;
  #taken = 0;

  private constructor(path: string, file: FileHandle, size: number, at: number) {
    this.path = path;
    this.#file = file;
    this.size = size;
    this.#start = at;
  }

  static async open(path: string, at = 0): Promise<ByteReader> {
    const file = await open(path, 'r');
    try {
      return new ByteReader(path, file, (await file.stat()).size, at);
    } catch (thrown) {
      await file.close();
      throw thrown;
    }
  }

  /** Of the next byte, from the start of the file. */
  get position(): number {
    return this.#start + this.#taken;
  }

  /** Bytes that can be taken without another `fill`. */
  get available(): number {
    return this.#buffer.length - this.#taken;
  }

  /** Makes `bytes` available, and more if it is cheap. @returns false where the file ends before them; what there is, is available then. */
  async fill(bytes: number): Promise<boolean> {
    if (this.available >= bytes) return true;
    const kept = this.#buffer.subarray(this.#taken);
    // Views on the old buffer stay as they are.
    const next = Buffer.allocUnsafe(Math.max(bytes, kept.length + sliceBytes));
    next.set(kept);
    let filled = kept.length;
    this.#start += this.#taken;
    this.#taken = 0;
    while (filled < bytes) {
      const { bytesRead } = await this.#file.read(next, filled, next.length - filled, this.#start + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    this.#buffer = next.subarray(0, filled);
    return filled >= bytes;
  }

  /** The available bytes, not taken. */
  peek(): Buffer {
    return this.#buffer.subarray(this.#taken);
  }

  /** A view that stays as it is; `bytes` are available. */
  take(bytes: number): Buffer {
    this.#taken += bytes;
    return this.#buffer.subarray(this.#taken - bytes, this.#taken);
  }

  skip(bytes: number): void {
    if (bytes <= this.available) {
      this.#taken += bytes;
      return;
    }
    this.#start = this.position + bytes;
    this.#buffer = Buffer.alloc(0);
    this.#taken = 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
}
