/** Where snapshots live: objects by key, in a directory or in S3. */
export type * from './port.ts';
