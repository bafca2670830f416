/** A thread that answers each message at once, with about what a shard's thread says to a search of ten hits. */
import { Worker } from 'node:worker_threads';

/** Runs in the thread. */
const answering = `
  const { parentPort } = require('node:worker_threads');
  const hits = Array.from({ length: 10 }, (_, i) => ({ id: 'word-' + i, score: 0.5 + i / 100, offset: 1000 + i }));
  const costs = [{ partition: 0, segments: 1, candidates: 100, micros: 200 }];
  parentPort.on('message', () => {
    parentPort.postMessage({ kind: 'answer', id: 5, value: { answers: [{ hits, costs }], watermarks: [{ partition: 0, watermark: 120000 }], missing: [] } });
  });
`;

export class MessageThread implements AsyncDisposable {
  readonly #worker = new Worker(answering, { eval: true });
  readonly #waiting: (() => void)[] = [];

  constructor() {
    this.#worker.on('message', () => this.#waiting.shift()?.());
  }

  /** A message there and back. @param vector copied, as a message would carry the whole buffer behind a view. */
  call(vector: Float32Array): Promise<void> {
    const answered = new Promise<void>((resolve) => { this.#waiting.push(resolve); });
    const search = { vector: vector.slice(), k: 10, filter: null, exact: false, ef: null, records: false, explain: false };
    const request = { log: 7, at: [{ partition: 0, atLeast: 120_000 }], timeoutMs: 60_000 };
    this.#worker.postMessage({ kind: 'call', id: 7, method: 'search', args: [request, [search]] });
    return answered;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }
}
