/** Lines of a stream of bytes. */
import { createReadStream } from 'node:fs';

/** Of one line; a vector of 4096 numbers takes 50 KiB. A longer line is passed over. */
export const lineBytesMax = 16 << 20;

export interface Line {
  /** Without its end; null: longer than {@link lineBytesMax}. */
  readonly bytes: Buffer | null;
  /** Bytes of the stream up to the start of the next line. */
  readonly after: number;
}

export function fileChunks(path: string, start: number): AsyncIterable<Buffer> {
  return createReadStream(path, { start, highWaterMark: 1 << 20 });
}

/** @param start of the first chunk in the stream. */
export async function* linesOf(chunks: AsyncIterable<Buffer | string>, start: number): AsyncGenerator<Line> {
  let parts: Buffer[] = [];
  let length = 0;
  let after = start;
  for await (const given of chunks) {
    const chunk = typeof given === 'string' ? Buffer.from(given) : given;
    let from = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      after += length + end - from + 1;
      const tooLong = length + end - from > lineBytesMax;
      yield { bytes: tooLong ? null : Buffer.concat([...parts, chunk.subarray(from, end)]), after };
      parts = [];
      length = 0;
      from = end + 1;
    }
    length += chunk.length - from;
    if (length <= lineBytesMax) parts.push(chunk.subarray(from));
    else parts = [];
  }
  if (length > 0) yield { bytes: length > lineBytesMax ? null : Buffer.concat(parts), after: after + length };
}

/** Whether there is nothing but white space. */
export function isBlank(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 32 || byte === 9 || byte === 13);
}
