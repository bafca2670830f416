/** For tests: the states of a real shard, one after the other, each in a folder as its host stages it. */
import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileWalker, type Walker } from '@proximadb/record';
import { schemaText, type Manifest } from '@proximadb/schemas';
import { decodeRows, readManifest, Sealed } from '@proximadb/segment';
import { rig, schemaIds } from '../../testing/rig.ts';
import { filesOf } from '../head.ts';

export const log = 7;
export const partition = 0;

export interface Staged {
  readonly directory: string;
  readonly segments: string;
  readonly manifest: Manifest;
  /** Of all files that the manifest names. */
  readonly bytes: number;
}

export function walkerOf(schemaId: number): Walker {
  assert.equal(schemaId, schemaIds.VectorRecord);
  return walker;
}
const walker = compileWalker(JSON.parse(schemaText('VectorRecord')));

export async function readStaged(directory: string): Promise<Staged> {
  const manifest = await readManifest(directory) ?? assert.fail('a staged folder has a manifest');
  return { directory, segments: join(directory, 'segments'), manifest, bytes: bytesOf(manifest) };
}

export function bytesOf(manifest: Manifest): number {
  return filesOf(manifest).reduce((sum, { file }) => sum + file.bytes, 0);
}

/** Opens everything that a folder's manifest names, with all checks. @returns how many rows live. */
export async function openWhole(directory: string): Promise<number> {
  const { manifest, segments } = await readStaged(directory);
  const { dimension, metric, m, ef_construction: efConstruction, quantization, storage } = manifest.settings;
  let live = 0;
  for (const { id, rows, files, graph, ladder, reach, schema_ids: schemaIdsOf, ended } of manifest.segments) {
    const sealed = await Sealed.open({
      directory: join(segments, id), files: { id, rows, files, schemaIds: schemaIdsOf, reach: null }, walkerOf, storage,
      graphSettings: { dimension, metric, m, efConstruction, quantization },
    }, true);
    if (graph !== null) await sealed.attach({ file: graph, ladder, reach }, true);
    live += rows - decodeRows(ended).length;
    sealed.close();
  }
  return live;
}

export interface States extends AsyncDisposable {
  /** A flat segment. */
  readonly first: Staged;
  /** One more, and rows of the first ended. */
  readonly second: Staged;
  /** As the second, all of it in one segment, with a graph. */
  readonly third: Staged;
  readonly rig: Awaited<ReturnType<typeof rig>>;
}

/** @param rows of the first state, in both partitions together. */
export async function stageStates(rows = 120): Promise<States> {
  const directory = mkdtempSync(join(tmpdir(), 'proximadb-staged-'));
  const r = await rig({ maintenanceMs: 3_600_000, idleMs: 0, mergeFlatsMin: 2, graphRowsMin: 16, idleGraphRowsMin: 16, growingRowsMax: 1_000_000 });
  const stage = async (name: string): Promise<Staged> => {
    assert.ok(await r.host().stage(log, partition, join(directory, name)) !== undefined);
    return readStaged(join(directory, name));
  };
  for (let i = 0; i < rows; i += 1) await r.upsert(`w${i}`, [1, i, 0, 0], { n: BigInt(i) });
  await r.host().settle(log);
  const first = await stage('first');
  for (let i = 0; i < rows; i += 3) await r.upsert(`w${i}`, [2, i, 0, 0], { n: BigInt(-i) });
  for (let i = 1; i < rows; i += 3) await r.remove(`w${i}`);
  await r.host().settle(log);
  const second = await stage('second');
  for (let turn = 0; turn < 4; turn += 1) await r.host().maintain();
  const third = await stage('third');
  const close = async (): Promise<void> => {
    await r.close();
    rmSync(directory, { recursive: true });
  };
  return { first, second, third, rig: r, [Symbol.asyncDispose]: close };
}
