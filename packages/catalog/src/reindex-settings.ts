/** What a reindex may change. */
import { invalid } from '@proximadb/errors';
import type { CollectionSettings } from '@proximadb/schemas';
import { bestQuantization, checkSettings, orElse, type SettingsRequest } from './settings.ts';

/** What is absent or 0 stays as it is. */
export type ReindexChange = Omit<SettingsRequest, 'dimension'>;

/**
 * The settings of a new generation.
 * @throws AppError INVALID_ARGUMENT naming the field, where nothing changes, or a record of the old one might not be allowed in the new.
 */
export function reindexSettings(old: CollectionSettings, change: ReindexChange): CollectionSettings {
  const metric = change.metric ?? old.metric;
  const settings: CollectionSettings = {
    dimension: old.dimension, record_bytes_max: old.record_bytes_max,
    metric,
    partitions: change.partitions || old.partitions,
    index: change.index ?? old.index,
    m: change.hnsw?.m || old.m,
    ef_construction: change.hnsw?.efConstruction || old.ef_construction,
    quantization: change.hnsw?.quantization ?? (metric === old.metric ? old.quantization : bestQuantization[metric]),
    storage: change.storage ?? old.storage,
    recall_target: orElse(change.recallTarget, old.recall_target),
  };
  checkSettings(settings);
  if (metric === 'cosine' && old.metric !== 'cosine') {
    const reason = `cannot become cosine from ${old.metric}: a zero vector has no direction, and there may be some. Export the records into a new collection`;
    throw invalid(reason, { field: 'metric' });
  }
  if ((Object.keys(settings) as (keyof CollectionSettings)[]).every((key) => settings[key] === old[key])) {
    throw invalid('is needed, or another setting that differs: the collection is so already', { field: 'partitions' });
  }
  return settings;
}
