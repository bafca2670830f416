import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Document } from '@langchain/core/documents';
import { Embeddings } from '@langchain/core/embeddings';
import { ProximaError, type Database } from './index.ts';
import { ProximaVectorStore, type DocumentMetadata } from './langchain.ts';
import { ServerProcess } from './testing/server.ts';

/** How often each letter comes: texts of the same letters are near to each other. */
class Letters extends Embeddings {
  static readonly dimension = 26;

  constructor() {
    super({});
  }

  override async embedDocuments(texts: string[]): Promise<number[][]> {
    return Promise.all(texts.map((text) => this.embedQuery(text)));
  }

  override async embedQuery(text: string): Promise<number[]> {
    const counts = new Array<number>(Letters.dimension).fill(0.01);
    for (const letter of text.toLowerCase().match(/[a-z]/g) ?? []) counts[letter.charCodeAt(0) - 97] = (counts[letter.charCodeAt(0) - 97] ?? 0) + 1;
    return counts;
  }
}

let server: ServerProcess;
before(async () => { server = await ServerProcess.start(); });
after(() => server[Symbol.asyncDispose]());

for (const transport of ['grpc', 'rest'] as const) {
  describe(`over ${transport}`, () => {
    let db: Database;
    let store: ProximaVectorStore;
    const name = `documents-${transport}`;
    before(async () => {
      db = server.connect(transport);
      const collection = await db.createCollection<DocumentMetadata>({ name, dimension: Letters.dimension });
      const metadata = [{ n: 1, deep: { er: [1.5] } }, { n: 2 }, { n: 3 }];
      store = await ProximaVectorStore.fromTexts(['abba', 'baab baab', 'xyz'], metadata, new Letters(), { collection });
    });
    after(() => db[Symbol.asyncDispose]());

    test('documents are found by their texts, with their metadata, in scores that fall', async () => {
      const found = await store.similaritySearch('ab', 2);
      assert.deepEqual(found.map(({ pageContent }) => pageContent).sort(), ['abba', 'baab baab']);
      const [abba] = await store.similaritySearch('abba', 1, { 'metadata.n': 1 });
      assert.deepEqual(abba?.metadata, { n: 1, deep: { er: [1.5] } });
      assert.equal(JSON.stringify(abba?.metadata), '{"n":1,"deep":{"er":[1.5]}}');
      const scored = await store.similaritySearchWithScore('xyz', 3);
      assert.equal(scored[0]?.[0].pageContent, 'xyz');
      assert.ok((scored[0]?.[1] ?? 0) > (scored[1]?.[1] ?? 1));
    });

    test('a filter leaves out what does not match, and a retriever passes it on', async () => {
      const found = await store.similaritySearch('abba', 10, { 'metadata.n': { $gte: 2 } });
      assert.deepEqual(found.map(({ metadata }) => metadata['n'] as number).sort(), [2, 3]);
      const retriever = store.asRetriever({ k: 1, filter: { 'metadata.n': 3 } });
      assert.deepEqual((await retriever.invoke('abba')).map(({ pageContent }) => pageContent), ['xyz']);
    });

    test('ids are the given ones, the documents\' own, or new ones; the same id is written anew', async () => {
      const documents = [new Document({ pageContent: 'own', id: 'own-id' }), new Document({ pageContent: 'none', metadata: { kind: 'x' } })];
      const ids = await store.addDocuments(documents);
      assert.equal(ids[0], 'own-id');
      assert.match(ids[1] ?? '', /^[0-9a-f]{32}$/);
      assert.deepEqual(await store.addDocuments([new Document({ pageContent: 'given' })], { ids: ['own-id'] }), ['own-id']);
      const [first, second] = await store.getByIds(['own-id', ids[1] ?? '']);
      assert.deepEqual([first?.id, first?.pageContent, first?.metadata], ['own-id', 'given', {}]);
      assert.deepEqual(second, new Document({ id: ids[1] ?? '', pageContent: 'none', metadata: { kind: 'x' } }));
    });

    test('many documents are written, and deleted by ids and by a filter', async () => {
      const many = Array.from({ length: 1_100 }, (_, at) => new Document({ id: `m${at}`, pageContent: `text ${at}`, metadata: { many: true, at } }));
      assert.equal((await store.addDocuments(many)).length, 1_100);
      const matching = { filter: { 'metadata.many': true } };
      assert.equal(await db.collection(name).count(matching), 1_100);
      await store.delete({ ids: ['m0', 'm1'] });
      assert.equal(await db.collection(name).count(matching), 1_098);
      await store.delete({ filter: { 'metadata.many': true } });
      assert.equal(await db.collection(name).count(matching), 0);
    });

    test('by marginal relevance the hits differ from each other', async () => {
      const names = ['abc', 'abc abc', 'cba', 'abd'];
      await store.addDocuments(names.map((pageContent) => new Document({ pageContent, metadata: { mmr: true } })));
      const filter = { 'metadata.mmr': true };
      const nearest = await store.similaritySearch('abc', 2, filter);
      assert.ok(nearest.every(({ pageContent }) => pageContent !== 'abd'));
      const differing = await store.maxMarginalRelevanceSearch('abc', { k: 2, fetchK: 4, lambda: 0.1, filter });
      assert.deepEqual(differing.map(({ pageContent }) => pageContent).filter((text) => text === 'abd'), ['abd']);
      assert.equal(differing.length, 2);
    });

    test('what no record can hold is refused, by its name', async () => {
      const bad = new Document({ pageContent: 'x', metadata: { when: new Date() } });
      await assert.rejects(store.addDocuments([bad]), (thrown) => thrown instanceof ProximaError && /metadata\.metadata\.when/.test(thrown.message));
    });
  });
}
