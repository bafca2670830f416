/** Imports the words from a thread of its own, so that the server's own event loop has none of the client's work. */
import { randomUUID } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '@proximadb/errors';
import { createClient } from '@proximadb/transport/client';
import { recordSchema } from '../connection.ts';
import { runImport } from '../import/run.ts';
import { beginning } from '../import/source.ts';
import { dimension, wordSource } from './words.ts';

export interface WordsJob {
  readonly address: string;
  readonly collection: string;
  readonly words: number;
  /** Whether some are there, which are left out. */
  readonly some: boolean;
}

/** Words looked at, and those of them that were sent and acknowledged. */
export interface WordsProgress {
  readonly looked: number;
  readonly imported: number;
}

const port = parentPort;
assert(port !== null, 'this is a worker');
const { address, collection, words, some } = workerData as WordsJob;
const nobody: ReadonlySet<string> = new Set();
await using client = createClient(address, { timeoutMs: 120_000, attemptsMax: 40 });
const source = wordSource(words, async (ids) => {
  if (!some) return nobody;
  const { records } = await client.get({ collection, ids });
  return new Set(records.map(({ id }) => id));
});
let imported = 0;
await runImport({
  source, batchRows: 500, concurrency: 4, requestPrefix: randomUUID().slice(0, 23), from: { batches: 0, position: beginning },
  signal: new AbortController().signal,
  target: { client, collection, schema: await recordSchema(client), limits: { dimension, metric: 'cosine', recordBytesMax: 1 << 20 } },
  onAdvance(advance) {
    imported += advance.imported;
    assert(advance.refused.length === 0, 'words are good records');
    const progress: WordsProgress = { looked: advance.position.rows, imported };
    port.postMessage(progress);
  },
});
