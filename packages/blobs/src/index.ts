/** Where snapshots live: objects by key, in a directory or in S3. */
export { openBlobs, type BlobsOptions } from './open.ts';
export { smallBytesMax, type Blob, type BlobStore, type Revision } from './port.ts';
