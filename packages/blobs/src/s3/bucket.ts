/** A place in a bucket, and the client that reaches it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { S3Client } from '@aws-sdk/client-s3';
import { NativeCrc32c } from './crc32c.ts';
import { isDenied, storeError } from './errors.ts';

export interface S3Options {
  readonly bucket: string;
  /** Before every key, without slashes at its ends; default none. */
  readonly prefix?: string;
  /** Of a store that is not Amazon's: `https://host:port`; its buckets are named in the path. */
  readonly endpoint?: string;
  /** Default: as the SDK finds it (AWS_REGION, its configuration files, the machine); with an endpoint 'us-east-1'. */
  readonly region?: string;
  /** Default: as the SDK finds them (AWS_ACCESS_KEY_ID …, its configuration files, the machine's or the pod's role). */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string };
  /** How long a server may be silent, ms; default 20,000. */
  readonly timeoutMs?: number;
  /** Of a request that failed in a way that may pass; with growing pauses between. Default 5. */
  readonly attempts?: number;
}

/** An upload of a part of 16 MiB may take so long, ms. */
const requestTimeoutMs = 120_000;
const connectTimeoutMs = 3_000;
const socketsMax = 32;

export class Bucket {
  readonly client: S3Client;
  readonly name: string;
  readonly attempts: number;
  readonly #prefix: string;

  constructor(options: S3Options) {
    const { bucket, prefix = '', endpoint, credentials } = options;
    const region = options.region ?? (endpoint === undefined ? undefined : 'us-east-1');
    this.name = bucket;
    this.#prefix = prefix === '' ? '' : `${prefix}/`;
    this.attempts = options.attempts ?? 5;
    const socketTimeout = options.timeoutMs ?? 20_000;
    this.client = new S3Client({
      ...(region === undefined ? {} : { region }),
      ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
      ...(credentials === undefined ? {} : { credentials }),
      maxAttempts: this.attempts,
      requestHandler: {
        connectionTimeout: Math.min(connectTimeoutMs, socketTimeout), socketTimeout, requestTimeout: requestTimeoutMs, throwOnRequestTimeout: true,
        httpAgent: { keepAlive: true, maxSockets: socketsMax }, httpsAgent: { keepAlive: true, maxSockets: socketsMax },
      },
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      checksumAlgorithms: { CRC32C: NativeCrc32c },
    });
    addHeaders(this.client);
    askDeniedAgain(this.client);
  }

  /** What a request says of an object. */
  at(key: string): { readonly Bucket: string; readonly Key: string } {
    return { Bucket: this.name, Key: this.#prefix + key };
  }

  /** The key of an object that a listing named. */
  keyOf(name: string): string {
    return name.slice(this.#prefix.length);
  }

  /** @throws AppError saying what was tried with which object. */
  async asking<T>(doing: string, key: string, ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      throw storeError(error, this.describe(doing, key));
    }
  }

  describe(doing: string, key: string): string {
    return `${doing} s3://${this.name}/${this.#prefix}${key}`;
  }
}

/**
 * Headers by command, for which the SDK has no option. A content is not hashed for the signature (40 ms of blocked loop for a part): its CRC-32C is signed,
 * and the server compares it. A checksum is asked for, but not left to the SDK to compare: that would not survive a connection that breaks.
 */
const headersOf: Readonly<Record<string, readonly [name: string, value: string]>> = {
  PutObjectCommand: ['x-amz-content-sha256', 'UNSIGNED-PAYLOAD'],
  UploadPartCommand: ['x-amz-content-sha256', 'UNSIGNED-PAYLOAD'],
  GetObjectCommand: ['x-amz-checksum-mode', 'ENABLED'],
};

function addHeaders(client: S3Client): void {
  client.middlewareStack.add((next, { commandName = '' }) => (args) => {
    const header = headersOf[commandName];
    if (header !== undefined) (args.request as { readonly headers: Record<string, string> }).headers[header[0]] = header[1];
    return next(args);
  }, { step: 'build', name: 'proximadbHeaders' });
}

/**
 * MinIO denies a put (403 AccessDenied) whose folder it is removing at that moment, after the deletion of what was last in there: once in 2,000 puts where four
 * writers put and delete in one folder. So a denial of these counts when it comes again; the SDK repeats none.
 */
const putting: ReadonlySet<string> = new Set(['PutObjectCommand', 'CompleteMultipartUploadCommand']);
const denialsMax = 3;
const denialPauseMs = 30;

function askDeniedAgain(client: S3Client): void {
  client.middlewareStack.add((next, { commandName = '' }) => async (args) => {
    for (let denials = 1; ; denials += 1) {
      try {
        return await next(args);
      } catch (error) {
        if (!isDenied(error) || !putting.has(commandName) || denials === denialsMax) throw error;
      }
      await sleep(denialPauseMs * denials * Math.random());
    }
  }, { step: 'initialize', name: 'proximadbDenials' });
}

/** Passed on with each request. */
export function sendOptions(signal: AbortSignal | undefined): { readonly abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal };
}
