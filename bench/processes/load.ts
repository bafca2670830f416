/** Rows that are written while somebody searches: by a process of their own where the peer has a server, so that no search waits for their encoding. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { StoredSet } from '../data/stored.ts';
import type { Writer } from '../peers/peer.ts';

/** What to write: rows that the set does not have. */
export interface WriteLoad {
  /** Infinity: as fast as it goes. */
  readonly rowsASecond: number;
  readonly forMs: number;
  /** Number of the first; each has its own. */
  readonly from: number;
}

/** Rows a write: few, so that a rate can be kept to. */
const batchRows = 100;
/** Writes under way at most: who cannot keep up writes less, and its rate says so. */
const concurrency = 4;

/** @returns how many were acknowledged. */
export async function writeRows(writer: Pick<Writer, 'insert'>, set: StoredSet, { rowsASecond, forMs, from }: WriteLoad): Promise<number> {
  const startedMs = performance.now();
  const isOver = (): boolean => performance.now() - startedMs >= forMs;
  let written = 0;
  let batches = 0;
  await Promise.all(Array.from({ length: concurrency }, async () => {
    while (!isOver()) {
      const first = from + batches * batchRows;
      const dueMs = startedMs + batches * batchRows / rowsASecond * 1_000;
      batches += 1;
      const waitMs = Math.min(dueMs - performance.now(), startedMs + forMs - performance.now());
      if (waitMs > 0) await new Promise((resolve) => { setTimeout(resolve, waitMs); });
      if (isOver()) return;
      await writer.insert(extraBatch(set, first));
      written += batchRows;
    }
  }));
  return written;
}

/** Rows of the set with new numbers, each value moved by up to a hundredth. */
function extraBatch(set: StoredSet, first: number): ReturnType<StoredSet['batch']> {
  const from = first % Math.max(1, set.rows - batchRows);
  const { vectors, metadata } = set.batch(from, from + batchRows);
  const rows = Array.from({ length: batchRows }, (_, i) => first + i);
  return { rows, metadata, vectors: vectors.map((value) => value * (1 + (Math.random() - 0.5) / 50)) };
}

/** A process that writes to the server of a peer. */
export class LoadProcess implements Disposable {
  readonly #child: ReturnType<typeof fork>;

  private constructor(child: ReturnType<typeof fork>) {
    this.#child = child;
  }

  /** @param name of the peer's kind. @param set folder of the stored set. @param server as the peer says. */
  static async start(name: string, set: string, server: string): Promise<LoadProcess> {
    const child = fork(join(import.meta.dirname, 'load.main.ts'), [name, set, server], { execArgv: ['--no-warnings'], serialization: 'advanced' });
    const started = new LoadProcess(child);
    await started.#answer();
    return started;
  }

  /** @returns how many were acknowledged. */
  async write(load: WriteLoad): Promise<number> {
    this.#child.send(load);
    return this.#answer();
  }

  async #answer(): Promise<number> {
    const ended = new AbortController();
    try {
      const [answer] = await Promise.race([
        once(this.#child, 'message', { signal: ended.signal }) as Promise<[{ readonly written: number } | { readonly failed: string }]>,
        once(this.#child, 'exit', { signal: ended.signal }).then(() => [{ failed: 'it ended' }] as const),
      ]);
      if ('failed' in answer) throw new Error(`the process that writes: ${answer.failed}`);
      return answer.written;
    } finally {
      ended.abort();
    }
  }

  [Symbol.dispose](): void {
    this.#child.kill();
  }
}
