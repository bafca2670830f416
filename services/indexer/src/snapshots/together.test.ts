import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { FsBlobs } from '@proximadb/blobs/fs';
import { AppError } from '@proximadb/errors';
import { readManifest } from '@proximadb/segment';
import { Snapshots } from './index.ts';
import { log, openWhole, partition, stageStates, walkerOf } from './testing/staged.ts';
import { WatchedStore } from './testing/watched-store.ts';

const DURATION_MS = Number(process.env['SNAPSHOTS_TOGETHER_MS'] ?? 6_000);

test('publishers, collectors and readers at once: the head is always whole, and its watermark only rises', async (t) => {
  const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
  t.diagnostic(`SEED=${seed}`);
  let state = seed;
  const random = (): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state / 2 ** 32;
  };
  const root = mkdtempSync(join(tmpdir(), 'proximadb-together-'));
  const states = await stageStates(60);
  try {
    const inner = await FsBlobs.open(join(root, 'blobs'));
    /** A process of its own, that is slow now and then, between any two calls. */
    const actor = (): Snapshots => {
      const store = new WatchedStore(inner);
      store.before = async () => { await sleep(random() < 0.1 ? random() * 60 : random() * 4); };
      // What is garbage is deleted at once, unlike in earnest: so publishers meet collections all the time.
      return new Snapshots({ store, log, partition, walkerOf, warn: () => {}, kept: 1, garbageAgeMs: 0 });
    };
    const counts = { published: 0, lost: 0, refused: 0, collected: 0, restored: 0, moved: 0 };
    const startMs = performance.now();
    /** Long enough, and on a slow machine until something has happened. */
    const isOver = (): boolean => {
      const tookMs = performance.now() - startMs;
      return tookMs >= DURATION_MS && (tookMs >= 20 * DURATION_MS || (counts.published > 4 && counts.collected > 4 && counts.restored > 2));
    };
    let watermark = 1_000_000;
    const publisher = async (): Promise<void> => {
      const snapshots = actor();
      while (!isOver()) {
        const { manifest, segments } = [states.first, states.second, states.third][Math.floor(random() * 3)]!;
        const mine = watermark += 1;
        const outcome = await snapshots.publish({ ...manifest, watermark: mine }, segments).then(({ kind }) => kind, (error: unknown) => {
          assert.ok(error instanceof AppError && error.code === 'UNAVAILABLE', String(error));
          return 'refused' as const;
        });
        counts[outcome] += 1;
      }
    };
    const collector = async (): Promise<void> => {
      const snapshots = actor();
      while (!isOver()) {
        counts.collected += (await snapshots.collect(Date.now() + 60_000)).blobs;
        await sleep(random() * 100);
      }
    };
    let seen = 0;
    const reader = async (): Promise<void> => {
      const snapshots = actor();
      for (let last = 0; !isOver();) {
        const directory = join(root, randomUUID());
        try {
          const restored = await snapshots.restore(directory);
          if (restored === undefined) continue;
          assert.ok(restored.manifest.watermark >= last, 'it never goes back');
          last = restored.manifest.watermark;
          seen = Math.max(seen, last);
          await openWhole(directory);
          counts.restored += 1;
        } catch (error) {
          // Faster than it can be read.
          assert.ok(error instanceof AppError && error.code === 'UNAVAILABLE', String(error));
          assert.equal(await readManifest(directory), undefined);
          counts.moved += 1;
        } finally {
          rmSync(directory, { recursive: true, force: true });
        }
      }
    };
    await Promise.all([publisher(), publisher(), collector(), collector(), reader()]);
    t.diagnostic(JSON.stringify(counts));
    const quiet = new Snapshots({ store: inner, log, partition, walkerOf, warn: () => {}, kept: 1, garbageAgeMs: 0 });
    const directory = join(root, 'last');
    const restored = await quiet.restore(directory);
    assert.ok((restored?.manifest.watermark ?? 0) >= seen);
    assert.deepEqual(restored?.passedOver, []);
    await openWhole(directory);
    assert.ok(counts.published > 4 && counts.collected > 4 && counts.restored > 2, JSON.stringify(counts));
  } finally {
    await states[Symbol.asyncDispose]();
    rmSync(root, { recursive: true });
  }
});
