import type { Log } from './port.ts';

/** What a shard needs of a log: everything that reads. Who opens it disposes of it; its tails must have ended by then. */
export type LogReader = Pick<Log, 'clusterId' | 'describeTopic' | 'extents' | 'read' | 'tail'> & AsyncDisposable;
