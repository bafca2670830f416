/** Blobs in S3. */
export type { S3Options } from './bucket.ts';
export { S3Blobs } from './s3-blobs.ts';
