/**
 * The whole way of a collection, over each transport, with real embeddings and nothing but what users have: the client for TypeScript, and an
 * Avro tool for what lies on the disk. Every step is asserted.
 */
import { strict as assert } from 'node:assert';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectGrpc, ProximaError, type Collection, type Database } from 'proximadb';
import { connect as connectRest } from 'proximadb/rest';
import { ChildServer, TemporaryFolder } from '../server.ts';
import { catalogEvents, logEntries, recordOf, segmentRecords } from './disk.ts';
import { dimension, frequentWords, type Word } from './embeddings.ts';

interface Metadata {
  readonly length: number;
  readonly rank: number;
  readonly first: string;
  readonly seen?: boolean;
}

const words = frequentWords(1_500);
const inserted = words.slice(0, 1_200);
const metadataOf = ({ text }: Word, rank: number): Metadata => ({ length: text.length, rank, first: text.charAt(0) });
const vectorOf = (text: string): Float32Array => words.find((word) => word.text === text)?.vector ?? assert.fail(`${text} is not among the words`);

function cosine(left: Float32Array, right: Float32Array): number {
  const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, number, i) => sum + number * (b[i] ?? 0), 0);
  return dot(left, right) / Math.sqrt(dot(left, left) * dot(right, right));
}

/** The nearest by comparing with all of them, here. */
function nearest(query: Float32Array, among: readonly Word[], k: number): string[] {
  return among.map(({ text, vector }) => ({ text, score: cosine(query, vector) })).sort((a, b) => b.score - a.score).slice(0, k).map(({ text }) => text);
}

const growingRowsMax = 64;
const flags = ['--indexer-growing-rows-max', String(growingRowsMax), '--indexer-maintenance-ms', '20'];

for (const transport of ['grpc', 'rest'] as const) {
  describe(`over ${transport}`, () => {
    test('a collection from its making to after a restart', async (context) => {
      using folder = new TemporaryFolder();
      const data = folder.path;
      const server = new ChildServer(data, flags);
      const connectTo = ({ grpcPort, restPort }: { readonly grpcPort: number; readonly restPort: number }): Database =>
        (transport === 'grpc' ? connectGrpc(`127.0.0.1:${grpcPort}`) : connectRest(`http://127.0.0.1:${restPort}`));
      const ports = await server.ready();
      const db = connectTo(ports);
      let collection: Collection<Metadata>;
      let log = 0n;
      const live = new Map(inserted.map((word, rank) => [word.text, { word, metadata: metadataOf(word, rank) }]));

      // gRPC's health follows what the process says of itself a moment later.
      const isReady = async (to: Database): Promise<void> => {
        const stop = AbortSignal.timeout(60_000);
        while (!await to.ready()) assert.ok(!stop.aborted, 'it does not get ready');
      };
      await context.test('health: it is ready', () => isReady(db));

      await context.test('create', async () => {
        collection = await db.createCollection<Metadata>({ name: 'words', dimension, partitions: 3, tags: { of: 'a test' } });
        const described = await collection.describe();
        ({ log } = described);
        assert.deepEqual([described.name, described.dimension, described.partitions, described.tags], ['words', dimension, 3, { of: 'a test' }]);
        assert.deepEqual((await db.listCollections()).map(({ name }) => name), ['words']);
        assert.deepEqual((await catalogEvents(data)).filter(({ kind }) => kind.startsWith('Collection')),
          [{ kind: 'CollectionCreated', name: 'words' }, { kind: 'CollectionReady', name: undefined }]);
      });

      await context.test('insert real embeddings', async () => {
        const records = inserted.map((word, rank) => ({ id: word.text, vector: word.vector, metadata: metadataOf(word, rank) }));
        const report = await collection.write(records, { batchRecords: 100 });
        assert.deepEqual(report, { written: 1_200, refused: [], batches: 12 });
        assert.equal(await collection.count(), 1_200);
      });

      const searches = async (): Promise<void> => {
        const among = [...live.values()].map(({ word }) => word);
        for (const text of ['king', 'music', 'water']) {
          const query = vectorOf(text);
          const { hits } = await collection.search(query, { k: 10, exact: true, include: ['metadata'] });
          assert.deepEqual(hits.map(({ id }) => id), nearest(query, among, 10), text);
          for (const { id, score, metadata } of hits) {
            assert.ok(Math.abs(score - cosine(query, live.get(id)?.word.vector ?? query)) < 1e-5);
            assert.equal(metadata.rank, BigInt(live.get(id)?.metadata.rank ?? -1));
          }
          const byDefault = await collection.search(query, { k: 10 });
          assert.ok(byDefault.hits.filter(({ id }) => hits.some((hit) => hit.id === id)).length >= 9, 'by default the nearest are found, too');
          const short = await collection.search(query, { k: 10, filter: { length: { $lte: 4 }, first: { $ne: 't' } }, exact: true });
          assert.deepEqual(short.hits.map(({ id }) => id), nearest(query, among.filter((word) => word.text.length <= 4 && !word.text.startsWith('t')), 10));
        }
      };
      await context.test('search', searches);

      await context.test('get', async () => {
        const king = await collection.get('king');
        assert.deepEqual(king?.vector, vectorOf('king'));
        assert.equal(king?.metadata.first, 'k');
        assert.equal(await collection.get('no such word'), undefined);
      });

      await context.test('upsert: others, and one anew', async () => {
        const added = words.slice(1_200, 1_300);
        const { versions, refused } = await collection.upsert(added.map((word, at) =>
          ({ id: word.text, vector: word.vector, metadata: metadataOf(word, 1_200 + at), ifAbsent: true })));
        assert.deepEqual([versions.length, refused], [100, []]);
        added.forEach((word, at) => { live.set(word.text, { word, metadata: metadataOf(word, 1_200 + at) }); });
        const before = await collection.get('music');
        const other = { text: 'music', vector: vectorOf('king').map((number, i) => number + (i % 2) / 100) };
        const metadata = { ...metadataOf(other, 5), seen: true };
        const again = await collection.upsert([{ id: 'music', vector: other.vector, metadata, ifVersion: before?.version ?? '' }]);
        assert.deepEqual(again.refused, []);
        live.set('music', { word: other, metadata });
        assert.deepEqual((await collection.get('music'))?.metadata, { length: 5n, rank: 5n, first: 'm', seen: true });
      });

      await context.test('verify: every record is as it was written', async () => {
        let seen = 0;
        for await (const { id, vector, metadata } of collection.scroll({ pageRecords: 200 })) {
          const expected = live.get(id);
          assert.deepEqual(vector, expected?.word.vector, id);
          assert.deepEqual({ ...metadata, length: Number(metadata.length), rank: Number(metadata.rank) }, expected?.metadata, id);
          seen += 1;
        }
        assert.equal(seen, live.size);
        assert.equal((await collection.verify()).verdict, 'alone');
      });

      await context.test('delete: by ids, and by a filter', async () => {
        const { versions } = await collection.delete(['the', 'of']);
        assert.equal(versions.length, 2);
        const { deleted } = await collection.deleteWhere({ first: 'q' });
        const gone = [...live.keys()].filter((text) => text.startsWith('q'));
        assert.equal(deleted, gone.length);
        for (const text of ['the', 'of', ...gone]) live.delete(text);
        assert.equal(await collection.count(), live.size);
        assert.equal(await collection.get('the'), undefined);
      });

      await context.test('the log has every write, in the bytes of Avro', async () => {
        const schema = await (await fetch(`http://127.0.0.1:${ports.restPort}/v1/schemas/VectorRecord`)).json() as { id: number; schema: string };
        const entries = await logEntries(data, `proximadb-words-${log}`);
        const upserts = entries.filter(({ value }) => value !== null && value.readUInt32BE(1) === schema.id);
        const last = new Map(upserts.map(({ key, value }) => [key, value]));
        assert.equal(upserts.length, 1_200 + 100 + 1);
        for (const [text, { word, metadata }] of live) {
          const value = last.get(text);
          assert.ok(value != null, text);
          const record = recordOf(value, schema);
          assert.deepEqual([record.id, record.vector], [text, [...word.vector]]);
          assert.equal(record.metadata['rank']?.value?.['long'], BigInt(metadata.rank));
        }
        assert.ok(entries.some(({ key, value }) => key === 'the' && (value === null || value.readUInt32BE(1) !== schema.id)), 'a delete is a record, too');
      });

      /** Live records that containers hold as they were written last. */
      const inSegments = async (): Promise<number> => {
        const byId = Map.groupBy(await segmentRecords(data, log), ({ id }) => id);
        return [...live].filter(([text, { word, metadata }]) => byId.get(text)?.some((record) =>
          record.vector.every((number, i) => number === word.vector[i]) && record.metadata['rank']?.value?.['long'] === BigInt(metadata.rank))).length;
      };
      await context.test('segments are Avro container files with the records that are sealed', async () => {
        // While segments are sealed and merged, rows wait for that, and files come and go.
        for (const stop = AbortSignal.timeout(120_000); ; await sleep(50)) {
          const { sealed, growing } = await collection.stats();
          const found = await inSegments().catch(() => 0);
          if (Number(growing) <= 3 * growingRowsMax && sealed > 0n && found >= Number(sealed)) break;
          assert.ok(!stop.aborted, `${growing} rows are in memory, ${sealed} are sealed, ${found} of them in files`);
        }
      });

      await context.test('search again, in segments', searches);

      await context.test('stats add up', async () => {
        const { records, sealed, growing, lag, partitions } = await collection.stats();
        assert.deepEqual([records, sealed + growing, lag, partitions.length], [BigInt(live.size), BigInt(live.size), 0n, 3]);
        assert.deepEqual((await db.diagnose()).findings, []);
      });

      db.close();
      server.kill('SIGTERM');
      assert.equal((await server.ended).code, 0);
      await context.test('a server that stopped has all of them in segments', async () => { assert.equal(await inSegments(), live.size); });
      await using restarted = new ChildServer(data, flags);
      await using again = connectTo(await restarted.ready());
      collection = again.collection<Metadata>('words');

      await context.test('after a restart all is there', async () => {
        await isReady(again);
        assert.equal(await collection.count(), live.size);
        assert.deepEqual((await collection.describe()).log, log);
      });

      await context.test('search after the restart', searches);

      await context.test('the collection is deleted, and its log says so', async () => {
        await again.deleteCollection('words');
        await assert.rejects(collection.count(), (thrown: ProximaError) => thrown instanceof ProximaError && thrown.code === 'NOT_FOUND');
        assert.ok((await catalogEvents(data)).some(({ kind }) => kind === 'CollectionDeleted'));
      });
    });
  });
}
