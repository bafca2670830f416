/** Kept between batches; a batch that needs more gets more, once. */
const KEPT_BYTES = 2 * 1024 * 1024;

/** Buffer's method: unlike `set` it needs no view on a part, of which there would be one a record. */
const copyBytes = Reflect.get(Buffer.prototype, 'copy') as (this: Uint8Array, target: Uint8Array, at: number, start: number, end: number) => number;

/** Collects the records of a batch, whose size is known only at its end, and then gives them one buffer of exactly that size. */
export class Scratch {
  #buffer = Buffer.allocUnsafeSlow(64 * 1024);
  #ends: number[] = [];
  length = 0;

  /** Forgets what a scan that failed has left. */
  reset(): void {
    this.length = 0;
    this.#ends = [];
  }

  /** Copies `bytes[0..length)`, out of a buffer that is about to be overwritten. */
  add(bytes: Uint8Array, length: number): void {
    const end = this.length + length;
    if (end > this.#buffer.length) this.#grow(end);
    copyBytes.call(bytes, this.#buffer, this.length, 0, length);
    this.length = end;
    this.#ends.push(end);
  }

  #grow(bytes: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(bytes, 2 * this.#buffer.length));
    larger.set(this.#buffer.subarray(0, this.length));
    this.#buffer = larger;
  }

  /** What was added since the last time: a buffer of its own, and the end of each record in it. */
  take(): { readonly bytes: ArrayBuffer; readonly ends: readonly number[] } {
    const whole = Buffer.allocUnsafeSlow(this.length);
    whole.set(this.#buffer.subarray(0, this.length));
    const ends = this.#ends;
    this.reset();
    if (this.#buffer.length > KEPT_BYTES) this.#buffer = Buffer.allocUnsafeSlow(KEPT_BYTES);
    return { bytes: whole.buffer, ends };
  }
}
