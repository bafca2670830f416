/** Compare and set by conditional puts. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { DeleteObjectCommand, HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { crc32c } from '@node-rs/crc32';
import { AppError } from '@proximadb/errors';
import { throwIfAborted } from '../signals.ts';
import { sendOptions, type Bucket } from './bucket.ts';
import { checksumText } from './crc32c.ts';
import { isConflict, isMissing, isPreconditionFailed, storeError } from './errors.ts';

/** In an object's metadata: names the call that put it, so that a call whose answer was lost knows its own work again. */
const writerKey = 'proximadb-writer';
const conflictsMax = 8;
const pauseMs = 20;

/** @returns the new revision (an ETag); undefined if the condition did not hold. */
export async function compareAndSet(
  bucket: Bucket, key: string, content: Uint8Array, revision: string | null, signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const writer = randomUUID();
  for (let conflicts = 0; ;) {
    try {
      const { ETag } = await bucket.client.send(new PutObjectCommand({
        ...bucket.at(key), Body: content, ChecksumCRC32C: checksumText(crc32c(content)), Metadata: { [writerKey]: writer },
        ...(revision === null ? { IfNoneMatch: '*' } : { IfMatch: revision }),
      }), sendOptions(signal));
      return ETag;
    } catch (error) {
      // The SDK may have sent it twice, and the first one may have won.
      if (isPreconditionFailed(error) || isMissing(error)) return ownRevision(bucket, key, writer, signal);
      if (!isConflict(error) || conflicts >= conflictsMax) throw storeError(error, bucket.describe('writing', key));
      conflicts += 1;
    }
    await sleep(pauseMs * conflicts * Math.random());
    throwIfAborted(signal);
  }
}

async function ownRevision(bucket: Bucket, key: string, writer: string, signal: AbortSignal | undefined): Promise<string | undefined> {
  try {
    const { Metadata, ETag } = await bucket.client.send(new HeadObjectCommand(bucket.at(key)), sendOptions(signal));
    return Metadata?.[writerKey] === writer ? ETag : undefined;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw storeError(error, bucket.describe('writing', key));
  }
}

/** Some stores take conditions and do not look at them. @throws AppError FAILED_PRECONDITION of such a store. */
export async function proveConditions(bucket: Bucket): Promise<void> {
  const key = `conditional-writes-${randomUUID()}`;
  const content = Buffer.from('whether this store keeps to conditions');
  try {
    const first = await compareAndSet(bucket, key, content, null, undefined);
    const second = await compareAndSet(bucket, key, Buffer.from('created twice'), null, undefined);
    const third = await compareAndSet(bucket, key, Buffer.from('changed'), '"00000000000000000000000000000000"', undefined);
    if (first === undefined || second !== undefined || third !== undefined) {
      throw new AppError('FAILED_PRECONDITION', `the store of the bucket ${bucket.name} ignores the conditions of conditional puts (If-Match, If-None-Match): `
        + 'the operator has to choose one that keeps to them');
    }
  } finally {
    await bucket.client.send(new DeleteObjectCommand(bucket.at(key))).catch(() => {});
  }
}
