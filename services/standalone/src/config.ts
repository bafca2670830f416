/** The configuration of a standalone server: everything that can be set, in one place. */
import { gatewayLimits } from '@proximadb/gateway';
import { indexerConfig } from '@proximadb/indexer';
import { limit, limitsConfig, logLevels, restConfig } from '@proximadb/process';
import { queryLimits } from '@proximadb/query';
import { z } from 'zod';

const port = z.number().int().min(0).max(65_535);
const whole = (minimum: number, fallback: number, text: string): z.ZodDefault<z.ZodNumber> => z.number().int().min(minimum).default(fallback).describe(text);

export const standaloneConfig = z.strictObject({
  data: z.string().min(1).default('./data').describe('Folder of everything that is kept.'),
  host: z.string().min(1).default('127.0.0.1').describe('Address to listen on; 0.0.0.0 for all.'),
  restPort: port.default(5678).describe('REST; 0: any free port.'),
  grpcPort: port.default(5679).describe('gRPC; 0: any free port.'),
  rest: restConfig,
  logLevel: z.enum(logLevels).default('info').describe('What is logged, to standard error.'),
  graceMs: whole(0, 20_000, 'Time that calls under way have to end when the server stops.'),
  timeoutMs: whole(1, 30_000, 'Time that a call has if its caller gives none.'),
  collectionsMax: whole(1, 1_000, 'Collections, with those that wait to be erased.'),
  messageBytesMax: whole(1 << 16, 64 << 20, 'Bytes of one request.'),
  callsMax: whole(1, 1_024, 'Calls under way, for each transport. More: RESOURCE_EXHAUSTED, with a time to come back.'),
  callBytesMax: whole(1 << 20, 512 << 20, 'Bytes of requests under way, for each transport.'),
  log: z.strictObject({
    queueBytesMax: whole(1 << 20, 64 << 20, 'Bytes of records that may wait to be written.'),
    queueEntriesMax: whole(1, 100_000, 'Records that may wait to be written.'),
  }).prefault({}),
  gateway: limitsConfig({
    ...gatewayLimits,
    partitionsDefault: limit(0, 0, 256, 'Partitions of a collection that names none; 0: as many as threads that hold shards (indexer.threads).'),
  }),
  query: limitsConfig(queryLimits),
  indexer: indexerConfig.prefault({}),
});

export type StandaloneConfig = z.output<typeof standaloneConfig>;
