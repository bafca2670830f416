/** Parts that many test files use at once: those that `npm test` started for all of them, or this process's own. */
import process from 'node:process';
import { startKafka } from './kafka.ts';
import { startMinio } from './minio.ts';
import type { Part } from './missing.ts';
import { startRedis } from './redis.ts';
import { startRegistry } from './registry.ts';
import type { S3Access } from './s3-request.ts';
import { startTogether } from './together.ts';

/** Where the parts that `npm test` starts are told to the files, as JSON. */
export const variables = {
  kafka: 'PROXIMADB_TEST_KAFKA', registry: 'PROXIMADB_TEST_REGISTRY', redis: 'PROXIMADB_TEST_REDIS', minio: 'PROXIMADB_TEST_MINIO',
} as const satisfies Record<Part, string>;

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

const starts = {
  kafka: async () => startKafka(), registry: async () => startRegistry(), redis: async () => startRedis(), minio: async () => startMinio(),
} satisfies Record<Part, () => Promise<AsyncDisposable>>;

/** Of each part, what others have to know. */
const told = {
  kafka: ({ bootstrap }: SharedKafka): SharedKafka => ({ bootstrap }),
  registry: ({ url }: SharedRegistry): SharedRegistry => ({ url }),
  redis: ({ url, port }: SharedRedis): SharedRedis => ({ url, port }),
  minio: ({ endpoint, region, accessKeyId, secretAccessKey, bucket }: SharedMinio): SharedMinio => ({ endpoint, region, accessKeyId, secretAccessKey, bucket }),
};

/** One broker, one for all: make topics with names of your own, leave its settings alone, do not break it. It ends with the process. */
export const sharedKafka: () => Promise<SharedKafka> = once('kafka', async () => told.kafka(await starts.kafka()));

/** Subjects with names of your own. */
export const sharedRegistry: () => Promise<SharedRegistry> = once('registry', async () => told.registry(await starts.registry()));

/** Keys with a prefix of your own; never FLUSHALL. */
export const sharedRedis: () => Promise<SharedRedis> = once('redis', async () => told.redis(await starts.redis()));

/** Blobs under a prefix of your own. */
export const sharedMinio: () => Promise<SharedMinio> = once('minio', async () => told.minio(await starts.minio()));

/** @param start of this process's own, where none is given: its children do not keep the process alive, and end with it. */
function once<Shared>(part: Part, start: () => Promise<Shared>): () => Promise<Shared> {
  let shared: Promise<Shared> | undefined;
  return () => {
    const given = process.env[variables[part]];
    shared ??= given === undefined ? start() : Promise.resolve(JSON.parse(given) as Shared);
    return shared;
  };
}

export interface SharedParts extends AsyncDisposable {
  /** For the processes that are to share them. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Starts each part for other processes. @throws Error if one does not come up; the others are ended. */
export async function startShared(parts: readonly Part[]): Promise<SharedParts> {
  await using stack = new AsyncDisposableStack();
  const environment: Record<string, string> = {};
  await startTogether<AsyncDisposable>(stack, parts.map((part) => async () => {
    const running = await starts[part]();
    const tell: (part: never) => unknown = told[part];
    environment[variables[part]] = JSON.stringify(tell(running as never));
    return running;
  }));
  const owned = stack.move();
  return { environment, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
