/** A thread that builds: long synchronous work on files. */
import { workerData } from 'node:worker_threads';
import { giveWay } from './priority.ts';

export interface BuildThreadData extends BuilderKind {
  /** Where it notes its calls of USearch: see `noMoreCalls`. */
  readonly calls: SharedArrayBuffer;
}

export interface BuilderKind {
  /**
   * It gives way to whoever serves: so many threads that work at once take as much from them together as one alone would. 0: it does not, since shards wait
   * for what it makes, and would stop consuming.
   */
  readonly sharers: number;
  /** That build a graph together; one does everything else. Default 1. */
  readonly graphThreads?: number;
}

const { sharers } = workerData as BuildThreadData;
if (sharers > 0) giveWay(sharers);
// To load what it works with takes longer than many a job.
await import('./build-work.ts');
