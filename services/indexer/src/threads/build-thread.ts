/** A thread that builds: long synchronous work on files. */
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '@proximadb/errors';
import { runBuildJob, type BuildJob } from '@proximadb/segment';
import { giveWay } from './priority.ts';
import { Rpc } from './rpc.ts';

export interface BuildThreadData {
  /** Whether it gives way to whoever serves. What shards wait for does not: they would stop consuming. */
  readonly yields: boolean;
}

assert(parentPort !== null, 'runs as a worker');
if ((workerData as BuildThreadData).yields) giveWay();
new Rpc(parentPort, { build: (job: BuildJob) => runBuildJob(job) });
