/**
 * Every mistake of a caller gets a typed error that names the place, the same over gRPC and REST, and changes nothing: neither what a
 * reader sees nor the end of any log.
 */
import { strict as assert } from 'node:assert';
import { after, before, test } from 'node:test';
import { AppError, httpStatus, type Code, type ErrorDetail } from '@proximadb/errors';
import { encodeVectorRecord, type MetadataValue } from '@proximadb/record';
import type { ReadOptions } from '@proximadb/schemas';
import type { Client } from '@proximadb/transport/client';
import { startServer, type RestAnswer, type TestServer } from '../server.ts';

export const recordsMax = 2_000;
export const requestBytesMax = 256 << 10;
export const messageBytesMax = 1 << 20;
export const recordBytesMax = 64 << 10;

export let server: TestServer;
export let client: Client;
/** The path of the collection under test in REST. */
export const path = '/v1/collections/words';
export const schemaIds = { VectorRecord: 0, PatchRecord: 0, DeleteRecord: 0 };
export let token = '';
export let otherToken = '';
export let cursor = '';

/** For a test file: a server of its own, with two collections of five records. */
export function useServer(): void {
  before(async () => {
    server = await startServer({ gateway: { recordsMax, requestBytesMax, recordBytesMax }, messageBytesMax }, { attemptsMax: 1 });
    client = server.client;
    for (const name of ['VectorRecord', 'PatchRecord', 'DeleteRecord'] as const) schemaIds[name] = (await client.getSchema({ name })).id;
    await client.createCollection({ name: 'words', dimension: 3, partitions: 2 });
    await client.createCollection({ name: 'lengths', dimension: 3, partitions: 2, metric: 'euclidean' });
    const records = Array.from({ length: 5 }, (_, i) => record(`kept-${i}`, [1, i, 2]));
    ({ token } = await client.upsert({ collection: 'words', records }));
    ({ token: otherToken } = await client.upsert({ collection: 'lengths', records }));
    cursor = (await client.scroll({ collection: 'words', limit: 2, read: readAt({ token }) })).cursor ?? '';
  });
  after(() => server[Symbol.asyncDispose]());
}

export const readAt = (options: Partial<ReadOptions>): ReadOptions =>
  ({ consistency: null, token: null, maxStalenessMs: null, timeoutMs: null, allowPartial: false, ...options });

export function record(id: string, vector: readonly number[], metadata: Record<string, MetadataValue> = {}): Uint8Array {
  return encodeVectorRecord(schemaIds.VectorRecord, { id, vector, metadata: new Map(Object.entries(metadata)) });
}

export interface Expected {
  readonly code: Code;
  /** Of the first detail. */
  readonly record?: number;
  /** Of the first detail, as JSON calls it. */
  readonly field?: string;
  readonly reason: RegExp;
  /** Other than the code's. */
  readonly status?: number;
}

export type RestCall = readonly [method: string, path: string, body?: object | string, headers?: Record<string, string>];

/** One mistake, and how it is made over the transports that can make it. */
export interface Mistake extends Expected {
  readonly name: string;
  readonly grpc?: () => Promise<unknown>;
  readonly rest?: () => RestCall;
  /** Where REST sees it elsewhere than gRPC: as it reads the JSON. */
  readonly inRest?: Partial<Expected>;
}

export function check(mistakes: readonly Mistake[]): void {
  for (const mistake of mistakes) {
    test(mistake.name, async () => {
      assert.ok(mistake.grpc !== undefined || mistake.rest !== undefined, 'a mistake is made somewhere');
      const stateBefore = await state();
      if (mistake.grpc !== undefined) await refusedByGrpc(mistake.grpc, mistake);
      if (mistake.rest !== undefined) await refusedByRest(mistake.rest(), { ...mistake, ...mistake.inRest });
      assert.deepEqual(await state(), stateBefore, 'nothing was written');
    });
  }
}

/** What a reader sees, and where the logs end. */
async function state(): Promise<unknown> {
  const { collections } = await client.listCollections({});
  return Promise.all(collections.map(async (collection) => {
    const { partitions } = await client.stats({ collection: collection.name });
    const { records } = await client.scroll({ collection: collection.name, read: readAt({ consistency: 'strong' }) });
    const { count } = await client.count({ collection: collection.name, read: readAt({ consistency: 'strong' }) });
    return { collection, ends: partitions.map(({ end }) => end), malformed: partitions.map(({ malformed }) => malformed), records, count };
  }));
}

async function refusedByGrpc(call: () => Promise<unknown>, expected: Expected): Promise<void> {
  const error = await call().then((answer) => assert.fail(`gRPC answered ${JSON.stringify(answer, texts)}`), (thrown: unknown) => thrown);
  assert.ok(error instanceof AppError, String(error));
  const { code, message, details: [detail] } = error;
  assert.equal(code, expected.code, `gRPC: ${message}`);
  assertPlace('gRPC', message, detail, expected);
}

async function refusedByRest(call: RestCall, expected: Expected): Promise<void> {
  const answer: RestAnswer = await server.rest(...call);
  const { error } = answer.body as { error: { code: Code; message: string; details: ErrorDetail[] } };
  assert.ok(error !== undefined, `REST answered ${answer.status} ${answer.text}`);
  assert.equal(error.code, expected.code, `REST: ${answer.text}`);
  assert.equal(answer.status, expected.status ?? httpStatus(new AppError(error.code, '')), 'the status is that of the code');
  assertPlace('REST', error.message, error.details[0], expected);
}

function assertPlace(transport: string, message: string, detail: ErrorDetail | undefined, expected: Expected): void {
  const found = { record: detail?.record, field: detail?.field };
  assert.deepEqual(found, { record: expected.record, field: expected.field }, `${transport}: ${message}`);
  assert.match(`${message} ${detail?.reason ?? ''}`, expected.reason, transport);
}

const texts = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value);

/** A batch in which only the second record is bad: the first must not be written either. */
export const batch = (bad: () => Uint8Array) => () => client.upsert({ collection: 'words', records: [record('fine', [1, 2, 3]), bad()] });
export const jsonBatch = (bad: object | string) => (): RestCall =>
  ['PUT', `${path}/records`, `{"records": [{"id": "fine", "vector": [1, 2, 3]}, ${typeof bad === 'string' ? bad : JSON.stringify(bad)}]}`];
