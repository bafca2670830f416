import { strict as assert } from 'node:assert';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { isProvisioned, provision } from './cache.ts';
import { openFolder } from './folder.ts';
import { missing } from './missing.ts';

const folder = openFolder('cache-test');
const former = { XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'], PATH: process.env['PATH'] };
const parts = join(folder.path, 'proximadb', 'parts');
before(() => { process.env['XDG_CACHE_HOME'] = folder.path; });
after(async () => {
  for (const [name, value] of Object.entries(former)) {
    if (value === undefined) Reflect.deleteProperty(process.env, name);
    else process.env[name] = value;
  }
  await folder[Symbol.asyncDispose]();
});

describe('the cache of parts', () => {
  test('makes a part once, however many ask for it, and shows it only when it is whole', async () => {
    let made = 0;
    const make = async (draft: string): Promise<void> => {
      made += 1;
      await delay(50);
      assert.ok(!isProvisioned('tool-1'));
      await writeFile(join(draft, 'file'), 'whole');
    };
    const folders = await Promise.all(Array.from({ length: 4 }, () => provision('tool-1', make)));
    assert.deepEqual(new Set(folders), new Set([join(parts, 'tool-1')]));
    assert.equal(made, 1);
    assert.ok(isProvisioned('tool-1'));
    assert.deepEqual(readdirSync(parts), ['tool-1'], 'no draft, no lock');
  });

  test('a part that could not be made is tried again, and leaves nothing', async () => {
    await assert.rejects(provision('tool-2', () => Promise.reject(new Error('no network'))), /no network/);
    assert.ok(!isProvisioned('tool-2'));
    assert.ok(existsSync(await provision('tool-2', () => Promise.resolve())));
  });

  test('a lock whose owner died is taken over', async () => {
    await mkdir(parts, { recursive: true });
    const lock = join(parts, 'tool-3.lock');
    await writeFile(lock, '');
    await utimes(lock, 0, 0);
    await provision('tool-3', () => Promise.resolve());
    assert.ok(!existsSync(lock));
  });

  test('of two that made the same part after all, the first one stays', async () => {
    const folder = await provision('tool-4', async (draft) => {
      await writeFile(join(draft, 'file'), 'second');
      await mkdir(join(parts, 'tool-4'));
      await writeFile(join(parts, 'tool-4', 'file'), 'first');
    });
    assert.equal(readFileSync(join(folder, 'file'), 'utf8'), 'first');
    assert.deepEqual(readdirSync(parts).filter((name) => name.startsWith('tool-4')), ['tool-4']);
  });
});

describe('what is missing', () => {
  test('is named by the package that brings it; what the cache has is not missing', async () => {
    process.env['PATH'] = '';
    assert.equal(missing('kafka'), 'needs kafka: apt-get install openjdk-17-jre-headless maven');
    assert.equal(missing('redis', 'minio'), 'needs redis, minio: apt-get install redis-server golang');
    process.env['PATH'] = former.PATH;
    const { versions } = await import('./versions.ts');
    await provision(versions.minio, () => Promise.resolve());
    process.env['PATH'] = '';
    assert.equal(missing('minio'), false);
    process.env['PATH'] = former.PATH;
  });
});
