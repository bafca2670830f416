import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { SearchSpec } from '../shards.ts';
import { openCluster, until, type Cluster, type Indexer } from '../testing/indexers.ts';

const ids = Array.from({ length: 120 }, (_, i) => `w${i}`);
const spec: SearchSpec = { vector: Float32Array.of(3.25, 1), k: 120, filter: null, exact: false, ef: null, records: true, explain: false };
const far = (id: string): number => Math.abs(Number(id.slice(1)) - 3.25);
const nearest = ids.toSorted((left, right) => far(left) - far(right));
const seed = Number(process.env['PROXIMADB_SEED'] ?? Date.now() % 1_000_000);
const runMs = 6_000;

/** 0 ≤ x < 1, the same for the same seed. */
function randomFrom(start: number): () => number {
  let state = start | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What is wrong with one replica group at a time: its indexers die and come back, stop, are slow, or serve less than the routing says. */
class Faults {
  readonly #cluster: Cluster;
  readonly #random: () => number;
  readonly #held: readonly (readonly number[])[];
  readonly #indexers: Indexer[];
  readonly done = new Map<string, number>();

  constructor(cluster: Cluster, random: () => number, held: readonly (readonly number[])[], indexers: Indexer[]) {
    this.#cluster = cluster;
    this.#random = random;
    this.#held = held;
    this.#indexers = indexers;
  }

  /** One fault of an indexer of the group, and its end. */
  async one(group: number): Promise<void> {
    const at = 2 * group + (this.#random() < 0.5 ? 0 : 1);
    const indexer = this.#indexers[at]!;
    const kind = (['kill', 'stop', 'slow', 'frozen', 'unserved'] as const)[Math.floor(this.#random() * 5)]!;
    this.done.set(kind, (this.done.get(kind) ?? 0) + 1);
    const lastsMs = 30 + this.#random() * 250;
    switch (kind) {
      case 'kill': case 'stop': {
        if (kind === 'kill') indexer.kill();
        else await indexer.server.close(200);
        await delay(lastsMs);
        this.#cluster.forget(indexer.id);
        this.#indexers[at] = await this.#cluster.indexer(group, this.#held[at]!, { port: indexer.server.port });
        return;
      }
      case 'slow': case 'frozen':
        indexer.shards.delayMs = kind === 'slow' ? 5 + this.#random() * 60 : 20_000;
        await delay(lastsMs);
        indexer.shards.delayMs = 0;
        return;
      case 'unserved': {
        const partition = this.#held[at]![Math.floor(this.#random() * this.#held[at]!.length)]!;
        indexer.shards.served.delete(partition);
        await delay(lastsMs);
        indexer.shards.served.add(partition);
      }
    }
  }
}

test('whatever happens to one replica group at a time, every answer is whole and right', async (context) => {
  context.diagnostic(`PROXIMADB_SEED=${seed}`);
  await using cluster = await openCluster();
  await cluster.fixture.write(cluster.collection, ids.map((id, i) => ({ id, vector: [i, 1] })));
  const held = [[0, 1, 2], [3, 4, 5], [0, 2, 4], [1, 3, 5]];
  const indexers = await Promise.all(held.map((partitions, i) => cluster.indexer(i < 2 ? 0 : 1, partitions)));
  const request = await cluster.request();
  const random = randomFrom(seed);
  const faults = new Faults(cluster, random, held, indexers);
  const wanted = cluster.all.map((partition) => ({ partition, through: 1, count: 2 }));
  let over = false;
  let answers = 0;

  const asks: readonly (() => Promise<void>)[] = [
    async () => {
      const { answers: [first] } = await cluster.remote.search(request, [spec]);
      assert.deepEqual(first?.hits.map(({ id }) => id), nearest);
    },
    async () => { assert.equal((await cluster.remote.count(request, null)).count, ids.length); },
    async () => {
      const { rows } = await cluster.remote.get(request, ids);
      assert.deepEqual(rows.map(({ id }) => id).sort(), ids.toSorted());
    },
    async () => {
      const { rows, more } = await cluster.remote.scroll(request, { filter: null, after: null, limit: 50, bytesMax: 1e6 });
      assert.deepEqual([rows.map(({ id }) => id), more], [ids.toSorted().slice(0, 50), true]);
    },
    async () => {
      const partitions = await cluster.remote.outcomes(cluster.collection.log, 'r', wanted, 10_000);
      assert.deepEqual(partitions.map(({ partition }) => partition).sort(), cluster.all);
    },
  ];
  const readers = Array.from({ length: 6 }, async (_, i) => {
    for (let turn = i; !over; turn += 1) {
      await asks[turn % asks.length]!();
      answers += 1;
    }
  });
  const chaos = async (): Promise<void> => {
    const endMs = performance.now() + runMs;
    for (let group = 0; performance.now() < endMs && !over; group = 1 - group) {
      for (let i = 0; i < 3; i += 1) await faults.one(group);
      // Whoever came back is found again before the others go.
      await delay(400);
    }
    over = true;
  };
  const all = [chaos(), ...readers].map((each) => each.finally(() => { over = true; }));
  // Nothing goes on in a cluster that is closed.
  await Promise.allSettled(all);
  await Promise.all(all);
  await until('no call is left', () => cluster.remote.load.calls === 0);
  context.diagnostic(`${answers} answers beside ${[...faults.done].map(([kind, times]) => `${times} × ${kind}`).join(', ')}; `
    + `${cluster.counted.retries} retries, hedges ${JSON.stringify(cluster.counted.hedges)}`);
  assert.ok(answers > 50, `${answers}`);
});
