/** The collection that an import fills: found, or made as the input wants it. */
import { AppError, invalid } from '@proximadb/errors';
import type { Metric } from '@proximadb/schemas';
import type { CollectionDescription, GrpcDatabase } from 'proximadb';
import { metrics } from '../arguments.ts';
import { recordSchema, type RecordSchema } from '../connection.ts';
import { say, type Streams } from '../terminal.ts';
import type { Target } from './run.ts';
import { beginning, type Source } from './source.ts';

/** The default of servers. One that was set lower says so itself, a record at a time. */
const recordBytesMax = 4 << 20;
/** Rows looked at for a vector whose length can be taken. */
const rowsPeeked = 100;

export interface TargetOptions {
  readonly collection: string;
  readonly create?: boolean;
  readonly dimension?: number;
  readonly metric?: Metric;
}

/** @throws AppError NOT_FOUND without --create; FAILED_PRECONDITION if the collection is another than the one asked for. */
export async function openTarget(db: GrpcDatabase, source: Source, options: TargetOptions, streams: Streams): Promise<{ target: Target; log: string }> {
  const schema = await recordSchema(db.calls);
  const found = await find(db, options.collection);
  if (found === undefined && options.create !== true) {
    throw new AppError('NOT_FOUND', `there is no collection ${JSON.stringify(options.collection)}; --create makes it`);
  }
  const collection = found ?? await create(db, source, options, schema, streams);
  const { name, dimension, metric, log } = collection;
  for (const [wanted, is, option] of [[options.dimension, dimension, 'dimension'], [options.metric, metric, 'metric']] as const) {
    if (wanted !== undefined && wanted !== is) throw new AppError('FAILED_PRECONDITION', `collection ${name} has the ${option} ${is}, not ${wanted}`);
  }
  if (source.dimension !== null && source.dimension !== dimension) {
    throw new AppError('FAILED_PRECONDITION', `the vectors of ${source.path} have ${source.dimension} numbers, those of collection ${name} ${dimension}`);
  }
  return { log: String(log), target: { calls: db.calls, collection: name, schema, limits: { dimension, metric, recordBytesMax } } };
}

async function find(db: GrpcDatabase, collection: string): Promise<CollectionDescription | undefined> {
  try {
    return await db.collection(collection).describe();
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.code === 'NOT_FOUND') return undefined;
    throw thrown;
  }
}

async function create(
  db: GrpcDatabase, source: Source, options: TargetOptions, schema: RecordSchema, streams: Streams,
): Promise<CollectionDescription> {
  const dimension = options.dimension ?? source.dimension ?? await firstLength(source, schema);
  if (dimension === undefined) throw invalid(`is needed: no row at the start of ${source.path} tells it`, { field: '--dimension' });
  const metric = options.metric ?? metrics.find((one) => one === source.metric) ?? 'cosine';
  const made = await db.createCollection({ name: options.collection, dimension, metric });
  say(streams.err, `Made collection ${made.name}: dimension ${dimension}, metric ${metric}.`);
  return made.describe();
}

/** Numbers of the first vector that can be read. Standard input would be used up by looking. */
async function firstLength(source: Source, schema: RecordSchema): Promise<number | undefined> {
  if (source.path === '-') return undefined;
  let rows = 0;
  for await (const row of source.rows(beginning)) {
    try {
      const { vectorLength } = schema.walker.view(row.encode(schema.schemaId));
      if (vectorLength > 0) return vectorLength;
    } catch (thrown) {
      if (!(thrown instanceof AppError) || thrown.code !== 'INVALID_ARGUMENT') throw thrown;
    }
    rows += 1;
    if (rows === rowsPeeked) return undefined;
  }
  return undefined;
}
