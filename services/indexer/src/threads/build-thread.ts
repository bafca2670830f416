/** A thread that builds: long synchronous work on files. */
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '@proximadb/errors';
import { noteCallsIn, runBuildJob, type BuildJob } from '@proximadb/segment';
import { giveWay } from './priority.ts';
import { Rpc } from './rpc.ts';

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

assert(parentPort !== null, 'runs as a worker');
const { yields, graphThreads = 1, calls } = workerData as BuildThreadData;
noteCallsIn(calls);
if (yields) giveWay(graphThreads);
new Rpc(parentPort, { build: (job: BuildJob) => runBuildJob(job, graphThreads) });
