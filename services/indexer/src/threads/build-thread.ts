/** A thread that builds: long synchronous work on files. */
import { constants, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '@proximadb/errors';
import { runBuildJob, type BuildJob } from '@proximadb/segment';
import { Rpc } from './rpc.ts';

export interface BuildThreadData {
  /** Whether it gives way to whoever serves. What shards wait for does not: they would stop consuming. */
  readonly yields: boolean;
}

assert(parentPort !== null, 'runs as a worker');
if ((workerData as BuildThreadData).yields) {
  try {
    // On Linux a thread has a priority of its own.
    setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // Without the right to, it competes like any other.
  }
}
new Rpc(parentPort, { build: (job: BuildJob) => runBuildJob(job) });
