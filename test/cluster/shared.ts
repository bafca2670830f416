/** Parts that many test files use at once: those that `npm test` started for all of them, or this process's own. */
import process from 'node:process';
import { startKafka } from './kafka.ts';
import { startMinio } from './minio.ts';
import { startRedis } from './redis.ts';
import { startRegistry } from './registry.ts';
import type { S3Access } from './s3-request.ts';

/** Where the parts that `npm test` starts are told to the files, as JSON. */
export const variables = {
  kafka: 'PROXIMADB_TEST_KAFKA', registry: 'PROXIMADB_TEST_REGISTRY', redis: 'PROXIMADB_TEST_REDIS', minio: 'PROXIMADB_TEST_MINIO',
} as const;

export interface SharedKafka {
  readonly bootstrap: readonly string[];
}

export interface SharedRegistry {
  readonly url: string;
}

export interface SharedRedis {
  readonly url: string;
  readonly port: number;
}

export interface SharedMinio extends S3Access {
  readonly bucket: string;
}

/** One broker, one for all: make topics with names of your own, leave its settings alone, do not break it. It ends with the process. */
export const sharedKafka: () => Promise<SharedKafka> = once('kafka', () => startKafka(), ({ bootstrap }) => ({ bootstrap }));

/** Subjects with names of your own. */
export const sharedRegistry: () => Promise<SharedRegistry> = once('registry', () => startRegistry(), ({ url }) => ({ url }));

/** Keys with a prefix of your own; never FLUSHALL. */
export const sharedRedis: () => Promise<SharedRedis> = once('redis', () => startRedis(), ({ url, port }) => ({ url, port }));

/** Blobs under a prefix of your own. */
export const sharedMinio: () => Promise<SharedMinio> = once('minio', () => startMinio(), ({ endpoint, region, accessKeyId, secretAccessKey, bucket }) =>
  ({ endpoint, region, accessKeyId, secretAccessKey, bucket }));

/** @param start of this process's own, where none is given: its children do not keep the process alive, and end with it. */
function once<Part, Shared>(name: keyof typeof variables, start: () => Promise<Part>, told: (part: Part) => Shared): () => Promise<Shared> {
  let shared: Promise<Shared> | undefined;
  return () => {
    const given = process.env[variables[name]];
    shared ??= given === undefined ? start().then(told) : Promise.resolve(JSON.parse(given) as Shared);
    return shared;
  };
}
