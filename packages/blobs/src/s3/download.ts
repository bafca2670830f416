/** Reads an object whole, goes on where a connection broke, and compares what arrived with the server's checksum. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Readable } from 'node:stream';
import { GetObjectCommand, type GetObjectCommandOutput } from '@aws-sdk/client-s3';
import { crc32c } from '@node-rs/crc32';
import { AppError } from '@proximadb/errors';
import { throwIfAborted } from '../signals.ts';
import { sendOptions, type Bucket } from './bucket.ts';
import { checksumText } from './crc32c.ts';
import { isPreconditionFailed, storeError } from './errors.ts';

/** Where an object goes. */
export interface Sink {
  /** Hears the size first; may throw. Called again if the object was replaced meanwhile: then all begins anew. */
  begin(bytes: number): Promise<void> | void;
  /** In order, without gaps. What it throws is not tried again. */
  write(chunk: Uint8Array, position: number): Promise<void> | void;
}

/** What is known of the object that is being read. */
interface Reading {
  readonly etag: string;
  readonly bytes: number;
  /** Undefined where the server has none of the whole. */
  readonly checksum: string | undefined;
  position: number;
  crc: number;
}

/** What arrives in one piece of at least this is progress, and makes another attempt worthwhile. */
const progressBytes = 1024 * 1024;
const pauseMs = 100;

/** Tells what a sink threw from the connection's errors. */
class SinkFailure extends Error {}

/** @returns the revision (an ETag). @throws AppError NOT_FOUND, DATA_LOSS, or what the sink threw. */
export async function readObject(bucket: Bucket, key: string, sink: Sink, signal: AbortSignal | undefined): Promise<string> {
  let reading: Reading | undefined;
  for (let failures = 0; ;) {
    const before: number = reading?.position ?? 0;
    try {
      const answer = await ask(bucket, key, reading, signal);
      reading ??= await begin(answer, sink);
      await drain(answer, reading, sink);
      if (reading.position < reading.bytes) throw new Error('the connection ended early');
      break;
    } catch (error) {
      throwIfAborted(signal);
      if (error instanceof SinkFailure) throw error.cause;
      if (isPreconditionFailed(error)) reading = undefined;
      const judged = storeError(error, bucket.describe('reading', key));
      if (!isPreconditionFailed(error) && judged.code !== 'UNAVAILABLE') throw judged;
      failures = (reading?.position ?? 0) - before >= progressBytes ? 1 : failures + 1;
      if (failures >= bucket.attempts) throw judged.code === 'UNAVAILABLE' ? judged : new AppError('UNAVAILABLE', judged.message, { cause: error });
      await sleep(pauseMs * 2 ** failures * Math.random(), undefined, sleepOptions(signal)).catch(() => { throwIfAborted(signal); });
    }
  }
  if (reading.checksum !== undefined && reading.checksum !== checksumText(reading.crc)) {
    throw new AppError('DATA_LOSS', `${bucket.describe('reading', key)}: what arrived fails the checksum that the store keeps of it`);
  }
  return reading.etag;
}

/** The SDK tries again by itself until an answer begins. */
async function ask(bucket: Bucket, key: string, reading: Reading | undefined, signal: AbortSignal | undefined): Promise<GetObjectCommandOutput> {
  const command = new GetObjectCommand({
    ...bucket.at(key), ...(reading === undefined ? {} : { IfMatch: reading.etag, ...(reading.position > 0 ? { Range: `bytes=${reading.position}-` } : {}) }),
  });
  return bucket.client.send(command, sendOptions(signal));
}

async function begin(answer: GetObjectCommandOutput, sink: Sink): Promise<Reading> {
  const { ContentLength: bytes = 0, ETag: etag = '', ChecksumCRC32C: checksum } = answer;
  try {
    await sink.begin(bytes);
  } catch (error) {
    (answer.Body as Readable | undefined)?.destroy();
    throw new SinkFailure('', { cause: error });
  }
  // A hyphen: a checksum of the parts' checksums.
  return { etag, bytes, checksum: checksum?.includes('-') === true ? undefined : checksum, position: 0, crc: 0 };
}

async function drain(answer: GetObjectCommandOutput, reading: Reading, sink: Sink): Promise<void> {
  for await (const chunk of answer.Body as AsyncIterable<Uint8Array>) {
    try {
      await sink.write(chunk, reading.position);
    } catch (error) {
      throw new SinkFailure('', { cause: error });
    }
    reading.crc = crc32c(chunk, reading.crc);
    reading.position += chunk.length;
  }
}

function sleepOptions(signal: AbortSignal | undefined): { readonly signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}
