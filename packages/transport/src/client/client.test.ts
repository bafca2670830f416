import { strict as assert } from 'node:assert';
import { after, test } from 'node:test';
import { AppError } from '@proximadb/errors';
import { ScrollResponse, SearchResponse, WriteResponse, type SearchRequest } from '@proximadb/schemas';
import { startGrpc } from '../grpc/server.ts';
import { handlersWith, parts } from '../testing.ts';
import { createClient, type Client } from './client.ts';

const open: (() => Promise<void> | void)[] = [];
after(async () => { for (const close of open.reverse()) await close(); });

/** A server that answers with what it was asked: searches with `k`, pages with `limit`, writes with the collection. */
async function serve(searchStreams: boolean): Promise<Client> {
  const handlers = handlersWith({
    search: async ({ k }) => SearchResponse.create({ token: String(k) }),
    scroll: async ({ limit }) => ScrollResponse.create({ cursor: String(limit) }),
    upsert: async ({ collection }) => WriteResponse.create({ token: collection }),
  });
  const server = await startGrpc({ port: 0, handlers, ...parts() });
  const client = createClient(`127.0.0.1:${server.port}`, { searchStreams, backoffMs: 1 });
  open.push(() => server.close(50), () => client.close());
  return client;
}

/** What JavaScript lets through, and types do not. */
const untyped = (fields: object): Partial<SearchRequest> => fields;

const refused = (request: string) => (error: unknown): boolean =>
  error instanceof AppError && error.code === 'INVALID_ARGUMENT' && error.message.startsWith(`this is no ${request}: `);

for (const searchStreams of [false, true]) {
  const way = searchStreams ? 'over streams' : 'with a call each';
  test(`a search that is not of its type is the caller's to mend, and the next one is answered (${way})`, async () => {
    const client = await serve(searchStreams);
    for (const fields of [{ k: 'ten' }, { k: 1.5 }, { k: 2 ** 31 }, { include: ['VECTORS?'] }, { read: { timeoutMs: 'soon' } }]) {
      await assert.rejects(client.search(untyped(fields)), refused('SearchRequest'), JSON.stringify(fields));
    }
    assert.equal((await client.search({ k: 3 })).token, '3');
  });

  test(`a field that is undefined has its default (${way})`, async () => {
    const client = await serve(searchStreams);
    assert.equal((await client.search(untyped({ k: undefined, filter: undefined, vector: undefined, read: undefined }))).token, '0');
  });
}

test('calls of every kind say so', async () => {
  const client = await serve(false);
  await assert.rejects(client.scroll({ limit: 'all' as unknown as number }), refused('ScrollRequest'));
  assert.equal((await client.scroll({ limit: 5 })).cursor, '5');
});

test('a stream goes on after a request that is not of its type', async () => {
  const client = await serve(false);
  const exchange = client.upsertStream();
  await assert.rejects(exchange.send({ records: ['bytes'] as unknown as Uint8Array[] }), refused('UpsertRequest'));
  await exchange.send({ collection: 'words' });
  exchange.end();
  const answers: string[] = [];
  for await (const { token } of exchange) answers.push(token);
  assert.deepEqual(answers, ['words']);
});
