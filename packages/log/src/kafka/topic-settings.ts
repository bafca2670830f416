import type { SettingAmiss } from '../port.ts';
import { MESSAGE_BYTES_MAX, type LogSettings } from './options.ts';
import { layout } from './wire/batch-layout.ts';
import type { TopicMetadata } from './wire/metadata.ts';
import type { Settings } from './wire/topics.ts';

export const messageBytesSetting = 'max.message.bytes';
/** Below any batch: the broker refuses every append, whoever sends it. */
export const CLOSED_MESSAGE_BYTES = '0';

/**
 * Of every topic: nothing is ever dropped but by `trim`, the broker's time counts, foreign batches are decompressed by the broker, and no
 * replica that lacks acknowledged records becomes leader.
 */
export function settingsFor({ minInsyncReplicas }: Pick<LogSettings, 'minInsyncReplicas'>): Settings {
  return {
    'cleanup.policy': 'delete',
    'compression.type': 'uncompressed',
    [messageBytesSetting]: String(MESSAGE_BYTES_MAX),
    'message.timestamp.type': 'LogAppendTime',
    'min.insync.replicas': String(minInsyncReplicas),
    'retention.bytes': '-1',
    'retention.ms': '-1',
    'unclean.leader.election.enable': 'false',
  };
}

/** Whether a topic of these settings takes no append. */
export function isClosed(settings: Settings): boolean {
  return Number(settings[messageBytesSetting]) < layout.records;
}

/** What is not as it has to be, each in words. That a topic is closed is no difference. */
export function differences(
  topic: TopicMetadata, found: Settings, partitions: number, wanted: Settings, replicationFactor: number,
): SettingAmiss[] {
  const list: SettingAmiss[] = [];
  const differs = (field: string, is: string | number, should: string | number): void => { list.push({ field, reason: `is ${is}, not ${should}` }); };
  if (topic.partitions.length !== partitions) differs('partitions', topic.partitions.length, partitions);
  const replicas = Math.min(...topic.partitions.map((partition) => partition.replicas.length));
  if (replicas < replicationFactor) differs('replication.factor', replicas, replicationFactor);
  for (const [name, should] of Object.entries(wanted)) {
    const is = found[name] ?? 'unknown';
    if (is !== should && !(name === messageBytesSetting && isClosed(found))) differs(name, is, should);
  }
  return list;
}
