import { strict as assert } from 'node:assert';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { isProvisioned } from '@proximadb/test-cluster';
import { clusteredSet } from '../data/clustered-set.ts';
import { matches, type RangeFilter } from '../data/data-set.ts';
import { StoredSet, storeSet } from '../data/stored.ts';
import { hnswlibNode } from './hnswlib.ts';
import { lancedb } from './lancedb.ts';
import type { Peer, PeerKind, PeerSearch } from './peer.ts';
import { pgvector } from './pgvector.ts';
import { proximaHnsw, proximaIvf } from './proximadb.ts';
import { usearchF32, usearchI8 } from './usearch.ts';
import { diskBytes } from './usage.ts';

const folder = mkdtempSync(join(tmpdir(), 'proximadb-bench-peers-'));
after(() => { rmSync(folder, { recursive: true, force: true }); });

/** So few that each search finds what is nearest. */
const rows = 200;
const k = 10;
const made = clusteredSet(rows, 1, 16);
storeSet(made, folder);
const set = new StoredSet(folder);
after(() => { set[Symbol.dispose](); });
const [filter] = set.filters;
assert.ok(filter !== undefined && filter.share === 0.5);
const matching = (row: number): boolean => matches(filter, made.metadata(row));

/** What has to be fetched takes seconds (Chroma, which takes more than a minute, is not here): CI fetches it, and elsewhere it is there once the bench ran. */
function missing(kind: PeerKind): string | false {
  const lack = kind.missing();
  if (lack !== false) return `${kind.name} needs what is not installed: ${lack}`;
  if (process.env['CI'] === 'true' || kind.software === undefined || isProvisioned(kind.software)) return false;
  return `${kind.name} has to be fetched: npm run bench -- peers --short --only '${kind.name}'`;
}

describe('a peer is what the bench takes it for', { concurrency: true }, () => {
  for (const kind of [usearchI8, usearchF32, hnswlibNode, lancedb, pgvector, proximaHnsw, proximaIvf]) {
    test(`${kind.name} finds what was written, filters, forgets, and comes back`, { skip: missing(kind) }, async () => {
      const own = join(folder, kind.name);
      mkdirSync(own);
      await using peer = await kind.open({ set, folder: own });
      await write(kind, peer);
      assert.ok(diskBytes(own) > 0, 'its data is in the folder');
      const effort = kind.efforts.at(-1) ?? 0;
      await peer.prepare?.(effort);
      const search = (row: number, way: string, by: RangeFilter | null = null): PeerSearch =>
        ({ query: set.vectors(row, row + 1), k, effort, filter: by, way, client: 0 });
      const [way = ''] = kind.ways;

      // The first and the last were written by different writers.
      for (const one of kind.ways) for (const row of [0, rows - 1]) assertNearest(await peer.search(search(row, one)), row);
      await assertTogether(kind, peer, search);
      if (kind.canFilter) {
        const row = Array.from({ length: rows }, (_, i) => i).find(matching) ?? 0;
        const found = await peer.search(search(row, way, filter));
        assertNearest(found, row);
        assert.ok(found.every(matching), `all of ${found.join()} match`);
      }

      const [gone, kept] = [[0, 1, 2, 3], 4] as const;
      await peer.remove(gone);
      const assertGone = async (): Promise<void> => {
        for (const row of gone) {
          const found = await peer.search(search(row, way));
          assert.equal(new Set(found).size, k);
          assert.ok(gone.every((each) => !found.includes(each)), found.join());
        }
        assertNearest(await peer.search(search(kept, way)), kept);
      };
      await assertGone();
      await peer.restart();
      await assertGone();
    });
  }
});

/** Half of the rows by a writer of its own, where it has such. */
async function write(kind: PeerKind, peer: Peer): Promise<void> {
  await peer.create();
  await peer.insert(set.batch(0, rows / 2));
  await using writer = await kind.writer?.(set, peer.server ?? '');
  await (writer ?? peer).insert(set.batch(rows / 2, rows));
  await peer.settle();
}

function assertNearest(found: readonly number[], row: number): void {
  assert.equal(found[0], row);
  assert.equal(new Set(found).size, k, found.join());
}

/** Several searches in one call. */
async function assertTogether(kind: PeerKind, peer: Peer, search: (row: number, way: string) => PeerSearch): Promise<void> {
  const asked = [5, rows - 5];
  const way = kind.ways.find((one) => (kind.searchesInACall?.(one) ?? 1) > 1);
  const answers = [
    peer.searchMany?.(asked.map((row) => search(row, '').query), k, search(0, '').effort),
    way === undefined ? undefined : await peer.searchTogether?.(asked.map((row) => search(row, way))),
  ];
  for (const answer of answers.filter((one) => one !== undefined)) {
    assert.equal(answer.length, asked.length);
    answer.forEach((found, i) => { assertNearest(found, asked[i] ?? NaN); });
  }
}
