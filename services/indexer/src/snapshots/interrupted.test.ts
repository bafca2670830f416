import { strict as assert } from 'node:assert';
import { execFileSync, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { FsBlobs } from '@proximadb/blobs/fs';
import { AppError } from '@proximadb/errors';
import { readManifest } from '@proximadb/segment';
import { filesOf } from './head.ts';
import { Snapshots, type SnapshotsOptions } from './index.ts';
import { log, openWhole, partition, stageStates, walkerOf, type Staged, type States } from './testing/staged.ts';
import { WatchedStore } from './testing/watched-store.ts';

const root = mkdtempSync(join(tmpdir(), 'proximadb-interrupted-'));
const fresh = (): string => join(root, randomUUID());
let states: States;
let live: Map<number, number>;
before(async () => {
  states = await stageStates();
  live = new Map();
  for (const { manifest, directory } of [states.first, states.second, states.third]) live.set(manifest.generation, await openWhole(directory));
});
after(async () => {
  await states[Symbol.asyncDispose]();
  rmSync(root, { recursive: true });
});

/** Garbage is garbage at once, so that every mistake shows. */
const eager: Partial<SnapshotsOptions> = { kept: 1, garbageAgeMs: 0 };
const on = (store: FsBlobs | WatchedStore, options: Partial<SnapshotsOptions> = {}): Snapshots =>
  new Snapshots({ store, log, partition, walkerOf, warn: () => {}, ...options });
const publish = async (snapshots: Snapshots, staged: Staged, watermark = staged.manifest.watermark) =>
  snapshots.publish({ ...staged.manifest, watermark }, staged.segments);
/** As `collect` wants it: later than all that is there. */
const later = (): number => Date.now() + 60_000;

/** A directory with some snapshots, of which each case gets a copy. */
async function template(...published: Staged[]): Promise<string> {
  const directory = fresh();
  const store = await FsBlobs.open(directory);
  for (const staged of published) assert.equal((await publish(on(store), staged)).kind, 'published');
  return directory;
}

async function copyOf(directory: string): Promise<{ store: FsBlobs; watched: WatchedStore }> {
  const copy = fresh();
  cpSync(directory, copy, { recursive: true, preserveTimestamps: true });
  const store = await FsBlobs.open(copy);
  return { store, watched: new WatchedStore(store) };
}

/** The newest snapshot is whole: it is restored without a complaint, opened, and has the rows it should have. */
async function assertWhole(store: FsBlobs, ...oneOf: Staged[]): Promise<void> {
  const directory = fresh();
  const restored = await on(store).restore(directory);
  assert.deepEqual(restored?.passedOver, []);
  const { generation } = restored.manifest;
  assert.ok(oneOf.some(({ manifest }) => manifest.generation === generation), `generation ${generation}`);
  assert.equal(await openWhole(directory), live.get(generation));
  rmSync(directory, { recursive: true });
}

/** Why system calls cannot be traced here; false if they can. */
function noStrace(): string | false {
  const tried = spawnSync('strace', ['-o', '/dev/null', 'true'], { encoding: 'utf8' });
  if (tried.error !== undefined) return 'strace is not installed: apt-get install strace';
  return tried.status === 0 ? false : `strace may not trace here: ${tried.stderr.trim()}`;
}

class Crash extends Error {}

/** Runs it once for every call that it makes of the store: the process is gone before the call, or right after it. */
async function crashEverywhere(
  directory: string, work: (store: WatchedStore) => Promise<unknown>, check: (store: FsBlobs, where: string) => Promise<void>,
): Promise<number> {
  for (let number = 0; ; number += 1) {
    let ended = false;
    for (const when of ['before', 'after'] as const) {
      const { store, watched } = await copyOf(directory);
      let crashed = false;
      const crash = (at: number): void => {
        // Nothing gets through any more.
        if (at === number) crashed = true;
        if (crashed) throw new Crash();
      };
      watched.before = (_call, _key, at) => { if (crashed || when === 'before') crash(at); };
      watched.after = (_call, _key, at) => { if (crashed || when === 'after') crash(at); };
      const outcome: unknown = await work(watched).then(() => undefined, (error: unknown) => error);
      assert.ok(crashed ? outcome instanceof Crash : outcome === undefined, String(outcome));
      ended = !crashed;
      await check(store, `${when} call ${number}, ${JSON.stringify(watched.calls[number])}`);
    }
    if (ended) return number;
  }
}

describe('snapshots that are interrupted', () => {
  test('a publish that ends at any point leaves the snapshot before it or its own, and the next one goes on', async () => {
    const { first, third } = states;
    for (const [from, to] of [[[], first], [[first], third]] as const) {
      const calls = await crashEverywhere(await template(...from), (store) => publish(on(store), to), async (store) => {
        const head = await store.get(`${log}/${partition}/head`);
        if (from.length > 0 || head !== undefined) await assertWhole(store, to, ...from.slice(-1));
        assert.equal((await publish(on(store), to)).kind, 'published');
        await assertWhole(store, to);
        assert.equal(await on(store).oldestKept(), (from.at(-1) ?? to).manifest.watermark);
      });
      assert.ok(calls > 5, `${calls} calls`);
    }
  });

  test('a collection that ends at any point leaves all that is needed, and the next one leaves nothing else', async () => {
    const { first, second, third } = states;
    const calls = await crashEverywhere(await template(first, second, third), (store) => on(store, eager).collect(later()), async (store) => {
      await assertWhole(store, third);
      await on(store, eager).collect(later());
      await assertWhole(store, third);
      const keys = (await Array.fromAsync(store.list(''))).map(({ key }) => key);
      assert.equal(keys.length, 1 + filesOf(third.manifest).length, keys.join());
    });
    assert.ok(calls > 4, `${calls} calls`);
  });

  test('a restore that ends at any point leaves the folder as it was, and the next one fetches only what lacks', async () => {
    const { first, third } = states;
    for (const local of [undefined, first]) {
      let folder = '';
      const calls = await crashEverywhere(await template(first, third), (store) => {
        folder = fresh();
        if (local !== undefined) cpSync(local.directory, folder, { recursive: true });
        // One at a time, so that it is known what is there.
        return on(store, { filesAtOnce: 1 }).restore(folder);
      }, async (store, where) => {
        const manifest = await readManifest(folder);
        if (manifest === undefined) assert.equal(local, undefined, where);
        else assert.ok(manifest.generation === local?.manifest.generation || manifest.generation === third.manifest.generation, where);
        if (manifest !== undefined) assert.equal(await openWhole(folder), live.get(manifest.generation), where);
        const watched = new WatchedStore(store);
        const restored = await on(watched).restore(folder);
        assert.equal(restored?.manifest.generation, third.manifest.generation);
        assert.equal(await openWhole(folder), live.get(third.manifest.generation));
        const fetched = Number(/call (\d+)/.exec(where)?.[1]);
        // The head, then a download each.
        const had = Math.max(0, fetched - 1);
        assert.ok(watched.calls.filter(({ call }) => call === 'download').length <= filesOf(third.manifest).length - had, where);
        rmSync(folder, { recursive: true });
      });
      assert.ok(calls > filesOf(third.manifest).length, `${calls} calls`);
    }
  });

  test('a restore that fails on this disk leaves no manifest', async () => {
    const { third } = states;
    const { store } = await copyOf(await template(third));
    const folder = fresh();
    const { id, files } = third.manifest.segments[0]!;
    const last = join(folder, 'segments', id, files.at(-1)!.name);
    // No file can take the place of a folder that is not empty.
    mkdirSync(join(last, 'in-the-way'), { recursive: true });
    await assert.rejects(on(store).restore(folder));
    assert.equal(await readManifest(folder), undefined);
    rmSync(last, { recursive: true });
    assert.equal((await on(store).restore(folder))?.kind, 'restored');
    assert.equal(await openWhole(folder), live.get(third.manifest.generation));
  });

  test('a restore flushes each file before it has its name, and all names before the manifest has its own', { skip: noStrace() }, async () => {
    const { third } = states;
    const blobs = await template(third);
    const [folder, trace] = [fresh(), fresh()];
    const program = fileURLToPath(new URL('testing/restore.fixture.ts', import.meta.url));
    const traced = ['-f', '-y', '-e', 'trace=fsync,fdatasync,rename', '-o', trace, process.execPath, '--no-warnings', program, blobs, folder];
    assert.equal(execFileSync('strace', traced, { encoding: 'utf8' }).trim(), 'restored');
    const calls = readFileSync(trace, 'utf8').split('\n').filter((line) => line.includes(folder));
    const at = (what: string): number => {
      const found = calls.findIndex((line) => line.includes(what));
      assert.ok(found >= 0, `${what} in ${calls.join('\n')}`);
      return found;
    };
    const manifest = at(`rename("${folder}/manifest.avro.tmp"`);
    for (const { id, file } of filesOf(third.manifest)) {
      const [staged, target] = [`${folder}/segments/tmp-restore/${id}/${file.name}`, `${folder}/segments/${id}/${file.name}`];
      const renamed = at(`rename("${staged}", "${target}"`);
      assert.ok(at(`<${staged}>`) < renamed && renamed < at(`<${folder}/segments/${id}>`) && at(`<${folder}/segments/${id}>`) < manifest, file.name);
    }
    assert.ok(at(`<${folder}/segments>`) < manifest);
  });

  test('whatever is collected in the middle of a publish, the head is whole', async () => {
    const { first, third } = states;
    const directory = await template(first, third);
    const refused = new Map<string, number>();
    for (let number = 0, ended = false; !ended; number += 1) {
      const { store, watched } = await copyOf(directory);
      ended = true;
      watched.after = async (_call, _key, at) => {
        if (at !== number) return;
        ended = false;
        await on(store, eager).collect(later());
      };
      // It names again what is garbage by now.
      const outcome = await publish(on(watched), first, third.manifest.watermark + 1).then(({ kind }) => kind, (error: unknown) => {
        assert.ok(error instanceof AppError && error.code === 'UNAVAILABLE', String(error));
        return 'refused';
      });
      refused.set(outcome, (refused.get(outcome) ?? 0) + 1);
      await assertWhole(store, first, third);
    }
    assert.ok((refused.get('published') ?? 0) > 2 && (refused.get('refused') ?? 0) > 0, JSON.stringify([...refused]));
  });

  test('whatever is published in the middle of a collection, the head is whole', async () => {
    const { first, second, third } = states;
    const directory = await template(first, third);
    for (const [a, b] of [[first, third], [first, second]] as const) {
      for (let number = 0, ended = false; !ended; number += 1) {
        const { store, watched } = await copyOf(directory);
        ended = true;
        const between = async (at: number): Promise<void> => {
          if (at !== number) return;
          ended = false;
          // They name again what the collection has found to be garbage.
          assert.equal((await publish(on(store), a, third.manifest.watermark + 1)).kind, 'published');
          assert.equal((await publish(on(store), b, third.manifest.watermark + 2)).kind, 'published');
        };
        watched.before = (_call, _key, at) => between(at);
        await on(watched, eager).collect(later());
        await assertWhole(store, ended ? third : b);
      }
    }
  });

  test('a collection does not touch what is young, nor what a kept snapshot names', async () => {
    const { first, second, third } = states;
    const { store, watched } = await copyOf(await template(first, second, third));
    const before = await Array.fromAsync(store.list(''));
    // By the store's clock, which is the files': a caller whose clock is a year ahead deletes nothing that is young.
    for (const nowMs of [Date.now(), Date.now() + 365 * 86_400_000]) {
      const { blobs, manifests } = await on(watched, { kept: 3 }).collect(nowMs);
      assert.deepEqual([blobs, manifests], [0, 0]);
    }
    assert.deepEqual((await Array.fromAsync(store.list(''))).map(({ key }) => key), before.map(({ key }) => key));
    assert.deepEqual((await on(store, { kept: 3, garbageAgeMs: 0 }).collect(later())), { manifests: 0, blobs: 0, bytes: 0 });
    const { blobs, manifests } = await on(store, { kept: 2, garbageAgeMs: 0 }).collect(later());
    assert.deepEqual([blobs, manifests], [0, 1], 'all of the first is in the second, too');
    await assertWhole(store, third);
  });
});
