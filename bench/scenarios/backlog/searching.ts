import type { Client } from '@proximadb/transport/client';

export const k = 10;

/** Each client searches for a while, one search after the other. @returns what each search took, in ms. */
export async function searchFor(ms: number, clients: readonly Client[], collection: string, queries: readonly Float32Array[]): Promise<number[]> {
  const tookMs: number[] = [];
  const endMs = performance.now() + ms;
  await Promise.all(clients.map(async (client) => {
    while (performance.now() < endMs) {
      const startedMs = performance.now();
      await client.search({ collection, vector: queries[tookMs.length % queries.length] ?? new Float32Array(), k });
      tookMs.push(performance.now() - startedMs);
    }
  }));
  return tookMs;
}
