/** Everybody who takes part. */
import { chroma } from './chroma.ts';
import { hnswlibNode } from './hnswlib.ts';
import { lancedb } from './lancedb.ts';
import type { PeerKind } from './peer.ts';
import { pgvector } from './pgvector.ts';
import { proximaCluster } from './proxima-cluster.ts';
import { proximaHnsw, proximaHnswOfTwo, proximaIvf, proximaIvfOfTwo } from './proximadb.ts';
import { usearchF32, usearchI8 } from './usearch.ts';

export const peerKinds: readonly PeerKind[] = [
  usearchI8, usearchF32, hnswlibNode, lancedb, chroma, pgvector, proximaHnsw, proximaIvf, proximaHnswOfTwo, proximaIvfOfTwo,
  proximaCluster,
];

/** Of these nothing has to be fetched: what the short form measures. */
export const shortKinds: readonly PeerKind[] = [usearchI8, hnswlibNode, proximaHnsw, proximaIvf];

export function kindOf(name: string): PeerKind {
  const kind = peerKinds.find((one) => one.name === name);
  if (kind === undefined) throw new Error(`no peer ${name}; there are ${peerKinds.map((one) => one.name).join(', ')}`);
  return kind;
}
