/** Blobs in a directory. */
export { FsBlobs, type FsBlobsOptions } from './fs-blobs.ts';
