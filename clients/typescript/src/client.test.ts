/** One table of tests, over gRPC and over REST: the entries have one surface. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Collection, Database, SearchOptions } from './index.ts';
import { ProximaError, type ErrorCode } from './index.ts';
import { ServerProcess } from './testing/server.ts';

interface Book {
  readonly lang: string;
  readonly year: bigint | number;
  readonly price?: number;
  readonly tags: readonly string[];
  readonly author?: { readonly name: string; readonly born: number | null };
  readonly cover?: Uint8Array;
}

let server: ServerProcess;
before(async () => { server = await ServerProcess.start(); });
after(() => server[Symbol.asyncDispose]());

const refusedAs = (code: ErrorCode, message?: RegExp) => (thrown: unknown): boolean => {
  assert.ok(thrown instanceof ProximaError, String(thrown));
  assert.equal(thrown.code, code, thrown.message);
  if (message !== undefined) assert.match(thrown.message, message);
  return true;
};

for (const transport of ['grpc', 'rest'] as const) {
  describe(`over ${transport}`, () => {
    let db: Database;
    let books: Collection<Book>;
    const name = `books-${transport}`;
    before(async () => {
      db = server.connect(transport);
      books = await db.createCollection<Book>({ name, dimension: 3, hnsw: { m: 8 }, description: 'of tests ☂', tags: { team: 'a' } });
    });
    after(() => db[Symbol.asyncDispose]());

    const le = {
      lang: 'en', year: 1969, price: 7.5, tags: ['sf', 'classic'], author: { name: 'Le Guin', born: 1929 }, cover: Uint8Array.of(0, 255, 7),
    } as const;

    test('it is ready', async () => {
      assert.equal(await db.ready(), true);
    });

    test('a collection is made, described, changed and listed', async () => {
      const made = await books.describe();
      assert.deepEqual([made.name, made.dimension, made.metric, made.partitions, made.hnsw.m, made.hnsw.efConstruction], [name, 3, 'cosine', 3, 8, 128]);
      assert.deepEqual([made.index, made.storage, made.recallTarget, made.description, made.tags], ['hnsw', 'memory', 0.95, 'of tests ☂', { team: 'a' }]);
      assert.equal(typeof made.log, 'bigint');
      assert.ok(made.createdAt > 1_700_000_000_000_000n);
      const changed = await books.update({ description: '', tags: { only: 'one' } });
      assert.deepEqual([changed.description, changed.tags], ['', { only: 'one' }]);
      assert.ok((await db.listCollections()).some((each) => each.name === name));
      await assert.rejects(db.createCollection({ name, dimension: 3 }), refusedAs('ALREADY_EXISTS'));
      await assert.rejects(db.collection('none').describe(), refusedAs('NOT_FOUND'));
    });

    test('what is written comes back with its types, and is read at once', async () => {
      const expiresAt = new Date(Date.now() + 3_600_000);
      const { versions, refused, token } = await books.upsert([
        { id: 'left ☂', vector: Float32Array.of(1, 0, 0.25), metadata: le, timestamp: 5n, expiresAt },
        { id: 'b', vector: [0, 1, 0], metadata: { lang: 'de', year: 2021n, tags: [] } },
        { id: 'bare', vector: [0, 0, 1] },
      ]);
      assert.deepEqual([versions.length, refused], [3, []]);
      assert.equal(books.token, token);
      const left = await books.get('left ☂');
      assert.deepEqual(left, {
        id: 'left ☂', version: versions[0], vector: Float32Array.of(1, 0, 0.25),
        metadata: { ...le, year: 1969n, author: { name: 'Le Guin', born: 1929n } }, timestamp: 5n, expiresAt: BigInt(expiresAt.getTime()) * 1000n,
      });
      const found = await books.get(['bare', 'none', 'b'], { include: ['metadata'] });
      assert.deepEqual(found.map(({ id, metadata }) => [id, metadata]), [['bare', {}], ['b', { lang: 'de', year: 2021n, tags: [] }]]);
      assert.equal('vector' in (found[0] ?? {}), false);
      assert.equal(await books.get('none'), undefined);
    });

    test('extreme values keep their bits', async () => {
      const all = await db.createCollection({ name: `extreme-${transport}`, dimension: 3, metric: 'dot' });
      const metadata = {
        most: 2n ** 63n - 1n, least: -(2n ** 63n), whole: 9007199254740992, negativeZero: -0, large: 1e300, small: 5e-324,
        none: null, yes: true, bytes: { $bytes: 'no bytes' }, map: { $map: { a: 1n } }, empty: {},
        nested: [[1.5, ['x', null]], { ü: '"\\\u0000' }], ['__proto__']: { a: 1n }, 'a.b': '😀',
      };
      await all.upsert([{ id: 'extreme', vector: [3.4028234663852886e38, 1.401298464324817e-45, -0], metadata }]);
      const back = await all.get('extreme');
      assert.deepEqual(back?.metadata, metadata);
      assert.ok(Object.is(back?.metadata['negativeZero'], -0));
      assert.deepEqual([...back?.vector ?? []], [3.4028234663852886e38, 1.401298464324817e-45, -0]);
    });

    test('a search finds the nearest, near a vector and near a record', async () => {
      const { hits, explain, coverage, logAway } = await books.search(Float32Array.of(1, 0.1, 0.2), { k: 2, include: ['metadata', 'vector'] });
      assert.deepEqual(hits.map(({ id }) => id), ['left ☂', 'bare']);
      assert.deepEqual([hits[0]?.vector, hits[0]?.metadata.year, hits[0]?.metadata.author?.name], [Float32Array.of(1, 0, 0.25), 1969n, 'Le Guin']);
      assert.ok(Math.abs((hits[0]?.score ?? 0) + (hits[0]?.distance ?? 0) - 1) < 1e-6);
      assert.deepEqual([explain, coverage, logAway], [null, null, null]);
      const near = await books.search({ id: 'b' }, { k: 1, explain: true, allowPartial: true });
      assert.deepEqual(Object.keys(near.hits[0] ?? {}).sort(), ['distance', 'id', 'score', 'version']);
      assert.ok((near.explain?.segments.length ?? 0) > 0);
      assert.deepEqual(near.coverage, { partitions: 3, answered: 3, missing: [] });
      const many = await books.searchMany([[1, 0, 0], { id: 'b' }], { k: 1, include: ['metadata'] });
      assert.deepEqual(many.map(({ hits: [first] }) => [first?.id, first?.metadata.lang]), [['left ☂', 'en'], ['b', 'de']]);
    });

    test('filters are asked as they are written', async () => {
      const ids = async (options: SearchOptions<Book>): Promise<string[]> => (await books.search([1, 1, 1], options)).hits.map(({ id }) => id).sort();
      assert.deepEqual(await ids({ filter: { year: { $gte: 1960, $lt: 2000n } } }), ['left ☂']);
      assert.deepEqual(await ids({ filter: { 'author.name': { $startsWith: 'Le' } } }), ['left ☂']);
      assert.deepEqual(await ids({ filter: { tags: { $in: ['sf'] } } }), ['left ☂']);
      assert.deepEqual(await ids({ filter: { price: 7.5 } }), ['left ☂']);
      assert.deepEqual(await ids({ filter: { $or: [{ lang: 'de' }, { price: { $exists: true } }] } }), ['b', 'left ☂']);
      assert.deepEqual(await ids({ filter: { $not: { lang: { $exists: true } } } }), ['bare']);
      assert.equal(await books.count({ filter: { lang: { $ne: 'en' } } }), 2);
      assert.equal(await books.count(), 3);
      await assert.rejects(db.collection(name).search([1, 1, 1], { filter: { $nor: [] } }), refusedAs('INVALID_ARGUMENT', /\$nor/));
    });

    test('patches change parts, and only of what is there', async () => {
      const { refused, versions } = await books.patch([{ id: 'b', set: { price: 1.5 }, unset: ['tags'], expiresAt: null }, { id: 'none', set: {} }]);
      assert.deepEqual(refused, [{ record: 1, id: 'none', reason: 'missing' }]);
      assert.deepEqual((await books.get('b'))?.metadata, { lang: 'de', year: 2021n, price: 1.5 });
      assert.equal((await books.get('b'))?.version, versions[0]);
      await books.patch([{ id: 'b', vector: Float32Array.of(0, 2, 0) }]);
      assert.deepEqual((await books.get('b', { include: ['vector'] }))?.vector, Float32Array.of(0, 2, 0));
    });

    test('conditions are decided record by record', async () => {
      const version = (await books.get('b'))?.version ?? '';
      const { refused, versions } = await books.upsert([
        { id: 'b', vector: [0, 1, 0], ifVersion: version, metadata: { lang: 'fr', year: 1, tags: [] } },
        { id: 'bare', vector: [0, 0, 1], ifAbsent: true },
      ]);
      assert.deepEqual([refused, versions[1]], [[{ record: 1, id: 'bare', reason: 'exists' }], '']);
      await assert.rejects(books.upsert([{ id: 'b', vector: [0, 1, 0], ifVersion: version }]), (thrown) => {
        refusedAs('ABORTED')(thrown);
        return (thrown as ProximaError).details[0]?.reason === 'version_mismatch';
      });
      const deleted = await books.delete(['b', 'bare'], { conditions: [{ ifVersion: version }, { ifPresent: true }] });
      assert.deepEqual(deleted.refused, [{ record: 0, id: 'b', reason: 'version_mismatch' }]);
      assert.equal(await books.get('bare'), undefined);
      await assert.rejects(books.upsert([{ id: 'b', vector: [0, 1, 0], ifVersion: version, ifAbsent: true }]), refusedAs('INVALID_ARGUMENT', /only one of/));
    });

    test('a mistake is named by record and field, and says who must act', async () => {
      await assert.rejects(books.upsert([{ id: 'x', vector: [1, 2, 3] }, { id: 'y', vector: [1, 2] }]), (thrown) => {
        refusedAs('INVALID_ARGUMENT')(thrown);
        const { details, retryable } = thrown as ProximaError;
        assert.deepEqual([details[0]?.record, details[0]?.field, retryable], [1, 'vector', false]);
        return true;
      });
      await assert.rejects(books.upsert([{ id: 'x', vector: [1, NaN, 3] }]), refusedAs('INVALID_ARGUMENT', /vector\[1\].*finite/));
      const date = { lang: 'en', year: 1, tags: [], author: new Date() } as unknown as Book;
      await assert.rejects(books.upsert([{ id: 'x', vector: [1, 2, 3], metadata: date }]), refusedAs('INVALID_ARGUMENT', /metadata\.author.*Date/));
      await assert.rejects(books.search([1, 2]), refusedAs('INVALID_ARGUMENT', /dimension/));
      assert.equal(await books.get('x'), undefined);
    });

    test('everything can be looked after', async () => {
      const stats = await books.stats();
      assert.deepEqual([stats.collection, stats.partitions.length, typeof stats.records], [name, 3, 'bigint']);
      assert.equal((await books.verify()).verdict, 'alone');
      assert.deepEqual((await db.diagnose()).findings, []);
      await assert.rejects(books.reindexing(), refusedAs('NOT_FOUND'));
      const started = await books.reindex({ partitions: 2 });
      assert.equal(started.collection, name);
      while ((await books.reindexing()).state !== 'done') await new Promise((resolve) => { setTimeout(resolve, 20); });
      assert.equal((await books.describe()).partitions, 2);
      assert.deepEqual((await books.search([1, 0, 0], { k: 1 })).hits.map(({ id }) => id), ['left ☂'], 'a token of the old generation goes on');
    });

    test('all that match are deleted, and so is the collection', async () => {
      await books.upsert(Array.from({ length: 20 }, (_, at) => ({ id: `d${at}`, vector: [1, at, 0], metadata: { lang: 'xx', year: at, tags: [] } })));
      assert.deepEqual(await books.deleteWhere({ lang: 'xx', year: { $lt: 15 } }), { deleted: 15, changed: 0 });
      assert.equal(await books.count({ filter: { lang: 'xx' } }), 5);
      await db.deleteCollection(name);
      await assert.rejects(books.count(), refusedAs('NOT_FOUND'));
      await assert.rejects(db.deleteCollection(name), refusedAs('NOT_FOUND'));
    });
  });
}
