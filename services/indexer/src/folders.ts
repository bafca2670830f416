/** The folders of shards on this disk: `<directory>/<log number>/<partition>`. */
import { existsSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Catalog } from '@proximadb/catalog';
import { AppError } from '@proximadb/errors';
import { readManifest } from '@proximadb/segment';

/**
 * Removes the folders of collections that were erased while this process did not run.
 * @throws AppError FAILED_PRECONDITION, for an operator, if the folders were made from another cluster's log: nothing is removed then.
 */
export async function removeErased(directory: string, catalog: Pick<Catalog, 'byLog'>, clusterId: string): Promise<void> {
  const logs = existsSync(directory) ? readdirSync(directory).filter((name) => /^\d+$/.test(name)) : [];
  for (const log of logs) await verifyCluster(join(directory, log), clusterId);
  for (const log of logs) if (catalog.byLog(Number(log)) === undefined) await removeLog(directory, Number(log));
}

export function folderOfLog(directory: string, log: number): string {
  return join(directory, String(log));
}

/** Removes the folders of a log's shards, which nobody may have open. The caller's thread goes on meanwhile. */
export async function removeLog(directory: string, log: number): Promise<void> {
  // What is being built of it may come to be written meanwhile.
  await rm(folderOfLog(directory, log), { recursive: true, force: true, maxRetries: 5 });
}

async function verifyCluster(folder: string, clusterId: string): Promise<void> {
  for (const partition of readdirSync(folder)) {
    // A damaged one is dealt with where it is opened.
    const manifest = await readManifest(join(folder, partition)).catch(() => undefined);
    if (manifest === undefined || manifest.cluster_id === clusterId) continue;
    throw new AppError('FAILED_PRECONDITION', `${join(folder, partition)} was made from the log of cluster ${manifest.cluster_id}, and this is `
      + `cluster ${clusterId}: connect the right one, or give another data folder`);
  }
}
