/** Puts a file: in one request, or in parts whose checksums, and that of the whole, the server compares. */
import { open, type FileHandle } from 'node:fs/promises';
import {
  AbortMultipartUploadCommand, CompleteMultipartUploadCommand, CreateMultipartUploadCommand, HeadObjectCommand, PutObjectCommand, UploadPartCommand,
  type CompletedPart,
} from '@aws-sdk/client-s3';
import { crc32c } from '@node-rs/crc32';
import { AppError } from '@proximadb/errors';
import { fileError, readFully } from '../local-files.ts';
import { throwIfAborted } from '../signals.ts';
import { sendOptions, type Bucket } from './bucket.ts';
import { checksumText } from './crc32c.ts';
import { nameOf } from './errors.ts';
import type { Places } from './places.ts';

/** Larger files go in parts of this size; parts grow where a file would have too many. */
export const partBytesMin = 16 * 1024 * 1024;
/** S3 takes 10,000. */
const partsMax = 9_000;
const abortTimeoutMs = 5_000;

export function partBytesOf(fileBytes: number): number {
  return Math.max(partBytesMin, Math.ceil(fileBytes / partsMax / 65_536) * 65_536);
}

/** @param places for parts in memory, of all uploads of a store. */
export async function uploadFile(bucket: Bucket, places: Places, key: string, path: string, signal: AbortSignal | undefined): Promise<void> {
  const file = await open(path, 'r').catch((error: unknown) => { throw fileError(error, path); });
  try {
    const { size } = await file.stat();
    if (size <= partBytesMin) await uploadWhole(bucket, places, key, { file, path, size }, signal);
    else await uploadParts(bucket, places, key, { file, path, size }, signal);
  } finally {
    await file.close();
  }
}

interface Source {
  readonly file: FileHandle;
  readonly path: string;
  readonly size: number;
}

async function uploadWhole(bucket: Bucket, places: Places, key: string, source: Source, signal: AbortSignal | undefined): Promise<void> {
  using _ = await places.take();
  throwIfAborted(signal);
  const content = await readPart(source, 0, source.size);
  const put = new PutObjectCommand({ ...bucket.at(key), Body: content, ChecksumCRC32C: checksumText(crc32c(content)) });
  await bucket.asking('uploading', key, () => bucket.client.send(put, sendOptions(signal)));
}

async function uploadParts(bucket: Bucket, places: Places, key: string, source: Source, signal: AbortSignal | undefined): Promise<void> {
  const { client } = bucket;
  const at = bucket.at(key);
  const { UploadId } = await bucket.asking('uploading', key, () => client.send(
    new CreateMultipartUploadCommand({ ...at, ChecksumAlgorithm: 'CRC32C', ChecksumType: 'FULL_OBJECT' }), sendOptions(signal),
  ));
  const failed = new AbortController();
  const either = AbortSignal.any([failed.signal, ...(signal === undefined ? [] : [signal])]);
  const sending: Promise<void>[] = [];
  try {
    const partBytes = partBytesOf(source.size);
    const parts: CompletedPart[] = [];
    let checksum = 0;
    for (let start = 0; start < source.size; start += partBytes) {
      const place = await places.take();
      if (either.aborted) {
        place[Symbol.dispose]();
        break;
      }
      const PartNumber = parts.length + 1;
      const part: CompletedPart = { PartNumber };
      parts.push(part);
      try {
        const content = await readPart(source, start, Math.min(partBytes, source.size - start));
        checksum = crc32c(content, checksum);
        const ChecksumCRC32C = checksumText(crc32c(content));
        const put = new UploadPartCommand({ ...at, UploadId, PartNumber, Body: content, ChecksumCRC32C });
        sending.push(client.send(put, sendOptions(either)).then(({ ETag }) => { Object.assign(part, { ETag, ChecksumCRC32C }); })
          .catch((error: unknown) => { failed.abort(error); })
          .finally(() => { place[Symbol.dispose](); }));
      } catch (error) {
        place[Symbol.dispose]();
        throw error;
      }
    }
    await Promise.all(sending);
    throwIfAborted(signal);
    if (failed.signal.aborted) throw failed.signal.reason;
    await complete(bucket, key, { UploadId, parts, size: source.size, checksum: checksumText(checksum) }, signal);
  } catch (error) {
    failed.abort(error);
    await Promise.all(sending);
    // What a process that crashes leaves is for a rule of the bucket.
    await client.send(new AbortMultipartUploadCommand({ ...at, UploadId }), { abortSignal: AbortSignal.timeout(abortTimeoutMs) }).catch(() => {});
    return bucket.asking('uploading', key, () => { throw error; });
  }
}

interface Uploaded {
  readonly UploadId: string | undefined;
  readonly parts: CompletedPart[];
  readonly size: number;
  readonly checksum: string;
}

async function complete(bucket: Bucket, key: string, uploaded: Uploaded, signal: AbortSignal | undefined): Promise<void> {
  const { UploadId, parts: Parts, size, checksum } = uploaded;
  try {
    await bucket.client.send(new CompleteMultipartUploadCommand({
      ...bucket.at(key), UploadId, MultipartUpload: { Parts }, ChecksumCRC32C: checksum, ChecksumType: 'FULL_OBJECT', MpuObjectSize: size,
    }), sendOptions(signal));
  } catch (error) {
    // An answer that was lost on its way: the repeated request finds the upload no longer there.
    if (nameOf(error) !== 'NoSuchUpload') throw error;
    const found = await bucket.client.send(new HeadObjectCommand({ ...bucket.at(key), ChecksumMode: 'ENABLED' }), sendOptions(signal)).catch(() => undefined);
    if (found?.ContentLength !== size || found.ChecksumCRC32C !== checksum) throw error;
  }
}

async function readPart({ file, path }: Source, start: number, bytes: number): Promise<Buffer> {
  const content = Buffer.allocUnsafeSlow(bytes);
  const read = await readFully(file, content, start).catch((error: unknown) => { throw fileError(error, path); });
  if (read < bytes) throw new AppError('FAILED_PRECONDITION', `${path} became shorter while it was uploaded`);
  return content;
}
