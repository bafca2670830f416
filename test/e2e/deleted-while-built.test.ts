/** A collection that is deleted while its index is made: nobody knows any more what is made of it, so nothing of it may stay on the disk. */
import { strict as assert } from 'node:assert';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { platform } from 'node:process';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeVectorRecord } from '@proximadb/record';
import { createClient } from '@proximadb/transport/client';
import { ChildServer, TemporaryFolder } from './server.ts';

const skip = platform === 'linux' ? false : 'threads are told by /proc, which Linux has';

const [collection, dimension, rows, batch] = ['deleted', 128, 40_000, 2_000];
const vectorOf = (row: number): Float32Array => Float32Array.from({ length: dimension }, (_, i) => Math.sin(row * (i + 1.3)) + Math.cos(row * 0.37 + i));

test('a collection that is deleted while its lists are made leaves nothing behind', { skip }, async () => {
  using folder = new TemporaryFolder();
  await using server = new ChildServer(folder.path);
  await using client = createClient(`127.0.0.1:${(await server.ready()).grpcPort}`);
  await client.createCollection({ name: collection, dimension, index: 'ivf', partitions: 1 });
  const { id: schemaId } = await client.getSchema({ name: 'VectorRecord' });
  for (let at = 0; at < rows; at += batch) {
    const records = Array.from({ length: batch }, (_, i) => encodeVectorRecord(schemaId, { id: `r${at + i}`, vector: vectorOf(at + i) }));
    await client.upsert({ collection, records });
  }
  const shards = join(folder.path, 'shards');
  const isMaking = (): boolean => threadsOf(server.pid).includes('lists');
  await until('lists are being made of what is open', () => isMaking() && filesOf(server.pid).some((path) => path.startsWith(shards) && /vectors/.test(path)));
  await client.deleteCollection({ collection });
  // Its thread ends when it has had nothing to do for a while.
  await until('they are made', () => !isMaking());
  await until('everything of it is gone', () => !existsSync(shards) || readdirSync(shards).length === 0);
});

function threadsOf(pid: number): string[] {
  return readdirSync(`/proc/${pid}/task`).map((id) => unlessGone(() => readFileSync(`/proc/${pid}/task/${id}/comm`, 'utf8').trim()));
}

/** Those that are open. */
function filesOf(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).map((fd) => unlessGone(() => readlinkSync(`/proc/${pid}/fd/${fd}`)));
}

/** A thread may end, and a file be closed, while it is looked at. */
function unlessGone(look: () => string): string {
  try {
    return look();
  } catch {
    return '';
  }
}

async function until(what: string, holds: () => boolean): Promise<void> {
  for (const endMs = performance.now() + 60_000; !holds(); await sleep(20)) assert.ok(performance.now() < endMs, `not in time: ${what}`);
}
