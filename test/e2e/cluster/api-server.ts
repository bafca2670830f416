/** A cluster as one API: writes and collections go to a gateway, reads to a query service, as a load balancer would send them. */
import { strict as assert } from 'node:assert';
import { methods, type OperationName } from '@proximadb/schemas';
import type { Cluster } from '@proximadb/test-cluster';
import { createClient, type Client, type ClientOptions } from '@proximadb/transport/client';
import type { ApiServer } from '../both-transports/ask.ts';
import { callRest } from '../server.ts';

const reads: ReadonlySet<OperationName> = new Set<OperationName>([
  'search', 'searchBatch', 'get', 'scroll', 'count', 'stats', 'getSchema', 'verify', 'diagnose',
]);

export interface ClusterClient {
  readonly client: Client;
  close(): void;
}

/** One client for all gateways and all query services. */
export function clientOf(cluster: Cluster, options: ClientOptions = {}): ClusterClient {
  const writer = createClient(cluster.gateways.map(({ address }) => address).join(','), options);
  const reader = createClient(cluster.queries.map(({ address }) => address).join(','), options);
  const calls = Object.fromEntries(methods.filter(({ stream }) => stream === 'unary').map(({ operation }) =>
    [operation, (reads.has(operation) ? reader : writer)[operation]]));
  const close = (): void => {
    writer.close();
    reader.close();
  };
  const client = { ...writer, ...calls, searchStream: reader.searchStream, close, [Symbol.asyncDispose]: async () => { close(); } };
  return { client, close };
}

export function apiServer(cluster: Cluster, options: ClientOptions = {}): ApiServer {
  const connection = clientOf(cluster, options);
  const [gateway] = cluster.gateways;
  const [query] = cluster.queries;
  assert.ok(gateway !== undefined && query !== undefined);
  return {
    client: connection.client,
    rest: (method, path, body, headers) => callRest(isRead(method, path) ? query.restPort : gateway.restPort, method, path, body, headers),
    // What is in memory becomes segments when an indexer stops; the other replica group answers meanwhile.
    async settle() {
      for (const indexer of cluster.indexers) await indexer.restart();
    },
    async [Symbol.asyncDispose]() {
      connection.close();
      await cluster[Symbol.asyncDispose]();
    },
  };
}

/** By the routes of the API. */
function isRead(method: string, path: string): boolean {
  const [route = ''] = path.split('?');
  const found = methods.flatMap(({ operation, http, extraHttp }) => [http, extraHttp ?? null].map((each) => ({ operation, http: each })))
    .find(({ http }) => http?.method === method && new RegExp(`^${http.path.replace(/\{\w+\}/g, '[^/]+')}$`).test(route));
  return found === undefined || reads.has(found.operation);
}
