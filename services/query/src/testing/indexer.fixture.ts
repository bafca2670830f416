// An indexer as a process of its own, that can be stopped with a signal: it says on which port it listens, and counts 10 records a partition.
import { AppError } from '@proximadb/errors';
import { startShardServer } from '@proximadb/indexer/transport';
import { createLogger, createMetrics } from '@proximadb/process';
import type { ShardsRequest } from '../shards.ts';

const notHere = async (): Promise<never> => { throw new AppError('UNIMPLEMENTED', 'this indexer only counts'); };
const server = await startShardServer({
  port: 0, metrics: createMetrics({ processMetrics: false }), logger: createLogger({ level: 'silent' }),
  shards: {
    search: notHere, get: notHere, scroll: notHere, outcomes: notHere, report: notHere, digest: notHere,
    count: async ({ at }: ShardsRequest) =>
      ({ count: 10 * at.length, watermarks: at.map(({ partition, atLeast }) => ({ partition, watermark: atLeast, logAway: null })), missing: [] }),
  },
});
console.log(server.port);
