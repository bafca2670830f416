/**
 * What every adapter of the blob store port promises, as tests on the real thing. Call {@link blobContract} from a test file of the adapter.
 * Keys begin at random and are deleted at the end, so that the suite may run on a server that others use.
 */
import { strict as assert } from 'node:assert';
import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test as nodeTest } from 'node:test';
import { AppError, type Code } from '@proximadb/errors';
import fc from 'fast-check';
import { smallBytesMax, type Blob, type BlobStore, type Revision } from './port.ts';

/** The runner awaits its tests itself. */
const test = (title: string, body: () => Promise<void>): void => void nodeTest(title, { timeout: 120_000 }, body);
const isCode = (code: Code) => (error: unknown): boolean => error instanceof AppError && error.code === code;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (content: Uint8Array | undefined): string => new TextDecoder().decode(content);
const MiB = 1024 * 1024;

/** What the tests of a suite share. */
interface Rig {
  readonly store: BlobStore;
  /** A folder of this machine, for files. */
  readonly directory: string;
  /** A key of this run. */
  key(name: string): string;
}

/**
 * The contract suite.
 * @param name the adapter's.
 * @param open a new handle on the store.
 * @param options.skip why it cannot run here; false if it can.
 */
export function blobContract(name: string, open: () => Promise<BlobStore>, options: { readonly skip?: string | false } = {}): void {
  void describe(`blob store contract: ${name}`, { skip: options.skip ?? false }, () => {
    const prefix = `contract-${randomUUID()}/`;
    let store: BlobStore;
    let other: BlobStore;
    let directory: string;
    before(async () => {
      store = await open();
      other = await open();
      directory = await mkdtemp(join(tmpdir(), 'proximadb-blobs-'));
    });
    after(async () => {
      await store.delete((await listed(store, prefix)).map(({ key }) => key));
      await store[Symbol.asyncDispose]();
      await other[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    });
    const rig: Rig = {
      get store() { return store; },
      get directory() { return directory; },
      key: (key) => prefix + key,
    };
    files(rig);
    comparing(rig, () => [store, other]);
    listings(rig);
    deletions(rig);
    refusals(rig);
  });
}

async function listed(store: BlobStore, prefix: string): Promise<Blob[]> {
  const blobs: Blob[] = [];
  for await (const blob of store.list(prefix)) blobs.push(blob);
  return blobs;
}

async function fileOf(rig: Rig, content: Uint8Array): Promise<string> {
  const path = join(rig.directory, randomUUID());
  await writeFile(path, content);
  return path;
}

async function downloaded(rig: Rig, key: string): Promise<Buffer> {
  const path = join(rig.directory, randomUUID());
  await rig.store.download(key, path);
  const content = await readFile(path);
  await rm(path);
  return content;
}

function files(rig: Rig): void {
  test('a file of any size comes back byte for byte', async () => {
    for (const size of [0, 1, 4_095, MiB + 1, 16 * MiB, 16 * MiB + 1, 40 * MiB + 3]) {
      const content = randomBytes(size);
      const key = rig.key(`sizes/${size}`);
      const path = await fileOf(rig, content);
      await rig.store.upload(key, path);
      await rm(path);
      assert.ok((await downloaded(rig, key)).equals(content), `${size} bytes`);
      assert.deepEqual((await listed(rig.store, key)).map((blob) => [blob.key, blob.bytes]), [[key, size]]);
    }
  });

  test('an upload takes the place of what was there, smaller or larger', async () => {
    const key = rig.key('replaced');
    for (const size of [1_000, 17 * MiB, 10, 18 * MiB]) {
      const content = randomBytes(size);
      await rig.store.upload(key, await fileOf(rig, content));
      assert.ok((await downloaded(rig, key)).equals(content), `${size} bytes`);
    }
  });

  test('who reads while others write sees one of the contents, whole', async () => {
    const key = rig.key('busy');
    const contents = [3 * MiB, 17 * MiB, 100].map((size, i) => Buffer.alloc(size, i + 1));
    const paths = await Promise.all(contents.map((content) => fileOf(rig, content)));
    await rig.store.upload(key, paths[0] ?? '');
    let writing = true;
    const writer = (async () => {
      for (let round = 0; round < 9; round += 1) await rig.store.upload(key, paths[round % 3] ?? '');
    })().finally(() => { writing = false; });
    let looks = 0;
    while (writing) {
      const read = await downloaded(rig, key);
      assert.ok(contents.some((content) => content.equals(read)), `${read.length} bytes that nobody wrote`);
      looks += 1;
    }
    await writer;
    assert.ok(looks > 2);
  });

  test('many files go up and down at once', async () => {
    const contents = Array.from({ length: 40 }, (_, i) => randomBytes(i % 10 === 0 ? 17 * MiB : randomInt(200_000)));
    const paths = await Promise.all(contents.map((content) => fileOf(rig, content)));
    await Promise.all(paths.map((path, i) => rig.store.upload(rig.key(`many/${i}`), path)));
    const read = await Promise.all(paths.map((_, i) => downloaded(rig, rig.key(`many/${i}`))));
    contents.forEach((content, i) => { assert.ok(read[i]?.equals(content), String(i)); });
  });

  test('what is not there is NOT_FOUND, and leaves no file', async () => {
    const path = join(rig.directory, randomUUID());
    await assert.rejects(rig.store.download(rig.key('nothing'), path), isCode('NOT_FOUND'));
    assert.equal(existsSync(path), false);
    await assert.rejects(rig.store.upload(rig.key('never'), path), isCode('NOT_FOUND'));
    assert.deepEqual(await listed(rig.store, rig.key('never')), []);
  });

  test('a download never writes over a file', async () => {
    const key = rig.key('precious');
    await rig.store.upload(key, await fileOf(rig, bytes('new')));
    const path = await fileOf(rig, bytes('old'));
    await assert.rejects(rig.store.download(key, path), isCode('ALREADY_EXISTS'));
    assert.equal(textOf(await readFile(path)), 'old');
  });

  test('an aborted call is CANCELLED, and leaves nothing', async () => {
    const path = await fileOf(rig, randomBytes(48 * MiB));
    const key = rig.key('aborted');
    await assert.rejects(rig.store.upload(key, path, AbortSignal.abort()), isCode('CANCELLED'));
    for (const afterMs of [0, 1, 5, 15]) {
      const settled = await rig.store.upload(key, path, AbortSignal.timeout(afterMs)).then(() => 'uploaded', (error: unknown) => error);
      assert.ok(settled === 'uploaded' || isCode('CANCELLED')(settled), String(settled));
      assert.equal((await listed(rig.store, key)).length, settled === 'uploaded' ? 1 : 0);
      await rig.store.delete([key]);
    }
    await rig.store.upload(key, path);
    const before = await readdir(rig.directory);
    const target = join(rig.directory, randomUUID());
    const settled = await rig.store.download(key, target, AbortSignal.timeout(3)).then(() => 'downloaded', (error: unknown) => error);
    assert.ok(settled === 'downloaded' || isCode('CANCELLED')(settled), String(settled));
    assert.equal((await readdir(rig.directory)).length, before.length + (settled === 'downloaded' ? 1 : 0));
    for (const call of [
      rig.store.download(key, target, AbortSignal.abort()), rig.store.get(key, AbortSignal.abort()), rig.store.delete([key], AbortSignal.abort()),
      rig.store.putIf(key, bytes(''), null, AbortSignal.abort()), Array.fromAsync(rig.store.list(key, AbortSignal.abort())),
    ]) await assert.rejects(call, isCode('CANCELLED'));
    assert.equal((await listed(rig.store, key)).length, 1);
  });
}

function comparing(rig: Rig, stores: () => [BlobStore, BlobStore]): void {
  test('what is put under its revision is there, under another one it is not', async () => {
    const key = rig.key('compared');
    const { store } = rig;
    assert.equal(await store.get(key), undefined);
    const stray = await store.putIf(rig.key('stray'), bytes('stray'), null);
    assert.ok(stray !== undefined);
    assert.equal(await store.putIf(key, bytes('x'), stray), undefined, 'nothing is there');
    const first = await store.putIf(key, bytes('first'), null);
    assert.ok(first !== undefined);
    assert.deepEqual([textOf((await store.get(key))?.content), (await store.get(key))?.revision], ['first', first]);
    assert.equal(await store.putIf(key, bytes('x'), null), undefined);
    assert.equal(await store.putIf(key, bytes('x'), stray), undefined);
    assert.equal(textOf((await store.get(key))?.content), 'first');
    const second = await store.putIf(key, bytes('second'), first);
    assert.ok(second !== undefined && second !== first);
    assert.equal(await store.putIf(key, bytes('x'), first), undefined);
    assert.deepEqual([textOf((await store.get(key))?.content), (await store.get(key))?.revision], ['second', second]);
    await store.delete([key]);
    assert.equal(await store.putIf(key, bytes('x'), second), undefined);
    assert.equal(await store.get(key), undefined);
    assert.ok(await store.putIf(key, bytes('again'), null) !== undefined);
  });

  test('an uploaded object has a revision, too', async () => {
    const key = rig.key('uploaded');
    for (const size of [10, 17 * MiB]) {
      const content = randomBytes(size);
      await rig.store.upload(key, await fileOf(rig, content));
      const found = await rig.store.get(key);
      assert.ok(found !== undefined && Buffer.from(found.content).equals(content));
      const put = await rig.store.putIf(key, bytes(`after ${size}`), found.revision);
      assert.equal((await rig.store.get(key))?.revision, put);
      assert.ok(put !== undefined);
    }
  });

  test('empty contents and large ones are compared and set, up to the limit', async () => {
    const key = rig.key('limits');
    const empty = await rig.store.putIf(key, new Uint8Array(0), null);
    assert.equal((await rig.store.get(key))?.content.length, 0);
    const large = randomBytes(smallBytesMax);
    assert.ok(await rig.store.putIf(key, large, empty ?? null) !== undefined);
    assert.ok(Buffer.from((await rig.store.get(key))?.content ?? []).equals(large));
    await assert.rejects(rig.store.putIf(key, Buffer.alloc(smallBytesMax + 1), empty ?? null), isCode('INVALID_ARGUMENT'));
    await rig.store.upload(key, await fileOf(rig, Buffer.alloc(smallBytesMax + 1)));
    await assert.rejects(rig.store.get(key), isCode('RESOURCE_EXHAUSTED'));
  });

  test('of eight writers at once exactly one is first, in every round', async () => {
    const key = rig.key('raced');
    let revision: Revision | null = null;
    for (let round = 0; round < 60; round += 1) {
      const before: Revision | null = revision;
      const writers = Array.from({ length: 8 }, (_, writer) => bytes(`${round}.${writer}`));
      const puts = writers.map((content, writer) => (stores()[writer % 2] ?? rig.store).putIf(key, content, before));
      const answers: (Revision | undefined)[] = await Promise.all(puts);
      const winners = answers.flatMap((answer, writer) => (answer === undefined ? [] : [writer]));
      assert.equal(winners.length, 1, `round ${round}: ${winners.length} winners`);
      const found = await rig.store.get(key);
      assert.equal(textOf(found?.content), `${round}.${winners[0]}`);
      assert.equal(found?.revision, answers[winners[0] ?? 0]);
      revision = found?.revision ?? null;
    }
  });

  test('no step of eight writers who count together is lost', async () => {
    const key = rig.key('counted');
    const count = async (writer: number): Promise<void> => {
      const store = stores()[writer % 2];
      for (let done = 0; done < 12;) {
        const found = await store?.get(key);
        const next = bytes(String(Number(textOf(found?.content)) + 1));
        // Equal contents may have equal revisions: each step is a writer's own.
        if (await store?.putIf(key, next, found?.revision ?? null) !== undefined) done += 1;
      }
    };
    await Promise.all(Array.from({ length: 8 }, (_, writer) => count(writer)));
    assert.equal(textOf((await rig.store.get(key))?.content), '96');
  });
}

function listings(rig: Rig): void {
  test('a listing has every key with the prefix, in order, with size and time', async () => {
    const names = ['a/b/1', 'a/b/10', 'a/b/2', 'a/b-c', 'a/b.c', 'a/bb/1', 'a/B', 'a/_', 'a/0', 'b/a', 'ab'];
    const startMs = Date.now();
    const path = await fileOf(rig, bytes('12345'));
    for (const name of names) await rig.store.upload(rig.key(`list/${name}`), path);
    const endMs = Date.now();
    for (const prefix of ['', 'a', 'a/', 'a/b', 'a/b/', 'a/b/1', 'a/b-', 'a/bb', 'nothing', 'a/b/1/', 'b/a/x']) {
      const blobs = await listed(rig.store, rig.key(`list/${prefix}`));
      const expected = names.filter((name) => name.startsWith(prefix)).map((name) => rig.key(`list/${name}`)).sort();
      assert.deepEqual(blobs.map(({ key }) => key), expected, `prefix "${prefix}"`);
      for (const { bytes: size, modifiedMs } of blobs) {
        assert.equal(size, 5);
        assert.ok(modifiedMs >= startMs - 2_000 && modifiedMs <= endMs + 2_000, `${modifiedMs} is not between ${startMs} and ${endMs}`);
      }
    }
  });

  test('what is put later under a key that was there is younger', async () => {
    const key = rig.key('younger');
    const path = await fileOf(rig, bytes('x'));
    await rig.store.upload(key, path);
    const [first] = await listed(rig.store, key);
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await rig.store.upload(key, path);
    const [second] = await listed(rig.store, key);
    assert.ok((second?.modifiedMs ?? 0) > (first?.modifiedMs ?? Infinity));
  });

  test('any set of keys is listed in the order of the keys', async () => {
    const part = fc.stringMatching(/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,6}$/).map((text) => text.toLowerCase());
    // Files under even depths only: no key is the folder of another.
    const keys = fc.uniqueArray(fc.oneof(part.map((name) => `f${name}`), fc.tuple(part, part).map(([a, b]) => `d${a}/f${b}`)), { minLength: 1, maxLength: 12 });
    const path = await fileOf(rig, bytes('x'));
    let run = 0;
    await fc.assert(fc.asyncProperty(keys, async (names) => {
      run += 1;
      const prefix = rig.key(`any/${run}/`);
      await Promise.all(names.map((name) => rig.store.upload(prefix + name, path)));
      assert.deepEqual((await listed(rig.store, prefix)).map(({ key }) => key), names.map((name) => prefix + name).sort());
    }), { numRuns: 15, interruptAfterTimeLimit: 10_000 });
  });
}

function deletions(rig: Rig): void {
  test('more keys than a page holds are listed, and deleted', async () => {
    const path = await fileOf(rig, bytes('x'));
    const keys = Array.from({ length: 1_105 }, (_, i) => rig.key(`page/${String(i).padStart(4, '0')}`));
    for (let start = 0; start < keys.length; start += 50) await Promise.all(keys.slice(start, start + 50).map((key) => rig.store.upload(key, path)));
    assert.deepEqual((await listed(rig.store, rig.key('page/'))).map(({ key }) => key), keys);
    await rig.store.delete(keys.slice(0, 1_104));
    assert.deepEqual((await listed(rig.store, rig.key('page/'))).map(({ key }) => key), keys.slice(1_104));
  });

  test('deleting takes what is named and nothing else, and nothing is no error', async () => {
    const path = await fileOf(rig, bytes('x'));
    for (const name of ['del/a/b', 'del/a/bc', 'del/a-b']) await rig.store.upload(rig.key(name), path);
    await rig.store.delete([rig.key('del/a/b'), rig.key('del/never'), rig.key('del/a/b/never')]);
    assert.deepEqual((await listed(rig.store, rig.key('del/'))).map(({ key }) => key), [rig.key('del/a-b'), rig.key('del/a/bc')]);
    await rig.store.delete([]);
    await rig.store.delete([rig.key('del/a/b')]);
    assert.equal(await rig.store.get(rig.key('del/a/b')), undefined);
  });

  test('folders come and go while others put into them', async () => {
    const path = await fileOf(rig, bytes('x'));
    const churn = async (writer: number): Promise<void> => {
      for (let round = 0; round < 15; round += 1) {
        const key = rig.key(`churn/deep/er/${writer}`);
        await rig.store.upload(key, path);
        assert.ok((await rig.store.get(key)) !== undefined);
        await rig.store.delete([key]);
      }
    };
    await Promise.all([0, 1, 2, 3].map(churn));
    assert.deepEqual(await listed(rig.store, rig.key('churn/')), []);
  });
}

function refusals(rig: Rig): void {
  test('a key that is none is INVALID_ARGUMENT, wherever it is given', async () => {
    const path = await fileOf(rig, bytes('x'));
    const bad = ['', '/', '/a', 'a/', 'a//b', '.', '..', '../a', 'a/../b', 'a/./b', 'a b', 'ä', 'a+b', 'a\\b', 'a\0', 'x'.repeat(201), `${'x/'.repeat(450)}y`];
    for (const key of bad) {
      await assert.rejects(rig.store.upload(key, path), isCode('INVALID_ARGUMENT'), key);
      await assert.rejects(rig.store.download(key, join(rig.directory, randomUUID())), isCode('INVALID_ARGUMENT'), key);
      await assert.rejects(rig.store.get(key), isCode('INVALID_ARGUMENT'), key);
      await assert.rejects(rig.store.putIf(key, bytes('x'), null), isCode('INVALID_ARGUMENT'), key);
      await assert.rejects(rig.store.delete([rig.key('x'), key]), isCode('INVALID_ARGUMENT'), key);
    }
    for (const prefix of ['/', '../', 'a//', 'a/./b', 'a*', 'a/../../b']) {
      await assert.rejects(Array.fromAsync(rig.store.list(prefix)), isCode('INVALID_ARGUMENT'), prefix);
    }
  });

  test('the longest key is one', async () => {
    const part = 'k'.repeat(199);
    const key = rig.key([part, part, part, part].join('/')).slice(0, 850);
    await rig.store.putIf(key, bytes('x'), null);
    assert.deepEqual((await listed(rig.store, key)).map((blob) => blob.key), [key]);
  });
}
