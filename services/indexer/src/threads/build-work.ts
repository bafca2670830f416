/** What a thread that builds does; loaded once it gives way. */
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '@proximadb/errors';
import { noteCallsIn, runBuildJob, type BuildJob } from '@proximadb/segment';
import type { BuildThreadData } from './build-thread.ts';
import { Rpc } from './rpc.ts';

assert(parentPort !== null, 'runs as a worker');
const { graphThreads = 1, calls } = workerData as BuildThreadData;
noteCallsIn(calls);
new Rpc(parentPort, { build: (job: BuildJob) => runBuildJob(job, graphThreads) });
