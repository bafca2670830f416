/** A thread that builds: long synchronous work on files, at a lower priority than serving. */
import { constants, setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { assert } from '@proximadb/errors';
import { runBuildJob, type BuildJob } from '@proximadb/segment';
import { Rpc } from './rpc.ts';

assert(parentPort !== null, 'runs as a worker');
try {
  // On Linux a thread has a priority of its own.
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
} catch {
  // Without the right to, it competes like any other.
}
new Rpc(parentPort, { build: (job: BuildJob) => runBuildJob(job) });
