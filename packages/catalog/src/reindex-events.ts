/** The entries of a reindex as they stand in the catalog's log. */
import { assert, unreachable } from '@proximadb/errors';
import type { CatalogEvent } from '@proximadb/schemas';
import type { ReindexEvent } from './reindex.ts';

type Branch = CatalogEvent['event'];

export function reindexToBranch(event: ReindexEvent): Branch {
  switch (event.kind) {
    case 'reindex_started': return { 'proximadb.v1.storage.ReindexStarted': { log: event.log, settings: event.settings } };
    case 'copier_started': return { 'proximadb.v1.storage.CopierStarted': { log: event.log, partition: event.partition } };
    case 'copier_caught_up': {
      const { log, partition, epoch } = event;
      return { 'proximadb.v1.storage.CopierCaughtUp': { log, partition, epoch } };
    }
    case 'partition_drained': {
      const { log, partition, epoch, offsets } = event;
      return { 'proximadb.v1.storage.PartitionDrained': { log, partition, epoch, offsets } };
    }
    case 'reindex_aborted': return { 'proximadb.v1.storage.ReindexAborted': { log: event.log } };
    case 'generation_discarded': return { 'proximadb.v1.storage.GenerationDiscarded': { log: event.log } };
    default: return unreachable(event);
  }
}

export function reindexFromBranch(branch: Branch): ReindexEvent {
  if ('proximadb.v1.storage.ReindexStarted' in branch) return { kind: 'reindex_started', ...branch['proximadb.v1.storage.ReindexStarted'] };
  if ('proximadb.v1.storage.CopierStarted' in branch) return { kind: 'copier_started', ...branch['proximadb.v1.storage.CopierStarted'] };
  if ('proximadb.v1.storage.CopierCaughtUp' in branch) return { kind: 'copier_caught_up', ...branch['proximadb.v1.storage.CopierCaughtUp'] };
  if ('proximadb.v1.storage.PartitionDrained' in branch) return { kind: 'partition_drained', ...branch['proximadb.v1.storage.PartitionDrained'] };
  if ('proximadb.v1.storage.ReindexAborted' in branch) return { kind: 'reindex_aborted', log: branch['proximadb.v1.storage.ReindexAborted'].log };
  assert('proximadb.v1.storage.GenerationDiscarded' in branch, 'every event has a branch');
  return { kind: 'generation_discarded', log: branch['proximadb.v1.storage.GenerationDiscarded'].log };
}
