import { fileURLToPath } from 'node:url';
import { invalid } from '@proximadb/errors';
import type { BlobStore } from './port.ts';
import type { FsBlobsOptions } from './fs/index.ts';
import type { S3Options } from './s3/index.ts';

export type BlobsOptions = FsBlobsOptions & Omit<S3Options, 'bucket' | 'prefix'>;

/**
 * @param url `file:///directory` or `s3://bucket/prefix`.
 * @throws AppError INVALID_ARGUMENT naming what is wrong with the address; PERMISSION_DENIED of a directory. A server is not asked anything yet.
 */
export async function openBlobs(url: string, options: BlobsOptions = {}): Promise<BlobStore> {
  const refused = (why: string): Error => invalid(`${JSON.stringify(url)} ${why}: it has to be file:///directory or s3://bucket/prefix`, { field: 'blobs' });
  if (!URL.canParse(url)) throw refused('is not an address');
  const { protocol, hostname, pathname, search, hash, username, port } = new URL(url);
  if (search !== '' || hash !== '' || username !== '' || port !== '') throw refused('has more than a place in it');
  // Each adapter with what it needs is loaded only where it is used.
  switch (protocol) {
    case 'file:': {
      if (hostname !== '' || pathname === '/') throw refused('names no directory of this machine');
      const { FsBlobs } = await import('./fs/index.ts');
      return FsBlobs.open(fileURLToPath(url), options);
    }
    case 's3:': {
      const prefix = pathname.replace(/^\/+|\/+$/g, '');
      if (hostname === '') throw refused('names no bucket');
      if (!/^(?:[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*)?$/.test(prefix)) throw refused('has a prefix with other characters than A-Z a-z 0-9 . _ -');
      const { S3Blobs } = await import('./s3/index.ts');
      return new S3Blobs({ ...options, bucket: hostname, prefix });
    }
    default: throw refused('is of another kind');
  }
}
