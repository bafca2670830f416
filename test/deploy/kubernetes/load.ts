/** Somebody who writes and searches all the time, over REST, a connection a request, and never tries twice. */
import { setTimeout as delay } from 'node:timers/promises';

export interface LoadResult {
  readonly writes: number;
  readonly searches: number;
  /** What went wrong, and when. */
  readonly failures: readonly string[];
}

export class Load implements AsyncDisposable {
  readonly #stop = new AbortController();
  readonly #running: Promise<void>[];
  readonly #failures: string[] = [];
  #writes = 0;
  #searches = 0;

  /** @param gateway and @param query `http://host:port`. @param collection of 3 dimensions. */
  constructor(gateway: string, query: string, collection: string) {
    const collections = '/v1/collections';
    this.#running = [
      this.#repeat(async (turn) => {
        const record = { id: `record-${turn % 100}`, vector: [turn % 7, 1, turn % 3] };
        await ask('PUT', `${gateway}${collections}/${collection}/records`, { records: [record] });
        this.#writes += 1;
      }),
      this.#repeat(async (turn) => {
        const { hits } = await ask('POST', `${query}${collections}/${collection}/search`, { vector: [1, turn % 5, 0], k: 2 }) as { hits: unknown[] };
        if (hits.length !== 2) throw new Error(`${hits.length} hits`);
        this.#searches += 1;
      }),
    ];
  }

  async stop(): Promise<LoadResult> {
    this.#stop.abort();
    await Promise.all(this.#running);
    return { writes: this.#writes, searches: this.#searches, failures: this.#failures };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #repeat(work: (turn: number) => Promise<void>): Promise<void> {
    for (let turn = 0; !this.#stop.signal.aborted; turn += 1) {
      await work(turn).catch((error: unknown) => { this.#failures.push(`${new Date().toISOString()} ${why(error)}`); });
      await delay(50);
    }
  }
}

async function ask(method: string, url: string, body: object): Promise<unknown> {
  const answer = await fetch(url, {
    method, body: JSON.stringify(body), headers: { 'content-type': 'application/json', connection: 'close' }, signal: AbortSignal.timeout(15_000),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${text}`);
  return JSON.parse(text);
}

/** `fetch failed` says nothing; what it was caused by does. */
function why(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? `${message}: ${cause.message}` : message;
}
