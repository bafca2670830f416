/** A shard's manifest: its only checkpoint. */
import { dirname } from 'node:path';
import { AppError } from '@proximadb/errors';
import type { Manifest } from '@proximadb/schemas';
import { decodeRows, readManifest } from '@proximadb/segment';
import { bytes, count, instant } from '../figures.ts';
import type { View } from './view.ts';

/** @throws AppError NOT_FOUND without one; DATA_LOSS if its checksum does not hold. */
export async function manifestIn(directory: string): Promise<Manifest> {
  const manifest = await readManifest(directory);
  if (manifest === undefined) throw new AppError('NOT_FOUND', `there is no manifest in ${directory}`);
  return manifest;
}

export async function inspectManifest(path: string): Promise<View> {
  const manifest = await manifestIn(dirname(path));
  const { settings, segments, watermark, last, requests, ledger } = manifest;
  const shown = segments.map((segment) => ({
    id: segment.id, rows: segment.rows, ended: decodeRows(segment.ended).length, schemaIds: segment.schema_ids,
    graph: segment.graph !== null, bytes: segment.files.reduce((sum, file) => sum + file.bytes, segment.graph?.bytes ?? 0),
  }));
  const rows = shown.reduce((sum, segment) => sum + segment.rows - segment.ended, 0);
  return {
    kind: 'manifest',
    facts: [
      ['topic', `${manifest.topic} (${manifest.topic_id})`], ['partition', String(manifest.partition)], ['generation', count(manifest.generation)],
      ['applied', `everything below offset ${count(watermark)}`], ['log time', instant(manifest.log_time)],
      ['last record', last === null ? 'none' : `offset ${count(last.offset)}, ${instant(last.append_time)}, CRC-32C ${hex(last.crc32c)}`],
      ['settings', `dimension ${settings.dimension}, ${settings.metric}, ${settings.index} m ${settings.m}, ${settings.quantization}, storage ${
        settings.storage}, records up to ${bytes(settings.record_bytes_max)}, recall ${settings.recall_target}`],
      ['live rows', count(rows)], ['requests', `${count(requests.length)} kept`], ['malformed', count(manifest.malformed)],
      ['cluster', manifest.cluster_id],
    ],
    json: {
      generation: manifest.generation, topic: manifest.topic, topicId: manifest.topic_id, log: manifest.log, partition: manifest.partition,
      clusterId: manifest.cluster_id, watermark, logTime: manifest.log_time, last, settings, requests: requests.length, malformed: manifest.malformed,
    },
    sections: [
      {
        name: 'segments', json: shown,
        columns: [{ title: 'segment' }, { title: 'rows', align: 'right' }, { title: 'ended', align: 'right' }, { title: 'graph' },
          { title: 'schemas' }, { title: 'on disk', align: 'right' }],
        rows: shown.map((one) => [one.id, count(one.rows), count(one.ended), one.graph ? 'yes' : 'no', one.schemaIds.join(' '), bytes(one.bytes)]),
      },
      {
        name: 'ledger', json: ledger, columns: [{ title: 'offset', align: 'right' }, { title: 'malformed because' }],
        rows: ledger.map(({ offset, reason }) => [count(offset), reason]),
      },
    ],
    problems: [],
  };
}

export function hex(checksum: number): string {
  return checksum.toString(16).padStart(8, '0');
}
