/** A thread that builds: long synchronous work on files. */
import { workerData } from 'node:worker_threads';
import { giveWay } from './priority.ts';

export interface BuildThreadData extends BuilderKind {
  /** Where it notes its calls of USearch: see `noMoreCalls`. */
  readonly calls: SharedArrayBuffer;
}

export interface BuilderKind {
  /** Whether it gives way to whoever serves. What shards wait for does not: they would stop consuming. */
  readonly yields: boolean;
  /** That build a graph together; one does everything else. Default 1. */
  readonly graphThreads?: number;
}

const { yields, graphThreads = 1 } = workerData as BuildThreadData;
if (yields) giveWay(graphThreads);
// To load what it works with takes longer than many a job.
await import('./build-work.ts');
