/** MinIO: an S3 server, built from its source by Go. */
import { join } from 'node:path';
import process from 'node:process';
import { startAlone, type PartOptions } from './alone.ts';
import { provision } from './cache.ts';
import type { Stoppable } from './child.ts';
import { goInstall } from './go.ts';
import { freePorts, host } from './ports.ts';
import { s3Request, type S3Access } from './s3-request.ts';
import { minioVersion, versions } from './versions.ts';

export interface Minio extends Stoppable, S3Access {
  /** It is there, and empty at first. */
  readonly bucket: string;
}

/** Built at the first call on this machine, which takes minutes. @returns the program. */
export async function minioProgram(): Promise<string> {
  const folder = await provision(versions.minio, (draft) => goInstall(draft, `github.com/minio/minio@${minioVersion}`));
  return join(folder, 'minio');
}

export async function startMinio(options: PartOptions = {}): Promise<Minio> {
  const command = await minioProgram();
  const [port = 0, consolePort = 0] = await freePorts(2);
  const access = { endpoint: `http://${host}:${port}`, region: 'us-east-1', accessKeyId: 'proximadb', secretAccessKey: 'proximadb-secret' };
  const bucket = 'proximadb';
  const minio = await startAlone('minio', options, (folder) => ({
    command,
    args: ['server', '--address', `${host}:${port}`, '--console-address', `${host}:${consolePort}`, join(folder.path, 'data')],
    environment: {
      ...(process.env['PATH'] === undefined ? {} : { PATH: process.env['PATH'] }), HOME: folder.path,
      MINIO_ROOT_USER: access.accessKeyId, MINIO_ROOT_PASSWORD: access.secretAccessKey, MINIO_BROWSER: 'off', MINIO_REGION: access.region,
    },
    // Its health check is content some time before it takes requests.
    isReady: async () => (await s3Request(access, { method: 'GET', path: '/' })).ok,
  }), { ...access, bucket });
  try {
    await makeBucket(access, bucket);
    return minio;
  } catch (error) {
    await minio[Symbol.asyncDispose]();
    throw error;
  }
}

async function makeBucket(access: S3Access, bucket: string): Promise<void> {
  const answer = await s3Request(access, { method: 'PUT', path: `/${bucket}` });
  const text = await answer.text();
  if (!answer.ok && !text.includes('BucketAlreadyOwnedByYou')) throw new Error(`the bucket could not be made: ${answer.status} ${text}`);
}
