/** What a file holds, by which an interrupted import knows it again. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

/** SHA-256 of the files' bytes, in hex. */
export async function digestOf(paths: readonly string[], signal: AbortSignal): Promise<string> {
  const digest = createHash('sha256');
  for (const path of paths) {
    const file = createHash('sha256');
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20, signal })) file.update(chunk as Buffer);
    digest.update(file.digest());
  }
  return digest.digest('hex');
}

/** Lines of a file; a last one without an end counts. */
export async function countLines(path: string, signal: AbortSignal): Promise<number> {
  let lines = 0;
  let last = 10;
  for await (const given of createReadStream(path, { highWaterMark: 1 << 20, signal })) {
    const chunk = given as Buffer;
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines += 1;
    last = chunk.at(-1) ?? last;
  }
  return last === 10 ? lines : lines + 1;
}
