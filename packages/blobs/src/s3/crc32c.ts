/** CRC-32C as S3 writes it. */
import { crc32c } from '@node-rs/crc32';

/** Base64 of the four bytes, the highest first. */
export function checksumText(value: number): string {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(value);
  return bytes.toString('base64');
}

/** The SDK's interface; its own computes in JavaScript, some 30 times slower. */
export class NativeCrc32c {
  readonly digestLength = 4;
  #value = 0;

  update(chunk: Uint8Array): void {
    this.#value = crc32c(chunk, this.#value);
  }

  async digest(): Promise<Uint8Array> {
    const bytes = Buffer.allocUnsafe(4);
    bytes.writeUInt32BE(this.#value);
    return bytes;
  }

  reset(): void {
    this.#value = 0;
  }
}
