/** A process of its own that restores a shard's folder; a test traces it. */
import { FsBlobs } from '@proximadb/blobs/fs';
import { Snapshots } from '../index.ts';
import { log, partition, walkerOf } from './staged.ts';

const [blobs = '', directory = ''] = process.argv.slice(2);
const snapshots = new Snapshots({ store: await FsBlobs.open(blobs), log, partition, walkerOf, warn: console.error });
console.log((await snapshots.restore(directory))?.kind);
