import { describeReindex } from '@proximadb/catalog';
import { AppError } from '@proximadb/errors';
import { type CallContext, within } from '@proximadb/process';
import type { GetReindexRequest, Reindex } from '@proximadb/schemas';
import { callOf } from './call.ts';
import type { ReadDependencies } from './reads.ts';

/** How far the last reindex of a collection is: what the catalog decided, beside what the shards of both generations hold. */
export async function getReindex(request: GetReindexRequest, context: CallContext, { catalog, shards, config }: ReadDependencies): Promise<Reindex> {
  const { signal } = callOf(null, context, config.timeoutMsMax);
  const generation = await within(catalog.reindexing.of(request.collection, signal), signal);
  if (generation?.reindex === undefined) {
    const reason = `collection ${JSON.stringify(request.collection)} has not been reindexed`;
    throw new AppError('NOT_FOUND', reason, { details: [{ field: 'collection', reason: 'was not reindexed' }] });
  }
  const records = async (log: number): Promise<number> => (await within(shards.report(log), signal)).reduce((sum, { live }) => sum + live, 0);
  const [copied, old] = await Promise.all([records(generation.log), records(generation.reindex.replaces)]);
  // Of one that is erased already nobody knows any more.
  return describeReindex(generation, copied, catalog.byLog(generation.reindex.replaces) === undefined ? copied : old);
}
