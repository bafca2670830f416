/** From the name of a file and the options to its rows. */
import { statSync } from 'node:fs';
import { extname } from 'node:path';
import { invalid } from '@proximadb/errors';
import { counted } from '../figures.ts';
import type { Streams } from '../terminal.ts';
import { avroSource } from './avro.ts';
import { countLines } from './digest.ts';
import { jsonSource } from './json-rows.ts';
import { fileChunks } from './lines.ts';
import { namesGiven, type ImportOptions } from './options.ts';
import { parquetSource } from './parquet.ts';
import { formats, type Format, type Source } from './source.ts';
import { fvecsSource, npySource } from './vector-files.ts';

/** @throws AppError for a file that is not there, or not of the format. */
export async function openSource(file: string, options: ImportOptions, streams: Streams, signal: AbortSignal): Promise<Source> {
  const format = options.format ?? formatOf(file);
  const given = namesGiven(options);
  const names = given ?? { id: 'id', vector: 'vector' };
  if (options.metadata !== undefined && format !== 'npy' && format !== 'fvecs') {
    throw invalid(`goes with npy and fvecs, not with ${format}`, { field: '--metadata' });
  }
  if (file === '-') {
    if (format !== 'jsonl') throw invalid('only jsonl can be read from standard input', { field: '--format' });
    return jsonSource({ path: file, open: () => streams.input as AsyncIterable<Buffer>, bytesTotal: null, names: given });
  }
  const stats = statSync(file);
  if (stats.isDirectory()) throw invalid(`${file} is a folder; name the files in it`);
  const vectors = { path: file, metadataPath: options.metadata ?? null, names };
  switch (format) {
    case 'jsonl': return jsonSource({ path: file, open: (start) => fileChunks(file, start), bytesTotal: stats.size, names: given });
    case 'npy': return withAsManyLines(await npySource(vectors), options.metadata, signal);
    case 'fvecs': return withAsManyLines(await fvecsSource(vectors), options.metadata, signal);
    case 'parquet': return parquetSource(file, names);
    case 'avro': return avroSource(file, names);
  }
}

/** Before anything is written: a line too many or too few means that they do not belong together. */
async function withAsManyLines(source: Source, metadata: string | undefined, signal: AbortSignal): Promise<Source> {
  if (metadata === undefined) return source;
  const lines = await countLines(metadata, signal);
  if (lines === source.rowsTotal) return source;
  throw invalid(`${metadata} has ${counted(lines, 'line')}, but ${source.path} has ${counted(source.rowsTotal ?? 0, 'row')}`, { field: '--metadata' });
}

function formatOf(file: string): Format {
  const ending = extname(file).slice(1).toLowerCase();
  if (file === '-' || ending === 'ndjson') return 'jsonl';
  const format = formats.find((one) => one === ending);
  if (format === undefined) throw invalid(`what format ${file} has does not show in its name; there are ${formats.join(', ')}`, { field: '--format' });
  return format;
}
