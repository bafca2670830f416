import { strict as assert } from 'node:assert';
import { randomInt, randomUUID } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openBlobs, type BlobStore } from '@proximadb/blobs';
import { AppError, type Code } from '@proximadb/errors';
import { offset, partition as partitionOf } from '@proximadb/log';
import { readManifest, writeManifest } from '@proximadb/segment';
import { missing, sharedMinio } from '@proximadb/test-cluster';
import { filesOf, filesOfSegment } from './head.ts';
import { eraseLog, Snapshots, type SnapshotsOptions } from './index.ts';
import { bytesOf, log, openWhole, partition, stageStates, walkerOf, type Staged, type States } from './testing/staged.ts';
import { WatchedStore } from './testing/watched-store.ts';

const isCode = (code: Code, ...words: string[]) => (error: unknown): boolean => {
  assert.ok(error instanceof AppError, String(error));
  assert.deepEqual([error.code, ...words.filter((word) => !error.message.includes(word))], [code], error.message);
  return true;
};
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
const root = mkdtempSync(join(tmpdir(), 'proximadb-snapshots-'));
const fresh = (): string => join(root, randomUUID());
let states: States;
before(async () => { states = await stageStates(); });
after(async () => {
  await states[Symbol.asyncDispose]();
  rmSync(root, { recursive: true });
});

const adapters = [
  { name: 'in a directory', skip: false as string | false, open: async () => openBlobs(`file://${fresh()}`) },
  { name: 'in S3', skip: missing('minio'), open: async () => {
    const { endpoint, region, bucket, accessKeyId, secretAccessKey } = await sharedMinio();
    return openBlobs(`s3://${bucket}/snapshots-${randomUUID()}`, { endpoint, region, credentials: { accessKeyId, secretAccessKey } });
  } },
];

for (const { name, skip, open } of adapters) {
  describe(`snapshots ${name}`, { skip }, () => {
    const opened: BlobStore[] = [];
    const warnings: string[] = [];
    /** Snapshots in a store of their own. */
    const make = async (options: Partial<SnapshotsOptions> = {}) => {
      const inner = await open();
      opened.push(inner);
      const store = new WatchedStore(inner);
      const snapshots = new Snapshots({ store, log, partition, walkerOf, warn: (event) => { warnings.push(event); }, ...options });
      /** Keys with a prefix after the partition's. */
      const keys = async (prefix = ''): Promise<string[]> => (await Array.fromAsync(inner.list(`${log}/${partition}/${prefix}`))).map(({ key }) => key);
      const publish = (staged: Staged) => snapshots.publish(staged.manifest, staged.segments);
      return { store, inner, snapshots, keys, publish };
    };
    /** Another bit somewhere, by default anywhere. */
    const damage = async (store: BlobStore, key: string, where = (bytes: number) => randomInt(bytes)): Promise<void> => {
      const path = fresh();
      await store.download(key, path);
      const bytes = readFileSync(path);
      const at = where(bytes.length);
      bytes[at] = bytes[at]! ^ (1 << randomInt(8));
      writeFileSync(path, bytes);
      await store.upload(key, path);
    };
    after(async () => {
      for (const store of opened) {
        await store.delete((await Array.fromAsync(store.list(''))).map(({ key }) => key));
        await store[Symbol.asyncDispose]();
      }
    });

    test('what was published is restored into an empty folder, and found', async () => {
      const { snapshots, publish, keys } = await make();
      const { rig: r, first, second, third } = states;
      for (const staged of [first, second, third]) {
        const published = await publish(staged);
        assert.deepEqual([published.kind, published.watermark], ['published', staged.manifest.watermark]);
        const directory = fresh();
        const restored = await snapshots.restore(directory);
        assert.deepEqual([restored?.kind, restored?.passedOver, restored?.downloadedBytes], ['restored', [], staged.bytes]);
        assert.deepEqual(plain(await readManifest(directory)), plain(staged.manifest));
        assert.equal(await openWhole(directory), await openWhole(staged.directory));
        assert.deepEqual(readdirSync(join(directory, 'segments')).sort(), staged.manifest.segments.map(({ id }) => id).sort());
      }
      assert.equal((await keys('manifests/')).length, 2);
      // The log no longer has what the snapshot covers: all that is found comes from it.
      const found = await r.search([2, 30, 0, 0], 100);
      const counted = (await r.host().count(await r.request(), null)).count;
      for (const each of [0, 1]) {
        const line = new Snapshots({ store: opened.at(-1)!, log, partition: each, walkerOf, warn: () => {} });
        const staged = fresh();
        await r.host().stage(log, each, staged);
        const manifest = (await readManifest(staged))!;
        assert.equal((await line.publish(manifest, join(staged, 'segments'))).kind, 'published');
        assert.ok((await line.restore(join(r.directory, `replica ${name}`, String(log), String(each)))) !== undefined);
        await r.log().trim(r.topic.topic, partitionOf(each), offset(manifest.watermark - 1));
      }
      const replica = r.replica(`replica ${name}`);
      try {
        const spec = { vector: Float32Array.from([2, 30, 0, 0]), k: 100, filter: null, exact: false, ef: null, records: true, explain: true };
        const { answers: [answer] } = await replica.search(await r.request(), [spec]);
        assert.ok(found.hits.length > 50);
        assert.deepEqual(answer?.hits.map(({ id, offset: at }) => `${id} ${at}`), found.hits.map(({ id, offset: at }) => `${id} ${at}`));
        assert.equal((await replica.count(await r.request(), null)).count, counted);
      } finally {
        await replica.close();
      }
    });

    test('a snapshot uploads what the one before does not name, and nothing else', async () => {
      const { store, publish } = await make();
      const { first, second, third } = states;
      const sizes: Record<string, number> = {};
      for (const staged of [first, second, third]) {
        store.calls.length = 0;
        const { kind, uploadedBytes } = await publish(staged);
        assert.equal(kind, 'published');
        const known = new Set(Object.keys(sizes));
        const added = staged.manifest.segments.filter(({ id }) => !known.has(id));
        assert.equal(uploadedBytes, bytesOf({ ...staged.manifest, segments: added }));
        assert.equal(store.calls.filter(({ call }) => call === 'upload').length, added.flatMap(filesOfSegment).length);
        for (const { id } of staged.manifest.segments) sizes[id] = 1;
      }
      assert.ok(first.bytes > 0 && second.bytes > first.bytes && third.manifest.segments.some(({ graph }) => graph !== null));
      store.calls.length = 0;
      assert.deepEqual(await publish(third), { kind: 'published', watermark: third.manifest.watermark, uploadedBytes: 0 });
      assert.deepEqual(store.calls.filter(({ call }) => call === 'upload' || call === 'putIf'), [], 'and the same once more nothing at all');
    });

    test('a graph that was built later goes up alone', async () => {
      const { snapshots, publish } = await make();
      const { third } = states;
      const segments = third.manifest.segments.map((each) => ({ ...each, graph: null }));
      const without = { ...third.manifest, generation: third.manifest.generation - 1, segments };
      await snapshots.publish(without, third.segments);
      const graphs = third.manifest.segments.reduce((sum, { graph }) => sum + (graph?.bytes ?? 0), 0);
      assert.equal((await publish(third)).uploadedBytes, graphs);
      const directory = fresh();
      await snapshots.restore(directory);
      assert.equal(await openWhole(directory), await openWhole(third.directory));
    });

    test('a bit that flips in any file on its way up keeps the snapshot from counting', async () => {
      const { store, inner, snapshots, publish, keys } = await make();
      const { first, third } = states;
      await publish(first);
      const head = (await inner.get(`${log}/${partition}/head`))?.content;
      const uploads = filesOf(third.manifest).map(({ id, file }) => `${id}/${file.name}`);
      assert.ok(uploads.length >= 6);
      for (let i = 0; i < uploads.length; i += 1) {
        let seen = 0;
        store.after = async (call, key) => {
          if (call === 'upload' && seen++ === i) await damage(inner, key);
        };
        await assert.rejects(publish(third), isCode('DATA_LOSS', 'blob store', `${log}/${partition}/segments/`), uploads[i]);
        assert.deepEqual((await inner.get(`${log}/${partition}/head`))?.content, head);
        assert.deepEqual(readdirSync(third.segments).filter((each) => each.startsWith('tmp-')), []);
      }
      store.after = () => {};
      assert.equal((await publish(third)).kind, 'published');
      assert.ok((await keys('segments/')).length > uploads.length, 'what was spoilt is garbage');
      assert.equal((await snapshots.restore(fresh()))?.passedOver.length, 0);
    });

    test('a file that is damaged on this disk keeps the snapshot from counting, and is named', async () => {
      const { snapshots, inner } = await make();
      const { first } = states;
      for (const file of first.manifest.segments[0]!.files) {
        const directory = fresh();
        cpSync(first.segments, directory, { recursive: true });
        const path = join(directory, first.manifest.segments[0]!.id, file.name);
        const bytes = readFileSync(path);
        bytes[bytes.length >> 1]! ^= 1;
        writeFileSync(path, bytes);
        await assert.rejects(snapshots.publish(first.manifest, directory), isCode('DATA_LOSS', path));
      }
      assert.equal(await inner.get(`${log}/${partition}/head`), undefined);
    });

    test('the watermark of the head never goes back', async () => {
      const { publish, snapshots } = await make();
      const { first, second } = states;
      await publish(second);
      const lost = await publish(first);
      assert.deepEqual([lost.kind, lost.watermark, lost.uploadedBytes], ['lost', second.manifest.watermark, 0]);
      assert.ok(lost.kind === 'lost');
      assert.deepEqual(plain(lost.winner), plain(second.manifest));
      assert.equal((await snapshots.restore(fresh()))?.manifest.watermark, second.manifest.watermark);
    });

    test('of those who publish at once one is first, and the others hear of it', async () => {
      const { inner } = await make();
      const { first, second, third } = states;
      const others = Array.from({ length: 5 }, (_, i) => {
        const store = new WatchedStore(inner);
        // All have read the head before anybody replaces it.
        let waiting = true;
        store.before = async (call, key) => {
          if (!waiting || call !== 'putIf' || !key.endsWith('/head')) return;
          waiting = false;
          arrived += 1;
          while (arrived < 5) await new Promise((resolve) => setTimeout(resolve, 2));
        };
        return { staged: [first, second, third][i % 3]!, snapshots: new Snapshots({ store, log, partition, walkerOf, warn: () => {} }) };
      });
      let arrived = 0;
      const outcomes = await Promise.all(others.map(({ staged, snapshots }) => snapshots.publish(staged.manifest, staged.segments)));
      const winners = outcomes.flatMap((outcome, i) => (outcome.kind === 'published' ? [i] : []));
      assert.equal(winners.length, 1, JSON.stringify(winners));
      const won = others[winners[0]!]!.staged.manifest;
      for (const outcome of outcomes) if (outcome.kind === 'lost') assert.deepEqual(plain(outcome.winner), plain(won));
      const directory = fresh();
      const restored = await others[0]!.snapshots.restore(directory);
      assert.deepEqual(plain(restored?.manifest), plain(won));
      await openWhole(directory);
    });

    test('snapshots of another log under the same place are left alone', async () => {
      const { publish, snapshots } = await make();
      const { first, second } = states;
      await publish(first);
      for (const change of [{ cluster_id: 'another' }, { topic_id: 'another' }]) {
        await assert.rejects(snapshots.publish({ ...second.manifest, ...change }, second.segments), isCode('FAILED_PRECONDITION', 'operator'));
      }
      const directory = fresh();
      mkdirSync(directory);
      await writeManifest(directory, { ...first.manifest, cluster_id: 'another', watermark: 1 });
      await assert.rejects(snapshots.restore(directory), isCode('FAILED_PRECONDITION', 'operator'));
      assert.equal((await readManifest(directory))?.cluster_id, 'another');
    });

    test('the log is needed from the oldest kept snapshot on', async () => {
      for (const kept of [1, 2, 3]) {
        const { publish, snapshots } = await make({ kept });
        const marks = [states.first, states.second, states.third].map(({ manifest }) => manifest.watermark);
        assert.equal(await snapshots.oldestKept(), 0);
        for (const [i, staged] of [states.first, states.second, states.third].entries()) {
          await publish(staged);
          assert.equal(await snapshots.oldestKept(), marks[Math.max(0, i - kept + 1)], `${i + 1} of ${kept}`);
        }
        await snapshots.collect(Date.now());
        assert.equal(await snapshots.oldestKept(), marks[Math.max(0, 3 - kept)]);
      }
    });

    test('nothing is restored where there is nothing', async () => {
      const { snapshots } = await make();
      const directory = fresh();
      assert.equal(await snapshots.restore(directory), undefined);
      assert.equal(existsSync(directory), false);
    });

    test('a folder that covers as much as the snapshot stays as it is; an older one is brought forward by what it lacks', async () => {
      const { publish, snapshots } = await make();
      const { first, second } = states;
      await publish(first);
      const newer = fresh();
      cpSync(second.directory, newer, { recursive: true });
      const kept = await snapshots.restore(newer);
      assert.deepEqual([kept?.kind, kept?.manifest.watermark, kept?.downloadedBytes], ['local', second.manifest.watermark, 0]);
      assert.deepEqual(plain(await readManifest(newer)), plain(second.manifest));
      const older = fresh();
      cpSync(first.directory, older, { recursive: true });
      assert.equal((await snapshots.restore(older))?.kind, 'local');
      await publish(second);
      const restored = await snapshots.restore(older);
      assert.deepEqual([restored?.kind, restored?.downloadedBytes], ['restored', second.bytes - first.bytes]);
      assert.equal(await openWhole(older), await openWhole(second.directory));
    });

    test('a damaged file in the folder is replaced; a damaged manifest in it is not taken for none', async () => {
      const { publish, snapshots } = await make();
      await publish(states.first);
      const directory = fresh();
      await snapshots.restore(directory);
      const { id, files } = states.first.manifest.segments[0]!;
      writeFileSync(join(directory, 'segments', id, files[0]!.name), 'damaged');
      rmSync(join(directory, 'manifest.avro'));
      assert.equal((await snapshots.restore(directory))?.downloadedBytes, files[0]!.bytes);
      await openWhole(directory);
      writeFileSync(join(directory, 'manifest.avro'), 'damaged');
      await assert.rejects(snapshots.restore(directory), isCode('DATA_LOSS', directory));
    });

    test('where a blob of the newest snapshot is damaged or missing the one before is restored, and the next publish mends it', async () => {
      for (const how of ['damaged', 'missing'] as const) {
        const { publish, snapshots, inner, keys } = await make();
        const { first, second, third } = states;
        await publish(first);
        const before = new Set(await keys('segments/'));
        await publish(second);
        const spoilt = (await keys('segments/')).find((key) => !before.has(key))!;
        await (how === 'damaged' ? damage(inner, spoilt) : inner.delete([spoilt]));
        warnings.length = 0;
        const restored = await snapshots.restore(fresh());
        assert.equal(restored?.manifest.watermark, first.manifest.watermark);
        assert.deepEqual(restored.passedOver, [`the blob ${spoilt} is ${how}`]);
        assert.deepEqual(warnings, ['snapshot-damaged']);
        // The same manifest once more: its blob is uploaded anew.
        const again = await publish(second);
        assert.equal(again.kind, 'published');
        assert.ok(again.uploadedBytes > 0 && again.uploadedBytes < second.bytes);
        const whole = await snapshots.restore(fresh());
        assert.deepEqual([whole?.manifest.watermark, whole?.passedOver], [second.manifest.watermark, []]);
        await publish(third);
      }
    });

    test('where every snapshot is damaged nothing is restored, nor is a folder begun that could be opened', async () => {
      const { publish, snapshots, inner, keys } = await make();
      await publish(states.first);
      await publish(states.second);
      const [shared] = await keys(`segments/${states.first.manifest.segments[0]!.id}/`);
      await damage(inner, shared!);
      const directory = fresh();
      await assert.rejects(snapshots.restore(directory), isCode('DATA_LOSS', shared!, 'replica'));
      assert.equal(await readManifest(directory), undefined);
      // A replica mends it.
      assert.equal((await publish(states.second)).kind, 'published');
      assert.equal((await snapshots.restore(directory))?.kind, 'restored');
      await openWhole(directory);
    });

    test('a damaged graph is left out, and mended by the next publish', async () => {
      for (const how of ['damaged', 'missing'] as const) {
        const { publish, snapshots, inner, keys } = await make();
        await publish(states.third);
        const graphs = (await keys('segments/')).filter((key) => key.endsWith('.usearch'));
        assert.equal(graphs.length, 1);
        await (how === 'damaged' ? damage(inner, graphs[0]!) : inner.delete(graphs));
        const directory = fresh();
        const restored = await snapshots.restore(directory);
        assert.deepEqual([restored?.kind, restored?.passedOver.length], ['restored', 1]);
        assert.ok(restored?.manifest.segments.every(({ graph }) => graph === null));
        assert.equal(await openWhole(directory), await openWhole(states.third.directory));
        await publish(states.third);
        assert.deepEqual((await snapshots.restore(fresh()))?.passedOver, []);
      }
    });

    test('a damaged head is passed over, and the next one takes its place without going back', async () => {
      const { publish, snapshots, inner } = await make();
      const { first, second, third } = states;
      await publish(first);
      await publish(second);
      await publish(third);
      await damage(inner, `${log}/${partition}/head`, (bytes) => bytes - 40);
      const restored = await snapshots.restore(fresh());
      assert.deepEqual([restored?.manifest.watermark, restored?.manifest.generation], [second.manifest.watermark, second.manifest.generation]);
      assert.equal(restored?.passedOver.length, 1);
      const lost = await publish(first);
      assert.deepEqual([lost.kind, lost.watermark], ['lost', second.manifest.watermark]);
      assert.deepEqual(await publish(third), { kind: 'published', watermark: third.manifest.watermark, uploadedBytes: third.bytes });
      assert.deepEqual((await snapshots.restore(fresh()))?.passedOver, []);
    });

    test('a collection’s snapshots are erased, and nobody else’s', async () => {
      const { publish, inner, snapshots } = await make();
      const { first } = states;
      await publish(first);
      const neighbours = [`${log}1/0/head`, `${log + 1}/0/head`];
      for (const key of neighbours) await inner.putIf(key, Buffer.from('x'), null);
      await inner.putIf(`${log}/1/head`, Buffer.from('x'), null);
      await eraseLog(inner, log);
      assert.deepEqual((await Array.fromAsync(inner.list(''))).map(({ key }) => key), neighbours.sort());
      await eraseLog(inner, log);
      assert.equal(await snapshots.restore(fresh()), undefined);
    });

    test('who publishes into what is being erased does not bring it back', async () => {
      const { publish, inner, store, keys } = await make();
      await publish(states.first);
      store.before = async (call, key) => { if (call === 'putIf' && key.endsWith('/head')) await eraseLog(inner, log); };
      await assert.rejects(publish(states.second), isCode('ABORTED', 'erased'));
      assert.deepEqual(await keys(), []);
    });

    test('an aborted publish or restore is CANCELLED and changes nothing', async () => {
      const { store, snapshots, inner, publish } = await make();
      await publish(states.first);
      const head = (await inner.get(`${log}/${partition}/head`))?.content;
      const stop = new AbortController();
      store.before = (call) => { if (call === 'download') stop.abort(); };
      await assert.rejects(snapshots.publish(states.third.manifest, states.third.segments, stop.signal), isCode('CANCELLED'));
      assert.deepEqual((await inner.get(`${log}/${partition}/head`))?.content, head);
      assert.deepEqual(readdirSync(states.third.segments).filter((each) => each.startsWith('tmp-')), []);
      const directory = fresh();
      await assert.rejects(snapshots.restore(directory, AbortSignal.abort()), isCode('CANCELLED'));
      assert.equal(await readManifest(directory), undefined);
    });
  });
}
