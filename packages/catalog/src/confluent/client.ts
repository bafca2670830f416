/**
 * The client of the Confluent API: its paths, bodies and headers are the library's, its requests go out by our transport. The library's own
 * never settles if an answer breaks off, calls an outage a status 400, and reads a body of any size; its SchemaRegistry class, which is not
 * used, answers from a cache that nothing empties.
 */
import api, { type SchemaRegistryAPIClient, type SchemaRegistryAPIClientArgs } from '@kafkajs/confluent-schema-registry/dist/api/index.js';
import { assert } from '@proximadb/errors';
import type { RegistryTransport } from './transport.ts';

type Middleware = NonNullable<SchemaRegistryAPIClientArgs['middlewares']>[number];
type Descriptor = ReturnType<Middleware>;
type LibraryResponse = Awaited<ReturnType<NonNullable<Descriptor['response']>>>;

/** Every call of it takes a deadline as its second argument; {@link within} makes it. */
export type RegistryClient = Pick<SchemaRegistryAPIClient, 'Schema' | 'Subject'>;

const deadlineKey = 'deadlineMs';

/** @param deadlineMs - of the monotonic clock */
export function within(deadlineMs: number): { readonly [deadlineKey]: number } {
  return { [deadlineKey]: deadlineMs };
}

export function createRegistryClient(transport: RegistryTransport): RegistryClient {
  return api.default({ host: '', clientId: 'proximadb', middlewares: [throughOwn(transport)] });
}

/** Ours is the outermost: what it throws reaches the caller as it is, and the library's own transport is not called. */
function throughOwn(transport: RegistryTransport): Middleware {
  return () => ({
    async response(_next, _renew, request): Promise<LibraryResponse> {
      const deadlineMs = request.context<{ readonly [deadlineKey]?: number }>()[deadlineKey];
      assert(deadlineMs !== undefined, 'every question to the registry has a deadline');
      const body: unknown = request.body();
      const json = await transport.ask({
        method: request.method().toUpperCase(), path: request.path(), headers: request.headers() as Record<string, string>,
        body: typeof body === 'string' ? body : undefined,
      }, deadlineMs);
      // Of a response only its data is read.
      return { data: () => json } as LibraryResponse;
    },
  });
}
