/** Imports the words from a thread of its own, so that the server's own event loop has none of the client's work. */
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '@proximadb/errors';
import { connect, type WriteReport } from 'proximadb';
import { missingWords, type WordMetadata } from './words.ts';

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
await using db = connect(address, { timeoutMs: 120_000, attemptsMax: 40 });
const there = db.collection<WordMetadata>(collection);
let looked = 0;
const thereAmong = async (ids: readonly string[]): Promise<ReadonlySet<string>> =>
  (some ? new Set((await there.get(ids, { include: ['metadata'] })).map(({ id }) => id)) : nobody);
const tell = ({ written: imported }: WriteReport): void => { port.postMessage({ looked, imported } satisfies WordsProgress); };
const report = await there.write(missingWords(words, thereAmong, (rank) => { looked = rank; }), { onProgress: tell });
assert(report.refused.length === 0, 'words are good records');
tell(report);
